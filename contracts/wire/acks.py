"""A VEN's acks: one ack per command, one per event transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.errors import FieldError, WireError
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.events import Phase
from contracts.wire.ids import CheckedEventId, CheckedLoadId, CorrelationId, VenId
from contracts.wire.plain_text import MOST_CHARACTERS, MOST_ITEMS, plain_line, plain_object
from contracts.wire.shadow import OptOut
from contracts.wire.telemetry import Power

Status = Literal["success", "accepted", "rejected"]


MOST_KWH = 1_000_000.0
"""Energy of an event, kWh: ten megawatts for four days. Interpretation: ours."""
Energy = Annotated[float, Meta(ge=-MOST_KWH, le=MOST_KWH)]
Words = Annotated[str, Meta(max_length=MOST_CHARACTERS)]
Time = Annotated[int, Meta(ge=0, le=2**53)]
"""UTC s by the VEN's clock, whatever that says."""


class CircuitCurtailed(msgspec.Struct, frozen=True, kw_only=True):
    """The decision for one circuit, and its reason."""

    id: Words
    name: Words
    breaker_amps: Annotated[float, Meta(ge=0, le=10_000)]
    original_kw: Power
    curtailed_kw: Power
    final_kw: Power
    critical: bool
    reason: Words


class Ack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The union of the two shapes in use, so that either reader is served.

    ``correlation_id`` is the command's, or for a transition ``{eventId}:{revision}:{phase}``, so that
    a repeat can be told from another answer. ``phase`` says which transition an ``event`` ack reports.
    """

    op: Annotated[str, Meta(max_length=64)]
    ok: bool
    status: Status
    ts: Time
    ven_id: VenId = msgspec.field(name="venId")
    correlation_id: Annotated[CorrelationId, Meta(max_length=128)] = msgspec.field(name="correlationId")
    event_id: CheckedEventId | None = None
    phase: Phase | None = None
    requested_shed_kw: Power | None = None
    actual_shed_kw: Power | None = None
    circuits_curtailed: Annotated[tuple[CircuitCurtailed, ...], Meta(max_length=MOST_ITEMS)] | None = None
    pong: bool | None = None
    data: JsonDict | None = None
    error: Words | None = None
    field: Words | None = None


class Particulars(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """The fields of a transition's ``data`` that somebody reads.

    Attributes:
        delivered_kwh: what the VEN itself metered, kWh.
        circuits_kwh: the same by circuit, against the circuit without events; below zero it drew more.
        opt_out: why it left.
        by_hand: circuits that were taken out by hand.
        reason: why it did what it did, in words.
    """

    delivered_kwh: Energy | None = None
    circuits_kwh: Annotated[dict[CheckedLoadId, Energy], Meta(max_length=MOST_ITEMS)] = {}
    opt_out: OptOut | None = None
    by_hand: Annotated[tuple[CheckedLoadId, ...], Meta(max_length=MOST_ITEMS)] = ()
    reason: Words | None = None


def particulars(data: object) -> Particulars:
    """The particulars in a transition's ``data``; a field that is not of its type is as if left out."""
    if not isinstance(data, Mapping):
        return Particulars()
    typed: JsonDict = {}
    for name in Particulars.__struct_encode_fields__:
        try:
            read = codec.convert(Particulars, {name: data[name]} if name in data else {})
        except WireError:
            continue
        typed |= msgspec.to_builtins(read)
    return codec.convert(Particulars, typed)


def read_ack(raw: bytes, *, ven_id: VenId) -> Ack:
    """Read an ack from the wire, in the canonical form or in either of the older shapes.

    One of these says `ok`, the other `status`; the VEN is the topic's where none is named, and an ack without
    a correlation id is of a command without one. Null says as much as a field that is left out. Text for
    people is made plain, and cut where it is long.

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
            {"reason": "", **plain_object(codec.without_nulls(circuit))}
            if isinstance(circuit, dict)
            else circuit
            for circuit in circuits
        ]
    value |= {
        name: plain_line(value[name]) for name in ("error", "field") if isinstance(value.get(name), str)
    }
    if isinstance(value.get("data"), dict):
        value["data"] = plain_object(value["data"])
    ack = codec.convert(Ack, {"venId": ven_id, "correlationId": "", **value})
    for name, text in (("op", ack.op), ("correlationId", ack.correlation_id)):
        if text != plain_line(text):
            raise FieldError(name, "has characters that cannot be shown")
    if ack.ven_id != ven_id:
        raise FieldError("venId", f"says {ack.ven_id[:64]!r}, but came on the topic of {ven_id!r}")
    return ack
