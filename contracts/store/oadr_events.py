"""Between the VTN and the stage's events: orders to look at an object, and what became of each event.

    vtn            ──program, event──▶ ┐         ┌──▶ dispatch_event: the VTN's event as a DR event
    vtn            ──report, VEN─────▶ ├ queue ──┼──▶ the fleet's VENs, their telemetry and acks
    dispatch_event ──DR event────────▶ ┘         └──▶ the VTN: each VEN of OpenADR its share of a DR event
                                     vtn_dispatch
                                          │
                                          └── OadrEventRow, in the events table:
                                              #openadr    EVENT#<the VTN's id>

An order says which object has changed, and never how: it is read as it is when the order is carried out.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.api.oadr_events import OadrEventState, OadrEventStatus
from contracts.openadr.ids import CheckedClientId, CheckedObjectId, ObjectId
from contracts.store.keys import Key, sort_keys_below
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import EventId, ProgramId, VenId

OADR_PARTITION = "#openadr"
"""Partition of the events table; no event's id begins with ``#``."""
_PREFIX = "EVENT#"
OADR_EVENTS = sort_keys_below(_PREFIX)


class DispatchOrder(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The order to look at an object again: at one of the VTN by its id there, or at a DR event by its own.

    *client_id* is whose a report or a VEN is.
    """

    object_type: Literal["PROGRAM", "EVENT", "REPORT", "VEN", "DR_EVENT"]
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    client_id: CheckedClientId | None = None


class OadrEventRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """The state of an event of the VTN; see `OadrEventStatus`.

    Attributes:
        generation: how many DR events it has had before, each of which has ended.
        tag: a digest of the event and its program as they were looked at.
        renew_ts: when it is to be looked at again though nothing changes, UTC s; None for never.
        expires_ts: when the row goes; None as long as the VTN has the event.
        reported_tag: the tag of the event that the stage has reported on, or that no report follows from.
        reported_to: the last VEN whose report on it is filed, while others' are not; None once all are.
    """

    oadr_event_id: CheckedObjectId
    event_name: str | None = None
    program: ProgramId | None = None
    state: OadrEventState
    reason: str | None = None
    event_id: EventId | None = msgspec.field(name="drEventId", default=None)
    changed_ts: float
    generation: int = 0
    tag: str = ""
    renew_ts: float | None = None
    expires_ts: int | None = None
    reported_tag: str | None = None
    reported_to: VenId | None = None

    @property
    def may_be_reported(self) -> bool:
        """True of an event that has been dispatched, and whose reports by the stage are not all filed."""
        is_open = self.reported_tag != self.tag or self.reported_to is not None
        return is_open and self.event_id is not None and self.state is not OadrEventState.WITHDRAWN

    @property
    def status(self) -> OadrEventStatus:
        """The row as the API answers it."""
        return OadrEventStatus(
            oadr_event_id=self.oadr_event_id,
            event_name=self.event_name,
            program=self.program,
            state=self.state,
            reason=self.reason,
            event_id=self.event_id,
            changed_ts=self.changed_ts,
        )


def oadr_event_key(object_id: ObjectId) -> Key:
    """Key of the row of an event."""
    return Key(OADR_PARTITION, f"{_PREFIX}{object_id}")


def oadr_event_item(row: OadrEventRow) -> JsonDict:
    """The item of *row*."""
    key = oadr_event_key(row.oadr_event_id)
    value: JsonDict = msgspec.to_builtins(row)
    return {"eventId": key.partition, "part": key.sort, **value}


def read_oadr_event(item: JsonObject) -> OadrEventRow:
    """The row of *item*."""
    return msgspec.convert(item, OadrEventRow)
