"""The answer to whoever changed an event: the event as it stands. Pure."""

from __future__ import annotations

from collections.abc import Collection

from contracts.api.requests import Assignment, EventDispatched
from contracts.store.plans import Plan
from contracts.wire.events import cut_end_ts
from contracts.wire.ids import VenId
from lambdas.dispatch_event.logic.eligibility import W_PER_KW, Reason
from lambdas.shared.rows import EventRow

ASSIGNMENTS_IN_ANSWER = 10_000
"""More would not fit into an answer. Source: AWS Lambda quotas, 6 MB a synchronous invocation."""


def answer(row: EventRow, plan: Plan, note: str | None = None) -> EventDispatched:
    """Answer the caller with the event as it stands.

    A cancelled event ends with its cancellation and is answered with assignments of nothing. VENs whose
    shadows had no room for the event are not counted. Without a *note* the plan's is answered.
    """
    note = note or plan.note
    cancelled = row.cancelled_ts is not None
    full = frozenset(row.full)
    assignments = tuple(assignment for assignment in plan.assignments if assignment.ven_id not in full)
    if cancelled:
        assignments = tuple(Assignment(ven_id=assignment.ven_id, values=()) for assignment in assignments)
    if len(assignments) > ASSIGNMENTS_IN_ANSWER:
        short = f"{len(assignments)} assignments are left out; plan {plan.plan_id} has them"
        note, assignments = f"{note}; {short}" if note else short, ()
    return EventDispatched(
        event_id=row.event_id,
        revision=row.revision,
        etag=row.etag,
        start_ts=row.start_ts,
        end_ts=cut_end_ts(row.start_ts, row.end_ts, row.cancelled_ts),
        assignments=assignments,
        requested_kw=0.0 if cancelled else row.requested_kw,
        available_kw=None if cancelled else row.available_kw,
        dispatched_kw=0.0 if cancelled else row.dispatched_kw,
        shortfall_kw=0.0 if cancelled else _with_full(row, plan, full),
        unavailable={} if cancelled else plan.unavailable | dict.fromkeys(row.full, Reason.SHADOW_FULL.value),
        note=note,
    )


def _with_full(row: EventRow, plan: Plan, full: Collection[VenId]) -> float:
    """The shortfall, and what VENs without room were called for on top, kW."""
    lost_kw = [0.0]
    for index, interval in enumerate(row.intervals):
        if full and interval.signal.is_shared:
            lost_kw.append(
                sum(assignment.values[index] for assignment in plan.assignments if assignment.ven_id in full)
            )
    return round((row.shortfall_kw + max(lost_kw)) * W_PER_KW) / W_PER_KW
