"""Who may do what: a VEN is held to its own topics and its own name, and one name is one VEN."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contracts.names import Topics
from tests.e2e.conftest import until
from ven_twin.io import identity
from ven_twin.io.mqtt_session import MqttSession
from ven_twin.io.outbox import Outbox

if TYPE_CHECKING:
    from tests.e2e.conftest import System

SETTLE_S = 3.0


@pytest.fixture
def folder(system: System, tmp_path: Path) -> Path:
    """The identity of ven-2, fetched as a user would."""
    done = system.cli("certs", "fetch", "--ven-id", "ven-2", "--out", str(tmp_path / "tls"))
    assert done.returncode == 0, done.stderr
    return tmp_path / "tls"


async def _nothing(*_: object) -> None:
    pass


async def _try(
    system: System, folder: Path, client_id: str, publish: str | None, subscribe: tuple[str, ...] = ()
) -> MqttSession:
    """Connect as *client_id* with ven-2's certificate, publish once, and see what becomes of it."""
    outbox = Outbox(":memory:")
    session = MqttSession(
        "localhost", system.runtime.mqtt_port, identity.load(folder), client_id, subscribe, outbox,
        _nothing, _nothing, rng=random.Random(1), session_expiry_s=0,
    )  # fmt: skip
    running = asyncio.create_task(session.run())
    try:
        if publish is not None:
            session.publish("telemetry", publish, b'{"stray": true}')
        await asyncio.wait_for(session.until(lambda s: s.state not in {"stopped", "connecting"}), 10)
        if publish is not None:
            await asyncio.wait_for(
                session.until(lambda s: s.state != "connected" or not s.outbox_depth), SETTLE_S * 3
            )
        return session
    finally:
        await session.stop(0)
        await running
        outbox.close()


async def test_publishing_to_another_vens_topic_is_refused(system: System, folder: Path) -> None:
    """A VEN that speaks for another is refused, and nothing of it is stored."""
    since = time.time()
    session = await _try(system, folder, "ven-2", Topics("ven-1").telemetry)
    refused = session.status.unexpected_disconnects > 0 or session.status.reason is not None
    assert refused or session.quarantined
    assert not [row for row in system.rows("ven-1", since - 1) if "stray" in row]


async def test_connecting_under_another_vens_name_is_refused(system: System, folder: Path) -> None:
    """A certificate is good for its own thing alone; the VEN whose name was taken is not disturbed."""
    session = await _try(system, folder, "ven-1", None)
    assert session.status.connects == 0
    assert system.json("cmd", "--ven-id", "ven-1", "--op", "ping")["ok"]


async def test_subscribing_to_others_commands_is_refused(system: System, folder: Path) -> None:
    """No wildcard, and nobody else's topic."""
    session = await _try(system, folder, "ven-2", None, ("ven/cmd/+", "ven/cmd/ven-1"))
    assert "refused" in str(session.status.reason) or session.status.connects == 0


def test_a_second_twin_of_the_same_name_ends_the_duel(system: System) -> None:
    """Two processes with one id do not throw each other off for ever: one of them stops and says so (defect 9)."""
    twins = [system.start_twin("ven-2"), system.start_twin("ven-2")]
    ended = until(lambda: next((twin for twin in twins if twin.poll() is not None), None), "the end of one", 90)
    assert ended.returncode == 1
    assert "another client uses the id" in ended.log.read_text()
    (left,) = [twin for twin in twins if twin is not ended]
    if left.poll() is None:
        left.terminate()
        assert left.wait(20) == 0
