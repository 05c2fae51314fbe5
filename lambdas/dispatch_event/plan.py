"""What a request for a DR event comes to: who takes part, with which share. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from contracts import codec
from contracts.errors import FieldError
from contracts.events import DrEvent, Interval, Signal
from contracts.requests import Assignment, DispatchEvent, EventDispatched
from lambdas.common import rows
from lambdas.common.rows import EventRow, VenRow
from lambdas.dispatch_event.allocation import W_PER_KW, allocate

RECORD_MAX_BYTES = 300 * 1024
"""As JSON. Source: a DynamoDB item holds 400 KB; attribute values take a little more than JSON."""


def digest(request: DispatchEvent) -> str:
    """What two requests have in common that ask for the same."""
    asked = msgspec.structs.replace(request, event_id=None)
    return hashlib.sha256(codec.encode(asked)).hexdigest()


def plan_event(
    request: DispatchEvent, event_id: str, fleet: Iterable[VenRow], *, now: float, retention_days: int
) -> EventRow:
    """The event's record, allocated over *fleet* (all VENs that the request targets).

    Raises:
        FieldError: it would be over before it starts, or its record would be too large.
    """
    start_ts = int(now) if request.start_ts is None else request.start_ts
    whole = DrEvent(event_id=event_id, start_ts=start_ts, intervals=request.intervals)
    if whole.end_ts <= now:
        raise FieldError("startTs", f"{start_ts} is past by more than the event lasts")
    vens = sorted(fleet, key=lambda ven: ven.ven_id)
    unavailable = {
        ven.ven_id: why for ven in vens if (why := why_unavailable(ven, max(now, float(start_ts))))
    }
    offers_kw = {ven.ven_id: _offer_kw(ven) for ven in vens if ven.ven_id not in unavailable}
    assignments = tuple(_assignments(request.intervals, vens, offers_kw, unavailable))
    unavailable |= _without_offer(request.intervals, vens, assignments, unavailable)
    row = EventRow(
        event_id=event_id,
        requested=digest(request),
        revision=0,
        start_ts=start_ts,
        intervals=request.intervals,
        randomize_start_s=request.randomize_start_s,
        priority=request.priority,
        assignments=assignments,
        unavailable=unavailable,
        asked_kw=max(asked_kw(request.intervals), default=0.0),
        available_kw=_available_kw(vens, offers_kw),
        shortfall_kw=shortfall_kw(request.intervals, assignments),
        created_ts=now,
        expires_ts=rows.expires_ts(whole.end_ts, retention_days),
    )
    size = len(codec.encode(row))
    if size > RECORD_MAX_BYTES:
        raise FieldError(
            "targets", f"make a record of {size} bytes, at most {RECORD_MAX_BYTES}: split the event"
        )
    return row


def why_unavailable(ven: VenRow, at_ts: float) -> str | None:
    """Why a VEN is not counted on for an event that starts at *at_ts*, or None when it is."""
    if not ven.online:
        return "offline"
    if ven.enabled is False:
        return "disabled"
    opted_out = ven.opt_out
    if opted_out is not None and (opted_out.until_ts is None or opted_out.until_ts > at_ts):
        return f"opted out: {opted_out.reason}"
    return None


def asked_kw(intervals: Iterable[Interval]) -> list[float]:
    """What each interval asks of the fleet, kW; 0 where the signal is no power to shed."""
    return [interval.value if interval.signal is Signal.SHED_KW else 0.0 for interval in intervals]


def shortfall_kw(intervals: tuple[Interval, ...], assignments: Iterable[Assignment]) -> float:
    """The most that any interval asks for beyond what was allocated, kW, to the watt."""
    given_kw = [sum(shares) for shares in zip(*(each.values for each in assignments), strict=True)]
    given_kw = given_kw or [0.0] * len(intervals)
    missing = [asked - given for asked, given in zip(asked_kw(intervals), given_kw, strict=True) if asked > 0]
    return max(0.0, round(max(missing, default=0.0) * W_PER_KW) / W_PER_KW)


def answer(row: EventRow, full: frozenset[str] = frozenset()) -> EventDispatched:
    """What the caller is told; *full* are VENs whose shadows had no room for the event.

    A cancelled event ends with its cancellation and is answered with assignments of nothing.
    """
    if row.cancelled_ts is not None:
        return EventDispatched(
            event_id=row.event_id,
            revision=row.revision,
            start_ts=row.start_ts,
            end_ts=min(row.end_ts, int(row.cancelled_ts)),
            assignments=tuple(Assignment(ven_id=each.ven_id, values=()) for each in row.assignments),
            asked_kw=0.0,
        )
    assignments = tuple(each for each in row.assignments if each.ven_id not in full)
    return EventDispatched(
        event_id=row.event_id,
        revision=row.revision,
        start_ts=row.start_ts,
        end_ts=row.end_ts,
        assignments=assignments,
        asked_kw=row.asked_kw,
        available_kw=row.available_kw,
        shortfall_kw=shortfall_kw(row.intervals, assignments) if full else row.shortfall_kw,
        unavailable=row.unavailable | dict.fromkeys(sorted(full), "its shadow is full"),
    )


def _assignments(
    intervals: tuple[Interval, ...],
    vens: list[VenRow],
    offers_kw: Mapping[str, float],
    unavailable: Mapping[str, str],
) -> Iterable[Assignment]:
    """Who takes part, with which values.

    Interpretation: `level` and `importLimitKw` say how to behave, not how much of a sum to bring, so they go
    to each VEN as they stand. An offline VEN gets these too, for when it connects; of power to shed it gets
    nothing, since nobody may count on it. A VEN whose share of a pure `shedKw` event is nothing is left out.
    """
    shares = [
        allocate(interval.value, offers_kw) if interval.signal is Signal.SHED_KW else {}
        for interval in intervals
    ]
    for ven in vens:
        if unavailable.get(ven.ven_id, "offline") != "offline":
            continue
        values = tuple(
            share.get(ven.ven_id, 0.0) if interval.signal is Signal.SHED_KW else interval.value
            for interval, share in zip(intervals, shares, strict=True)
        )
        if any(values) or not _sheds_only(intervals):
            yield Assignment(ven_id=ven.ven_id, values=values)


def _without_offer(
    intervals: tuple[Interval, ...],
    vens: list[VenRow],
    assignments: tuple[Assignment, ...],
    unavailable: Mapping[str, str],
) -> dict[str, str]:
    """Why VENs that could take part were left out of an event that only asks for power."""
    if not _sheds_only(intervals):
        return {}
    taken = {assignment.ven_id for assignment in assignments}
    return {
        ven.ven_id: "has not said what it can shed" if ven.shed_availability_kw is None else "offers nothing"
        for ven in vens
        if ven.ven_id not in taken and ven.ven_id not in unavailable and not _offer_kw(ven)
    }


def _sheds_only(intervals: tuple[Interval, ...]) -> bool:
    return all(interval.signal is Signal.SHED_KW for interval in intervals)


def _offer_kw(ven: VenRow) -> float:
    return max(0.0, ven.shed_availability_kw or 0.0)


def _available_kw(vens: list[VenRow], offers_kw: Mapping[str, float]) -> float | None:
    """What those who can be counted on offer together, kW; None when no target has said yet."""
    if all(ven.shed_availability_kw is None for ven in vens):
        return None
    return round(sum(offers_kw.values()) * W_PER_KW) / W_PER_KW
