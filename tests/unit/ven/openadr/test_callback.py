"""The callback of a VEN: which addresses it may have, what remembers its token, and what it answers."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import FieldError
from ven_twin.testing.pki import Authority
from ven_twin.ven.openadr.callback import FILE, CallbackFile, CallbackMemory, read_callback
from ven_twin.ven.openadr.callback_server import answer_to_body, answer_to_get, answer_to_post

URL = "https://house.example.org/ven-1"
TOKEN = "t" * 43
LINK = "https://vtn.example.org house-1"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate with its key."""
    pair = Authority().issue("house")
    file = tmp_path / "pair.pem"
    file.write_text(pair.certificate + pair.key)
    return file


def test_a_callback_listens_on_loopback_unless_it_is_told_where(certificate: Path) -> None:
    """Behind a proxy that has TLS it needs no certificate; elsewhere it does."""
    behind = read_callback(URL)
    assert (behind.host, behind.port, behind.path) == ("127.0.0.1", 8443, "/ven-1")
    assert behind.tls() is None
    open_to_all = read_callback(f"{URL}/", host="0.0.0.0", cert=certificate)  # noqa: S104 - it is judged
    assert open_to_all.tls() is not None
    assert open_to_all.path == "/ven-1"
    assert open_to_all.place == "https://house.example.org"


@pytest.mark.parametrize(
    ("url", "options", "named"),
    [
        ("http://house.example.org/ven", {}, "--vtn-callback-url"),
        ("https://house.example.org/ven?a=b", {}, "--vtn-callback-url"),
        ("https://house.example.org/ven#a", {}, "--vtn-callback-url"),
        ("https://user:hush@house.example.org/", {}, "--vtn-callback-url"),
        ("https://house.example.org:0/", {}, "--vtn-callback-url"),
        ("https://house.example.org:x/", {}, "--vtn-callback-url"),
        ("https://house example.org/", {}, "--vtn-callback-url"),
        ("https:///ven", {}, "--vtn-callback-url"),
        (f"https://house.example.org/{'a' * 2000}", {}, "--vtn-callback-url"),
        (URL, {"host": "0.0.0.0"}, "--vtn-callback-host"),  # noqa: S104 - it is refused
        (URL, {"host": "house.example.org"}, "--vtn-callback-host"),
        (URL, {"key": Path("key.pem")}, "--vtn-callback-key"),
        (URL, {"cert": Path(__file__)}, "--vtn-callback-cert"),
        (URL, {"cert": Path("there-is-none")}, "--vtn-callback-cert"),
    ],
)
def test_what_cannot_be_is_refused_by_its_option(url: str, options: dict[str, Any], named: str) -> None:
    """The text has no password in it."""
    with pytest.raises(FieldError, match=f"^{named}: ") as refused:
        read_callback(url, **options)
    assert "hush" not in str(refused.value)


def test_the_token_outlives_a_run_and_is_of_one_vtn(tmp_path: Path) -> None:
    """Another VTN gets another; nobody else can read the file, and one that others can read is not used."""
    file = CallbackFile(tmp_path)
    first = file.read(LINK)
    assert len(first.token) >= 43
    assert file.read(LINK).token != first.token
    file.write(first)
    assert file.read(LINK) == first
    path = tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert file.read(f"{LINK}-2").token != first.token
    path.chmod(0o644)
    assert file.read(LINK).token != first.token
    path.write_text("{")
    path.chmod(0o600)
    assert file.read(LINK).subscription_id is None
    file.write(CallbackMemory(link=LINK, token="short"))
    assert len(file.read(LINK).token) >= 43
    CallbackFile(tmp_path / "there-is-none").write(first)


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("/ven-1?echo=word", 200, "word"),
        ("/ven-1/?echo=word", 200, "word"),
        ("/ven-1/echo?echo=wo%2Drd", 200, "wo-rd"),
        ("/ven-1/echo/?echo=word&other=1", 200, "word"),
        ("/ven-1", 404, ""),
        ("/?echo=word", 404, ""),
        ("/ven-1?echo=a&echo=b", 404, ""),
        ("/ven-1?echo=%0A", 404, ""),
        (f"/ven-1?echo={'a' * 1025}", 404, ""),
    ],
)
def test_a_word_is_echoed_at_the_callback_and_below_it(target: str, status: int, text: str) -> None:
    """As the document has it, and as the reference VTN asks; a page is never made of it."""
    assert answer_to_get(target, "/ven-1") == (status, text, False)


@pytest.mark.parametrize(
    ("target", "authorization", "status"),
    [
        ("/ven-1", f"Bearer {TOKEN}", None),
        ("/ven-1/", f"bearer  {TOKEN} ", None),
        ("/ven-1", "", 401),
        ("/ven-1", f"Bearer {TOKEN}x", 401),
        ("/ven-1", "Bearer ü", 401),
        ("/ven-1", f"Basic {TOKEN}", 401),
        ("/ven-2", f"Bearer {TOKEN}", 404),
    ],
)
def test_a_call_needs_the_token(target: str, authorization: str, status: int | None) -> None:
    """Its body is not read before."""
    refused = answer_to_post(target, "/ven-1", authorization, TOKEN)
    assert (None if refused is None else refused.status) == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"objectType": "EVENT", "operation": "CREATE", "object": {"id": "1"}, "targets": null}', 200),
        (b' "{\\"objectType\\": \\"EVENT\\", \\"operation\\": \\"DELETE\\", \\"object\\": {}}"', 200),
        (b'[{"objectType": "EVENT", "operation": "CREATE", "object": {}}]', 400),
        (b'{"objectType": "EVENT", "operation": "CREATE"}', 400),
        (b'"text"', 400),
        (b"", 400),
        (b"[" * 100_000, 400),
    ],
)
def test_a_notification_is_one_object_or_a_text_of_one(body: bytes, status: int) -> None:
    """Nothing of it is used: only its form tells it from what is none."""
    assert answer_to_body(body)[::2] == (status, status == 200)
