"""The plan of a requested DR event: the VENs that take part and the share of each. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from contracts.api.requests import UNSHARED, Assignment, DispatchEvent
from contracts.errors import FieldError
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.events import DrEvent, Interval
from contracts.wire.ids import EventId, VenId
from lambdas.dispatch_event.logic import eligibility
from lambdas.dispatch_event.logic.bookings import (
    NOTHING_BOOKED,
    Bookings,
    FreeFleet,
    losses_note,
    partial_note,
)
from lambdas.dispatch_event.logic.eligibility import W_PER_KW, Offer, RankedFleet, Reason
from lambdas.dispatch_event.logic.merit import call_in_order, call_in_proportion
from lambdas.dispatch_event.logic.times import moved_note, requested_event
from lambdas.shared import rows
from lambdas.shared.rows import EventRow, VenRow

RECORD_MAX_BYTES = 300 * 1024
"""As JSON. Source: a DynamoDB item holds 400 KB; attribute values take a little more than JSON."""

Calls = dict[VenId, int]
"""The power dispatched to each VEN that is called, in one interval, W."""


class Planned(NamedTuple):
    """An event's header and the plan that it commits to."""

    row: EventRow
    plan: Plan


def digest(request: DispatchEvent) -> str:
    """The same for two requests that request the same."""
    canonical = msgspec.structs.replace(request, event_id=None, action="create", if_match=None)
    return hashlib.sha256(codec.encode(canonical)).hexdigest()


def plan_id(revision: int, token: str) -> str:
    """Id of a plan; *token* tells apart two that are made of the same revision at once."""
    return f"{revision:08d}-{token}"


def plan_event(
    request: DispatchEvent,
    event_id: EventId,
    vens: Iterable[VenRow],
    *,
    now: float,
    retention_days: int,
    token: str,
    before: Planned | None = None,
    bookings: Bookings = NOTHING_BOOKED,
) -> Planned:
    """The event and its first plan, or with *before* a revision of it, over *vens* (all that are targeted).

    Nobody is counted on for a time in which *bookings*, those of all other events, leave nothing of it.

    A revision of an event that is running is about its rest: VENs act on what is left of the intervals. VENs
    that were called and are no longer are dropped, and told so.

    Raises:
        FieldError: it would be over before it starts, is nothing that a VEN takes, or has too large a header.
    """
    event = requested_event(request, event_id, now=now, before=None if before is None else before.row)
    at_ts = max(now, float(event.start_ts))
    loads_up = event.loads_up
    ranked = eligibility.rank_fleet(
        (ven.offering(loads_up=True) for ven in vens) if loads_up else vens,
        event_id,
        at_ts=at_ts,
        remaining_s=event.end_ts - at_ts,
        loads_up=loads_up,
    )
    fleet = bookings.free_fleet(ranked, event, now)
    calls = [_calls(request, fleet, index) for index in range(len(request.intervals))]
    plan = _plan(request, fleet.fleet, calls, start_ts=event.start_ts, now=now, token=token, before=before)
    losses = bookings.losses(event, (assignment.ven_id for assignment in plan.assignments), now)
    plan = msgspec.structs.replace(plan, note=_note(request, event, fleet, losses))
    row = _header(
        request,
        event_id,
        plan,
        fleet,
        calls,
        expires_ts=rows.expires_ts(event.end_ts, retention_days),
        before=None if before is None else before.row,
    )
    _check_size(row)
    return Planned(row, plan)


def _calls(request: DispatchEvent, fleet: FreeFleet, index: int) -> Calls:
    """The calls of one interval; none where its signal is no power."""
    interval = request.intervals[index]
    if not interval.signal.is_shared:
        return {}
    if request.allocation == UNSHARED:
        return dict.fromkeys(fleet.fleet.reachable, round(interval.value * W_PER_KW))
    return call(request.allocation, interval.value, fleet.enough(index, interval.value))


def _note(
    request: DispatchEvent, event: DrEvent, fleet: FreeFleet, losses: Mapping[EventId, int]
) -> str | None:
    """The words for a start that was moved, events that lose VENs, and intervals in which VENs are taken."""
    partial = partial_note(fleet.partial) if max(_missing_w(request, fleet)) > 0 else None
    return "; ".join(filter(None, (moved_note(request, event), losses_note(losses), partial))) or None


def _check_size(row: EventRow) -> None:
    size = len(codec.encode(row))
    if size > RECORD_MAX_BYTES:
        raise FieldError(
            "targets", f"make a record of {size} bytes, at most {RECORD_MAX_BYTES}: name a group instead"
        )


def _plan(
    request: DispatchEvent,
    fleet: RankedFleet,
    calls: Sequence[Calls],
    *,
    start_ts: int,
    now: float,
    token: str,
    before: Planned | None,
) -> Plan:
    revision = 0 if before is None else before.row.revision + 1
    assignments = assign(request.intervals, calls, fleet.reachable, int(now))
    called = frozenset(assignment.ven_id for assignment in assignments)
    return Plan(
        plan_id=plan_id(revision, token),
        previous=None if before is None else before.plan.plan_id,
        revision=revision,
        from_ts=now,
        start_ts=start_ts,
        intervals=request.intervals,
        assignments=assignments,
        dropped=() if before is None else tuple(sorted(before.plan.ven_ids - called)),
        unavailable=_unavailable(fleet, request),
    )


def _header(
    request: DispatchEvent,
    event_id: EventId,
    plan: Plan,
    fleet: FreeFleet,
    calls: Sequence[Calls],
    *,
    expires_ts: int,
    before: EventRow | None,
) -> EventRow:
    """The header that commits to *plan*."""
    return EventRow(
        event_id=event_id,
        requested=digest(request),
        revision=plan.revision,
        edition=0 if before is None else before.edition + 1,
        start_ts=plan.start_ts,
        intervals=request.intervals,
        plan_id=plan.plan_id,
        randomize_start_s=request.randomize_start_s,
        priority=request.priority,
        targets=request.targets,
        program=request.program,
        allocation=request.allocation,
        requested_kw=max(_requested_w(request, fleet)) / W_PER_KW,
        available_kw=round(min(fleet.available_w)) / W_PER_KW if fleet.fleet.heard else None,
        dispatched_kw=max(sum(calls_of.values()) for calls_of in calls) / W_PER_KW,
        shortfall_kw=max(0, *_missing_w(request, fleet)) / W_PER_KW,
        created_ts=plan.from_ts if before is None else before.created_ts,
        expires_ts=expires_ts,
        done_revision=-1 if before is None else before.done_revision,
    )


def _missing_w(request: DispatchEvent, fleet: FreeFleet) -> list[int]:
    """The power that each interval requests beyond what can be counted on in it, W; below 0 there is more."""
    return [
        requested - round(available_w)
        for requested, available_w in zip(
            _requested_w(request, fleet), _countable_w(request, fleet), strict=True
        )
    ]


def _requested_w(request: DispatchEvent, fleet: FreeFleet) -> list[int]:
    """The power that each interval requests of all VENs together, W."""
    count = len(fleet.fleet.reachable) if request.allocation == UNSHARED else 1
    return [requested_w(interval) * count for interval in request.intervals]


def _countable_w(request: DispatchEvent, fleet: FreeFleet) -> Iterator[float]:
    """The power that can be counted on in each interval, W; of each VEN no more than its own value."""
    for interval, offers, available_w in zip(request.intervals, fleet.offers, fleet.available_w, strict=True):
        if request.allocation != UNSHARED:
            yield available_w
        else:
            value_w = requested_w(interval)
            yield sum(min(value_w, offer.offer_w * offer.performance) for offer in offers)


def call(allocation: str, requested_kw: float, offers: Sequence[Offer]) -> Calls:
    """Share *requested_kw* out over *offers*, which stand in merit order."""
    whole_w = round(requested_kw * W_PER_KW)
    return (
        call_in_proportion(whole_w, offers)
        if allocation == "proportional"
        else call_in_order(whole_w, offers)
    )


def requested_w(interval: Interval) -> int:
    """Power that an interval requests by its value, W; 0 where the signal is no power."""
    return round(interval.value * W_PER_KW) if interval.signal.is_shared else 0


def shares_a_sum(row: EventRow) -> bool:
    """Tell an event whose power is a sum that the fleet shares, so that another may make up for a VEN."""
    return row.allocation != UNSHARED and any(interval.signal.is_shared for interval in row.intervals)


def shares_only(intervals: Iterable[Interval]) -> bool:
    """Tell an event that requests power only, so that a VEN without a share has no part."""
    return all(interval.signal.is_shared for interval in intervals)


def assign(
    intervals: tuple[Interval, ...], calls: Sequence[Calls], reachable: Iterable[VenId], since_ts: int
) -> tuple[Assignment, ...]:
    """Assign their values to the VENs that take part, in the order of their ids.

    Interpretation: `level` and `importLimitKw` say how to behave, not how much of a sum to bring, so they go
    to each VEN as they stand. An offline VEN gets these too, for when it connects; of power to share it gets
    nothing, since nobody may count on it. A VEN whose share of a pure event in kW is nothing is left out.
    """
    match calls:
        case [only] if only:  # the same as below, several times as fast
            return tuple(
                Assignment(ven_id=ven_id, values=(only[ven_id] / W_PER_KW,), since_ts=since_ts)
                for ven_id in sorted(only)
            )
    called = set().union(*calls) if shares_only(intervals) else reachable
    return tuple(
        Assignment(ven_id=ven_id, values=values_of(ven_id, intervals, calls), since_ts=since_ts)
        for ven_id in sorted(called)
    )


def values_of(ven_id: VenId, intervals: Iterable[Interval], calls: Iterable[Calls]) -> tuple[float, ...]:
    """One VEN's values, in the order of the intervals."""
    return tuple(
        calls_of.get(ven_id, 0) / W_PER_KW if interval.signal.is_shared else interval.value
        for interval, calls_of in zip(intervals, calls, strict=True)
    )


def _unavailable(fleet: RankedFleet, request: DispatchEvent) -> dict[VenId, str]:
    """The VENs not counted on, in words; without an offer they may still act on what is for each."""
    if request.allocation != UNSHARED and shares_only(request.intervals):
        return {ven_id: unavailable.text for ven_id, unavailable in fleet.unavailable.items()}
    reachable = frozenset(fleet.reachable)
    return {
        ven_id: unavailable.text
        for ven_id, unavailable in fleet.unavailable.items()
        if unavailable.reason is Reason.OFFLINE or ven_id not in reachable
    }
