"""The reported shadow is made and compared when something of it may be worth saying, and not each second."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.topics import Topics
from ven_twin.ven import reported_state
from ven_twin.ven.engine import StepTime, VenEngine
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.mqtt.session_status import SessionState, SessionStatus
from ven_twin.ven.mqtt.shadow_client import HEARTBEAT_S, ShadowClient
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.shadow_reporter import ShadowReporter
from ven_twin.ven.snapshot import VenSnapshot
from ven_twin.ven.startup import start_engine, warm_house
from ven_twin.ven.storage.rows import OutboxCounts

VEN, FROM_TS = VenId("ven-1"), 1_764_450_000.0


@dataclass
class Ven:
    """A VEN and the shadow service, without a loop around them."""

    engine: VenEngine
    made: list[float]
    now_s: float = 0.0
    sent: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = ShadowClient(Topics(VEN), self._send)
        self.reporter = ShadowReporter(self.client, lambda: self.now_s)
        self.engine, _ = self.engine.on_shadow("get/rejected", {"code": 404}, {}, FROM_TS, answers_us=False)

    async def _send(self, _: str, payload: bytes) -> bool:
        self.sent.append(codec.load_object(payload))
        return True

    def accept(self) -> None:
        """Have the service take the last update."""
        document = {**self.sent[-1], "version": self.engine.state.shadow.accepted + 1}
        self.client.on_message("update/accepted", document)
        now_ts = FROM_TS + self.now_s
        self.engine, _ = self.engine.on_shadow("update/accepted", document, {}, now_ts, answers_us=True)

    def beat(self, at_s: float) -> int:
        """Tick, and bring the shadow up to date; how many messages went out."""
        before, self.now_s = len(self.sent), at_s
        self.engine, _ = self.engine.tick(StepTime(at_s, FROM_TS + at_s))
        asyncio.run(self._sync())
        return len(self.sent) - before

    async def _sync(self) -> None:
        self.due_s = await self.reporter.sync(
            VenSnapshot(
                engine=self.engine,
                settings=TwinSettings(ven_id=VEN, endpoint="localhost", state_dir=Path()),
                now_ts=FROM_TS + self.now_s,
                tick_age_s=0.0,
                house_ts=FROM_TS + self.now_s,
                session=SessionStatus(SessionState.CONNECTED, FROM_TS),
                outbox=OutboxCounts(0, 0, {}, 0, 0),
                clock_jump_s=0.0,
                clock_skew_s=None,
                certificate=Path(),
            )
        )


@pytest.fixture
def ven(monkeypatch: pytest.MonkeyPatch) -> Ven:
    """A VEN whose shadow has all that it reports."""
    house, made = warm_house("flat", HouseClock(FROM_TS, 0.0, 1.0, inf), 7), list[float]()
    engine = start_engine(VEN, house, "boot", 0.0).searching_in_turns()
    one = Ven(engine, made)
    whole = reported_state.reported

    def counted(snapshot: VenSnapshot) -> dict[str, object]:
        made.append(snapshot.now_ts)
        return whole(snapshot)

    monkeypatch.setattr(reported_state, "reported", counted)
    assert one.beat(1.0) == 1
    one.accept()
    assert one.beat(3.0) == 0
    return one


def test_power_that_drifts_is_not_looked_at(ven: Ven) -> None:
    """Seconds in which nothing else is new make no reported state."""
    before = len(ven.made)
    assert [ven.beat(at_s) for at_s in (4.0, 5.0, 6.0)] == [0, 0, 0]
    assert len(ven.made) == before


def test_what_is_steady_is_said_when_it_changes(ven: Ven) -> None:
    """A VEN that leaves events, or whose offer is another, says so with the next beat."""
    settings = replace(ven.engine.state.settings, enabled=False)
    ven.engine = replace(ven.engine, state=replace(ven.engine.state, settings=settings))
    assert ven.beat(5.0) == 1
    assert ven.sent[-1]["state"]["reported"]["ven"]["status"] == "disabled"


def test_what_the_cloud_says_meanwhile_is_looked_at(ven: Ven) -> None:
    """An event that is desired is mirrored."""
    event = {"revision": 0, "startTs": int(FROM_TS) + 3600}
    event["intervals"] = [{"durationS": 600, "signal": "shedKw", "value": 1.0}]  # type: ignore[assignment]
    document = {"version": 9, "state": {"drEvents": {"evt-1": event}}}
    delta = {"version": 9, "state": {"desired": document["state"]}}
    ven.engine, _ = ven.engine.on_shadow("get/accepted", delta, {}, FROM_TS + 4, answers_us=False)
    assert ven.beat(5.0) == 1
    assert "evt-1" in ven.sent[-1]["state"]["reported"]["drEvents"]


def test_the_heartbeat_goes_out_all_the_same(ven: Ven) -> None:
    """A quarter of an hour after the last update, whether or not anything is news."""
    assert ven.due_s == pytest.approx(1.0 + HEARTBEAT_S)
    assert ven.beat(ven.due_s - 0.5) == 0
    assert ven.beat(ven.due_s + 0.5) == 1
