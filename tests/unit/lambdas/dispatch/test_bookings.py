"""Overlapping events over the same VENs: who is counted on for which interval, by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contracts.api.requests import DispatchEvent
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from lambdas.dispatch_event.logic.bookings import Bookings, bookings_of, losses_note
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import EventRow, VenRow
from tests.unit.lambdas.dispatch.running import (
    HOUR_S,
    LEVEL,
    NOW,
    START,
    event,
    rebalanced,
    row_of,
    shed,
    ven,
)

A = "first"
TWO = (ven("a"), ven("b"))
HIGH, LOW = 1, 9


def other(
    calls: Mapping[str, Sequence[float]],
    intervals: tuple[Interval, ...],
    *,
    event_id: str = A,
    start_ts: int = START,
    **fields: Any,
) -> Bookings:
    """What one other event has booked."""
    plan = Plan(
        plan_id="p",
        revision=0,
        from_ts=0.0,
        start_ts=start_ts,
        intervals=intervals,
        assignments=event(calls, intervals)[1].assignments,
    )
    row = EventRow(
        event_id=event_id,
        requested="r",
        revision=0,
        start_ts=start_ts,
        intervals=intervals,
        plan_id="p",
        created_ts=0.0,
        expires_ts=START,
        **fields,
    )
    return bookings_of([(row, plan)])


def planned(
    bookings: Bookings,
    intervals: tuple[Interval, ...],
    vens: Sequence[VenRow] = TWO,
    *,
    event_id: str = "second",
    start_ts: int = START,
    **fields: Any,
) -> Planned:
    """The plan of another event beside *bookings*."""
    request = DispatchEvent(event_id=event_id, intervals=intervals, start_ts=start_ts, **fields)
    return plan_event(
        request, event_id, vens, now=float(START), retention_days=30, token="t", bookings=bookings
    )


def calls(plan: Planned) -> dict[str, tuple[float, ...]]:
    """The values of each VEN that is called."""
    return {assignment.ven_id: assignment.values for assignment in plan.plan.assignments}


def figures(plan: Planned) -> tuple[float | None, float, float]:
    """Available, dispatched, shortfall, kW."""
    return plan.row.available_kw, plan.row.dispatched_kw, plan.row.shortfall_kw


def test_a_ven_that_sheds_a_part_for_one_event_is_bound_whole() -> None:
    """8 kW called as 5 and 3 of two VENs of 5 bind both: a VEN acts on one event at a time."""
    second = planned(other({"a": [5.0], "b": [3.0]}, shed(8.0)), shed(8.0))
    assert figures(second) == (0.0, 0.0, 8.0)
    assert second.plan.unavailable == {"a": "in event first", "b": "in event first"}


def test_who_is_not_called_by_the_first_event_is_there_for_the_second() -> None:
    """5 kW called of one VEN of two leave the other one: 5 of 8 kW are dispatched, 3 are missing."""
    second = planned(other({"a": [5.0]}, shed(5.0)), shed(8.0))
    assert (calls(second), figures(second)) == ({"b": (5.0,)}, (5.0, 5.0, 3.0))
    assert second.plan.unavailable == {"a": "in event first"}


@pytest.mark.parametrize("after_s", [HOUR_S, -HOUR_S])
def test_an_event_that_ends_when_the_other_begins_has_everybody(after_s: int) -> None:
    """Events that only touch do not overlap, whichever comes first."""
    first = other({"a": [5.0], "b": [3.0]}, shed(8.0), start_ts=START + HOUR_S + after_s)
    second = planned(first, shed(8.0), start_ts=START + HOUR_S)
    assert (calls(second), figures(second)) == ({"a": (5.0,), "b": (3.0,)}, (10.0, 8.0, 0.0))


def test_an_event_to_come_is_booked_as_one_that_runs() -> None:
    """What tomorrow's event has of tomorrow, another of tomorrow does not have."""
    tomorrow = START + 86_400
    first = other({"a": [5.0], "b": [3.0]}, shed(8.0), start_ts=tomorrow)
    assert figures(planned(first, shed(8.0), start_ts=tomorrow + HOUR_S - 1)) == (0.0, 0.0, 8.0)
    assert figures(planned(first, shed(8.0))) == (10.0, 8.0, 0.0)


def test_an_interval_counts_on_who_is_free_in_it() -> None:
    """An event from 0 to 2 h beside one from 1 to 2 h of the same priority: the VENs go over to the later."""
    first = other({"a": [5.0], "b": [3.0]}, shed(8.0), start_ts=START + HOUR_S)
    second = planned(first, shed(8.0, 8.0))
    assert calls(second) == {"a": (5.0, 0.0), "b": (3.0, 0.0)}
    assert figures(second) == (0.0, 8.0, 8.0)
    assert second.plan.note == "for a part of the time there are 2 VENs in event first"


def test_a_later_event_does_not_take_a_ven_out_of_one_of_the_same_priority() -> None:
    """At the VEN the newer start would win; so who is needed by the first event is not given the second."""
    first = other({"a": [5.0]}, shed(5.0))
    second = planned(first, shed(4.0, 4.0), start_ts=START + HOUR_S // 2)
    assert calls(second) == {"b": (4.0, 4.0)}
    assert second.plan.unavailable == {"a": "in event first"}


def test_an_interval_in_which_a_ven_is_called_for_nothing_is_free_for_a_later_event() -> None:
    """Called for 3 kW in the first hour and none in the second, a VEN goes over to an event of the second."""
    first = other({"a": [3.0, 0.0]}, shed(3.0, 8.0))
    second = planned(first, shed(5.0), TWO[:1], start_ts=START + HOUR_S)
    assert (calls(second), figures(second)) == ({"a": (5.0,)}, (5.0, 5.0, 0.0))


def test_an_interval_of_nothing_binds_a_ven_against_an_event_that_began_before() -> None:
    """The VEN acts on the newer start, also where it says 0 kW: the older event does not count on it then."""
    first = other({"a": [0.0, 3.0]}, shed(0.0, 3.0), start_ts=START + HOUR_S)
    second = planned(first, shed(5.0, 5.0, 5.0, 5.0), TWO[:1])
    assert calls(second) == {"a": (5.0, 0.0, 0.0, 5.0)}


def test_a_higher_priority_takes_vens_and_says_from_whom() -> None:
    """Of a fleet that a lower priority has, the higher one is dispatched in full, with a note."""
    first = other({"a": [5.0], "b": [3.0]}, shed(8.0), priority=LOW)
    second = planned(first, shed(8.0), priority=HIGH)
    assert figures(second) == (10.0, 8.0, 0.0)
    assert second.plan.note == (
        "takes 2 VENs from event first: what that lacks its next redispatch makes up, or shows as shortfall"
    )


def test_a_higher_priority_calls_those_first_that_nobody_has() -> None:
    """Only what the free VENs cannot bring is taken of others."""
    first = other({"a": [5.0]}, shed(5.0), priority=LOW)
    free = planned(first, shed(4.0), priority=HIGH)
    assert (calls(free), free.plan.note) == ({"b": (4.0,)}, None)
    in_proportion = planned(first, shed(4.0), priority=HIGH, allocation="proportional")
    assert (calls(in_proportion), in_proportion.plan.note) == ({"b": (4.0,)}, None)
    both = planned(first, shed(8.0), priority=HIGH)
    assert calls(both) == {"b": (5.0,), "a": (3.0,)}


def test_a_lower_priority_has_what_the_higher_leaves_it_in_time() -> None:
    """Two hours beside one hour of a higher priority: nothing in that hour, all in the other."""
    first = other({"a": [5.0], "b": [3.0]}, shed(8.0), priority=HIGH)
    second = planned(first, shed(8.0, 8.0), priority=LOW)
    assert calls(second) == {"a": (0.0, 5.0), "b": (0.0, 3.0)}
    assert figures(second) == (0.0, 8.0, 8.0)
    assert planned(first, shed(0.0, 8.0), priority=LOW).plan.note is None


def test_a_level_of_the_same_priority_leaves_alone_who_was_promised() -> None:
    """A VEN that was called for kW does not get a newer level of the same priority; the others do."""
    second = planned(other({"a": [5.0]}, shed(5.0)), (LEVEL,), start_ts=START + 60)
    assert calls(second) == {"b": (2.0,)}
    assert second.plan.unavailable == {"a": "in event first"}


def test_a_level_promises_no_sum_so_a_newer_event_has_its_vens() -> None:
    """Who follows a level is free for a newer event that calls for kW, and bound against an older one."""
    level = other({"a": [2.0]}, (LEVEL,))
    assert calls(planned(level, shed(5.0), TWO[:1], start_ts=START + 60)) == {"a": (5.0,)}
    later = other({"a": [2.0]}, (LEVEL,), start_ts=START + 60)
    assert calls(planned(later, shed(5.0), TWO[:1])) == {}


def test_the_randomised_start_widens_the_time_of_each_ven_by_its_own() -> None:
    """A VEN is bound from its own start to its own end, not from the event's."""
    first = other({"a": [5.0]}, shed(5.0), start_ts=START + 3 * HOUR_S, randomize_start_s=1800)
    hold = first.holds["a"][0]
    offset_s = hold.span[0] - (START + 3 * HOUR_S)
    assert 0 < abs(offset_s) <= 1800
    end = Interval(duration_s=int(3 * HOUR_S + offset_s), signal=Signal.SHED_KW, value=5.0)
    assert calls(planned(first, (end,), TWO[:1])) == {"a": (5.0,)}
    longer = Interval(duration_s=end.duration_s + 2, signal=Signal.SHED_KW, value=5.0)
    assert calls(planned(first, (longer,), TWO[:1])) == {}


def test_no_event_loses_anybody_without_a_word_and_nobody_lost_says_nothing() -> None:
    """Without VENs taken there is no note."""
    assert losses_note({}) is None


def test_a_redispatch_replaces_at_once_who_is_bound_by_a_higher_priority() -> None:
    """Before any row tells it, what a VEN taken by another event was called for is called of the next."""
    running = event({"a": [5.0], "b": [3.0]}, shed(8.0), priority=LOW)
    taken = other({"a": [5.0]}, shed(5.0), start_ts=int(NOW) - 5, priority=HIGH)
    rows = [row_of("a", 5.0), row_of("b", 3.0), row_of("c", 0.0, event_id=None)]
    vens = (*TWO, ven("c", 3.0))
    after = rebalanced(running, vens, rows, bookings=taken)
    assert after.plan is not None
    assert {each.ven_id: each.values for each in after.plan.assignments} == {"b": (5.0,), "c": (3.0,)}
    assert after.plan.unavailable == {"a": "in event first"}
    assert (after.row.available_kw, after.row.shortfall_kw, after.row.dispatched_kw) == (8.0, 0.0, 8.0)


def test_a_redispatch_shows_as_shortfall_what_nobody_can_make_up() -> None:
    """5 of 8 kW are taken and nobody else is there: 5 are left of the other VEN, 3 are missing."""
    running = event({"a": [5.0], "b": [3.0]}, shed(8.0), priority=LOW)
    taken = other({"a": [5.0]}, shed(5.0), start_ts=int(NOW) - 5, priority=HIGH)
    after = rebalanced(running, TWO, [row_of("a", 5.0), row_of("b", 3.0)], bookings=taken)
    assert (after.row.available_kw, after.row.dispatched_kw, after.row.shortfall_kw) == (5.0, 5.0, 3.0)


def test_a_redispatch_counts_on_nobody_in_an_interval_that_another_event_has() -> None:
    """The second hour belongs to another event: the VEN is called for the first hour alone."""
    running = event({"a": [4.0, 4.0], "b": [0.0, 0.0]}, shed(8.0, 8.0))
    booked = other({"b": [5.0]}, shed(5.0), start_ts=START + HOUR_S)
    after = rebalanced(running, TWO, [row_of("a", 4.0), row_of("b", 0.0)], bookings=booked)
    assert after.plan is not None
    assert {each.ven_id: each.values for each in after.plan.assignments}["b"][1] == 0.0
    assert {each.ven_id: each.values for each in after.plan.assignments}["b"][0] > 0.0


def test_a_redispatch_may_call_who_is_still_in_an_event_of_lower_priority() -> None:
    """A VEN that last reported the lower event is called for the higher one all the same."""
    running = event({"a": [5.0]}, shed(8.0), priority=HIGH)
    lower = other({"b": [3.0]}, shed(3.0), priority=LOW)
    vens = (TWO[0], ven("b", active_event_id=A))
    rows = [row_of("a", 5.0), row_of("b", 3.0, event_id=A)]
    assert {e.ven_id for e in rebalanced(running, vens, rows, bookings=lower).plan.assignments} == {"a", "b"}  # type: ignore[union-attr]
    alone = rebalanced(running, vens, rows)
    assert alone.plan is None
