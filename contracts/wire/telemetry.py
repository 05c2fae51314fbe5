"""Telemetry: the measurements that a VEN sends up."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, TypeGuard, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import CheckedEventId, VenId
from contracts.wire.plain_text import plain_line
from contracts.wire.topics import check_ven_id

SCHEMA_VERSION = "1.0"

LARGEST_POWER_KW = 10_000.0
EARLIEST_TS, LATEST_TS = 946_684_800, 4_102_444_800
Power = Annotated[float, Meta(ge=-10_000, le=10_000)]
"""kW. Ten megawatts is beyond any site that a VEN of this kind stands at."""
ReactivePower = Annotated[float, Meta(ge=-10_000, le=10_000)]
"""kvar; above 0 it lags, as a motor's."""
PositivePower = Annotated[float, Meta(ge=0, le=10_000)]
Timestamp = Annotated[int, Meta(ge=EARLIEST_TS, le=LATEST_TS)]
"""UTC seconds; the years 2000 to 2100, so that milliseconds sent by mistake are refused."""
Sequence = Annotated[int, Meta(ge=0, le=2**53)]
Soc = Annotated[float, Meta(ge=0, le=1)]
MeasuredTime = Annotated[float, Meta(gt=0, le=86_400)]
"""s, to the millisecond; a row is of a day at most."""
OutdoorTemperature = Annotated[float, Meta(ge=-90, le=60)]
"""°C; what was ever measured near the ground lies within."""
BootId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$(?!\n)")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=64)]

DERIVED_BOOT_ID = "-"
"""The boot of a message that names none, or no place in it. It sorts below every other."""
DERIVED_BITS = 21
"""The bits of a derived `seq` that tell messages of one second apart; 2100 above them is below 2^53."""

LOAD_ALIASES = {"load_id": "id", "loadId": "id"}
TELEMETRY_ALIASES = {
    "power_kw": "usedPowerKw",
    "shed_kw": "shedPowerKw",
    "base_power_kw": "baselinePowerKw",
    "ts": "timestamp",
}


class Load(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One circuit as it is now. ``reactive_power_kvar`` stands only where the power factor is known."""

    id: Name
    name: Text
    type: Text
    capacity_kw: PositivePower
    current_power_kw: Power
    shed_capability_kw: PositivePower
    enabled: bool = True
    priority: Annotated[int, Meta(ge=-(2**53), le=2**53)]
    reactive_power_kvar: ReactivePower | UnsetType = UNSET


class Telemetry(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN's row, identified by (venId, bootId, seq); one that lacks either is given them by what it says.

    ``used_power_kw`` is the mean over ``measured_s``, which ends in the second of the timestamp; without
    it, the mean since the row before. ``baseline_power_kw`` is what the house would have drawn uncurtailed;
    ``shed_power_kw`` is baseline − used, never below 0. ``requested_reduction_kw`` below 0 requests so much
    more. ``outdoor_c`` is the temperature outside.
    ``reactive_power_kvar`` is the sum over the circuits that have one, and stands only where one has.
    """

    ven_id: VenId
    timestamp: Timestamp
    boot_id: BootId
    seq: Sequence
    used_power_kw: Power
    shed_power_kw: PositivePower
    baseline_power_kw: Power
    schema_version: Text = SCHEMA_VERSION
    event_id: CheckedEventId | None = None
    requested_reduction_kw: Power | None = None
    battery_soc: Soc | None = None
    panel_amperage_rating: Annotated[float, Meta(ge=0, le=4000)] = 0.0
    panel_voltage: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    panel_max_kw: PositivePower = 0.0
    current_amps: Annotated[float, Meta(ge=-10_000, le=10_000)] = 0.0
    panel_utilization_percent: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    measured_s: MeasuredTime | None = None
    outdoor_c: OutdoorTemperature | None = None
    reactive_power_kvar: ReactivePower | UnsetType = UNSET
    loads: tuple[Load, ...] = ()


class LoadsSnapshot(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Every circuit at one moment."""

    ven_id: VenId
    timestamp: Timestamp
    boot_id: BootId
    seq: Sequence
    loads: tuple[Load, ...]
    schema_version: Text = SCHEMA_VERSION


class _ExactLoad(Load, frozen=True, forbid_unknown_fields=True):
    """A circuit without anything else beside it."""


class _ExactTelemetry(Telemetry, frozen=True, forbid_unknown_fields=True):
    """A row that needs no look at names, texts and nesting: see `_as_it_is`."""

    loads: tuple[_ExactLoad, ...] = ()


_PLAIN_BYTES = bytes(range(0x20, 0x7F)).replace(b"\\", b"")
"""The bytes of a row in which no text can need a look: printable ASCII without what escapes."""
_exact = msgspec.json.Decoder(_ExactTelemetry)
_telemetry = msgspec.json.Decoder(Telemetry)

Identified = TypeVar("Identified", Telemetry, LoadsSnapshot)


def read_telemetry(raw: bytes, *, ven_id: VenId) -> Telemetry:
    """A telemetry row from the wire, aliases accepted.

    Args:
        raw: the payload.
        ven_id: whose topic it came on; the broker has checked that, the payload is only data.

    Raises:
        MalformedError, OversizeError, FieldError: see `contracts.wire.codec`; also when the payload's
            venId is not the topic's.
    """
    return _as_it_is(raw, ven_id) or _read_any(raw, ven_id)


def _as_it_is(raw: bytes, ven_id: VenId) -> Telemetry | None:
    """The row in *raw*, in two passes of the decoder, where no rule of reading has anything to change.

    That is a row of canonical names and plain characters alone, with all that identifies it. It is what twins
    send; all else, and all that is wrong, is read the long way.
    """
    if len(raw) > codec.PAYLOAD_MAX_BYTES or raw.translate(None, _PLAIN_BYTES):
        return None
    try:
        return _telemetry.decode(raw) if _exact.decode(raw).ven_id == ven_id else None
    except msgspec.MsgspecError:
        return None


def _read_any(raw: bytes, ven_id: VenId) -> Telemetry:
    value = codec.canonical(codec.without_nulls(codec.load_object(raw)), TELEMETRY_ALIASES)
    percent = value.pop("batterySOC", None)
    if percent is not None and "batterySoc" not in value:
        value["batterySoc"] = _fraction(percent)
    value["loads"] = canonical_loads(value.get("loads", []))
    check_sender(value, ven_id)
    return _identified(Telemetry, _plain(value) | _derived_powers(value))


def read_loads(raw: bytes, *, ven_id: VenId) -> LoadsSnapshot:
    """A loads snapshot from the wire. Raises as `read_telemetry`."""
    message = codec.load_object(raw)
    value = codec.canonical(codec.without_nulls(message), {"ts": "timestamp"})
    if "loads" in message:
        value["loads"] = canonical_loads(value.get("loads", []))
    check_sender(value, ven_id)
    return _identified(LoadsSnapshot, _plain(value))


def canonical_loads(loads: object) -> Any:
    """Loads with their ids under ``id``; anything that is no list of objects is left for the decoder."""
    if not isinstance(loads, list):
        return loads
    return [
        _plain(codec.canonical(codec.without_nulls(load), LOAD_ALIASES)) if isinstance(load, dict) else load
        for load in loads
    ]


def _plain(value: JsonDict) -> JsonDict:
    """*value* with its texts plain: names of circuits are shown to people."""
    return {name: plain_line(item) if isinstance(item, str) else item for name, item in value.items()}


def _derived_powers(value: JsonObject) -> JsonDict:
    """The one of baseline and shed power that a row leaves out, from the other.

    Interpretation: a VEN that says what it sheds, and not from what, would draw so much more uncurtailed.
    """
    used_kw, shed_kw, baseline_kw = (
        value.get(name) for name in ("usedPowerKw", "shedPowerKw", "baselinePowerKw")
    )
    if baseline_kw is None and _is_number(used_kw) and _is_number(shed_kw):
        return {"baselinePowerKw": used_kw + shed_kw}
    if shed_kw is None and _is_number(used_kw) and _is_number(baseline_kw):
        return {"shedPowerKw": max(0.0, baseline_kw - used_kw)}
    return {}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _identified(kind: type[Identified], value: JsonDict) -> Identified:
    """The message as a *kind*; one that lacks boot or seq has an identity by what it says.

    A repeat says the same, so it has the same identity. It is in the order of the device's time, and its seq
    follows no other: whether a row is missing between two is not known.
    """
    if "bootId" in value and "seq" in value:
        return codec.convert(kind, value)
    message = codec.convert(kind, {**value, "bootId": DERIVED_BOOT_ID, "seq": 0})
    content = codec.without_nulls(msgspec.to_builtins(message))
    digest = int.from_bytes(hashlib.sha256(codec.encode(content)).digest()) % 2**DERIVED_BITS
    return msgspec.structs.replace(message, seq=message.timestamp << DERIVED_BITS | digest)


def _fraction(percent: object) -> float:
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        raise FieldError("batterySOC", "expected a percentage from 0 to 100")
    return percent / 100.0


def check_sender(value: JsonDict, ven_id: VenId) -> None:
    """Refuse a message that names another VEN than its topic; one that names none is its topic's."""
    message_ven_id = value.setdefault("venId", ven_id)
    if message_ven_id != ven_id:
        raise FieldError(
            "venId", f"says {str(message_ven_id)[:64]!r}, but came on the topic of {check_ven_id(ven_id)!r}"
        )
