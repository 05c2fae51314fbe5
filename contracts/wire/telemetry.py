"""Telemetry: the measurements that a VEN sends up."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from contracts.wire.topics import check_ven_id

SCHEMA_VERSION = "1.0"

LARGEST_POWER_KW = 10_000.0
EARLIEST_TS, LATEST_TS = 946_684_800, 4_102_444_800
Power = Annotated[float, Meta(ge=-10_000, le=10_000)]
"""kW. Ten megawatts is beyond any site that a VEN of this kind stands at."""
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

LOAD_ALIASES = {"load_id": "id", "loadId": "id"}
TELEMETRY_ALIASES = {
    "power_kw": "usedPowerKw",
    "shed_kw": "shedPowerKw",
    "base_power_kw": "baselinePowerKw",
    "ts": "timestamp",
}


class Load(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One circuit as it is now."""

    id: Name
    name: str
    type: str
    capacity_kw: PositivePower
    current_power_kw: Power
    shed_capability_kw: PositivePower
    enabled: bool
    priority: int


class Telemetry(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN's row, identified by (venId, bootId, seq).

    ``used_power_kw`` is the mean over ``measured_s``, which ends in the second of the timestamp; without
    it, the mean since the row before. ``baseline_power_kw`` is what the house would have drawn uncurtailed;
    ``shed_power_kw`` is baseline − used, never below 0. ``outdoor_c`` is the temperature outside.
    """

    ven_id: VenId
    timestamp: Timestamp
    boot_id: BootId
    seq: Sequence
    used_power_kw: Power
    shed_power_kw: PositivePower
    baseline_power_kw: Power
    schema_version: str = SCHEMA_VERSION
    event_id: EventId | None = None
    requested_reduction_kw: PositivePower | None = None
    battery_soc: Soc | None = None
    panel_amperage_rating: Annotated[float, Meta(ge=0, le=4000)] = 0.0
    panel_voltage: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    panel_max_kw: PositivePower = 0.0
    current_amps: Annotated[float, Meta(ge=-10_000, le=10_000)] = 0.0
    panel_utilization_percent: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    measured_s: MeasuredTime | None = None
    outdoor_c: OutdoorTemperature | None = None
    loads: tuple[Load, ...] = ()


class LoadsSnapshot(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Every circuit at one moment."""

    ven_id: VenId
    timestamp: Timestamp
    boot_id: BootId
    seq: Sequence
    loads: tuple[Load, ...]
    schema_version: str = SCHEMA_VERSION


def read_telemetry(raw: bytes, *, ven_id: VenId) -> Telemetry:
    """A telemetry row from the wire, aliases accepted.

    Args:
        raw: the payload.
        ven_id: whose topic it came on; the broker has checked that, the payload is only data.

    Raises:
        MalformedError, OversizeError, FieldError: see `contracts.wire.codec`; also when the payload's
            venId is not the topic's.
    """
    value = codec.canonical(codec.load_object(raw), TELEMETRY_ALIASES)
    percent = value.pop("batterySOC", None)
    if percent is not None and value.get("batterySoc") is None:
        value["batterySoc"] = _fraction(percent)
    value["loads"] = canonical_loads(value.get("loads", []))
    _same_ven(value, ven_id)
    return codec.convert(Telemetry, value)


def read_loads(raw: bytes, *, ven_id: VenId) -> LoadsSnapshot:
    """A loads snapshot from the wire. Raises as `read_telemetry`."""
    value = codec.canonical(codec.load_object(raw), {"ts": "timestamp"})
    if "loads" in value:
        value["loads"] = canonical_loads(value["loads"])
    _same_ven(value, ven_id)
    return codec.convert(LoadsSnapshot, value)


def canonical_loads(loads: object) -> Any:
    """Loads with their ids under ``id``; anything that is no list of objects is left for the decoder."""
    if not isinstance(loads, list):
        return loads
    return [codec.canonical(load, LOAD_ALIASES) if isinstance(load, dict) else load for load in loads]


def _fraction(percent: object) -> float:
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        raise FieldError("batterySOC", "expected a percentage from 0 to 100")
    return percent / 100.0


def _same_ven(value: JsonDict, ven_id: VenId) -> None:
    message_ven_id = value.setdefault("venId", ven_id)
    if message_ven_id != ven_id:
        raise FieldError(
            "venId", f"says {str(message_ven_id)[:64]!r}, but came on the topic of {check_ven_id(ven_id)!r}"
        )
