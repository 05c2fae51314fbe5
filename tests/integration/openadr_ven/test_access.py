"""The way to a VTN: TLS, tokens and secrets, and a client that may do little."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from contracts.errors import FieldError
from tests.support.loopback_vtn import SECRET, LoopbackVtn, problem, serving_vtn
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, until
from ven_twin.testing.pki import Authority
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.openadr.link import read_link


async def test_tls_is_verified_and_the_secret_stays(
    stand: VenOnStand, vtn: LoopbackVtn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A certificate of nobody's authority gets nothing; with --vtn-ca it is the one VTN."""
    authority = Authority()
    pair = authority.issue("localhost")
    (tmp_path / "server.pem").write_text(pair.certificate + pair.key)
    (tmp_path / "ca.pem").write_text(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with serving_vtn(vtn, context):
        async with stand.running() as twin:
            await until(lambda: "not trusted" in caplog.text)
            await until(lambda: twin.status.state is SessionState.BACKOFF)
        assert vtn.calls == []
        async with stand.running(ca=tmp_path / "ca.pem") as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
    assert vtn.tokens
    for secret in (SECRET, *vtn.tokens):
        assert secret not in caplog.text


async def test_basic_is_taken_where_the_form_is_not(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """And a token that is not taken any more is fetched anew."""
    vtn.basic_only = True
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            vtn.tokens.clear()
            event_id = add_event(vtn, 1)
            await until(lambda: acting(twin) == event_id)
    assert len(vtn.tokens) == 1


async def test_a_wrong_secret_is_refused_and_not_repeated_in_words(
    stand: VenOnStand, vtn: LoopbackVtn, caplog: pytest.LogCaptureFixture
) -> None:
    """The VTN's answer has the secret in it; the log has not."""
    stand.secret.write_text("another secret, wrong")
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.REFUSED)
            assert "401" in str(twin.status.reason)
    assert "another secret" not in caplog.text


async def test_a_client_that_may_not_register_acts_all_the_same(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """Its events are not those of a VEN's object."""
    vtn.hook = lambda _, path: problem(403, "no scope") if path == "/vens" else None
    with serving_vtn(vtn):
        async with stand.running() as twin:
            event_id = add_event(vtn, 1)
            await until(lambda: acting(twin) == event_id)


def test_an_address_that_can_be_read_on_the_way_is_refused(stand: VenOnStand) -> None:
    """Plain http goes to this machine alone, and a secret that others can read is used for nothing."""
    for url in (
        "http://vtn.example.org/3.1.0",
        "ftp://localhost/",
        "https://user:word@vtn.example.org/",
        "vtn",
    ):
        with pytest.raises(FieldError, match="--vtn"):
            read_link(url, client_id="c", secret_file=stand.secret)
    stand.secret.chmod(0o644)
    with pytest.raises(FieldError, match="chmod 600"):
        read_link("https://vtn.example.org/", client_id="c", secret_file=stand.secret)
