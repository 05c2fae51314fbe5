"""The count of VENs at which each limit is met, by the constants of the code and what was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdk.shadow_pace import SHADOW_WRITERS, SHADOW_WRITES_PER_S, map_writers
from contracts.wire.units import S_PER_DAY, S_PER_MIN
from harness.scale.planner import MeasuredPlan
from harness.scale.quotas import PUBLISHES_A_SHADOW_UPDATE, Quotas
from lambdas.shared.fan_out import CHUNK_VENS
from ven_twin.operations.bill.events import ROWS_READ_S
from ven_twin.operations.bill.fleet import LOADS_PERIOD_S, BilledFleet
from ven_twin.operations.bill.measured import CALL_S, FULL_PROCESSOR_MB, FleetTime, measured
from ven_twin.operations.bill.telemetry import (
    LATEST_WRITES,
    SNAPSHOT_WRITES,
    telemetry_batches,
    update_batches,
)

MOST = 1_000_000
"""Counts above are not looked at."""
Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FleetLimit:
    """A limit: the count that meets it (infinite for none up to `MOST`), of what, and what then helps."""

    what: str
    vens: float
    of: str
    then: str


def limits(
    quotas: Quotas, template: Template, plans: list[MeasuredPlan], interval_s: float
) -> list[FleetLimit]:
    """Every limit, the one that is met first at the top.

    Args:
        quotas: the region's.
        template: of the stack, for the functions' memory and time.
        plans: as the planner was measured.
        interval_s: between two telemetry rows of a VEN, each sent at once, as in an event.
    """
    met = [
        *_broker(quotas, interval_s),
        *_tables_and_functions(quotas, interval_s),
        *_runs(template),
        *_planning(quotas, template, plans),
    ]
    return sorted(met, key=lambda limit: limit.vens)


def writers_per_s(quotas: Quotas) -> int:
    """Shadow writes a second by the queue's writers and those of one map run together."""
    return (SHADOW_WRITERS + map_writers(quotas.shadow_per_s)) * SHADOW_WRITES_PER_S


def updates_per_s() -> float:
    """A VEN's own shadow updates a second, without an event."""
    return measured().updates / S_PER_DAY


def _broker(quotas: Quotas, interval_s: float) -> Iterator[FleetLimit]:
    rows = 1 / interval_s + 1 / LOADS_PERIOD_S
    updates = updates_per_s()
    yield FleetLimit(
        "shadow requests in peace, beside the writers",
        (quotas.shadow_per_s - writers_per_s(quotas)) / updates,
        f"{quotas.shadow_per_s}/s, of which an event's writers take {writers_per_s(quotas)}",
        "quota L-6CC6395A",
    )
    yield FleetLimit(
        "publishes that come in",
        quotas.publishes_per_s / (rows + PUBLISHES_A_SHADOW_UPDATE * updates),
        f"{quotas.publishes_per_s:,}/s",
        "a longer report interval, or the quota",
    )
    yield FleetLimit(
        "rules evaluated", quotas.rules_per_s / (rows + updates), f"{quotas.rules_per_s:,}/s", "as before"
    )
    yield FleetLimit("connections", quotas.connections, f"{quotas.connections:,}", "the quota")


def _tables_and_functions(quotas: Quotas, interval_s: float) -> Iterator[FleetLimit]:
    def busy(vens: int) -> int:
        fleet = BilledFleet(vens=vens, interval_s=interval_s, batch_s=0.0, claimed=True)
        return telemetry_batches(fleet).sandboxes + update_batches(fleet).sandboxes

    yield FleetLimit(
        "functions at once, of telemetry and reports",
        _first(lambda vens: busy(vens) > quotas.concurrency),
        f"{quotas.concurrency:,}",
        "the quota of Lambda",
    )
    writes = (1 + LATEST_WRITES) / interval_s + SNAPSHOT_WRITES / LOADS_PERIOD_S
    yield FleetLimit(
        "writes to the telemetry table",
        quotas.table_writes_per_s / writes,
        f"{quotas.table_writes_per_s:,} units/s",
        "quota L-AB614373, or a longer interval",
    )
    yield FleetLimit("schedules", math.inf, "some an event, whatever the fleet", "–")
    yield FleetLimit(
        "messages in the shadow queue", _shown(quotas.sqs_in_flight * CHUNK_VENS), "120,000 in flight", "–"
    )


def _runs(template: Template) -> Iterator[FleetLimit]:
    """Functions that go over the whole fleet in one run."""
    times, days = measured().fleets, {name: s / S_PER_DAY for name, s in ROWS_READ_S.items()}
    for name, seconds in days.items():
        within = _timeout_s(template, "settle_event")
        yield FleetLimit(
            f"time of settle_event, {name}",
            within / (_ven_s(times["settle_event"]) * seconds),
            f"{within:.0f} s",
            "settle in parts",
        )
    within = _timeout_s(template, "settle_event")
    yield FleetLimit(
        "an event taken out of the shadows",
        within / _ven_s(times["write_shadows"], FULL_PROCESSOR_MB),
        f"{within:.0f} s, by settle_event itself, each time that it runs",
        "take it out by the queue or a map",
    )
    within = _timeout_s(template, "watch_fleet")
    yield FleetLimit(
        "time of watch_fleet", within / _ven_s(times["watch_fleet"]), f"{within:.0f} s", "its memory_mb"
    )
    yield FleetLimit(
        "redispatch each minute",
        S_PER_MIN / _ven_s(times["dispatch_event"]),
        f"{S_PER_MIN:.0f} s of dispatch_event",
        "redispatch_min",
    )
    within = _timeout_s(template, "dispatch_event")
    yield FleetLimit(
        "time of dispatch_event", within / _ven_s(times["dispatch_event"]), f"{within:.0f} s", "its memory_mb"
    )


def _planning(quotas: Quotas, template: Template, plans: list[MeasuredPlan]) -> Iterator[FleetLimit]:
    largest = plans[-1]
    memory_mb = float(_function(template, "dispatch_event")["MemorySize"])
    yield FleetLimit(
        "memory of dispatch_event, by its planner",
        _shown(memory_mb / (largest.memory_mb / largest.vens)),
        f"{memory_mb:,.0f} MB",
        "its memory_mb",
    )
    within = _timeout_s(template, "dispatch_event")
    yield FleetLimit(
        "a plan's writes to one partition key",
        _shown(within * quotas.partition_writes_per_s / (largest.write_units / largest.vens)),
        f"{quotas.partition_writes_per_s:,} units/s for {within:.0f} s",
        "a key of event and chunk",
    )
    yield FleetLimit(
        "input of a map run",
        _shown(quotas.input_bytes / (largest.input_bytes / largest.vens)),
        f"{quotas.input_bytes // 1024} KB",
        "–",
    )


def _ven_s(time: FleetTime, memory_mb: int | None = None) -> float:
    """The time of a run for each VEN, at the function's share of a processor, s."""
    share = min(memory_mb or time.memory_mb, FULL_PROCESSOR_MB) / FULL_PROCESSOR_MB
    return time.ven_s / share + time.ven_calls * CALL_S


def _first(exceeds: Any) -> float:
    """The least count that exceeds; infinite where none does up to `MOST`."""
    if not exceeds(MOST):
        return math.inf
    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if exceeds(middle) else (middle + 1, high)
    return float(low)


def _shown(vens: float) -> float:
    return math.inf if vens > MOST else vens


def _timeout_s(template: Template, function: str) -> float:
    return float(_function(template, function)["Timeout"])


def _function(template: Template, name: str) -> Mapping[str, Any]:
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("Handler") == f"lambdas.{name}.handler.handler":
            function: Mapping[str, Any] = properties
            return function
    raise LookupError(name)
