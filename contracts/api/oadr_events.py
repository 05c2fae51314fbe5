"""The events of the VTN as the API answers them: which are DR events, and why the others are not."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from contracts.openadr.ids import CheckedObjectId
from contracts.wire.ids import EventId, ProgramId


class OadrEventState(StrEnum):
    """The state of a VTN's event at the stage's own VENs."""

    DISPATCHED = "dispatched"
    """It is a DR event, which has its own phase."""
    NOT_ACTED_ON = "notActedOn"
    """It is stored and answered by the VTN, and no VEN of the stage acts on it."""
    REFUSED = "refused"
    """As a DR event it is refused, as the same event of an operator would be."""
    WITHDRAWN = "withdrawn"
    """The VTN has it no more: what was a DR event is cancelled."""


class OadrEventStatus(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """An event of the VTN, and what became of it at *changed_ts*, UTC s.

    Attributes:
        oadr_event_id: the VTN's id of it.
        event_name: the name that the business logic gave it.
        program: our name of its program.
        state: whether it is a DR event.
        reason: why it is none, or none any more.
        event_id: our id of it: by that it is read, settled and reported; None of one that never was.
        changed_ts: when the state was last changed.
    """

    oadr_event_id: CheckedObjectId
    event_name: str | None = None
    program: ProgramId | None = None
    state: OadrEventState
    reason: str | None = None
    event_id: EventId | None = None
    changed_ts: float


class OadrEventPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """Events of the VTN, those that were made last first."""

    items: tuple[OadrEventStatus, ...]
    next: str | None = None
