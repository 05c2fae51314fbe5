"""Sizes of what is stored of a VEN, and the read units that it takes. Pure."""

from __future__ import annotations

from functools import cache
from math import ceil

from contracts.store.items import to_item
from contracts.store.keys import telemetry_item
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import Load, Telemetry
from contracts.wire.units import S_PER_DAY

START_TS = 1_800_000_000
READ_UNIT_BYTES = 4096
"""Of a strongly consistent read, as the functions' are. Source: Amazon DynamoDB, read request units."""
VEN_ROW_BYTES = 1200
"""Interpretation: of a VEN's row in a fleet; 1,000 to 1,300 with what it reports."""


def read_units(seconds: float, interval_s: float) -> int:
    """Read units of a VEN's rows of so long, one each *interval_s*."""
    return ceil(seconds / interval_s * row_bytes() / READ_UNIT_BYTES)


CIRCUITS = tuple(
    Load(
        id=name,
        name=name,
        type=name,
        capacity_kw=10.0,
        current_power_kw=1.234,
        shed_capability_kw=1.234,
        priority=5,
    )
    for name in ("hvac1", "heater1", "ev1", "batt1", "dryer1", "range1", "lights1", "fridge1", "misc1", "pv1")
)
"""The ten circuits of the standard house, as far as a stored row has them."""


@cache
def row_bytes() -> int:
    """The size of a stored telemetry row with all that a twin reports, in an event."""
    row = Telemetry(
        ven_id=VenId("ven-1"),
        boot_id="20261128T080000-ab12cd34",
        timestamp=START_TS,
        seq=123_456,
        event_id=EventId("evt-20261128-080000-99f7"),
        used_power_kw=1.234,
        baseline_power_kw=3.579,
        shed_power_kw=2.345,
        requested_reduction_kw=2.5,
        battery_soc=0.5125,
        measured_s=30.003,
        outdoor_c=21.3,
        panel_amperage_rating=200.0,
        panel_voltage=240.0,
        panel_max_kw=48.0,
        current_amps=5.14,
        panel_utilization_percent=2.6,
        reactive_power_kvar=0.351,
        loads=CIRCUITS,
    )
    return item_bytes(telemetry_item(row, received_ts=START_TS + 0.731, expires_ts=START_TS + 30 * S_PER_DAY))


def item_bytes(item: JsonDict) -> int:
    """The size of an item. Source: Amazon DynamoDB Developer Guide, item sizes and formats."""
    return sum(len(name) + _attribute_bytes(value) for name, value in to_item(item).items())


def _attribute_bytes(attribute: JsonDict) -> int:
    kind, value = next(iter(attribute.items()))
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        digits = value.lstrip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + _attribute_bytes(inner) for inner in value)
    if kind == "M":
        return 3 + sum(1 + len(name) + _attribute_bytes(inner) for name, inner in value.items())
    return 1
