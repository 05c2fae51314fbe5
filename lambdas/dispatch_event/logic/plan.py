"""What a request for a DR event comes to: who takes part, with which share. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from contracts.api.requests import Assignment, DispatchEvent, EventDispatched
from contracts.errors import FieldError
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.events import DrEvent, Interval, Signal
from contracts.wire.ids import EventId
from lambdas.dispatch_event.logic import eligibility
from lambdas.dispatch_event.logic.allocation import call_in_proportion
from lambdas.dispatch_event.logic.eligibility import W_PER_KW, Fleet, Offer
from lambdas.dispatch_event.logic.merit import call_in_order
from lambdas.shared import rows
from lambdas.shared.rows import EventRow, VenRow

RECORD_MAX_BYTES = 300 * 1024
"""As JSON. Source: a DynamoDB item holds 400 KB; attribute values take a little more than JSON."""
ASSIGNMENTS_IN_ANSWER = 10_000
"""More would not fit into an answer. Source: AWS Lambda quotas, 6 MB a synchronous invocation."""

Calls = dict[str, int]
"""What each VEN that is called is called for in one interval, W."""


class Planned(NamedTuple):
    """An event's header and the plan that it commits to."""

    row: EventRow
    plan: Plan


def digest(request: DispatchEvent) -> str:
    """What two requests have in common that ask for the same."""
    asked = msgspec.structs.replace(request, event_id=None, action="create", if_match=None)
    return hashlib.sha256(codec.encode(asked)).hexdigest()


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
) -> Planned:
    """The event and its first plan, or with *before* a revision of it, over *vens* (all that are targeted).

    A revision of an event that is running is about its rest: VENs act on what is left of the intervals. VENs
    that were called and are no longer are dropped, and told so.

    Raises:
        FieldError: it would be over before it starts, or its header would be too large.
    """
    kept_start_ts = int(now) if before is None else before.row.start_ts
    start_ts = kept_start_ts if request.start_ts is None else request.start_ts
    end_ts = start_ts + sum(interval.duration_s for interval in request.intervals)
    if end_ts <= now:
        raise FieldError("startTs", f"{start_ts} is past by more than the event lasts")
    DrEvent(event_id=event_id, start_ts=start_ts, intervals=request.intervals)  # holds it to what a VEN takes
    at_ts = max(now, float(start_ts))
    fleet = eligibility.sort_out(vens, event_id, at_ts=at_ts, remaining_s=end_ts - at_ts)
    calls = [
        call(request.allocation, interval.value, fleet.offers) if interval.signal is Signal.SHED_KW else {}
        for interval in request.intervals
    ]
    revision = 0 if before is None else before.row.revision + 1
    assignments = assign(request.intervals, calls, fleet.reachable, int(now))
    called = frozenset(each.ven_id for each in assignments)
    plan = Plan(
        plan_id=plan_id(revision, token),
        previous=None if before is None else before.plan.plan_id,
        revision=revision,
        from_ts=now,
        start_ts=start_ts,
        intervals=request.intervals,
        assignments=assignments,
        dropped=() if before is None else tuple(sorted(before.plan.ven_ids - called)),
        unavailable=_unavailable(fleet, request.intervals),
    )
    asked = [asked_w(interval) for interval in request.intervals]
    row = EventRow(
        event_id=event_id,
        requested=digest(request),
        revision=revision,
        edition=0 if before is None else before.row.edition + 1,
        start_ts=start_ts,
        intervals=request.intervals,
        plan_id=plan.plan_id,
        randomize_start_s=request.randomize_start_s,
        priority=request.priority,
        targets=request.targets,
        program=request.program,
        allocation=request.allocation,
        requested_kw=max(asked) / W_PER_KW,
        available_kw=round(fleet.available_w) / W_PER_KW if fleet.heard else None,
        dispatched_kw=max(sum(each.values()) for each in calls) / W_PER_KW,
        shortfall_kw=max(0, max(asked) - round(fleet.available_w)) / W_PER_KW,
        created_ts=now if before is None else before.row.created_ts,
        expires_ts=rows.expires_ts(end_ts, retention_days),
        done_revision=-1 if before is None else before.row.done_revision,
    )
    size = len(codec.encode(row))
    if size > RECORD_MAX_BYTES:
        raise FieldError(
            "targets", f"make a record of {size} bytes, at most {RECORD_MAX_BYTES}: name a group instead"
        )
    return Planned(row, plan)


def call(allocation: str, requested_kw: float, offers: Sequence[Offer]) -> Calls:
    """Share *requested_kw* out over *offers*, which stand in merit order."""
    whole_w = round(requested_kw * W_PER_KW)
    return (
        call_in_proportion(whole_w, offers)
        if allocation == "proportional"
        else call_in_order(whole_w, offers)
    )


def asked_w(interval: Interval) -> int:
    """What an interval asks of the fleet, W; 0 where the signal is no power to shed."""
    return round(interval.value * W_PER_KW) if interval.signal is Signal.SHED_KW else 0


def sheds_only(intervals: Iterable[Interval]) -> bool:
    """Whether all that is asked for is power, so that a VEN without a share has no part."""
    return all(interval.signal is Signal.SHED_KW for interval in intervals)


def assign(
    intervals: tuple[Interval, ...], calls: Sequence[Calls], reachable: Iterable[str], since_ts: int
) -> tuple[Assignment, ...]:
    """Who takes part, with which values, in the order of the VENs' ids.

    Interpretation: `level` and `importLimitKw` say how to behave, not how much of a sum to bring, so they go
    to each VEN as they stand. An offline VEN gets these too, for when it connects; of power to shed it gets
    nothing, since nobody may count on it. A VEN whose share of a pure `shedKw` event is nothing is left out.
    """
    if len(intervals) == 1 and calls[0]:
        return tuple(
            Assignment(ven_id=ven_id, values=(calls[0][ven_id] / W_PER_KW,), since_ts=since_ts)
            for ven_id in sorted(calls[0])
        )
    part = set().union(*calls) if sheds_only(intervals) else reachable
    return tuple(
        Assignment(ven_id=ven_id, values=values_of(ven_id, intervals, calls), since_ts=since_ts)
        for ven_id in sorted(part)
    )


def values_of(ven_id: str, intervals: Iterable[Interval], calls: Iterable[Calls]) -> tuple[float, ...]:
    """One VEN's values, in the order of the intervals."""
    return tuple(
        each.get(ven_id, 0) / W_PER_KW if interval.signal is Signal.SHED_KW else interval.value
        for interval, each in zip(intervals, calls, strict=True)
    )


def answer(row: EventRow, plan: Plan, note: str | None = None) -> EventDispatched:
    """What the caller is told.

    A cancelled event ends with its cancellation and is answered with assignments of nothing. VENs whose
    shadows had no room for the event are not counted.
    """
    cancelled = row.cancelled_ts is not None
    full = frozenset(row.full)
    assignments = tuple(each for each in plan.assignments if each.ven_id not in full)
    if cancelled:
        assignments = tuple(Assignment(ven_id=each.ven_id, values=()) for each in assignments)
    if len(assignments) > ASSIGNMENTS_IN_ANSWER:
        short = f"{len(assignments)} assignments are left out; plan {plan.plan_id} has them"
        note, assignments = f"{note}; {short}" if note else short, ()
    return EventDispatched(
        event_id=row.event_id,
        revision=row.revision,
        etag=row.etag,
        start_ts=row.start_ts,
        end_ts=row.end_ts if row.cancelled_ts is None else min(row.end_ts, int(row.cancelled_ts)),
        assignments=assignments,
        requested_kw=0.0 if cancelled else row.requested_kw,
        available_kw=None if cancelled else row.available_kw,
        dispatched_kw=0.0 if cancelled else row.dispatched_kw,
        shortfall_kw=0.0 if cancelled else _with_full(row, plan, full),
        unavailable={} if cancelled else plan.unavailable | dict.fromkeys(row.full, "its shadow is full"),
        note=note,
    )


def _with_full(row: EventRow, plan: Plan, full: Collection[str]) -> float:
    """The shortfall, and what VENs without room were called for on top, kW."""
    lost_kw = [0.0]
    for index, interval in enumerate(row.intervals):
        if full and interval.signal is Signal.SHED_KW:
            lost_kw.append(sum(each.values[index] for each in plan.assignments if each.ven_id in full))
    return round((row.shortfall_kw + max(lost_kw)) * W_PER_KW) / W_PER_KW


def _unavailable(fleet: Fleet, intervals: tuple[Interval, ...]) -> dict[str, str]:
    """Why VENs are not counted on; without an offer they may still have a part in more than a pure shed."""
    if sheds_only(intervals):
        return fleet.unavailable
    reachable = frozenset(fleet.reachable)
    return {
        ven_id: why
        for ven_id, why in fleet.unavailable.items()
        if why == "offline" or ven_id not in reachable
    }
