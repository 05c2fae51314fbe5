"""A twin without AWS: nothing waits for a broker, its state is kept, and its health is the link's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.wire.events import DrEvent, Interval, Signal
from contracts.wire.ids import EventId
from tests.support.ven_stand import START_TS, VEN
from ven_twin.control.schedule import EventOrigin
from ven_twin.ven.clock import VenClock
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.page.health import health
from ven_twin.ven.page.presenter import ven_view
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

ONE_EVENT = DrEvent(
    event_id=EventId("e1"),
    start_ts=int(START_TS) + 5,
    intervals=(Interval(duration_s=60, signal=Signal.LEVEL, value=2.0),),
)


class LoneVen:
    """A VEN that has no identity, on clocks that are set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seconds = folder, 0.0

    def start(self) -> Twin:
        """Start it."""
        clock = VenClock(lambda: START_TS + self.seconds, lambda: 1000.0 + self.seconds)
        settings: dict[str, Any] = {"ven_id": VEN, "endpoint": "", "state_dir": self.folder}
        self.twin = Twin.open(TwinSettings(**settings), None, ven_clock=clock)
        return self.twin

    def live(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.seconds += 1.0
            self.twin._tick()


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[LoneVen]:
    """A VEN without AWS."""
    lone = LoneVen(tmp_path / "ven")
    lone.start()
    yield lone
    lone.twin.close()


def test_nothing_waits_for_a_broker(lone: LoneVen) -> None:
    """Telemetry goes nowhere, and no file grows."""
    lone.live(120)
    snapshot = lone.twin.snapshot()
    assert snapshot.engine.row_seq > 2
    assert (snapshot.session.outbox_depth, snapshot.outbox.lost, lone.twin._outbox.depth) == (0, 0, 0)


def test_its_events_outlive_a_restart(lone: LoneVen) -> None:
    """Killed in an event it goes on with it before its VTN has answered."""
    lone.twin.on_vtn_events([ONE_EVENT])
    lone.live(10)
    assert lone.twin.snapshot().house.acting == "e1"
    lone.twin._outbox._db.close()
    lone.start()
    lone.live(2)
    snapshot = lone.twin.snapshot()
    assert snapshot.house.acting == "e1"
    assert snapshot.state.schedule.events[EventId("e1")].source is EventOrigin.OPENADR
    lone.live(60)
    assert [event.ended for event in lone.twin.snapshot().engine.past] == ["completed"]


def test_its_health_is_that_of_the_link_to_the_vtn(lone: LoneVen) -> None:
    """There is no certificate that could be wrong; what the link says is its reason."""
    lone.live(2)
    assert not health(lone.twin.snapshot(), None).answers_events
    lone.twin.on_link(SessionState.CONNECTED)
    assert health(lone.twin.snapshot(), None).reasons == ()
    lone.twin.on_link(SessionState.BACKOFF, "https://vtn.example.org cannot be reached")
    (reason,) = health(lone.twin.snapshot(), None).reasons
    assert reason == "not connected to the cloud (backoff): https://vtn.example.org cannot be reached"


def test_its_page_shows_an_event_of_the_vtn(lone: LoneVen) -> None:
    """Also one that the resident has left, for as long as it goes on without this house."""
    lone.twin.on_vtn_events([ONE_EVENT])
    lone.live(10)
    (shown,) = ven_view(lone.twin.snapshot()).events
    assert (shown.event_id, shown.in_force) == ("e1", True)
    lone.twin.opt_out("guests")
    lone.live(2)
    (left,) = ven_view(lone.twin.snapshot()).events
    assert (left.phase, left.in_force) == ("optedOut", False)
