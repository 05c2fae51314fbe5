"""The life of an event: created, revised, cancelled, deleted, shared out again, told to subscribers.

The header is what was decided; shadows and schedules follow from it and can be written again at any time. A
request that was cut short anywhere is completed by repeating it, and of two at once the newest stands. A plan
counts on what no other event has of a VEN, and is made anew when another is committed meanwhile.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from contracts.api.requests import DispatchEvent, EventDispatched, RefusalCode, Refused
from contracts.store.plans import Plan
from contracts.wire.ids import EventId
from contracts.wire.units import instant_text
from lambdas.dispatch_event.adapters import DispatchAdapters, new_token
from lambdas.dispatch_event.booked_days import DaysRead
from lambdas.dispatch_event.logic import plan, times
from lambdas.dispatch_event.logic.answer import answer
from lambdas.dispatch_event.logic.outcome import Rebalanced
from lambdas.dispatch_event.logic.plan import Planned
from lambdas.dispatch_event.logic.rebalance import rebalance
from lambdas.shared import answers
from lambdas.shared.answers import RequestRefusedError
from lambdas.shared.rows import EventRow

ATTEMPTS = 5
"""Repeats of writing what follows from a header, because there is a newer one."""
COMMITS = 100
"""Repeats of a change because the event, or another on one of its days, was changed in between.
Each time one of those who change something is through, so that a hundred at once all are."""
IN_THE_WAY = "is being changed, or others at its time are: try again"


class _Commit(NamedTuple):
    """A header to commit; with the *days* that its plan was made for, when it has a new one."""

    row: EventRow
    days: DaysRead | None = None


def create(
    adapters: DispatchAdapters, request: DispatchEvent, event_id: EventId, *, now: float
) -> EventDispatched:
    """Create the event, or complete it when it was cut short. Raises RequestRefusedError, FieldError."""
    planned = _planner(adapters, request, event_id, now=now)

    def created(row: EventRow | None) -> _Commit:
        return planned(None) if row is None else _Commit(row)

    row = _committed(adapters, event_id, created, now=now)
    _check_asks_for(row, request)
    row, in_force = _complete(adapters, row, now=now)
    _check_asks_for(row, request)  # the newest revision stands, whatever this one wanted
    adapters.notify(row, now=now)
    return answer(row, in_force)


def revise(
    adapters: DispatchAdapters, request: DispatchEvent, event_id: EventId, *, now: float
) -> EventDispatched:
    """Replace what the event requests. Raises RequestRefusedError, FieldError."""
    planned = _planner(adapters, request, event_id, now=now)

    def revised(row: EventRow) -> _Commit:
        if row.cancelled_ts is not None:
            raise answers.conflict("has been cancelled", "eventId")
        if row.requested == plan.digest(request):
            return _Commit(row)
        _check_match(row, request.if_match)
        _check_not_over(row, now)
        return planned(row)

    return _changed(adapters, event_id, revised, now=now)


def cancel(
    adapters: DispatchAdapters, request: DispatchEvent, event_id: EventId, *, now: float
) -> EventDispatched:
    """Cancel the event: the VENs give their loads back. Raises RequestRefusedError."""

    def cancelled(row: EventRow) -> _Commit:
        if row.cancelled_ts is not None:
            _check_match(row, request.if_match, row.etag.removesuffix("-c"))
            return _Commit(row)
        _check_match(row, request.if_match)
        _check_not_over(row, now)
        return _Commit(msgspec.structs.replace(row, cancelled_ts=now, revision=row.revision + 1))

    return _changed(adapters, event_id, cancelled, now=now)


def delete(
    adapters: DispatchAdapters, request: DispatchEvent, event_id: EventId, *, now: float
) -> EventDispatched:
    """Take the event away, cancelled when it is not over; its id stays taken. Raises RequestRefusedError."""

    def deleted(row: EventRow) -> _Commit:
        if row.deleted_ts is not None:
            return _Commit(row)
        _check_match(row, request.if_match)
        over = row.cancelled_ts is not None or row.over_ts <= now
        cancelled_ts = row.cancelled_ts if over else now
        gone = msgspec.structs.replace(
            row, deleted_ts=now, cancelled_ts=cancelled_ts, revision=row.revision + 1
        )
        return _Commit(gone)

    return _changed(adapters, event_id, deleted, now=now, also_deleted=True)


def redispatch(
    adapters: DispatchAdapters, event_id: EventId, *, now: float
) -> tuple[EventDispatched, Rebalanced | None]:
    """Share the difference between requested and delivered power out again. Raises RequestRefusedError.

    Returns:
        The answer, and what there was to change; None when the event is not running.
    """
    row = _existing(adapters, event_id)
    idle = _idle(row, now)
    if idle is None:
        row, in_force = _complete(adapters, row, now=now)
        idle = _idle(row, now)
    else:
        in_force = adapters.book.plan(row)
    if idle is not None:
        return answer(row, in_force, f"{idle}: nothing to do"), None
    fleet = adapters.fleet_left(row.targets)
    latest = adapters.latest(ven.ven_id for ven in fleet if ven.online)
    fleet = adapters.with_clock_skew(fleet, latest)
    for _ in range(COMMITS):
        days = adapters.days.read(event_id, times.span(row), now)
        outcome = rebalance(row, in_force, fleet, latest, now=now, token=new_token(), bookings=days.bookings)
        if outcome.plan is None:
            return answer(row, in_force, outcome.note), outcome
        adapters.book.write_plan(row, outcome.plan)
        if adapters.days.commit(outcome.row, days, instead_of=row, now=now):
            break
        latest_row = _existing(adapters, event_id)
        if latest_row.revision != row.revision:
            note = f"{outcome.note}: another change was faster"
            return answer(latest_row, adapters.book.plan(latest_row), note), outcome._replace(plan=None)
    else:
        raise answers.conflict(IN_THE_WAY, "eventId")
    adapters.carry_out(outcome.row, outcome.plan, now=now, only=outcome.changed)
    row, in_force = _settled(adapters, outcome.row, outcome.plan, now=now)
    return answer(row, in_force, outcome.note), outcome


def notify(adapters: DispatchAdapters, event_id: EventId, *, now: float) -> EventDispatched:
    """Tell subscribers what of the event is due by *now*. Raises RequestRefusedError."""
    row = _existing(adapters, event_id)
    adapters.notifier.tell(row, now=now)
    return answer(row, adapters.book.plan(row))


def _planner(
    adapters: DispatchAdapters, request: DispatchEvent, event_id: EventId, *, now: float
) -> Callable[[EventRow | None], _Commit]:
    """Plans the event, or a revision of a header, over the fleet, which is read once, and stores the plan."""
    fleet = functools.cache(lambda: adapters.fleet(request.targets))

    def planned(before: EventRow | None) -> _Commit:
        rules = adapters.program(request.program)
        vens = fleet()
        event = times.requested_event(request, event_id, now=now, before=before)
        days = adapters.days.read(event_id, times.span(event), now)
        made = plan.plan_event(
            request,
            event_id,
            vens,
            now=now,
            retention_days=adapters.retention_days,
            token=new_token(),
            before=None if before is None else Planned(before, adapters.book.plan(before)),
            bookings=days.bookings,
        )
        adapters.book.write_plan(made.row, made.plan)
        if before is not None and made.row.over_ts > before.over_ts:
            adapters.expect_end(made.row, now=now)
        row = msgspec.structs.replace(made.row, baseline=rules.baseline, holidays=rules.holidays or "")
        return _Commit(row, days)

    return planned


def _idle(row: EventRow, now: float) -> str | None:
    """The reason why there is nothing to redispatch at *now*, in words; None when there may be."""
    if row.cancelled_ts is not None:
        return "has been cancelled"
    if now < row.start_ts:
        return f"starts at {instant_text(row.start_ts)}"
    return None if now < row.end_ts else f"is over since {instant_text(row.end_ts)}"


def _changed(
    adapters: DispatchAdapters,
    event_id: EventId,
    change: Callable[[EventRow], _Commit],
    *,
    now: float,
    also_deleted: bool = False,
) -> EventDispatched:
    """Commit what *change* makes of the event's header, and carry it out."""

    def changed(row: EventRow | None) -> _Commit:
        if row is None or (row.deleted_ts is not None and not also_deleted):
            raise answers.not_found(f"no event {event_id!r}", "eventId")
        return change(row)

    row, in_force = _complete(adapters, _committed(adapters, event_id, changed, now=now), now=now)
    adapters.notify(row, now=now)
    return answer(row, in_force)


def _committed(
    adapters: DispatchAdapters,
    event_id: EventId,
    change: Callable[[EventRow | None], _Commit],
    *,
    now: float,
) -> EventRow:
    """Commit what *change* makes of the header, or of none, anew while others change it or its days."""
    for _ in range(COMMITS):
        row = adapters.book.find(event_id)
        new, days = change(row)
        if new is row:
            return new
        if days is not None:
            committed = adapters.days.commit(new, days, instead_of=row, now=now)
        else:
            committed = row is not None and adapters.book.commit(new, instead_of=row)
        if committed:
            return new
    raise answers.conflict(IN_THE_WAY, "eventId")


def _complete(adapters: DispatchAdapters, row: EventRow, *, now: float) -> tuple[EventRow, Plan]:
    """Carry *row* out, unless that is done or too late; then whatever has taken its place meanwhile.

    A closed event is in no shadow any more, and nothing of it is put back.
    """
    in_force = adapters.book.plan(row)
    ended = row.cancelled_ts is not None or row.deleted_ts is not None
    if row.done_revision < row.revision and row.closed_ts is None and (ended or row.over_ts > now):
        row = adapters.carry_out(row, in_force, now=now)
        return _settled(adapters, row, in_force, now=now)
    return row, in_force


def _settled(
    adapters: DispatchAdapters, row: EventRow, in_force: Plan, *, now: float
) -> tuple[EventRow, Plan]:
    """The header as it is by now; a newer one is carried out once more, over what was written just now."""
    for _ in range(ATTEMPTS):
        newest = adapters.book.find(row.event_id)
        if newest is None or (newest.revision, newest.gone) == (row.revision, row.gone):
            break
        row, in_force = newest, adapters.book.plan(newest)
        row = adapters.carry_out(row, in_force, now=now)
    return row, in_force


def _existing(adapters: DispatchAdapters, event_id: EventId) -> EventRow:
    row = adapters.book.find(event_id)
    if row is None or row.deleted_ts is not None:
        raise answers.not_found(f"no event {event_id!r}", "eventId")
    return row


def _check_asks_for(row: EventRow, request: DispatchEvent) -> None:
    """Raises RequestRefusedError when the event under this id is not what *request* requests."""
    if row.deleted_ts is not None:
        raise answers.conflict("has been deleted", "eventId")
    if row.requested != plan.digest(request):
        raise answers.conflict("used for another event already, or revised since", "eventId")
    if row.cancelled_ts is not None:
        raise answers.conflict("has been cancelled", "eventId")


def _check_match(row: EventRow, if_match: str | None, *also: str) -> None:
    if if_match is not None and if_match not in {row.etag, "*", *also}:
        raise RequestRefusedError(
            Refused(
                error=f"the event's etag is {row.etag} by now",
                field="ifMatch",
                code=RefusalCode.PRECONDITION_FAILED,
            )
        )


def _check_not_over(row: EventRow, now: float) -> None:
    if row.over_ts <= now:
        raise answers.conflict(f"is over since {instant_text(row.over_ts)}", "eventId")
