"""Other events around an event: their hours and their rebound are in no window of its baselines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.wire.ids import EventId
from lambdas.settle_event.logic.days import DAY_S, QUARTERS, DayProfile, Frame
from lambdas.settle_event.logic.other_events import (
    OtherEvent,
    other_events,
    undisturbed_kw,
    undisturbed_start,
    with_booked,
)
from lambdas.shared.power_traces import PowerRow, Trace, Window
from tests.support.settled_event import E1, HOUR, START, event_of_one, power_rows

EARLIER = EventId("earlier")
FRAME = Frame(Window(START, START + HOUR))


def earlier(from_s: float, to_s: float) -> OtherEvent:
    """Another event, by seconds from the event's start."""
    return OtherEvent(EARLIER, Window(START + from_s, START + to_s))


def test_an_event_that_follows_another_has_the_hour_before_both() -> None:
    """4 kW, A from 15 to 16 h and B from 16 to 17 h at 1 kW: B has 4.0 as its hour before, and delivered 3.0.

    A note says which hour it is of.
    """
    trace = [
        *power_rows(-4 * HOUR, -HOUR, 4.0),
        *power_rows(-HOUR, 0, 1.0, event_id=EARLIER),
        *power_rows(0, HOUR, 1.0, event_id=E1),
    ]
    found = event_of_one(rows={"a": trace}).ven().delivered["meter_before"]
    assert (found.baseline_kw, found.delivered_kw) == (pytest.approx(4.0), pytest.approx(3.0))
    assert found.notes == ("of the hour before event earlier",)


def test_an_hour_that_is_not_stored_before_another_event_is_named() -> None:
    """A began before what is stored: there is no hour to go by, and a note names the event in the way."""
    trace = [*power_rows(-HOUR, 0, 1.0, event_id=EARLIER), *power_rows(0, HOUR, 1.0, event_id=E1)]
    ven = event_of_one(rows={"a": trace}).ven()
    assert "meter_before" not in ven.delivered
    assert any("before event earlier" in note for note in ven.notes)


@pytest.mark.parametrize(
    ("other", "start_s"),
    [
        (None, 0),
        ((-7200, -3600), -7200),
        ((-14400, -10800), 0),
        ((-14400, -10799), -14400),
        ((-900, 0), -900),
    ],
)
def test_the_hour_before_has_no_event_and_no_rebound_in_it(
    other: tuple[float, float] | None, start_s: float
) -> None:
    """A rebound lasts two hours: an event that ended three hours before leaves the last hour as it was."""
    others = [] if other is None else [earlier(*other)]
    start_ts, before = undisturbed_start(START, others)
    assert start_ts == START + start_s
    assert (before is None) is (start_s == 0)


def test_events_one_after_another_are_passed_over_together() -> None:
    """From 4 to 3 h and from 2 to 1 h before: the hour before the first of them."""
    others = [earlier(-7200, -3600), earlier(-14400, -10800)]
    assert undisturbed_start(START, others)[0] == START - 14400


def test_an_adjustment_does_not_see_another_event_nor_its_rebound() -> None:
    """From four hours before: 1 kW for an hour, then an event of an hour and two hours after it not known."""
    rows = [*power_rows(-4 * HOUR, -3 * HOUR, 1.0), *power_rows(-3 * HOUR, -2 * HOUR, 0.2, event_id=EARLIER)]
    rows += power_rows(-2 * HOUR, 5 * HOUR, 1.0)
    trace = Trace.of(rows)
    kw = undisturbed_kw(FRAME, trace, other_events(trace, E1))
    assert kw[:16] == (1.0,) * 4 + (None,) * 12
    assert kw[16:36] == pytest.approx((1.0,) * 20)


def test_an_event_just_before_the_frame_still_has_its_rebound_in_it() -> None:
    """It ended five hours before: until three hours before the load is not a usual one."""
    rows = [*power_rows(-6 * HOUR, -5 * HOUR, 0.2, event_id=EARLIER), *power_rows(-5 * HOUR, 0, 1.0)]
    trace = Trace.of(rows)
    kw = undisturbed_kw(FRAME, trace, other_events(trace, E1))
    assert kw[:5] == (None, None, None, None, 1.0)


def test_a_site_that_marks_its_rows_is_believed_before_the_book() -> None:
    """It was called for an event that it did not act on: its rows say so, and its load is a usual one."""
    booked = (earlier(-7200, -3600),)
    unmarked = Trace.of(power_rows(-4 * HOUR, HOUR, 1.0))
    assert other_events(unmarked, E1, booked) == booked
    marked = Trace.of([*power_rows(-4 * HOUR, 0, 1.0), *power_rows(0, HOUR, 1.0, event_id=E1)])
    assert other_events(marked, E1, booked) == ()


@pytest.mark.parametrize(("marked", "in_event"), [(frozenset(), {36, 37, 38, 39}), (frozenset({1}), set())])
def test_days_of_a_site_that_marks_no_row_are_event_days_by_the_book(
    marked: frozenset[int], in_event: set[int]
) -> None:
    """An hour from 9:00 on the day before, by the quarter hours of that day."""
    day = 20_000
    at_ts = (day - 1) * DAY_S + 9 * 3600
    profiles = {
        day: DayProfile((1.0,) * QUARTERS, 1.0, marked),
        day - 1: DayProfile((1.0,) * QUARTERS, 1.0),
    }
    found = with_booked(profiles, [OtherEvent(EARLIER, Window(at_ts, at_ts + 3600))])
    assert found[day - 1].in_event == in_event
    assert found[day].in_event == marked


@given(st.lists(st.tuples(st.integers(-14_400, 3600), st.integers(1, 7200)), max_size=6))
def test_no_window_before_an_event_ever_overlaps_another_or_its_rebound(spans: list[tuple[int, int]]) -> None:
    """Whatever other events there were, however they overlap, also in the event itself."""
    others = [earlier(start_s, start_s + length_s) for start_s, length_s in spans if start_s < 0]
    start_ts, _ = undisturbed_start(START, others)
    hour = Window(start_ts - HOUR, start_ts)
    assert all(hour.cut(other.disturbed).duration_s == 0 for other in others)
    rows = [PowerRow(START + at * 900, 1.0, 1.0) for at in range(-24, 21)]
    kw = undisturbed_kw(FRAME, Trace.of(rows), others)
    for step, power_kw in enumerate(kw):
        disturbed = any(FRAME.quarter(step).cut(other.disturbed).duration_s > 0 for other in others)
        assert (power_kw is None) is disturbed
