"""Polling the cloud side: only while it is wanted, and whatever it answers."""

from __future__ import annotations

import threading
from queue import Empty, Queue

import pytest

from contracts.api.oadr_events import OadrEventState, OadrEventStatus
from contracts.openadr.ids import ObjectId
from tests.support.fleets import NOW, event
from tests.unit.operations.conftest import FakeAggregator
from ven_twin.operations.fleet import poller as poller_module
from ven_twin.operations.fleet.aggregator_threads import AggregatorThreads
from ven_twin.operations.fleet.fleet_history import EVENTS
from ven_twin.operations.fleet.fleet_state import SILENT_S, FleetState
from ven_twin.operations.fleet.poller import EVENTS_MAX, FleetPoller
from ven_twin.operations.fleet.power_history import GAP_S, SPAN_S, FleetPoint, FleetPowerHistory
from ven_twin.webkit.time_series import TimeWindow, drawn

WAIT_S = 10
NOTHING_COMES_S = 0.3


def test_what_was_read_stays_when_the_cloud_is_gone(aggregator: FakeAggregator) -> None:
    """With the reason; and when it answers again the reason is gone."""
    poller = FleetPoller(lambda: aggregator, "here")
    poller.poll()
    aggregator.gone = "no route"
    poller.poll()
    state = poller.state()
    assert (state.cloud.reached, state.cloud.why) == (False, "no route")
    assert state.fleet is not None
    aggregator.gone = None
    poller.poll()
    assert poller.state().cloud.reached


def test_the_way_to_the_cloud_is_made_anew_after_it_failed(aggregator: FakeAggregator) -> None:
    """A cloud that was started again may be elsewhere."""
    ways: list[int] = []

    def reach() -> FakeAggregator:
        ways.append(1)
        return aggregator

    poller = FleetPoller(reach, "here")
    poller.poll()
    poller.poll()
    assert len(ways) == 1
    aggregator.gone = "no route"
    poller.poll()
    poller.poll()
    assert len(ways) == 2


def test_an_answer_that_nobody_foresaw_does_not_end_the_watch(aggregator: FakeAggregator) -> None:
    """It stands in the state, and polling goes on."""
    aggregator.listed = None  # type: ignore[assignment]
    poller = FleetPoller(lambda: aggregator, "here")
    poller.poll()
    assert "cannot be read" in str(poller.state().cloud.why)


def test_of_many_events_the_newest_are_shown(aggregator: FakeAggregator) -> None:
    """The state says that there are more; one more is read than is shown."""
    aggregator.listed = [event(f"evt-{number}", after_s=-60 * number) for number in range(500)]
    poller = FleetPoller(lambda: aggregator, "here")
    poller.poll()
    state = poller.state()
    assert (len(state.events), state.more_events) == (EVENTS_MAX, True)
    assert ("events", EVENTS_MAX + 1) in aggregator.calls


def test_dead_letters_are_counted_each_ten_seconds_at_most(
    aggregator: FakeAggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last count stays in between, while the fleet is read each time."""
    now = [NOW]
    monkeypatch.setattr(poller_module, "now_ts", lambda: now[0])
    poller = FleetPoller(lambda: aggregator, "here")
    poller.poll()
    aggregator.letters = {"telemetry": 3}
    for after_s, letters in ((2.0, {"telemetry": 0, "vens": 0}), (9.9, {"telemetry": 0, "vens": 0})):
        now[0] = NOW + after_s
        poller.poll()
        assert poller.state().dead_letters == letters
    now[0] = NOW + 10.0
    poller.poll()
    assert poller.state().dead_letters == {"telemetry": 3}
    calls = [call[0] for call in aggregator.calls]
    assert (calls.count("dead letters"), calls.count("fleet")) == (2, 4)


def test_the_cloud_is_polled_between_resume_and_pause(aggregator: FakeAggregator) -> None:
    """Again and again, until the pause; and at once after a change."""
    states: Queue[FleetState] = Queue()
    poller = FleetPoller(lambda: aggregator, "here", period_s=3600.0)
    poller.start(states.put)
    assert aggregator.calls == []
    poller.resume()
    assert states.get(timeout=WAIT_S).cloud.reached
    poller.poll_soon()
    assert states.get(timeout=WAIT_S).cloud.reached
    calls = len(aggregator.calls)
    poller.pause()
    poller.poll_soon()
    with pytest.raises(Empty):
        states.get(timeout=NOTHING_COMES_S)
    assert len(aggregator.calls) == calls
    poller.resume()
    assert states.get(timeout=WAIT_S).cloud.reached


def test_a_page_that_is_opened_after_a_pause_is_not_shown_what_was_before_it(
    aggregator: FakeAggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the cloud answers nothing is known; a page that is only loaded again goes on."""
    now = [NOW]
    monkeypatch.setattr(poller_module, "now_ts", lambda: now[0])
    poller = FleetPoller(lambda: aggregator, "here")
    poller.poll()
    poller.resume()
    assert poller.state().cloud.reached
    poller.pause()
    now[0] = NOW + SILENT_S + 1.0
    poller.resume()
    state = poller.state()
    assert (state.fleet, state.events, state.cloud.reached, state.cloud.why) == (None, (), False, None)


def test_a_cloud_that_hangs_holds_up_nobody_else(aggregator: FakeAggregator) -> None:
    """One request waits, the other is answered."""
    goes_on = threading.Event()
    threads = AggregatorThreads(lambda: aggregator, 2)
    hangs = threads.submit(lambda _: goes_on.wait(WAIT_S))
    assert threads.submit(lambda aggregator: aggregator.fleet().total).result(WAIT_S) == 30
    assert not hangs.done()
    goes_on.set()
    assert hangs.result(WAIT_S)


def test_the_chart_keeps_an_hour() -> None:
    """Never more points than the hour has seconds, whatever comes."""
    history = FleetPowerHistory()
    for number in range(20_000):
        history.add(FleetPoint(NOW + number / 2, 1.0, 1.0, 2.0))
    means = history.means()
    assert means[-1].start_ts - means[0].start_ts <= SPAN_S
    assert len(means) <= SPAN_S + 1


def test_a_pause_leaves_a_gap_in_the_chart() -> None:
    """No line is drawn over a time of which nothing is known."""
    history = FleetPowerHistory()
    history.add(FleetPoint(NOW, 1.0, 1.0, 2.0))
    history.add(FleetPoint(NOW + GAP_S + 1, 3.0, 3.0, 2.0))
    chart = drawn(EVENTS, history.means(), TimeWindow(NOW, NOW + 60))
    assert chart.columns["askedKw"] == [1.0, 1.0, None, 3.0, 3.0]


def test_of_the_vtns_events_those_are_shown_that_no_ven_acts_on(aggregator: FakeAggregator) -> None:
    """What is dispatched is among the events, and what was withdrawn is nothing any more."""
    aggregator.oadr = [
        OadrEventStatus(oadr_event_id=ObjectId(state.value), state=state, changed_ts=NOW)
        for state in OadrEventState
    ]
    poller = FleetPoller(lambda: aggregator, "here")
    poller.poll()
    assert [event.state for event in poller.state().unacted] == [
        OadrEventState.NOT_ACTED_ON,
        OadrEventState.REFUSED,
    ]
