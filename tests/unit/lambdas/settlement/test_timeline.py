"""The operator's stretches of an event, and the energy that a VEN reports to be requested in a window."""

from __future__ import annotations

import pytest

from contracts.wire.events import Signal
from lambdas.settle_event.logic.timeline import EventTimeline, Segment, VenTimeline, event_timeline
from lambdas.shared.power_traces import PowerRow, Trace, Window
from tests.support.settled_event import HOUR, START, event_row, interval, plan

PLANNED = Window(0.0, 3600.0)


def segment(start_s: float, end_s: float, kw: float = 3.0) -> Segment:
    """A stretch of a planned hour in which power is to be shed."""
    return Segment(Window(start_s, end_s), Signal.SHED_KW, kw, PLANNED)


def test_a_redispatch_divides_no_interval() -> None:
    """Plans of each minute that request the same are one stretch; another request begins another."""
    fleet = VenTimeline((segment(0, 60), segment(60, 120), segment(120, 3600, kw=2.0)))
    assert EventTimeline(fleet, {}).intervals() == (Window(0, 120), Window(120, 3600))


def test_a_gap_in_the_requests_divides_an_interval() -> None:
    """What was not requested in between is no part of a stretch."""
    fleet = VenTimeline((segment(0, 60), segment(120, 180)))
    assert EventTimeline(fleet, {}).intervals() == (Window(0, 60), Window(120, 180))


def test_energy_requested_is_of_the_rows_within_the_window() -> None:
    """3 kW for half of one row and half of the next are 3 kW over a minute; later rows add nothing."""
    rows = [
        PowerRow(timestamp=ts, used_power_kw=1.0, baseline_power_kw=4.0, requested_reduction_kw=3.0)
        for ts in (60, 120, 180, 240, 300)
    ]
    assert Trace.of(rows).requested_kwh(Window(90.0, 150.0)) == pytest.approx(3.0 / 60)


def test_each_plan_is_in_force_until_the_next_or_the_cancellation() -> None:
    """3 kW from the start, 2 kW from 20 minutes on, nothing after 40; a plan after that requests nothing."""
    event = event_row(cancelled_ts=START + 2400)
    plans = [
        plan([interval(HOUR, 3.0)], {"a": [1.0], "b": [2.0]}),
        plan([interval(HOUR, 2.0)], {"b": [2.0]}, from_ts=START + 1200),
        plan([interval(HOUR, 1.0)], {"b": [1.0]}, from_ts=START + 2400),
    ]
    timeline = event_timeline(event, plans)
    assert timeline.intervals() == (Window(START, START + 1200), Window(START + 1200, START + 2400))
    assert [stretch.value for stretch in timeline.fleet.segments] == [3.0, 2.0]
    assert list(timeline.vens) == ["a", "b"]
    assert timeline.vens["a"].window == Window(START, START + 1200)
    assert [stretch.window for stretch in timeline.vens["b"].segments] == [Window(START, START + 2400)]
    assert timeline.fleet.shared_kwh(Window(START + 600, START + 1800)) == pytest.approx(0.5 + 1 / 3)
    assert VenTimeline(()).window == Window(0.0, 0.0)


def test_an_event_that_began_before_it_was_made_is_in_force_from_then_on() -> None:
    """Its first plan is as old as the event, though it was worked out a little later; a later plan is not."""
    event = event_row(created_ts=START + 600)
    first = plan([interval(HOUR, 3.0)], {"a": [3.0]}, from_ts=START + 603)
    second = plan([interval(HOUR, 2.0)], {"a": [2.0]}, from_ts=START + 1200)
    assert event_timeline(event, [first, second]).intervals() == (
        Window(START + 600, START + 1200),
        Window(START + 1200, START + HOUR),
    )


def test_intervals_follow_one_another_and_a_level_is_no_power_to_shed() -> None:
    """Half an hour of 3 kW, then a level; a VEN with fewer values takes part in the first alone."""
    intervals = [interval(1800, 3.0), interval(1800, 2, Signal.LEVEL)]
    timeline = event_timeline(event_row(), [plan(intervals, {"a": [3.0, 2], "b": [1.0], "c": []})])
    level = Window(START + 1800, START + HOUR)
    assert list(timeline.fleet.others()) == [level]
    assert timeline.fleet.shared_kwh(Window(START, START + HOUR)) == 1.5
    assert timeline.vens["a"].segments[1].nominal == level
    assert timeline.vens["b"].window == Window(START, START + 1800)
    assert timeline.vens["c"].segments == ()


def test_a_randomised_start_moves_a_vens_intervals_in_every_plan() -> None:
    """Its hour is moved by its share; where a new plan comes into force is not."""
    event = event_row(randomize_start_s=900)
    moved_s = event.start_offset_s("a")
    first = plan([interval(HOUR, 3.0)], {"a": [3.0]})
    second = plan([interval(HOUR, 2.0)], {"a": [2.0]}, from_ts=START + 1800)
    ven = event_timeline(event, [first, second]).vens["a"]
    assert (ven.offset_s, ven.window.end_ts) == (moved_s, START + HOUR + moved_s)
    assert [stretch.window.start_ts for stretch in ven.segments] == [START + moved_s, START + 1800]
    assert {stretch.nominal for stretch in ven.segments} == {Window(START + moved_s, START + HOUR + moved_s)}
