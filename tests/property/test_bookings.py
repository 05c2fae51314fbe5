"""Properties of overlapping events over one fleet, held against the event state machine of a VEN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.api.requests import DispatchEvent
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId
from lambdas.dispatch_event.logic.bookings import bookings_of
from lambdas.dispatch_event.logic.eligibility import W_PER_KW
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import VenRow
from ven_twin.control.schedule import EventOrigin, Schedule

NOW = 1_800_000_000.0
UNIT_S = 600
INTERVAL = st.builds(
    Interval,
    duration_s=st.integers(1, 3).map(lambda units: units * UNIT_S),
    signal=st.sampled_from([Signal.SHED_KW, Signal.SHED_KW, Signal.SHED_KW, Signal.LEVEL]),
    value=st.sampled_from([0.0, 1.0, 2.0, 3.0]),
)
TERMS = st.fixed_dictionaries(
    {
        "start_ts": st.integers(2, 8).map(lambda units: int(NOW) + units * UNIT_S),
        "intervals": st.lists(INTERVAL, min_size=1, max_size=3).map(tuple),
        "priority": st.sampled_from([1, 5, 5, 5, 9]),
        "randomize_start_s": st.sampled_from([0, 0, 450]),
        "allocation": st.sampled_from(["merit", "proportional"]),
    }
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["e1", "e2", "e3", "e4"]), st.one_of(TERMS, TERMS, TERMS, st.none())),
    min_size=2,
    max_size=8,
)
FLEET = st.lists(st.integers(50, 5_000), min_size=1, max_size=4).map(
    lambda offers_w: [
        VenRow(ven_id=f"v{n}", online=True, enabled=True, shed_availability_kw=offer_w / W_PER_KW)
        for n, offer_w in enumerate(offers_w)
    ]
)
Book = dict[EventId, tuple[int, Planned]]
"""By event when its plan was made, as a number that rises, and the plan."""


def booked(fleet: list[VenRow], steps: list[tuple[str, Mapping[str, Any] | None]]) -> Book:
    """The events as they stand after *steps*: each creates or revises one, or cancels it with None."""
    book: Book = {}
    for number, (event_id, terms) in enumerate(steps):
        before = book.pop(event_id, None)
        if terms is None:
            continue
        others = bookings_of((planned.row, planned.plan) for _, planned in book.values())
        planned = plan_event(
            DispatchEvent(event_id=event_id, **terms),
            event_id,
            fleet,
            now=NOW,
            retention_days=1,
            token=str(number),
            before=None if before is None else before[1],
            bookings=others,
        )
        accounts_for_all(planned)
        book[event_id] = number, planned
    return book


def accounts_for_all(planned: Planned) -> None:
    """Dispatched and missing make up what was requested, in the interval that misses most and in each."""
    missing_w = [0]
    for index, interval in enumerate(planned.row.intervals):
        if interval.signal is Signal.SHED_KW:
            called_w = sum(round(each.values[index] * W_PER_KW) for each in planned.plan.assignments)
            assert called_w <= round(interval.value * W_PER_KW)
            missing_w.append(round(interval.value * W_PER_KW) - called_w)
    assert max(missing_w) == round(planned.row.shortfall_kw * W_PER_KW)


@given(fleet=FLEET, steps=STEPS)
def test_no_ven_is_promised_to_two_events_at_an_instant(
    fleet: list[VenRow], steps: list[tuple[str, Mapping[str, Any] | None]]
) -> None:
    """A VEN acts on the event that counts on it then, or on one of higher priority that took it later."""
    book = booked(fleet, steps)
    for ven in fleet:
        schedule, calls = Schedule(), {}
        for event_id, (_, planned) in book.items():
            for assignment in planned.plan.assignments:
                if assignment.ven_id == ven.ven_id:
                    event = planned.row.for_ven(assignment)
                    schedule, _ = schedule.offer(event, EventOrigin.SHADOW, ven.ven_id, NOW)
                    calls[event_id] = event
        edges = {NOW + units * UNIT_S for units in range(30)}
        for scheduled in schedule.events.values():
            edges |= {scheduled.start_ts, scheduled.end_ts}
        beside_edges = [edge + aside_s for edge in sorted(edges) for aside_s in (-0.01, 0.01)]
        for instant in beside_edges:
            acted_on = schedule.in_force(instant)
            counting = []
            for event_id, event in calls.items():
                interval = event.interval_at(instant, offset_s=event.start_offset_s(ven.ven_id))
                if interval is None or interval.signal is not Signal.SHED_KW or not interval.value:
                    continue
                assert acted_on is not None
                assert interval.value <= (ven.shed_availability_kw or 0.0)
                if acted_on.event.event_id == event_id:
                    counting.append(event_id)
                    continue
                assert acted_on.event.priority < event.priority
                assert book[acted_on.event.event_id][0] > book[event_id][0]
            assert len(counting) <= 1


@given(fleet=FLEET, steps=STEPS, terms=TERMS)
def test_an_event_beside_others_never_has_more_than_alone(
    fleet: list[VenRow],
    steps: list[tuple[str, Mapping[str, Any] | None]],
    terms: Mapping[str, Any],
) -> None:
    """Other events take away, and what they are cancelled for is all there again."""
    alone = booked(fleet, [("new", terms)])["new"][1]
    beside = booked(fleet, [*steps, ("new", terms)])["new"][1]
    assert beside.row.dispatched_kw <= alone.row.dispatched_kw
    assert beside.row.shortfall_kw >= alone.row.shortfall_kw
    cancelled = [(event_id, None) for event_id, _ in steps]
    after = booked(fleet, [*steps, *cancelled, ("new", terms)])["new"][1]
    assert msgspec.structs.replace(after.row, plan_id="") == msgspec.structs.replace(alone.row, plan_id="")
