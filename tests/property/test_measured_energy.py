"""The energy that the cloud settles from a twin's rows is the energy that the twin metered."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.settle_event.logic.measure import VenTraces
from lambdas.shared.power_traces import PowerRow, Trace, Window
from ven_twin.control.command_handlers import VenFigures
from ven_twin.control.event_history import PastEvent
from ven_twin.ven.engine import StepTime, VenEngine
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.startup import start_engine, warm_house
from ven_twin.ven.storage.rows import JournalledCommand

NOW = 1_800_000_000
START_S = 1000.0
EVENT = Window(NOW + 5, NOW + 25)
LATE_S = st.lists(st.integers(0, 5).map(lambda late_ms: late_ms / 1000), min_size=20, max_size=20)
FIGURES = VenFigures(status=dict, config=dict, critical=frozenset())


@cache
def house(speed: float) -> HouseRuntime:
    """The standard house, whose time runs so fast."""
    return warm_house("standard", HouseClock(NOW, START_S, speed))


def lived(
    engine: VenEngine, begins: float, late_s: list[float], stopped: tuple[float, float]
) -> tuple[PastEvent, list[PowerRow]]:
    """The event as the twin metered it, and its rows: each tick is a little late, one by the stop."""
    at_s, tick, rows = 0.0, 0, []
    stop_at_s, stop_s = stopped
    while at_s < 60 + stop_s:
        wait_s = max(0.001, engine.due_s(StepTime(START_S + at_s, NOW + begins + at_s)))
        if at_s <= stop_at_s < at_s + wait_s:
            wait_s += stop_s
        at_s += wait_s + late_s[tick % len(late_s)]
        tick += 1
        engine, effects = engine.tick(StepTime(START_S + at_s, NOW + begins + at_s))
        rows += [json.loads(message.payload) for message in effects.messages if message.kind == "telemetry"]
    (past,) = engine.past
    columns = ("timestamp", "usedPowerKw", "baselinePowerKw", "eventId", "requestedReductionKw")
    more = ("bootId", "seq", "measuredS")
    return past, [PowerRow(*(row[name] for name in columns + more)) for row in rows]


@settings(max_examples=15)
@given(
    st.sampled_from([1.0, 5.0, 600.0]),
    st.integers(0, 999),
    LATE_S,
    st.integers(1, 30),
    st.tuples(st.floats(0, 40), st.sampled_from([0.0, 7.3, 90.0])),
)
def test_what_is_settled_is_what_was_metered(
    speed: float, begins_ms: int, late_s: list[float], every_s: int, stopped: tuple[float, float]
) -> None:
    """At any speed of the house, report interval and phase of the clock, and over a host that stands still.

    Each tick is up to 5 ms late, so that the stamps of the rows, in whole seconds, are off by up to a second.
    """
    engine = start_engine("v", house(speed), "boot", START_S, report_interval_s=every_s)
    request = {"op": "event", "correlationId": "c", "event_id": "e", "shed_kw": 2}
    times = {"start_ts": EVENT.start_ts, "end_ts": EVENT.end_ts}
    engine, _ = engine.on_command(JournalledCommand(1, json.dumps(request | times).encode(), NOW), FIGURES)
    past, rows = lived(engine, begins_ms / 1000, late_s, stopped)
    reduction = VenTraces.of(Trace.of(rows), "e").by_clone(EVENT)
    settled_kwh = reduction.kwh if reduction else 0.0
    assert settled_kwh == pytest.approx(past.delivered_kwh or 0.0, abs=10 * 0.006 / 3600 + 1e-5)
