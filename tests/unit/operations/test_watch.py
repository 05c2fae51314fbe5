"""Asking the cloud side again and again: only while somebody looks, and whatever it answers."""

from __future__ import annotations

import threading
from queue import Empty, Queue

import pytest

from tests.support.fleets import NOW, event
from tests.unit.operations.conftest import Desk
from ven_twin.operations.fleet.askers import PollingThreads
from ven_twin.operations.fleet.fleet_state import FleetState
from ven_twin.operations.fleet.power_history import GAP_S, KEPT_S, FleetPoint, FleetPowerHistory
from ven_twin.operations.fleet.watch import EVENTS_MAX, FleetPoll

WAIT_S = 10
NOTHING_COMES_S = 0.3


def test_what_was_seen_stays_when_the_cloud_is_gone(desk: Desk) -> None:
    """With the reason; and when it answers again the reason is gone."""
    watch = FleetPoll(lambda: desk, "here")
    watch.ask()
    desk.gone = "no route"
    watch.ask()
    board = watch.board()
    assert (board.cloud.reached, board.cloud.why) == (False, "no route")
    assert board.fleet is not None
    desk.gone = None
    watch.ask()
    assert watch.board().cloud.reached


def test_the_way_to_the_cloud_is_made_anew_after_it_failed(desk: Desk) -> None:
    """A cloud that was started again may be elsewhere."""
    ways: list[int] = []

    def reach() -> Desk:
        ways.append(1)
        return desk

    watch = FleetPoll(reach, "here")
    watch.ask()
    watch.ask()
    assert len(ways) == 1
    desk.gone = "no route"
    watch.ask()
    watch.ask()
    assert len(ways) == 2


def test_an_answer_that_nobody_foresaw_does_not_end_the_watch(desk: Desk) -> None:
    """It is said, and asked again."""
    desk.listed = None  # type: ignore[assignment]
    watch = FleetPoll(lambda: desk, "here")
    watch.ask()
    assert "cannot be read" in str(watch.board().cloud.why)


def test_of_many_events_the_newest_are_shown(desk: Desk) -> None:
    """And that there are more is said; no more are read than are shown, and one."""
    desk.listed = [event(f"evt-{number}", after_s=-60 * number) for number in range(500)]
    watch = FleetPoll(lambda: desk, "here")
    watch.ask()
    board = watch.board()
    assert (len(board.events), board.more_events) == (EVENTS_MAX, True)
    assert ("events", EVENTS_MAX + 1) in desk.asked


def test_the_cloud_is_asked_while_somebody_looks(desk: Desk) -> None:
    """Again and again, until nobody does; and at once when something was changed."""
    told: Queue[FleetState] = Queue()
    watch = FleetPoll(lambda: desk, "here", period_s=3600.0)
    watch.start(told.put)
    assert desk.asked == []
    watch.look(wanted=True)
    assert told.get(timeout=WAIT_S).cloud.reached
    watch.again()
    assert told.get(timeout=WAIT_S).cloud.reached
    asked = len(desk.asked)
    watch.look(wanted=False)
    watch.again()
    with pytest.raises(Empty):
        told.get(timeout=NOTHING_COMES_S)
    assert len(desk.asked) == asked
    watch.look(wanted=True)
    assert told.get(timeout=WAIT_S).cloud.reached


def test_a_cloud_that_hangs_holds_up_nobody_else(desk: Desk) -> None:
    """One question waits, the other is answered."""
    goes_on = threading.Event()
    askers = PollingThreads(lambda: desk, 2)
    hangs = askers.ask(lambda _: goes_on.wait(WAIT_S))
    assert askers.ask(lambda aggregator: aggregator.fleet().known).result(WAIT_S) == 30
    assert not hangs.done()
    goes_on.set()
    assert hangs.result(WAIT_S)


def test_the_chart_keeps_an_hour() -> None:
    """Never more points than the hour has seconds, whatever comes."""
    ring = FleetPowerHistory()
    for number in range(20_000):
        ring.add(FleetPoint(NOW + number / 2, 1.0, 1.0, 2.0))
    chart = ring.chart()
    assert chart.ts[-1] - chart.ts[0] <= KEPT_S
    assert len(chart.ts) <= KEPT_S + 1


def test_nobody_looking_leaves_a_gap_in_the_chart() -> None:
    """No line is drawn over a time of which nothing is known."""
    ring = FleetPowerHistory()
    ring.add(FleetPoint(NOW, 1.0, 1.0, 2.0))
    ring.add(FleetPoint(NOW + GAP_S + 1, 3.0, 3.0, 2.0))
    assert ring.chart().requested_kw == [1.0, None, 3.0]
