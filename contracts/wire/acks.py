"""A VEN's acks: one ack per command, one per event transition."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.events import Phase
from contracts.wire.ids import CorrelationId, EventId, VenId

Status = Literal["success", "accepted", "rejected"]


class CircuitCurtailed(msgspec.Struct, frozen=True, kw_only=True):
    """The decision for one circuit, and its reason."""

    id: str
    name: str
    breaker_amps: float
    original_kw: float
    curtailed_kw: float
    final_kw: float
    critical: bool
    reason: str


class Ack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The union of the two shapes in use, so that either reader is served.

    ``correlation_id`` is the command's, or for a transition ``{eventId}:{revision}:{phase}``, so that
    a repeat can be told from another answer. ``phase`` says which transition an ``event`` ack reports.
    """

    op: str
    ok: bool
    status: Status
    ts: int
    ven_id: VenId = msgspec.field(name="venId")
    correlation_id: CorrelationId = msgspec.field(name="correlationId")
    event_id: EventId | None = None
    phase: Phase | None = None
    requested_shed_kw: float | None = None
    actual_shed_kw: float | None = None
    circuits_curtailed: tuple[CircuitCurtailed, ...] | None = None
    pong: bool | None = None
    data: JsonDict | None = None
    error: str | None = None
    field: str | None = None


def read_ack(raw: bytes, *, ven_id: VenId) -> Ack:
    """Read an ack from the wire, in the canonical form or in either of the older shapes.

    One of these says `ok`, the other `status`; the VEN is the topic's where none is named, and an ack without
    a correlation id is of a command without one. Null says as much as a field that is left out.

    Raises:
        MalformedError, OversizeError, FieldError: as `codec.decode`; also when its venId is not the topic's.
    """
    value = codec.without_nulls(codec.load_object(raw))
    if "status" not in value and isinstance(value.get("ok"), bool):
        value["status"] = "success" if value["ok"] else "rejected"
    if "ok" not in value and "status" in value:
        value["ok"] = value["status"] != "rejected"
    if isinstance(circuits := value.get("circuits_curtailed"), list):
        value["circuits_curtailed"] = [
            {"reason": "", **codec.without_nulls(circuit)} if isinstance(circuit, dict) else circuit
            for circuit in circuits
        ]
    ack = codec.convert(Ack, {"venId": ven_id, "correlationId": "", **value})
    if ack.ven_id != ven_id:
        raise FieldError("venId", f"says {ack.ven_id[:64]!r}, but came on the topic of {ven_id!r}")
    return ack
