"""A running event's difference shared out again: tolerances, limits, who makes up and who is trimmed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.requests import Assignment, DispatchEvent
from contracts.store.plans import Limit
from lambdas.dispatch_event.logic.plan import plan_event
from tests.unit.lambdas.dispatch.running import (
    LEVEL,
    NOW,
    START,
    calls_of,
    event,
    rebalanced,
    row_of,
    shed,
    ven,
)

ABCD = tuple(ven(ven_id) for ven_id in "abcd")
NINE = event({"a": (5.0,), "b": (4.0,)}, shed(9.0))
IDLE = (row_of("c", 0.0, event_id=None), row_of("d", 0.0, event_id=None))


def two(first_kw: float, second_kw: float, **fields: Any) -> Any:
    """The event of 9 kW, with *a* delivering and *b* delivering so much."""
    return rebalanced(NINE, ABCD, (row_of("a", first_kw), row_of("b", second_kw), *IDLE), **fields)


@pytest.mark.parametrize(("now", "note"), [(START - 1.0, "has not begun"), (START + 3600.0, "is over since")])
def test_outside_its_time_an_event_is_left_alone(now: float, note: str) -> None:
    """Before the first interval and after the last there is no plan to change, and the note says which."""
    outcome = two(5.0, 4.0, now=now)
    assert (outcome.plan, outcome.row, outcome.changed) == (None, NINE[0], frozenset())
    assert note in outcome.note


def test_a_value_for_each_is_not_shared_out_again() -> None:
    """A VEN that falls short of its own value is made up for by nobody."""
    row, plan = event({"a": (5.0,), "b": (5.0,)}, shed(5.0), allocation="each")
    outcome = rebalanced((row, plan), ABCD, (row_of("a", 1.0), row_of("b", 5.0), *IDLE))
    assert (outcome.plan, outcome.changed) == (None, frozenset())
    assert "a value of its own" in outcome.note


@pytest.mark.parametrize(
    ("requested_kw", "delivered_kw", "changes"),
    [
        (9.0, 8.82, False),
        (9.0, 8.819, True),
        (9.0, 9.27, False),
        (9.0, 9.271, True),
        (1.0, 0.97, False),
        (1.0, 0.969, True),
        (1.0, 1.03, False),
        (1.0, 1.031, True),
    ],
)
def test_a_difference_within_the_tolerance_changes_nothing(
    requested_kw: float, delivered_kw: float, changes: bool
) -> None:
    """2 % below and 3 % above are well, and 30 W where these are less."""
    running = event({"a": (requested_kw,)}, shed(requested_kw))
    vens = (ven("a", 20.0), *ABCD[1:])
    outcome = rebalanced(running, vens, (row_of("a", delivered_kw), row_of("b", 0.0, event_id=None), *IDLE))
    assert (outcome.plan is not None) is changes
    assert outcome.delivered_kw == pytest.approx(delivered_kw)


def test_the_header_says_what_the_new_plan_comes_to() -> None:
    """Revision, plan, called, available and missing kW are of the plan that takes the place of the old."""
    outcome = two(2.0, 4.0)
    assert calls_of(outcome) == {"a": 2.0, "b": 5.0, "c": 2.18}
    assert outcome.plan is not None
    header, plan = outcome.row, outcome.plan
    assert (header.revision, header.plan_id, plan.revision, plan.previous) == (
        1,
        plan.plan_id,
        1,
        NINE[1].plan_id,
    )
    assert (header.dispatched_kw, header.available_kw, header.shortfall_kw) == (9.18, 17.0, 0.0)
    assert (plan.from_ts, plan.start_ts, plan.plan_id) == (NOW, START, "00000001-n")
    assert outcome.changed == {"a", "b", "c"}
    assert outcome.note == "delivers 6.000 of 9.000 kW: 3 VENs are called for another share"


def test_a_call_that_changed_is_dated_and_one_that_did_not_is_left() -> None:
    """Only a VEN whose call changed has to show it anew."""
    outcome = two(6.0, 4.8)
    assert outcome.plan is not None
    by_id = {each.ven_id: each for each in outcome.plan.assignments}
    assert by_id["a"] is NINE[1].assignments[0]
    assert by_id["b"] == Assignment(ven_id="b", values=(2.5,), since_ts=int(NOW))
    assert outcome.changed == {"b"}


@pytest.mark.parametrize(("interval_s", "for_s"), [(None, 600), (5.0, 100)])
def test_a_short_ven_is_limited_for_twenty_report_intervals(interval_s: float | None, for_s: int) -> None:
    """It is called for no more than it was seen to deliver, for ten minutes at the usual interval."""
    vens = (ven("a", 4.5, report_interval_s=interval_s), *ABCD[1:])
    outcome = rebalanced(NINE, vens, (row_of("a", 2.0), row_of("b", 4.0), *IDLE))
    assert outcome.plan is not None
    assert outcome.plan.limits == {"a": Limit(kw=2.0, until_ts=NOW + for_s, offer_kw=4.5)}
    assert outcome.plan.seen == {"b": 1.0}


def test_a_ven_that_left_is_limited_to_nothing_until_the_end() -> None:
    """Whatever it offers, it is not called again in this event."""
    outcome = rebalanced(NINE, ABCD, (row_of("a", 0.0, event_id=None), row_of("b", 4.0), *IDLE))
    assert outcome.plan is not None
    assert outcome.plan.limits == {"a": Limit(kw=0.0, until_ts=START + 3600.0)}
    assert outcome.plan.unavailable == {"a": "left the event"}
    assert outcome.plan.dropped == ("a",)
    assert "a" not in calls_of(outcome)
    outcome = rebalanced(NINE, ABCD, (row_of("a", 0.0, event_id=None), row_of("b", 2.0), *IDLE))
    assert outcome.plan is not None
    assert {ven_id: limit.kw for ven_id, limit in outcome.plan.limits.items()} == {"a": 0.0, "b": 2.0}


@pytest.mark.parametrize(
    ("limit", "call_kw"),
    [
        (Limit(kw=1.0, until_ts=NOW + 1, offer_kw=5.0), 1.0),
        (Limit(kw=1.0, until_ts=NOW, offer_kw=5.0), 5.0),
        (Limit(kw=1.0, until_ts=NOW + 1, offer_kw=4.5), 5.0),
        (Limit(kw=1.0, until_ts=NOW + 1, offer_kw=4.51), 1.0),
        (Limit(kw=1.0, until_ts=NOW + 1), 1.0),
    ],
)
def test_a_limit_holds_until_its_time_or_half_a_kw_more_is_offered(limit: Limit, call_kw: float) -> None:
    """*c* offers 5 kW: within a limit of 1 kW it is called for 1, else for all of it."""
    running = event({"a": (5.0,), "b": (4.0,)}, shed(9.0), limits={"c": limit})
    outcome = rebalanced(
        running, ABCD, (row_of("a", 0.0, event_id=None), row_of("b", 0.0, event_id=None), *IDLE)
    )
    assert calls_of(outcome)["c"] == call_kw
    assert outcome.plan is not None
    assert ("c" in outcome.plan.limits) is (call_kw == 1.0)


def test_a_ven_that_offers_nothing_more_stays_within_its_limit() -> None:
    """A VEN that no longer says what it offers has not recovered."""
    running = event(
        {"a": (5.0,), "b": (4.0,)}, shed(9.0), limits={"c": Limit(kw=1.0, until_ts=NOW + 1, offer_kw=0.1)}
    )
    vens = (ABCD[0], ABCD[1], ven("c", None), ABCD[3])
    outcome = rebalanced(running, vens, (row_of("a", 1.0), row_of("b", 4.0), *IDLE))
    assert outcome.plan is not None
    assert "c" in outcome.plan.limits
    assert outcome.plan.unavailable["c"] == "reports no metrics.shedAvailabilityKw in its shadow"


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (Limit(kw=0.049, until_ts=NOW + 1, offer_kw=5.0), "delivers nothing"),
        (Limit(kw=0.0, until_ts=NOW + 1), "left the event"),
    ],
)
def test_a_ven_limited_to_less_than_the_least_call_is_not_called(limit: Limit, why: str) -> None:
    """Below 50 W there is nothing to call for, and the plan says why."""
    running = event({"a": (5.0,), "b": (4.0,)}, shed(9.0), limits={"c": limit})
    outcome = rebalanced(running, ABCD, (row_of("a", 1.0), row_of("b", 4.0), *IDLE))
    assert "c" not in calls_of(outcome)
    assert outcome.plan is not None
    assert outcome.plan.unavailable == {"c": why}


def test_a_ven_limited_to_the_least_call_is_called_for_it() -> None:
    """50 W are of use."""
    limit = Limit(kw=0.05, until_ts=NOW + 1, offer_kw=5.0)
    running = event({"a": (5.0,), "b": (4.0,)}, shed(9.0), limits={"c": limit})
    outcome = rebalanced(running, ABCD, (row_of("a", 1.0), row_of("b", 4.0), *IDLE))
    assert calls_of(outcome)["c"] == 0.05


def test_a_ven_in_another_event_makes_nothing_up() -> None:
    """*c* is in event e2: *d*, which comes after it, is called instead; a VEN in this event may be."""
    vens = (ABCD[0], ABCD[1], ven("c", active_event_id="e2"), ABCD[3])
    outcome = rebalanced(NINE, vens, (row_of("a", 1.0), row_of("b", 4.0), *IDLE))
    assert calls_of(outcome) == {"a": 1.0, "b": 5.0, "d": 3.18}
    assert outcome.plan is not None
    assert outcome.plan.unavailable == {"c": "in event e2"}
    vens = (ABCD[0], ABCD[1], ven("c", active_event_id="e1"), ABCD[3])
    outcome = rebalanced(NINE, vens, (row_of("a", 1.0), row_of("b", 4.0), *IDLE))
    assert calls_of(outcome) == {"a": 1.0, "b": 5.0, "c": 3.18}


def test_a_silent_ven_makes_nothing_up() -> None:
    """*c* has not been heard for three minutes and *d* never: nobody is called in place of *a*."""
    rows = (row_of("a", 1.0), row_of("b", 4.0), row_of("c", 0.0, at_ts=NOW - 180, event_id=None))
    outcome = rebalanced(NINE, ABCD, rows)
    assert calls_of(outcome) == {"a": 1.0, "b": 5.0}
    assert outcome.plan is not None
    assert outcome.plan.unavailable == {"c": "silent for 180 s", "d": "no telemetry"}
    assert (outcome.row.available_kw, outcome.row.shortfall_kw) == (6.0, 3.0)


def test_nobody_has_more_to_give_is_said_and_nothing_is_written() -> None:
    """When all that is left is called already the plan stands, whatever is missing."""
    running = event({"a": (1.0,), "b": (5.0,)}, shed(9.0))
    vens = (ven("a", 1.0), ven("b", 5.0))
    outcome = rebalanced(running, vens, (row_of("a", 1.0), row_of("b", 5.0)))
    assert (outcome.plan, outcome.row) == (None, running[0])
    assert outcome.note == "delivers 6.000 of 9.000 kW: nobody has more to give"


def test_known_non_response_is_called_for_on_top_when_made_up() -> None:
    """*c* delivers 80 % of its calls: 2.18 kW more take a call of 2.725 kW."""
    vens = (ABCD[0], ABCD[1], ven("c", 5.0, performance=0.8))
    outcome = rebalanced(NINE, vens, (row_of("a", 2.0), row_of("b", 4.0), IDLE[0]))
    # At 0.8 it is still of the second class, and last in merit order.
    assert calls_of(outcome) == {"a": 2.0, "b": 5.0, "c": 2.725}
    assert outcome.row.available_kw == 2.0 + 5.0 + 4.0


def test_a_ven_that_delivers_goes_on_whatever_it_offers() -> None:
    """A VEN that was seen to deliver keeps its call in this and in later intervals, though it offers less."""
    running = event({"a": (5.0, 5.0), "b": (4.0, 4.0)}, shed(9.0, 9.0))
    vens = (ven("a", 0.0), ven("b", 1.0), ven("c", 2.0), ven("d", 8.0))
    outcome = rebalanced(running, vens, (row_of("a", 5.0), row_of("b", 3.5), *IDLE))
    assert calls_of(outcome) == {"a": 5.0, "b": 4.0, "c": 0.68}
    assert calls_of(outcome, 1)["a"] == 5.0
    assert calls_of(outcome)["b"] == calls_of(outcome, 1)["b"] == 4.0
    outcome = rebalanced(running, vens, (row_of("a", 4.6), row_of("b", 3.5), *IDLE))
    assert calls_of(outcome) == {"a": 5.0, "b": 4.0, "c": 1.08}


def test_a_call_not_judged_yet_brings_what_the_ven_is_known_to_deliver() -> None:
    """Of the 4 kW that *b* was just called for 3.2 can be expected: *c* makes up 1.78 beside *a*'s 4.2."""
    row, plan = NINE
    late = msgspec.structs.replace(plan.assignments[1], since_ts=int(NOW) - 5)
    running = (row, msgspec.structs.replace(plan, assignments=(plan.assignments[0], late)))
    vens = (ABCD[0], ven("b", performance=0.8), *ABCD[2:])
    outcome = rebalanced(running, vens, (row_of("a", 4.2), row_of("b", 0.0), *IDLE))
    assert calls_of(outcome) == {"a": 5.0, "b": 4.0, "c": 1.78}


def test_a_ven_called_in_a_later_interval_alone_stays_called() -> None:
    """*b* falls short in its only interval and *a* has one to come: the plan keeps the calls of both."""
    running = event({"a": (0.0, 4.0), "b": (4.0, 0.0)}, shed(4.0, 4.0))
    outcome = rebalanced(running, ABCD[:3], (row_of("a", 0.0, event_id="e1"), row_of("b", 2.0), IDLE[0]))
    assert calls_of(outcome)["b"] == 2.0
    assert calls_of(outcome, 1)["b"] == 0.0
    assert sum(calls_of(outcome).values()) == pytest.approx(4.08)
    assert sum(calls_of(outcome, 1).values()) == pytest.approx(4.08)


def test_a_call_not_judged_yet_is_cut_to_what_is_offered() -> None:
    """*b* was called a moment ago and offers 1 kW since: it is called for that, the rest of others."""
    row, plan = NINE
    late = msgspec.structs.replace(plan.assignments[1], since_ts=int(NOW) - 5)
    running = (row, msgspec.structs.replace(plan, assignments=(plan.assignments[0], late)))
    vens = (ABCD[0], ven("b", 1.0), *ABCD[2:])
    outcome = rebalanced(running, vens, (row_of("a", 4.2), row_of("b", 0.0), *IDLE))
    assert calls_of(outcome) == {"a": 5.0, "b": 1.0, "c": 3.98}
    vens = (ABCD[0], ven("b", 0.0), *ABCD[2:])
    outcome = rebalanced(running, vens, (row_of("a", 4.2), row_of("b", 0.0), *IDLE))
    assert calls_of(outcome) == {"a": 5.0, "c": 4.98}


def test_intervals_that_are_over_stay_and_those_to_come_are_made_up() -> None:
    """Ten minutes each: *a* leaves in the second; the first is history, the third is called of others too."""
    running = event({"a": (1.0, 3.0, 3.0), "b": (0.0, 2.0, 4.0)}, shed(1.0, 5.0, 7.0, duration_s=600))
    now = START + 900.0
    rows = (
        row_of("a", 0.0, at_ts=now, event_id=None),
        row_of("b", 2.0, at_ts=now),
        row_of("c", 0.0, at_ts=now, event_id=None),
    )
    outcome = rebalanced(running, ABCD[:3], rows, now=now)
    assert calls_of(outcome, 0) == {"b": 0.0, "c": 0.0}
    assert calls_of(outcome, 1) == {"b": 5.0, "c": 0.1}
    assert calls_of(outcome, 2) == {"b": 5.0, "c": 2.14}
    assert outcome.row.dispatched_kw == 7.14


def test_a_call_that_changes_later_is_not_judged_anew_now() -> None:
    """*b* is called for more in the interval to come only: the time of its call of now stays."""
    running = event({"a": (1.0, 5.0), "b": (5.0, 1.0)}, shed(6.0, 6.0))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", 0.0, event_id=None), row_of("b", 5.0)))
    assert outcome.plan is not None
    (called,) = outcome.plan.assignments
    assert called == Assignment(ven_id="b", values=(5.0, 5.0), since_ts=START)


def test_a_level_beside_a_power_stays_with_every_ven() -> None:
    """A VEN that is called for no power any more keeps the level of the interval to come."""
    running = event({"a": (5.0, 2.0), "b": (4.0, 2.0)}, (*shed(9.0), LEVEL))
    outcome = rebalanced(running, ABCD[:3], (row_of("a", 0.0, event_id=None), row_of("b", 4.0), IDLE[0]))
    assert calls_of(outcome) == {"a": 0.0, "b": 5.0, "c": 4.18}
    assert calls_of(outcome, 1) == {"a": 2.0, "b": 2.0, "c": 2.0}


def test_an_interval_that_requests_no_power_is_left_alone() -> None:
    """A level in force is no sum to make up."""
    running = event({"a": (2.0, 5.0)}, (LEVEL, *shed(9.0)))
    outcome = rebalanced(running, ABCD, ())
    assert (outcome.plan, outcome.delivered_kw, outcome.requested_kw) == (None, None, 0.0)
    assert "no power" in outcome.note


@pytest.mark.parametrize(
    ("delivers_kw", "left_kw"),
    [
        ((5.0, 8.0), 0.5),  # twice its call: 1 kW wanted of it, so half a kW of call
        ((5.0, 4.0), 0.0),
    ],
)
def test_trimming_goes_by_what_a_call_brings(delivers_kw: tuple[float, float], left_kw: float) -> None:
    """*b*, the last in merit order, is called for so much less as the excess takes of its own delivery."""
    running = event({"a": (5.0,), "b": (4.0,)}, shed(6.0 if left_kw else 5.0))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", delivers_kw[0]), row_of("b", delivers_kw[1])))
    assert calls_of(outcome).get("b", 0.0) == left_kw
    assert calls_of(outcome)["a"] == 5.0


@pytest.mark.parametrize(
    ("requested_kw", "left_kw"),
    [(5.1, 0.1), (5.05, 0.05), (5.02, 0.0), (5.0, 0.0), (4.0, 0.0)],
)
def test_trimming_leaves_the_least_call_or_none(requested_kw: float, left_kw: float) -> None:
    """Of 4 kW of *b* so much is left as is requested beyond *a*'s 5; below 50 W it is called no more."""
    running = event({"a": (5.0,), "b": (4.0,)}, shed(requested_kw))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", 5.0), row_of("b", 4.0)))
    assert calls_of(outcome).get("b", 0.0) == left_kw


def test_trimming_leaves_no_call_below_the_least() -> None:
    """*b* delivers 400 W of a call of 100: 250 W less would leave 38 W, so 50 stay and *a* gives the rest."""
    running = event({"a": (1.0,), "b": (0.1,)}, shed(1.15))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", 1.0), row_of("b", 0.4)))
    assert calls_of(outcome) == {"a": 0.95, "b": 0.05}


def test_trimming_passes_over_who_was_not_seen_to_deliver() -> None:
    """*b* was called a moment ago and *c* delivers nothing: *a* alone is called for less."""
    row, plan = event({"a": (5.0,), "b": (1.0,), "c": (1.0,)}, shed(5.0))
    late = msgspec.structs.replace(plan.assignments[1], since_ts=int(NOW) - 5)
    running = (
        row,
        msgspec.structs.replace(plan, assignments=(plan.assignments[0], late, plan.assignments[2])),
    )
    vens = (ABCD[0], ABCD[1], ABCD[2])
    outcome = rebalanced(running, vens, (row_of("a", 5.5), row_of("b", 1.0), row_of("c", 0.0)))
    called = calls_of(outcome)
    assert (called["b"], called["c"]) == (1.0, 1.0)
    assert called["a"] == pytest.approx(5.0 - 1.5 * 5.0 / 5.5, abs=0.001)


@pytest.mark.parametrize(
    ("requested_kw", "deliver_kw", "a_kw"),
    [
        (5.999, (5.0, 2.0), 4.999),  # 1,001 W too many, of which a call of 500 W takes 1,000 from *b*
        (5.997, (4.5, 2.5), 5.0),  # 1,003 W, of which a call of 401 W takes 1,002.5
    ],
)
def test_a_rest_of_less_than_a_watt_is_trimmed_from_nobody(
    requested_kw: float, deliver_kw: tuple[float, float], a_kw: float
) -> None:
    """What whole watts of *b*'s call do not take is taken from *a* as soon as it is a watt."""
    running = event({"a": (5.0,), "b": (1.0,)}, shed(requested_kw))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", deliver_kw[0]), row_of("b", deliver_kw[1])))
    assert calls_of(outcome)["a"] == a_kw
    assert calls_of(outcome)["b"] < 0.6


@pytest.mark.parametrize(("delivers_kw", "left_kw"), [(0.0, 0.05), (0.001, 0.0)])
def test_trimming_ends_a_small_call_that_delivers_little_and_none_that_delivers_nothing(
    delivers_kw: float, left_kw: float
) -> None:
    """Of a call of 50 W that brings nothing there is nothing to take; one that brings a watt goes first."""
    running = event({"a": (5.0,), "b": (0.05,)}, shed(5.05))
    vens = (ABCD[0], ven("b", performance=0.5))
    outcome = rebalanced(running, vens, (row_of("a", 5.6), row_of("b", delivers_kw)))
    assert calls_of(outcome).get("b", 0.0) == left_kw
    assert calls_of(outcome)["a"] < 5.0


def test_trimming_ends_a_call_that_would_leave_as_much_as_the_least() -> None:
    """*b* delivers 450 W of a call of 400, and 400 are too many: a call of 44 W is not left, so none is."""
    running = event({"a": (5.0,), "b": (0.4,)}, shed(5.05))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", 5.0), row_of("b", 0.45)))
    assert calls_of(outcome) == {"a": 5.0}


def test_only_the_interval_in_force_is_trimmed() -> None:
    """Too much now says nothing of the interval to come."""
    running = event({"a": (5.0, 5.0), "b": (4.0, 4.0)}, shed(9.0, 9.0))
    outcome = rebalanced(running, ABCD[:2], (row_of("a", 6.0), row_of("b", 4.8)))
    assert calls_of(outcome) == {"a": 5.0, "b": 2.5}
    assert calls_of(outcome, 1) == {"a": 5.0, "b": 4.0}


def test_one_ven_with_one_row_does_not_take_the_whole_event() -> None:
    """9,999 kW on offer for ever, one row, then silence: others shed, and words say what rows bear out."""
    liar = ven("liar", 9_999.0, report_interval_s=1e9, dispatched_kwh=0.0, sustain_s=1e9)
    fleet = [liar, *(ven(f"v{number:02}", 4.0, dispatched_kwh=1.0) for number in range(20))]
    request = DispatchEvent(intervals=shed(60.0), start_ts=START)
    planned = plan_event(request, "e1", fleet, now=float(START), retention_days=1, token="t")
    called = {each.ven_id: each.values[0] for each in planned.plan.assignments}
    assert called["liar"] == 20.0
    running = planned.row, planned.plan
    rows = [row_of("liar", 20.0, at_ts=float(START), event_id=None)]
    for other in fleet[1:]:
        kw = called.get(other.ven_id, 0.0)
        rows.append(row_of(other.ven_id, kw, at_ts=NOW + 1000, event_id="e1" if kw else None))
    outcome = rebalanced(running, fleet, rows, now=NOW + 1000)
    assert outcome.delivered_kw == pytest.approx(40.0)
    assert "delivers 40.000 of 60.000 kW" in outcome.note
    assert outcome.plan is not None
    assert outcome.plan.unavailable["liar"] == "silent for 1300 s"
    assert sum(calls_of(outcome).values()) == pytest.approx(61.2)


def test_who_rests_between_two_batches_is_called_to_make_up() -> None:
    """A VEN that nobody has called sends its rows every four minutes: it is no worse than others."""
    resting = tuple(row_of(name, 0.0, at_ts=NOW - 200.0, event_id=None) for name in "cd")
    rows = (row_of("a", 2.0), row_of("b", 4.0), *resting)
    in_batches = (*ABCD[:2], *(msgspec.structs.replace(each, batch_s=240.0) for each in ABCD[2:]))
    assert "c" in calls_of(rebalanced(NINE, in_batches, rows))
    assert "c" not in calls_of(rebalanced(NINE, ABCD, rows))
