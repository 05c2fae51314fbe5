"""What the functions are asked for, and what they answer. The CLI and the API speak these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from contracts.commands import CorrelationId, EventId
from contracts.errors import FieldError
from contracts.events import LOWEST_PRIORITY, MAX_INTERVALS, Interval
from contracts.names import VEN_ID
from contracts.telemetry import Timestamp

VenId = Annotated[str, Meta(pattern=VEN_ID.pattern)]


class _Request(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class IssueCommand(_Request, frozen=True):
    """Asks `issue_command` to send one operation to one VEN."""

    ven_id: VenId
    op: str
    data: dict[str, Any] = {}
    correlation_id: CorrelationId | None = None


class CommandIssued(_Request, frozen=True):
    """The command is on its way; its ack will be recorded under (venId, correlationId)."""

    ven_id: str
    op: str
    correlation_id: str
    issued_ts: float
    ok: Literal[True] = True


class DispatchEvent(_Request, frozen=True):
    """Asks `dispatch_event` to create or cancel an event.

    For ``create``: *intervals* over all targets together, from *start_ts* (now, when absent); no
    *targets* means every VEN. With *event_id* given, the same request twice is one event.
    """

    action: Literal["create", "cancel"] = "create"
    event_id: EventId | None = None
    start_ts: Timestamp | None = None
    intervals: Annotated[tuple[Interval, ...], Meta(max_length=MAX_INTERVALS)] = ()
    targets: Annotated[tuple[VenId, ...], Meta(max_length=10_000)] = ()
    priority: Annotated[int, Meta(ge=0, le=LOWEST_PRIORITY)] = LOWEST_PRIORITY
    randomize_start_s: Annotated[int, Meta(ge=0, le=3600)] = 0

    def __post_init__(self) -> None:
        """Hold each action to what it needs."""
        if self.action == "create" and not self.intervals:
            raise FieldError("intervals", "at least one is needed to create an event")
        if self.action == "cancel" and self.event_id is None:
            raise FieldError("eventId", "required to cancel an event")


class Assignment(_Request, frozen=True):
    """One VEN's part in an event: its share of each interval's value, in the order of the intervals."""

    ven_id: str
    values: tuple[float, ...]


class EventDispatched(_Request, frozen=True):
    """The event is in the shadows of the VENs that it was allocated to.

    *asked_kw* is the most that any interval asks for; *available_kw* what the targets offer, or None
    when none of them has said yet. *shortfall_kw* is what could not be allocated.
    """

    event_id: str
    revision: int
    start_ts: int
    end_ts: int
    assignments: tuple[Assignment, ...]
    asked_kw: float
    available_kw: float | None = None
    shortfall_kw: float = 0.0
    unavailable: dict[str, str] = {}
    ok: Literal[True] = True


class SettleEvent(_Request, frozen=True):
    """Asks `settle_event` to work out what an event delivered. Asked by the Scheduler after the end."""

    event_id: EventId
    revision: int | None = None


class Refused(_Request, frozen=True):
    """The request was refused; nothing was changed. *field* is in the request's spelling."""

    error: str
    field: str | None = None
    code: Literal["badRequest", "notFound", "conflict"] = "badRequest"
    ok: Literal[False] = False
