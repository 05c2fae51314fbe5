"""Sizes of what is stored of a VEN, and the read units that it takes. Pure."""

from __future__ import annotations

from functools import cache
from math import ceil

import msgspec

from contracts.store.batch_rows import batch_item
from contracts.store.items import to_item
from contracts.store.keys import telemetry_item
from contracts.wire.codec import JsonDict, encode
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import Load, Telemetry
from contracts.wire.telemetry_batch import BATCH_MAX_ROWS, TelemetryBatch, batch_of
from contracts.wire.units import S_PER_DAY

START_TS = 1_800_000_000
EXPIRES_TS = START_TS + 30 * S_PER_DAY
METERED_BYTES = 5 * 1024
"""Of a message that is billed as one. Source: AWS IoT Core, additional metering details."""
READ_UNIT_BYTES = 4096
"""Of a strongly consistent read, as the functions' are. Source: Amazon DynamoDB, read request units."""
VEN_ROW_BYTES = 1200
"""Interpretation: of a VEN's row in a fleet; 1,000 to 1,300 with what it reports."""


def read_units(seconds: float, interval_s: float, rows_a_message: int = 1) -> int:
    """Read units of a VEN's rows of so long, one each *interval_s*, *rows_a_message* in an item."""
    size = row_bytes() if rows_a_message == 1 else batch_bytes(rows_a_message) / rows_a_message
    return ceil(seconds / interval_s * size / READ_UNIT_BYTES)


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
    item = telemetry_item(_row(0, in_event=True), received_ts=START_TS + 0.731, expires_ts=EXPIRES_TS)
    return item_bytes(item)


@cache
def batch_bytes(rows: int) -> int:
    """The size of a stored batch of so many rows in peace, of powers that change from row to row."""
    return item_bytes(batch_item(_batch(rows), received_ts=START_TS + 0.731, expires_ts=EXPIRES_TS))


@cache
def most_rows() -> int:
    """The rows of a batch that AWS IoT meters as one message."""
    fitting = (rows for rows in range(BATCH_MAX_ROWS, 1, -1) if len(encode(_batch(rows))) <= METERED_BYTES)
    return next(fitting, 1)


def _batch(rows: int) -> TelemetryBatch:
    return batch_of([_row(place, in_event=False) for place in range(rows)])


def _row(place: int, *, in_event: bool) -> Telemetry:
    """A row as a twin of the standard house sends it; its powers depend on its *place*."""
    loads = tuple(
        msgspec.structs.replace(load, current_power_kw=(place * 7919 + number * 104_729) % 5003 / 1000)
        for number, load in enumerate(CIRCUITS)
    )
    used_kw = 1.234 if in_event else (place * 7907) % 9001 / 1000
    return Telemetry(
        ven_id=VenId("ven-1"),
        boot_id="20261128T080000-ab12cd34",
        timestamp=START_TS + 30 * place,
        seq=123_456 + place,
        event_id=EventId("evt-20261128-080000-99f7") if in_event else None,
        used_power_kw=used_kw,
        baseline_power_kw=3.579 if in_event else used_kw,
        shed_power_kw=2.345 if in_event else 0.0,
        requested_reduction_kw=2.5 if in_event else None,
        battery_soc=0.5125,
        measured_s=30.003 - place % 3 / 1000,
        outdoor_c=21.3,
        panel_amperage_rating=200.0,
        panel_voltage=240.0,
        panel_max_kw=48.0,
        current_amps=round(used_kw * 1000 / 240, 2),
        panel_utilization_percent=round(used_kw * 1000 / 240 / 2, 1),
        reactive_power_kvar=0.351,
        loads=CIRCUITS if in_event else loads,
    )


def item_bytes(item: JsonDict) -> int:
    """The size of an item. Source: Amazon DynamoDB Developer Guide, item sizes and formats."""
    return sum(len(name) + _attribute_bytes(value) for name, value in to_item(item).items())


def _attribute_bytes(attribute: JsonDict) -> int:
    kind, value = next(iter(attribute.items()))
    if kind in {"S", "B"}:
        return len(value.encode() if isinstance(value, str) else value)
    if kind == "N":
        digits = value.lstrip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + _attribute_bytes(inner) for inner in value)
    if kind == "M":
        return 3 + sum(1 + len(name) + _attribute_bytes(inner) for name, inner in value.items())
    return 1
