"""Requests to the functions and their answers. The CLI and the API speak these."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from contracts.errors import FieldError
from contracts.wire.codec import JsonDict
from contracts.wire.events import LOWEST_PRIORITY, MAX_INTERVALS, Interval
from contracts.wire.ids import (
    CheckedCorrelationId,
    CheckedEventId,
    CheckedProgramId,
    CheckedVenId,
    CorrelationId,
    EventId,
    ProgramId,
    Target,
    VenId,
)
from contracts.wire.telemetry import Timestamp

DEFAULT_PROGRAM = ProgramId("default")
"""The program that there always is."""
PROGRAM_ALIASES: Mapping[str, str] = {"programme": "program"}
"""The British spelling is accepted in requests, and read in what was stored under it."""
Allocation = Literal["merit", "proportional", "each"]
"""An event's power shared by merit, shared in proportion to the offers, or the same to each VEN."""
UNSHARED: Allocation = "each"
"""The allocation that shares nothing: the value is every VEN's own, as a level is."""


class RefusalCode(StrEnum):
    """The kind of a refusal."""

    BAD_REQUEST = "badRequest"
    """The request is wrong in itself."""
    NOT_FOUND = "notFound"
    """It names something that does not exist."""
    CONFLICT = "conflict"
    """It contradicts the state of things."""
    PRECONDITION_FAILED = "preconditionFailed"
    """Its condition, the etag, does not hold any more."""


class _Request(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class IssueCommand(_Request, frozen=True):
    """Request `issue_command` to send one operation to one VEN."""

    ven_id: CheckedVenId
    op: str
    data: JsonDict = {}
    correlation_id: CheckedCorrelationId | None = None


class QuarantineVen(_Request, frozen=True):
    """Request `issue_command` to quarantine a VEN, or with *quarantined* false to let it in again."""

    ven_id: CheckedVenId
    quarantined: bool


class VenQuarantined(_Request, frozen=True):
    """The VEN is quarantined since *quarantined_ts*, UTC s; None when it is not."""

    ven_id: VenId
    quarantined_ts: float | None = None
    ok: Literal[True] = True


class CommandIssued(_Request, frozen=True):
    """The command is on its way; its ack will be recorded under (venId, correlationId)."""

    ven_id: VenId
    op: str
    correlation_id: CorrelationId
    issued_ts: float
    ok: Literal[True] = True


class EventTerms(_Request, frozen=True):
    """The terms of an event beside its intervals, as an operator requests them."""

    aliases: ClassVar[Mapping[str, str]] = PROGRAM_ALIASES

    start_ts: Timestamp | None = None
    targets: Annotated[tuple[Target, ...], Meta(max_length=10_000)] = ()
    priority: Annotated[int, Meta(ge=0, le=LOWEST_PRIORITY)] = LOWEST_PRIORITY
    randomize_start_s: Annotated[int, Meta(ge=0, le=3600)] = 0
    program: CheckedProgramId = DEFAULT_PROGRAM
    allocation: Allocation = "merit"


class DispatchEvent(EventTerms, frozen=True):
    """Request `dispatch_event` to create, revise, cancel or delete an event, or to share it out again.

    For ``create``: *intervals* over all targets together, from *start_ts* (now, when absent). *targets* are
    VENs and groups of VENs; an id that is both is the VEN. No *targets* means every VEN. With *event_id*
    given, the same request twice is one event. ``revise`` takes the same and replaces all of it, except
    that the start stays where it was when *start_ts* is absent. ``redispatch`` compares what is delivered
    with what is requested, and shares out the difference; it changes nothing else. ``notify`` publishes what
    subscribers were not told yet.

    *if_match* is the etag that the caller believes the event to have, for ``revise``, ``cancel`` and
    ``delete``; when the event has another by now, nothing is changed. *program* names the baseline that
    the event is settled by. *allocation* is ``merit`` (who sustains, performs and was called least comes
    first, each up to its offer), ``proportional`` to the offers, or ``each``: the value is every VEN's own,
    whatever it offers.
    """

    action: Literal["create", "revise", "cancel", "delete", "redispatch", "notify"] = "create"
    event_id: CheckedEventId | None = None
    intervals: Annotated[tuple[Interval, ...], Meta(max_length=MAX_INTERVALS)] = ()
    if_match: Annotated[str, Meta(min_length=1, max_length=64)] | None = None

    def __post_init__(self) -> None:
        """Hold each action to what it needs."""
        if self.action in {"create", "revise"} and not self.intervals:
            raise FieldError("intervals", f"at least one is needed to {self.action} an event")
        if self.action != "create" and self.event_id is None:
            raise FieldError("eventId", f"required to {self.action} an event")
        if self.action in {"create", "redispatch", "notify"} and self.if_match is not None:
            raise FieldError("ifMatch", "is for revise, cancel and delete")


class Assignment(_Request, frozen=True, omit_defaults=True, gc=False):
    """One VEN's part in an event: its share of each interval's value, in the order of the intervals.

    *since_ts* is when it was first called for just that, UTC s.
    """

    ven_id: VenId
    values: tuple[float, ...]
    since_ts: int | None = None


class EventDispatched(_Request, frozen=True):
    """The event is in the shadows of the VENs that it was allocated to, or on its way there.

    *requested_kw* is the most that any interval asks for; *available_kw* what can be counted on of what the
    targets offer, or None when none of them has said yet. *dispatched_kw* is the most that is called in any
    interval: more than requested, by what VENs are known not to deliver. *shortfall_kw* is what could not be
    allocated. *note* says what there was to say besides, such as that nothing was to be done.
    """

    event_id: EventId
    revision: int
    start_ts: int
    end_ts: int
    assignments: tuple[Assignment, ...]
    requested_kw: float = msgspec.field(name="askedKw")
    etag: str
    available_kw: float | None = None
    dispatched_kw: float = msgspec.field(name="calledKw", default=0.0)
    shortfall_kw: float = 0.0
    unavailable: dict[VenId, str] = {}
    note: str | None = None
    ok: Literal[True] = True


class SettleEvent(_Request, frozen=True):
    """Request `settle_event` to settle an event. The Scheduler sends it after the end."""

    event_id: CheckedEventId
    revision: int | None = None


class RotationOp(StrEnum):
    """Begin or finish one VEN's rotation, revoke the VEN or cut it off, or sweep over all VENs."""

    BEGIN = "begin"
    FINISH = "finish"
    REVOKE = "revoke"
    CUT_OFF = "cutOff"
    SWEEP = "sweep"


class RotationRequest(_Request, frozen=True):
    """Request `rotate_ven` to do *op* for a VEN; a sweep is for all."""

    op: RotationOp
    ven_id: CheckedVenId | None = None

    def __post_init__(self) -> None:
        """Hold each operation but the sweep to a VEN."""
        if self.op is not RotationOp.SWEEP and self.ven_id is None:
            raise FieldError("venId", f"required to {self.op}")

    def of_ven(self) -> VenId:
        """The VEN of an operation that is for one. Raises FieldError for a sweep."""
        if self.ven_id is None:
            raise FieldError("venId", f"is none in a {self.op}")
        return self.ven_id


class Rotated(_Request, frozen=True):
    """The outcome: the certificate in force, the VEN's change to it, and how many VENs failed or are left.

    Of a VEN that was cut off, the time from the request until its certificates were inactive, and until its
    connection was ended; None for one that was not connected, or whose end AWS has not confirmed.
    """

    certificate_id: str | None = None
    changed_over: bool | None = None
    certificates_off_s: float | None = None
    connection_ended_s: float | None = None
    of_stack: bool | None = None
    begun: int = 0
    finished: int = 0
    failed: int = 0
    left: int = 0
    collected: int = 0
    ok: bool = True


class Refused(_Request, frozen=True):
    """The request was refused; nothing was changed. *field* is in the request's spelling."""

    error: str
    field: str | None = None
    code: RefusalCode = RefusalCode.BAD_REQUEST
    ok: Literal[False] = False


def event_etag(requested: str, edition: int, *, cancelled: bool) -> str:
    """The etag of an event, on condition of which an operator changes it. A redispatch leaves it as it is.

    Interpretation: the edition is in it, so that asking for the same as two revisions ago is not taken
    for never having been revised.

    Args:
        requested: the digest of the request.
        edition: how often it was revised.
        cancelled: whether it is cancelled.
    """
    return f"{requested[:16]}{f'-{edition}' if edition else ''}{'-c' if cancelled else ''}"
