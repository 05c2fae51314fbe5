"""The cost of settling an event: 1,000 VENs that report every 30 s, two hours, 45 days of history.

Rows and days are read by the function's own client from the bytes that DynamoDB's Query answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from time import process_time

from contracts.api.reports import EventReport
from contracts.api.requests import Assignment
from contracts.store.items import to_item
from contracts.store.keys import TELEMETRY
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from harness.bench import canned_tables
from harness.bench.canned_tables import CannedTables
from harness.bench.figure import Figure
from harness.bench.stored_rows import stored_rows
from lambdas.settle_event.history import History, _day_item
from lambdas.settle_event.logic.days import DAY_S, QUARTERS, DayProfile, past_days
from lambdas.settle_event.logic.evidence import VenEvidence
from lambdas.settle_event.logic.report import report_event, settlement_context
from lambdas.settle_event.logic.timeline import event_timeline
from lambdas.settle_event.logic.ven_acks import VenAcks
from lambdas.settle_event.logic.ven_report import measure_ven
from lambdas.settle_event.logic.weather import SiteWeather
from lambdas.shared import clients
from lambdas.shared.power_traces import PowerRow, Trace
from lambdas.shared.rows import EventRow
from lambdas.shared.telemetry_rows import query_telemetry

VENS = 1_000
START = 20_649 * DAY_S + 17 * 3600
"""Wednesday 15 July 2026, 17:00 UTC."""
TWO_H = 7_200
EVERY_S = 30
REPEATS = 3
READ_BEFORE_S = 6 * 3600
"""The rows that are read from before an event: of the frame's four hours, and of a rebound before them."""
SETTLED = START + TWO_H + 120
IN_EVENT = "e1"
ACKS = {
    "active": {"ts": START + 4},
    "completed": {"ts": START + TWO_H, "data": {"deliveredKwh": 4.0}},
    "ownKwh#0": 4.0,
}


def run() -> Iterator[Figure]:
    """CPU times, each the best of a few, beside the reading of the powers of the same rows by `json`."""
    around, before = _rows(START - READ_BEFORE_S, SETTLED), _days()
    text = json.dumps([row.used_power_kw for row in around])
    name = "reading the powers of the same rows as JSON"

    def figure(what: str, work: Callable[[], object], aim: str = "", *, times: int = 1) -> Figure:
        # The reference stands beside each, since others may be at work on the machine.
        json_s = best_s(lambda: [json.loads(text) for _ in range(VENS)])
        return Figure(what, times * best_s(work), "s", aim, json_s, name)

    event, plan = event_of([VenId(f"ven-{number}") for number in range(VENS)])
    with _tables(around, before).behind_the_client():
        yield figure(
            "settling 1,000 VENs, 2 h at 30 s, reading included",
            lambda: canned_tables.settle(event, plan, SETTLED),
            "<= 60 x",
        )
        telemetry = clients.table("telemetry", TELEMETRY)
        history = History(telemetry, SETTLED, float("inf"))
        frame = settlement_context(event, event_timeline(event, [plan])).frame
        yield figure(
            "reading their rows",
            lambda: [
                list(query_telemetry(telemetry, PowerRow, ven.ven_id, START - READ_BEFORE_S, SETTLED))
                for ven in plan.assignments
            ],
        )
        yield figure(
            "reading their 45 kept days",
            lambda: [history.profiles(ven.ven_id, frame) for ven in plan.assignments],
        )
    yield figure("counting, all else being there", lambda: _settle(around, before), "<= 30 x")
    few = VENS // 10
    yield figure(
        "the same, each under its own sky", lambda: _settle(around, before, few, skies=True), times=10
    )


def report_of(count: int) -> EventReport:
    """The report of an event with *count* VENs."""
    return _settle(_rows(START - 4 * 3600, START + TWO_H + 300), _days(), count)


def _tables(around: list[PowerRow], before: dict[int, DayProfile]) -> CannedTables:
    """The rows and days of each VEN, and its acks of the event."""
    stored = stored_rows(around, (START, START + TWO_H))
    days = [to_item(_day_item(VenId("ven"), day, profile)) for day, profile in before.items()]
    acks = [to_item({"venId": f"ven-{number}", **ACKS}) for number in range(VENS)]
    return CannedTables.of(stored, days={day["rowId"]["S"]: day for day in days}, in_event=acks)


def _settle(
    around: list[PowerRow], before: dict[int, DayProfile], count: int = VENS, *, skies: bool = False
) -> EventReport:
    """All that is done between reading and writing, for each VEN and for the aggregate.

    With *skies* each VEN is under one of its own, so that none shares another's regression.
    """
    event, plan = event_of([VenId(f"ven-{number}") for number in range(count)])
    timeline = event_timeline(event, [plan])
    context = settlement_context(event, timeline)
    sky = _weather(around, before)
    vens = [
        measure_ven(
            VenEvidence(
                ven_id,
                ven_timeline,
                Trace.of(around),
                past_days(before, context.frame),
                VenAcks.of(ACKS),
                weather=_warmer(sky, number) if skies else _weather(around, before).under(sky),
            ),
            context,
        )
        for number, (ven_id, ven_timeline) in enumerate(timeline.vens.items())
    ]
    return report_event(event, [plan], timeline, vens, baseline="residential_5_of_10", settled_ts=SETTLED)


def event_of(ven_ids: Sequence[VenId]) -> tuple[EventRow, Plan]:
    """An event of two hours that dispatches 2 kW to each VEN, and its plan."""
    interval = Interval(duration_s=TWO_H, signal=Signal.SHED_KW, value=2.0 * len(ven_ids))
    plan = Plan(
        plan_id="0-a",
        revision=0,
        from_ts=START - 600.0,
        start_ts=START,
        intervals=(interval,),
        assignments=tuple(Assignment(ven_id=ven_id, values=(2.0,)) for ven_id in ven_ids),
    )
    event = EventRow(
        event_id=EventId(IN_EVENT),
        requested="",
        revision=0,
        start_ts=START,
        intervals=(interval,),
        plan_id=plan.plan_id,
        created_ts=START - 600.0,
        expires_ts=START + 30 * DAY_S,
    )
    return event, plan


def _rows(from_ts: int, to_ts: int) -> list[PowerRow]:
    return [
        PowerRow(
            timestamp=timestamp,
            used_power_kw=3.0 + (timestamp % 7) / 10,
            baseline_power_kw=5.0 + (timestamp % 11) / 10,
            event_id=EventId(IN_EVENT) if START < timestamp <= START + TWO_H else None,
            boot_id="6a57d1f0c0ffee",
            seq=seq,
            measured_s=EVERY_S + (seq % 3 - 1) / 1000,
            received_ts=timestamp + 0.731,
            outdoor_c=31.4,
        )
        for seq, timestamp in enumerate(range(from_ts, to_ts, EVERY_S))
    ]


def _days() -> dict[int, DayProfile]:
    today = START // DAY_S
    return {
        today - ago: DayProfile(
            tuple(1.0 + (ago * quarter % 17) / 4 for quarter in range(QUARTERS)),
            1.0,
            outdoor_c=tuple(20.0 + ago % 7 + hour % 12 for hour in range(24)),
        )
        for ago in range(1, 46)
    }


def _weather(around: list[PowerRow], before: dict[int, DayProfile]) -> SiteWeather:
    return SiteWeather.of_site({day: profile.outdoor_c for day, profile in before.items()}, around)


def _warmer(weather: SiteWeather, by_c: float) -> SiteWeather:
    """*weather* by a thermometer that is off."""
    hours_c = {
        hour: value_c + by_c
        for hour, value_c in enumerate(weather.outdoor_c, weather.first_h)
        if value_c is not None
    }
    return SiteWeather.of(hours_c)


def best_s(work: Callable[[], object]) -> float:
    """The least CPU time of a few runs of *work*, s."""
    times = []
    for _ in range(REPEATS):
        began = process_time()
        work()
        times.append(process_time() - began)
    return min(times)
