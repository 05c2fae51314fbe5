"""Rows of telemetry in an outbox, for the tests of what becomes of them."""

from __future__ import annotations

from typing import Any

from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Load, Telemetry, read_telemetry
from contracts.wire.telemetry_batch import is_batch, read_batch
from ven_twin.ven.storage.outbox import Outbox

VEN = VenId("ven-1")
TOPIC = "ven/telemetry/ven-1"
START_TS = 1_800_000_000
CIRCUITS = ("hvac1", "heater1", "ev1", "batt1", "dryer1", "range1", "lights1", "fridge1", "misc1", "pv1")


def row(seq: int, *, interval_s: int = 30, circuits: tuple[str, ...] = CIRCUITS, **fields: Any) -> Telemetry:
    """The row of this number, as a standard house sends it."""
    loads = tuple(
        Load(
            id=name,
            name=name.title(),
            type=name[:-1],
            capacity_kw=5.0,
            current_power_kw=0.125 * seq,
            shed_capability_kw=1.0,
            priority=3,
        )
        for name in circuits
    )
    values = {
        "ven_id": VEN,
        "boot_id": "b1",
        "seq": seq,
        "timestamp": START_TS + interval_s * seq,
        "used_power_kw": 1.25,
        "baseline_power_kw": 1.25,
        "shed_power_kw": 0.0,
        "measured_s": float(interval_s),
        "panel_voltage": 240.0,
        "loads": loads,
    }
    return Telemetry(**{**values, **fields})


def put(outbox: Outbox, *seqs: int, interval_s: int = 30) -> None:
    """Put the rows of these numbers into *outbox*."""
    for seq in seqs:
        outbox.put("telemetry", TOPIC, codec.encode(row(seq, interval_s=interval_s)))


def seqs_of(payload: bytes) -> list[int]:
    """The numbers of the rows that a message of the telemetry topic stands for, as the cloud reads it."""
    if is_batch(payload):
        return list(read_batch(payload, ven_id=VEN).samples.seq)
    return [read_telemetry(payload, ven_id=VEN).seq]
