"""A batch of telemetry: several rows of a VEN in one message, field by field.

It travels on the topic of the rows, and stands for just these rows: ::

    {"venId": "ven-1", "bootId": "b1", "panelVoltage": 240, "panelAmperageRating": 200,
     "samples": {"timestamp": [1800000000, 1800000030], "seq": [7, 8],
                 "usedPowerKw": [1.2, 1.3], "baselinePowerKw": [1.2, 1.3], "shedPowerKw": [0, 0],
                 "circuitsKw": {"heat_pump": [0.9, 1.0], "fridge": [0.1, null]}}}

Each list has a value for each row, in the order of ``seq``; null where a row has none, and a list of nothing
but null is left out. Of the circuits a batch has the power alone: a loads snapshot says the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contracts.errors import FieldError, WireError
from contracts.wire import codec
from contracts.wire.ids import CheckedEventId, VenId
from contracts.wire.telemetry import (
    SCHEMA_VERSION,
    BootId,
    MeasuredTime,
    Name,
    OutdoorTemperature,
    PositivePower,
    Power,
    ReactivePower,
    Soc,
    Telemetry,
    Text,
    Timestamp,
    check_sender,
)
from contracts.wire.telemetry import (
    Sequence as RowNumber,
)

T = TypeVar("T")
Column = Annotated[tuple[T, ...], Meta(min_length=1, max_length=60)]
"""A value for each row of a batch."""
Amps = Annotated[float, Meta(ge=-10_000, le=10_000)]
Percent = Annotated[float, Meta(ge=0, le=1000)]

BATCH_MAX_ROWS = 60
"""Rows of a batch at most."""
BATCH_SPAN_S = 900
"""From a batch's first row to its last at most, s: who reads rows of a time looks so far behind it."""
CIRCUITS_MAX = 64
"""Circuits of a row that are stored. Interpretation: a house's panel has places for 42 breakers at most."""
SAMPLES = "samples"


class Samples(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """The rows of a batch, a list a field, as `Telemetry` has them. Unset where no row has one."""

    timestamp: Column[Timestamp]
    seq: Column[RowNumber]
    used_power_kw: Column[Power]
    baseline_power_kw: Column[Power]
    shed_power_kw: Column[PositivePower]
    event_id: Column[CheckedEventId | None] | UnsetType = UNSET
    requested_reduction_kw: Column[Power | None] | UnsetType = UNSET
    battery_soc: Column[Soc | None] | UnsetType = UNSET
    measured_s: Column[MeasuredTime | None] | UnsetType = UNSET
    outdoor_c: Column[OutdoorTemperature | None] | UnsetType = UNSET
    reactive_power_kvar: Column[ReactivePower | None] | UnsetType = UNSET
    current_amps: Column[Amps] | UnsetType = UNSET
    panel_utilization_percent: Column[Percent] | UnsetType = UNSET
    circuits_kw: dict[Name, Column[Power | None]] = {}


class TelemetryBatch(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Rows of one boot of a VEN in one message. The panel is the same for all of them."""

    ven_id: VenId
    boot_id: BootId
    samples: Samples
    schema_version: Text = SCHEMA_VERSION
    panel_amperage_rating: Annotated[float, Meta(ge=0, le=4000)] = 0.0
    panel_voltage: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    panel_max_kw: PositivePower = 0.0

    def last_row(self) -> Telemetry:
        """The newest row, without circuits."""
        return self.row(len(self.samples.seq) - 1)

    def row(self, place: int) -> Telemetry:
        """The row at *place*, without circuits."""
        fields: dict[str, Any] = {}
        for name in ROW_FIELDS:
            column = getattr(self.samples, name)
            if column is not UNSET and column[place] is not None:
                fields[name] = column[place]
        shared = {name: getattr(self, name) for name in SHARED_FIELDS}
        return Telemetry(ven_id=self.ven_id, boot_id=self.boot_id, **shared, **fields)


ROW_FIELDS = tuple(name for name in Samples.__struct_fields__ if name != "circuits_kw")
SHARED_FIELDS = ("schema_version", "panel_amperage_rating", "panel_voltage", "panel_max_kw")
"""Fields of a row that a batch has once."""
_POWERS = frozenset(["usedPowerKw", "power_kw"])
_REQUIRED = frozenset(["timestamp", "seq", "used_power_kw", "baseline_power_kw", "shed_power_kw"])


def is_batch(raw: bytes) -> bool:
    """True when a payload of the telemetry topic is a batch; a row has its power beside whatever else."""
    if b'"samples"' not in raw:
        return False
    try:
        value = codec.load_object(raw)
    except WireError:
        return False
    return SAMPLES in value and value.keys().isdisjoint(_POWERS)


def read_batch(raw: bytes, *, ven_id: VenId) -> TelemetryBatch:
    """A batch from the wire.

    Args:
        raw: the payload.
        ven_id: whose topic it came on; the broker has checked that, the payload is only data.

    Raises:
        MalformedError, OversizeError, FieldError: see `contracts.wire.codec`; also lists of different
            lengths, rows that are out of order or too far apart, and another VEN's id.
    """
    value = codec.without_nulls(codec.load_object(raw))
    check_sender(value, ven_id)
    batch = codec.convert(TelemetryBatch, value)
    _check(batch.samples)
    return batch


def _check(samples: Samples) -> None:
    """Refuse rows that do not fit together."""
    rows = len(samples.timestamp)
    columns = {name: getattr(samples, name) for name in ROW_FIELDS}
    columns |= {f"circuits_kw.{name}": column for name, column in samples.circuits_kw.items()}
    for name, column in columns.items():
        if column is not UNSET and len(column) != rows:
            field = _wire_path(name)
            raise FieldError(field, f"has {len(column)} values, and {SAMPLES}.timestamp has {rows}")
    if len(samples.circuits_kw) > CIRCUITS_MAX:
        raise FieldError(f"{SAMPLES}.circuitsKw", f"at most {CIRCUITS_MAX} circuits")
    if any(later <= earlier for earlier, later in pairwise(samples.seq)):
        raise FieldError(f"{SAMPLES}.seq", "is not rising")
    if any(later < earlier for earlier, later in pairwise(samples.timestamp)):
        raise FieldError(f"{SAMPLES}.timestamp", "goes back; send such rows in a message of their own")
    if samples.timestamp[-1] - samples.timestamp[0] > BATCH_SPAN_S:
        raise FieldError(f"{SAMPLES}.timestamp", f"spans more than {BATCH_SPAN_S} s")


def _wire_path(name: str) -> str:
    field, dot, circuit = name.partition(".")
    wire_name = next(f.encode_name for f in msgspec.structs.fields(Samples) if f.name == field)
    return f"{SAMPLES}.{wire_name}{dot}{circuit}"[:64]


def fitting(rows: Sequence[Telemetry]) -> int:
    """The number of *rows*, from the first on, that make one batch: at least one."""
    first = rows[0]
    for place, (before, row) in enumerate(pairwise(rows[:BATCH_MAX_ROWS]), start=1):
        same = row.boot_id == first.boot_id and _shared(row) == _shared(first)
        rising = row.seq > before.seq and row.timestamp >= before.timestamp
        if not (same and rising and row.timestamp - first.timestamp <= BATCH_SPAN_S):
            return place
    return min(len(rows), BATCH_MAX_ROWS)


def batch_of(rows: Sequence[Telemetry]) -> TelemetryBatch:
    """*rows*, as many as are `fitting`, as a batch; of their circuits the power alone."""
    samples: dict[str, Any] = {}
    for name in ROW_FIELDS:
        column = tuple(_or_none(getattr(row, name)) for row in rows)
        if name in _REQUIRED or any(value is not None for value in column):
            samples[name] = column
    return TelemetryBatch(
        ven_id=rows[0].ven_id,
        boot_id=rows[0].boot_id,
        samples=Samples(**samples, circuits_kw=_circuits(rows)),
        **dict(zip(SHARED_FIELDS, _shared(rows[0]), strict=True)),
    )


def _circuits(rows: Sequence[Telemetry]) -> dict[str, tuple[float | None, ...]]:
    """The power of the circuits of *rows*, kW, a value a row."""
    powers_kw = [{load.id: load.current_power_kw for load in row.loads} for row in rows]
    names = dict.fromkeys(name for row in powers_kw for name in row)
    return {name: tuple(row.get(name) for row in powers_kw) for name in islice(names, CIRCUITS_MAX)}


def _shared(row: Telemetry) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in SHARED_FIELDS)


def _or_none(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value
