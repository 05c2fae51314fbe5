"""Events that come by command: their ids, and the revision that each is of what the VEN has. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import msgspec

from contracts.errors import FieldError
from contracts.wire.events import DrEvent, Phase
from contracts.wire.ids import EVENT_ID, CorrelationId, EventId
from ven_twin.control.schedule import EventOrigin
from ven_twin.control.ven_state import EXPIRED, LEFT, VenState


def event_id_of(
    correlation_id: CorrelationId | None, event_ids: Collection[EventId], now_ts: float
) -> EventId:
    """An id for the event that a command starts: by its correlation id, so that a repeat is the same one."""
    if correlation_id is None:
        at = f"cmd-{int(now_ts)}"
        return next(
            name
            for n in range(len(event_ids) + 1)
            if (name := EventId(f"{at}-{n}" if n else at)) not in event_ids
        )
    event_id = EventId(f"cmd-{correlation_id}")
    if EVENT_ID.fullmatch(event_id):
        return event_id
    return EventId(f"cmd-{hashlib.sha256(correlation_id.encode()).hexdigest()[:32]}")


def revised(state: VenState, event: DrEvent, now_ts: float, *, under: str) -> DrEvent:
    """*event*, of a command, as the revision that it is of the one that the VEN has under this id.

    A command that is accepted is in force. A repeat is the revision that there is, also when that ran its
    time meanwhile. Other terms are the next revision, where the terms before came by command too; the shadow
    counts revisions of its own, and would find this one's number used.

    Raises:
        FieldError: the event is over, or in the shadow with other terms; *under* is the id's field.
    """
    scheduled = state.schedule.events.get(event.event_id)
    if scheduled is None:
        return event
    phase, before = scheduled.phase(now_ts), scheduled.event
    repeated = (event.start_ts, event.intervals) == (before.start_ts, before.intervals)
    if phase in LEFT or (phase is Phase.COMPLETED and not repeated and not scheduled.expired):
        raise FieldError(under, f"event {event.event_id!r} is over ({phase}): name another id")
    if repeated:
        return msgspec.structs.replace(event, revision=before.revision)
    if scheduled.source is not EventOrigin.COMMAND:
        where = "the shadow" if scheduled.source is EventOrigin.SHADOW else "the VTN"
        raise FieldError(under, f"event {event.event_id!r} is in {where} with other terms: revise it there")
    if event.phase(now_ts) is Phase.COMPLETED:
        raise FieldError("data.end_ts", EXPIRED)
    return msgspec.structs.replace(event, revision=before.revision + 1)
