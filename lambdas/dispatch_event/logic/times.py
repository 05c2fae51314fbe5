"""The times of a requested event: its start, and from the first VEN's start to the last one's end. Pure."""

from __future__ import annotations

from math import ceil

import msgspec

from contracts.api.requests import DispatchEvent
from contracts.errors import FieldError
from contracts.wire.events import DrEvent
from contracts.wire.ids import EventId
from contracts.wire.units import instant_text
from lambdas.shared.rows import EventRow


def requested_event(
    request: DispatchEvent, event_id: EventId, *, now: float, before: EventRow | None = None
) -> DrEvent:
    """The event of *request*, or of it as a revision of *before*, with the values requested of the fleet.

    Raises:
        FieldError: it would be over before it starts, would give other times to VENs that have begun, or is
            nothing that a VEN takes.
    """
    start_ts = request.start_ts
    if start_ts is None:
        start_ts = int(now) if before is None else before.start_ts
    event = DrEvent(
        event_id=event_id,
        start_ts=start_ts,
        intervals=request.intervals,
        randomize_start_s=request.randomize_start_s,
        priority=request.priority,
    )
    moved = msgspec.structs.replace(event, start_ts=_reachable_start_ts(event, before, now))
    if (event if before is None else moved).end_ts <= now:
        raise FieldError("startTs", f"{instant_text(event.start_ts)} is past by more than the event lasts")
    return moved


def _reachable_start_ts(event: DrEvent, before: EventRow | None, now: float) -> int:
    """The start of *event*, moved so far that no VEN's share of a randomised start lies before *now*.

    VENs draw their shares from event and id alone, within ± the seconds, and old ones know no other rule; a
    VEN whose time began before it was told does the rest only. So it is the event that moves, whole: each VEN
    has all of its time. Without a randomised start late means the rest, for all alike. A revision leaves the
    start where it was moved to.

    Raises:
        FieldError: VENs have begun, and another share would move what they are in.
    """
    begun = before is not None and span(before)[0] <= now
    if before is not None and begun and before.randomize_start_s != event.randomize_start_s:
        raise FieldError("randomizeStartS", f"stays {before.randomize_start_s}: the event has begun")
    earliest_ts = ceil(now) + event.randomize_start_s
    if not event.randomize_start_s or event.start_ts >= earliest_ts:
        return event.start_ts
    if before is not None and event.start_ts <= before.start_ts:
        return min(earliest_ts, before.start_ts)
    return earliest_ts


def moved_note(request: DispatchEvent, event: DrEvent) -> str | None:
    """The words for a start that is not the requested one; None when it is, or none was requested."""
    if request.start_ts is None or event.start_ts == request.start_ts:
        return None
    return (
        f"starts at {instant_text(event.start_ts)}, not at {instant_text(request.start_ts)}: "
        f"with ±{event.randomize_start_s} s no VEN's own start may be past"
    )


def span(event: DrEvent | EventRow) -> tuple[float, float]:
    """The time from the first VEN's start to the last one's end, UTC s."""
    return (
        float(event.start_ts - event.randomize_start_s),
        float(event.end_ts + event.randomize_start_s),
    )
