"""`measured.json` of the bill, of what was measured elsewhere: functions, days, a metered cloud."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from harness.functions.loads.messages import BATCH, ONE_MESSAGE, TEN_MESSAGES
from harness.functions.measure import Measured
from harness.functions.page import read_measurements
from harness.functions.stack import StackFunction
from harness.prices.compared import COUNTED, Counted
from harness.prices.shadow_day import LivedHours
from ven_twin.operations.bill.measured import FILE, BatchTime, BillFigures, FleetTime

DAYS = Path(__file__).with_name("days.jsonl")
"""The hours that were lived by `harness.prices.shadow_day`, a line each."""
FLEETS: Mapping[str, tuple[str, float]] = {
    "watch_fleet": ("10,000 VENs that are online", 10_000),
    "rotate_ven": ("a sweep over 10,000 VENs", 10_000),
    "dispatch_event": ("an event of 24 intervals over 10,000 VENs is shared out", 10_000),
    "settle_event": ("settling 16 VENs, 20 days", 16 * 20),
    "write_shadows": ("200 shadows of 24 intervals", 200),
}
"""Loads over a fleet, by their first words, and over how many VENs; settlement's over days of VENs."""
PARALLEL_CALLS = 16
"""Calls over a fleet are under way together. Source: `lambdas.shared.parallel`."""


def measured_of(functions: Mapping[str, StackFunction]) -> BillFigures:
    """The figures, with the memory that *functions* have."""
    lived = [msgspec.json.decode(line, type=LivedHours) for line in DAYS.read_bytes().splitlines()]
    counted = msgspec.json.decode(COUNTED.read_bytes(), type=Counted)
    loads = {(load.function, load.load): load for load in read_measurements().loads}
    names = ("store_telemetry", "record_vens")
    return BillFigures(
        updates_a_day=a_day(lived, "updates"),
        snapshots_a_day=a_day(lived, "snapshots"),
        record_kb=round(sum(hours.record_kb for hours in lived) / sum(hours.updates for hours in lived), 3),
        batches={name: _batch(functions[name], loads) for name in names},
        fleets={name: _fleet(functions[name], read_measurements().loads) for name in FLEETS},
        log_bytes={name: _log_bytes(counted, name) for name in names},
    )


def _log_bytes(counted: Counted, function: str) -> int:
    """The bytes that a run of *function* logged, on average, with the event and without."""
    counts = [counted.counts, counted.event.counts if counted.event is not None else {}]
    logged, starts = (
        sum(count.get(f"{name}.{function}", 0.0) for count in counts) for name in ("log_bytes", "start")
    )
    return round(logged / starts)


def a_day(lived: Iterable[LivedHours], count: str) -> dict[str, int]:
    """A day's *count*, by the day; of hours that are spread over it, in proportion."""
    hours: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, int] = defaultdict(int)
    for stretch in lived:
        hours[stretch.start[:10]] += stretch.hours
        counts[stretch.start[:10]] += getattr(stretch, count)
    return {day: round(counts[day] / hours[day] * 24) for day in counts}


def _batch(function: StackFunction, loads: Mapping[tuple[str, str], Measured]) -> BatchTime:
    one, ten = (loads[function.name, words] for words in (ONE_MESSAGE, TEN_MESSAGES))
    one_more_s, one_more_calls = (
        (ten.handler_s - one.handler_s) / (BATCH - 1),
        (ten.calls - one.calls) / (BATCH - 1),
    )
    return BatchTime(
        memory_mb=function.memory_mb,
        first_s=round(one.handler_s - one_more_s, 5),
        one_more_s=round(one_more_s, 5),
        first_calls=round(one.calls - one_more_calls, 3),
        one_more_calls=round(one_more_calls, 3),
    )


def _fleet(function: StackFunction, loads: Iterable[Measured]) -> FleetTime:
    words, vens = FLEETS[function.name]
    (load,) = (load for load in loads if load.function == function.name and load.load.startswith(words))
    return FleetTime(
        memory_mb=function.memory_mb,
        ven_s=round(load.handler_s / vens, 7),
        ven_calls=round(load.calls / vens / PARALLEL_CALLS, 7),
    )


def write_measured(functions: Mapping[str, StackFunction]) -> None:
    """Write the file."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(measured_of(functions)), indent=1) + b"\n")
