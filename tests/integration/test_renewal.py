"""A certificate that changes under a running VEN, against a real broker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from contracts.errors import VenTwinError
from tests.integration.conftest import MakeVen, Ven
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity import identity_files
from ven_twin.ven.identity.renewal import Renewal

Fetch = Callable[[], Awaitable[None]]


class Caring:
    """A session with the care for its identity, looked at as the twin does."""

    def __init__(self, ven: Ven, own: identity_files.Identity, fetch: Fetch | None = None) -> None:
        self.ven = ven
        self.renewal = Renewal(own, ven.session, fetch)
        self.wanted: str | None = None

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Look after it until something is so."""
        async with asyncio.timeout(GIVE_UP_S):
            while not wanted():
                self.renewal.tick(self.wanted, time.monotonic())
                await asyncio.sleep(0.02)

    async def connected_with(self, certificate_id: str) -> None:
        """Look after it until it is connected with a certificate."""
        status = lambda: self.ven.session.status  # noqa: E731 - read anew each time
        await self.until(lambda: status().state == "connected" and status().certificate_id == certificate_id)


@pytest.fixture
def own(authority: Authority, tmp_path: Path) -> identity_files.Identity:
    """The VEN's identity, in a folder that another process may write to."""
    return authority.identity(tmp_path / "tls")


async def test_a_new_pair_is_connected_with_at_once_and_nothing_is_lost(
    mosquitto: Mosquitto,
    make_ven: MakeVen,
    authority: Authority,
    own: identity_files.Identity,
    tmp_path: Path,
) -> None:
    """One disconnect, meant and not counted as unexpected; the session and all messages are kept."""
    ven = make_ven(mosquitto.port, identity=own)
    caring = Caring(ven, own)
    await caring.connected_with(first := identity_files.fingerprint(own))
    for n in range(200):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    authority.identity(tmp_path / "tls")
    second = identity_files.fingerprint(own)
    assert second != first
    await caring.connected_with(second)
    status = await ven.is_drained()
    assert (status.connects, status.unexpected_disconnects) == (2, 0)
    assert [await ven.connected.get(), await ven.connected.get()] == [False, True]
    await caring.until(lambda: not (tmp_path / "tls" / ".previous").exists())


async def test_a_pair_that_is_not_taken_gives_way_to_the_one_before(
    mosquitto: Mosquitto, make_ven: MakeVen, own: identity_files.Identity, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """A certificate that the broker does not know leaves the VEN connected with the old one."""
    ven = make_ven(mosquitto.port, identity=own)
    caring = Caring(ven, own)
    await caring.connected_with(first := identity_files.fingerprint(own))
    stranger = Authority().issue("ven-1", host=None)
    identity_files.save(tmp_path / "tls", own.ca.read_text(), stranger.certificate, stranger.key)
    assert identity_files.fingerprint(own) != first
    with caplog.at_level(logging.WARNING):
        await caring.until(lambda: "going back" in caplog.text)
    await caring.connected_with(first)
    assert identity_files.fingerprint(identity_files.load(tmp_path / "tls")) == first


async def test_what_the_cloud_desires_is_fetched(
    mosquitto: Mosquitto,
    make_ven: MakeVen,
    authority: Authority,
    own: identity_files.Identity,
    tmp_path: Path,
) -> None:
    """Another certificate is wanted than the one in the folder: it is fetched once, and connected with."""
    fetched: list[str] = []

    async def fetch() -> None:
        authority.identity(tmp_path / "tls")
        fetched.append(identity_files.fingerprint(own))
        caring.wanted = fetched[0]

    ven = make_ven(mosquitto.port, identity=own)
    caring = Caring(ven, own, fetch)
    await caring.connected_with(identity_files.fingerprint(own))
    caring.wanted = "0" * 64
    await caring.until(lambda: bool(fetched))
    await caring.connected_with(fetched[0])
    assert len(fetched) == 1


async def test_a_fetch_that_fails_is_said_and_not_repeated_at_once(
    mosquitto: Mosquitto, make_ven: MakeVen, own: identity_files.Identity, caplog: pytest.LogCaptureFixture
) -> None:
    """Without credentials the VEN goes on with what it has."""
    tries: list[int] = []

    async def fetch() -> None:
        tries.append(1)
        raise VenTwinError("no AWS credentials")

    ven = make_ven(mosquitto.port, identity=own)
    caring = Caring(ven, own, fetch)
    await caring.connected_with(identity_files.fingerprint(own))
    caring.wanted = "0" * 64
    await caring.until(lambda: "no AWS credentials" in caplog.text)
    for _ in range(10):
        caring.renewal.tick(caring.wanted, time.monotonic())
        await asyncio.sleep(0)
    assert len(tries) == 1
    assert ven.session.status.state == "connected"
