"""Immediate operations on ``ven/cmd/{venId}``: one Struct an operation, aliases accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from contracts.errors import CommandRefusedError, FieldError
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import CheckedCorrelationId, CheckedEventId, CheckedLoadId, CorrelationId, VenId
from contracts.wire.telemetry import PositivePower, Timestamp

DURATION_MAX_S = 7 * 24 * 3600
Duration = Annotated[float, Meta(gt=0, le=DURATION_MAX_S)]
Reduction = Annotated[float, Meta(gt=0, le=10_000)]

DURATION_ALIASES = {"duration_s": "durationS", "duration_sec": "durationS"}
OLDER_DURATION = {"durationS": "duration_s"}


class VenCommand(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of the operations. ``correlation_id`` comes back in the ack.

    *older* has, by the canonical name, the alias that is sent beside it: what older VENs read.
    """

    op: ClassVar[str]
    aliases: ClassVar[Mapping[str, str]] = {}
    older: ClassVar[Mapping[str, str]] = {}

    correlation_id: CheckedCorrelationId | None = None


class Ping(VenCommand, frozen=True):
    """Say that you are there."""

    op: ClassVar[str] = "ping"


class Get(VenCommand, frozen=True):
    """Answer with the status or the configuration."""

    op: ClassVar[str] = "get"

    what: Literal["status", "config"] = "status"


class SetConfig(VenCommand, frozen=True):
    """Change settings; ``settings`` holds what the shadow's ``desired`` takes."""

    op: ClassVar[str] = "setConfig"

    settings: JsonDict


class Enable(VenCommand, frozen=True):
    """Take part in events."""

    op: ClassVar[str] = "enable"


class Disable(VenCommand, frozen=True):
    """Take no part in events until enabled again; what is curtailed is restored."""

    op: ClassVar[str] = "disable"


class SetLoad(VenCommand, frozen=True):
    """Change one circuit."""

    op: ClassVar[str] = "setLoad"
    aliases: ClassVar[Mapping[str, str]] = {"load_id": "loadId", "id": "loadId", "capacity_kw": "capacityKw"}

    load_id: CheckedLoadId
    enabled: bool | None = None
    capacity_kw: PositivePower | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] | None = None


class ShedLoad(VenCommand, frozen=True):
    """Curtail one circuit, or whichever suit when none is named."""

    op: ClassVar[str] = "shedLoad"
    aliases: ClassVar[Mapping[str, str]] = {**DURATION_ALIASES, "load_id": "loadId", "amountKw": "reduceKw"}
    older: ClassVar[Mapping[str, str]] = {**OLDER_DURATION, "reduceKw": "amountKw"}

    reduce_kw: Reduction
    duration_s: Duration
    load_id: CheckedLoadId | None = None


class ShedPanel(VenCommand, frozen=True):
    """Curtail the house by so many kW, by whichever circuits suit."""

    op: ClassVar[str] = "shedPanel"
    aliases: ClassVar[Mapping[str, str]] = {**DURATION_ALIASES, "shed_kw": "requestedReductionKw"}
    older: ClassVar[Mapping[str, str]] = OLDER_DURATION

    requested_reduction_kw: Reduction
    duration_s: Duration


class EventCommand(VenCommand, frozen=True):
    """Start a DR event, or learn of one that starts later. ``end_ts`` or ``duration_s`` is needed."""

    op: ClassVar[str] = "event"
    aliases: ClassVar[Mapping[str, str]] = {
        **DURATION_ALIASES,
        "eventId": "event_id",
        "shed_kw": "requestedReductionKw",
        "startTs": "start_ts",
        "endTs": "end_ts",
    }
    older: ClassVar[Mapping[str, str]] = OLDER_DURATION

    event_id: CheckedEventId = msgspec.field(name="event_id")
    requested_reduction_kw: Reduction
    start_ts: Timestamp | None = msgspec.field(name="start_ts", default=None)
    end_ts: Timestamp | None = msgspec.field(name="end_ts", default=None)
    duration_s: Duration | None = None

    def __post_init__(self) -> None:
        """Hold the event to an end after its start."""
        if self.end_ts is None and self.duration_s is None:
            raise FieldError("end_ts", "required, unless duration_s is given")
        if self.end_ts is not None and self.start_ts is not None and self.end_ts <= self.start_ts:
            raise FieldError("end_ts", f"must be after start_ts {self.start_ts}")


class Restore(VenCommand, frozen=True):
    """End one event, or all of them, and give the circuits back."""

    op: ClassVar[str] = "restore"
    aliases: ClassVar[Mapping[str, str]] = {"eventId": "event_id"}

    event_id: CheckedEventId | None = msgspec.field(name="event_id", default=None)


Operation = Literal[
    "disable",
    "enable",
    "event",
    "get",
    "ping",
    "restore",
    "set",
    "setConfig",
    "setLoad",
    "shedLoad",
    "shedPanel",
]
"""Every name of an operation on the wire: the keys of `OPERATIONS`."""
OPERATIONS: Mapping[str, type[VenCommand]] = {
    kind.op: kind
    for kind in (Ping, Get, SetConfig, Enable, Disable, SetLoad, ShedLoad, ShedPanel, EventCommand, Restore)
} | {"set": SetConfig}

_ENVELOPE = frozenset({"op", "correlationId", "venId", "data", "ts", "timestamp"})


def read_command(raw: bytes, *, ven_id: VenId) -> VenCommand:
    """The operation in a message on ``ven/cmd/{ven_id}``.

    Raises:
        MalformedError, OversizeError: nothing could be read of it.
        CommandRefusedError: it is JSON, but no operation that can be carried out.
    """
    return command_from(codec.load_object(raw), ven_id=ven_id)


def command_from(message: JsonObject, *, ven_id: VenId) -> VenCommand:
    """The operation in decoded JSON. Raises CommandRefusedError."""
    message_op, message_id = message.get("op"), message.get("correlationId")
    op = message_op if isinstance(message_op, str) else "unknown"
    correlation_id = CorrelationId(message_id) if isinstance(message_id, str) else None
    try:
        return _read(message, ven_id)
    except FieldError as error:
        raise CommandRefusedError(error, op[:32], correlation_id) from None


def _read(message: JsonObject, ven_id: VenId) -> VenCommand:
    if "op" not in message:
        raise FieldError("op", "required")
    kind = OPERATIONS.get(message["op"]) if isinstance(message["op"], str) else None
    if kind is None:
        raise FieldError("op", f"unknown; allowed: {', '.join(sorted(OPERATIONS))}")
    if message.get("venId", ven_id) != ven_id:
        raise FieldError("venId", f"must be {ven_id!r}, or be left out")
    nested = message.get("data", {})
    if not isinstance(nested, Mapping):
        raise FieldError("data", "expected an object")
    data = {key: value for key, value in message.items() if key not in _ENVELOPE} | dict(nested)
    if kind is SetConfig and "settings" not in data:
        data = {"settings": data}
    try:
        fields = codec.canonical(data, kind.aliases)
        if message.get("correlationId") is not None:
            fields["correlationId"] = message["correlationId"]
        return codec.convert(kind, fields)
    except FieldError as error:
        inside = nested and error.field.split(".")[0].split("[")[0] != "correlationId"
        raise FieldError(f"data.{error.field}" if inside else error.field, error.reason) from None
