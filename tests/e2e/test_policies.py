"""Who may do what: a VEN is held to its own topics and its own name, and one name is one VEN."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contracts.wire.topics import Topics
from tests.e2e.conftest import until
from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.identity import identity_files
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.storage.outbox import Outbox

if TYPE_CHECKING:
    from tests.e2e.conftest import System


@pytest.fixture
def folder(system: System, tmp_path: Path) -> Path:
    """The identity of ven-2, fetched as a user would."""
    done = system.cli("certs", "fetch", "ven-2", "--out", str(tmp_path / "tls"))
    assert done.returncode == 0, done.stderr
    return tmp_path / "tls"


async def _nothing(*_: object) -> None:
    pass


async def objections(
    system: System, folder: Path, client_id: str, publish: str | None, subscribe: tuple[str, ...] = ()
) -> list[str]:
    """Connect as *client_id* with ven-2's certificate, publish once; every objection that was heard."""
    outbox = Outbox(":memory:")
    session = MqttSession(
        "localhost", system.runtime.mqtt_port, identity_files.load(folder), client_id, subscribe, outbox,
        _nothing, _nothing, rng=random.Random(1), session_expiry_s=0,
    )  # fmt: skip
    running = asyncio.create_task(session.run())
    try:
        if publish is not None:
            session.publish("telemetry", publish, b'{"stray": true}')
        tried = session.until(lambda s: s.state not in {"stopped", "connecting"})
        await asyncio.wait_for(tried, GIVE_UP_S)
        if publish is not None:
            over = session.until(lambda s: s.state != "connected" or not s.outbox_depth)
            await asyncio.wait_for(over, GIVE_UP_S)
        return [str(session.status.reason), *(row.reason for row in outbox.quarantined())]
    finally:
        await session.stop(0)
        await running
        outbox.close()


async def test_publishing_to_another_vens_topic_is_refused(system: System, folder: Path) -> None:
    """A VEN that speaks for another is refused, and nothing of it is stored."""
    since = time.time()
    reasons = await objections(system, folder, "ven-2", Topics("ven-1").telemetry)
    assert any("not authorized" in reason for reason in reasons)
    assert not [row for row in system.rows("ven-1", since - 1) if "stray" in row]


@pytest.mark.parametrize("suffix", ["update", "get", "delete"])
async def test_touching_another_vens_shadow_is_refused(system: System, folder: Path, suffix: str) -> None:
    """Neither written nor read nor deleted: what ven-1 is told and says is its own."""
    reasons = await objections(system, folder, "ven-2", Topics("ven-1").shadow(suffix))
    assert any("not authorized" in reason for reason in reasons)


@pytest.mark.parametrize(
    "topic",
    ["#", "ven/#", "$aws/things/+/shadow/#", "$aws/things/ven-2/shadow/#",
     Topics("ven-1").shadow("update/delta"), Topics("ven-1").telemetry],
)  # fmt: skip
async def test_subscribing_beyond_ones_own_topics_is_refused(
    system: System, folder: Path, topic: str
) -> None:
    """No wildcard, not even over what is one's own, and nothing of another VEN."""
    reasons = await objections(system, folder, "ven-2", None, (topic,))
    assert any("refused" in reason or "not authorized" in reason for reason in reasons)


async def test_connecting_under_another_vens_name_is_refused(system: System, folder: Path) -> None:
    """A certificate is good for its own thing alone; the VEN whose name was taken is not disturbed."""
    reasons = await objections(system, folder, "ven-1", None)
    assert any("not authorized" in reason for reason in reasons)
    assert system.json("cmd", "ven-1", "--op", "ping")["ok"]


async def test_subscribing_to_others_commands_is_refused(system: System, folder: Path) -> None:
    """No wildcard, and nobody else's topic."""
    reasons = await objections(system, folder, "ven-2", None, ("ven/cmd/+", "ven/cmd/ven-1"))
    assert any(
        "subscription refused: ven/cmd/+" in reason and "ven/cmd/ven-1" in reason for reason in reasons
    )


def test_the_same_ven_twice_on_one_host_is_refused_at_once(system: System, tmp_path: Path) -> None:
    """A second process on the same state says that this VEN runs already."""
    first = system.start_twin("ven-2", "--state", str(tmp_path / "one"))
    until(lambda: "connected" in first.log.read_text(), "the first")  # type: ignore[attr-defined]
    second = system.start_twin("ven-2", "--state", str(tmp_path / "one"))
    assert second.wait(GIVE_UP_S) == 1
    assert "already running" in second.log.read_text()  # type: ignore[attr-defined]
    first.terminate()
    assert first.wait(GIVE_UP_S) == 0


def test_a_second_twin_of_the_same_name_ends_the_duel(system: System, tmp_path: Path) -> None:
    """Two twins with one id do not throw each other off for ever: one stops and says so (defect 9)."""
    twins = [system.start_twin("ven-2", "--state", str(tmp_path / name)) for name in ("here", "there")]
    ended = until(lambda: next((twin for twin in twins if twin.poll() is not None), None), "the end of one")
    assert ended.returncode == 1
    assert "another client uses the id" in ended.log.read_text()
    (left,) = [twin for twin in twins if twin is not ended]
    if left.poll() is None:
        left.terminate()
        assert left.wait(GIVE_UP_S) == 0
