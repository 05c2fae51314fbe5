"""The time to plan a fleet's event, and to rebalance a running one."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

from contracts.api.requests import DispatchEvent
from contracts.api.resources import TelemetryRow
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from contracts.wire.offers import OfferLevel
from harness.bench.figure import Figure
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.dispatch_event.logic.rebalance import rebalance
from lambdas.shared.rows import VenRow

NOW = 1_800_000_000.0
REPEATS = 7
MS = 1e3
LEVELS = tuple(OfferLevel(8.0 / n, 900.0 * 2**n) for n in range(1, 6))
"""As many durations as a VEN of ours tells."""


def run() -> Iterator[Figure]:
    """CPU times, the best of several runs, beside sorting as many pairs of an id and a number."""
    for count, aim in ((10_000, "<= 50 ms"), (100_000, "<= 500 ms")):
        vens = fleet_of(count)
        request = request_for(vens)
        pairs = _pairs(count)
        sorting_ms = _best_ms(partial(sorted, pairs))

        def figure(what: str, value: float, aim: str = "", of: float = sorting_ms) -> Figure:
            return Figure(what, value, "ms", aim, of, "sorting as many (id, number)")

        yield figure(f"planning over {count:,} VENs", _best_ms(partial(plan_of, request, vens)), aim)
        by_share = DispatchEvent(
            event_id=EventId("e"), intervals=request.intervals, allocation="proportional"
        )
        yield figure("  in proportion to the offers", _best_ms(partial(plan_of, by_share, vens)), aim)
        planned, latest = plan_of(request, vens), _rows(plan_of(request, vens))
        yield figure("  sharing it out again", _best_ms(partial(_again, planned, vens, latest)))


def fleet_of(count: int) -> list[VenRow]:
    """So many VENs with offers and histories of their own, the same each time."""
    rng = random.Random(7)
    return [
        VenRow(
            ven_id=VenId(f"ven-{number:06d}"),
            online=rng.random() > 0.05,
            enabled=True,
            shed_availability_kw=round(rng.uniform(0.0, 8.0), 3),
            sustain_s=rng.choice((1800.0, 14_400.0)),
            offers=LEVELS,
            performance=rng.choice((None, 0.6, 0.8, 0.95)),
            dispatched_kwh=rng.uniform(0.0, 30.0),
        )
        for number in range(count)
    ]


def request_for(vens: list[VenRow]) -> DispatchEvent:
    """Most of what is on offer, for two hours."""
    offered_kw = sum(ven.shed_availability_kw or 0.0 for ven in vens if ven.online)
    value = 0.5 * offered_kw
    return DispatchEvent(
        event_id=EventId("e"), intervals=(Interval(duration_s=7200, signal=Signal.SHED_KW, value=value),)
    )


def _rows(planned: Planned) -> dict[VenId, TelemetryRow]:
    """Everyone delivers 95 % of what it is called for."""
    return {
        assignment.ven_id: TelemetryRow(
            timestamp=int(NOW) + 295,
            received_ts=NOW + 296,
            boot_id="b",
            seq=9,
            used_power_kw=1.0,
            baseline_power_kw=1.0 + assignment.values[0],
            shed_power_kw=0.9 * assignment.values[0],
            event_id=EventId("e"),
        )
        for assignment in planned.plan.assignments
    }


def plan_of(request: DispatchEvent, vens: list[VenRow]) -> Planned:
    """The event and its first plan."""
    return plan_event(request, EventId("e"), vens, now=NOW, retention_days=30, token="t")


def _again(planned: Planned, vens: list[VenRow], latest: dict[VenId, TelemetryRow]) -> object:
    return rebalance(planned.row, planned.plan, vens, latest, now=NOW + 300.0, token="t")


def _pairs(count: int) -> list[tuple[str, float]]:
    rng = random.Random(7)
    return [(f"ven-{rng.randrange(10**6):06d}", rng.random()) for _ in range(count)]


def _best_ms(work: Callable[[], object]) -> float:
    """CPU time of the whole, ms; the rubbish of one run is cleared before the next."""
    times = []
    for _ in range(REPEATS):
        gc.collect()
        began = process_time()
        work()
        times.append(process_time() - began)
    return min(times) * MS
