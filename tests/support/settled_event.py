"""An event worked out without an account: its plans, its VENs' rows and acks, its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.api.reports import Baseline, EventReport, VenReport
from contracts.api.requests import Assignment
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.evidence import VenEvidence
from lambdas.settle_event.logic.report import report_event, settlement_context
from lambdas.settle_event.logic.timeline import event_timeline
from lambdas.settle_event.logic.ven_acks import VenAcks
from lambdas.settle_event.logic.ven_report import MeasuredVen, measure_ven
from lambdas.shared.power_traces import PowerRow, Trace, Window
from lambdas.shared.rows import EventRow

START = 20_649 * 86_400 + 17 * 3600
"""Wednesday 15 July 2026, 17:00 UTC."""
HOUR = 3600
E1 = EventId("e1")


def event_row(**fields: Any) -> EventRow:
    """An event that was made an hour before its start."""
    defaults: dict[str, Any] = {
        "event_id": E1,
        "requested": "",
        "revision": 0,
        "start_ts": START,
        "intervals": (),
        "plan_id": "p",
        "created_ts": START - HOUR,
        "expires_ts": START + 86_400,
    }
    return EventRow(**(defaults | fields))


def interval(duration_s: int, value: float, signal: Signal = Signal.SHED_KW) -> Interval:
    """So much for so long."""
    return Interval(duration_s=duration_s, signal=signal, value=value)


def plan(intervals: Sequence[Interval], vens: Mapping[str, Sequence[float]], **fields: Any) -> Plan:
    """A plan of the event's creation, with each VEN's value in each interval."""
    defaults: dict[str, Any] = {
        "plan_id": "p",
        "revision": 0,
        "from_ts": START - HOUR,
        "start_ts": START,
        "intervals": tuple(intervals),
        "assignments": tuple(
            Assignment(ven_id=VenId(ven_id), values=tuple(values)) for ven_id, values in vens.items()
        ),
    }
    return Plan(**(defaults | fields))


def power_rows(
    from_s: int,
    to_s: int,
    used_kw: float,
    *,
    clone_kw: float = 5.0,
    every_s: int = 60,
    event_id: EventId | None = None,
    requested_kw: float | None = None,
) -> list[PowerRow]:
    """Rows in (from, to], in seconds after the event's start."""
    return [
        PowerRow(START + at, used_kw, clone_kw, event_id, requested_kw)
        for at in range(from_s + every_s, to_s + 1, every_s)
    ]


@dataclass
class SettledEvent:
    """An event as it is stored; *days_kw* are its hours on the weekdays before, the latest first."""

    plans: Sequence[Plan]
    rows: Mapping[str, Sequence[PowerRow]] = field(default_factory=dict)
    acks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    days_kw: Sequence[float] = ()
    event: EventRow = field(default_factory=event_row)

    def measured(self) -> list[MeasuredVen]:
        """Its VENs, in the order of their ids."""
        timeline = event_timeline(self.event, self.plans)
        context = settlement_context(self.event, timeline)
        days = _days(context.frame, self.days_kw)
        return [
            measure_ven(
                VenEvidence(
                    ven_id,
                    ven_timeline,
                    Trace.of(self.rows.get(ven_id, ())),
                    days,
                    VenAcks.of(self.acks.get(ven_id, {})),
                ),
                context,
            )
            for ven_id, ven_timeline in timeline.vens.items()
        ]

    def ven(self) -> VenReport:
        """The report of its only VEN."""
        (one,) = self.measured()
        return one.report

    def report(self, *, baseline: Baseline = "clone", settled_ts: int = START + 2 * HOUR) -> EventReport:
        """Its report."""
        timeline = event_timeline(self.event, self.plans)
        return report_event(
            self.event, self.plans, timeline, self.measured(), baseline=baseline, settled_ts=settled_ts
        )


def _days(frame: Frame, days_kw: Sequence[float]) -> tuple[MatchedDay, ...]:
    shares = [
        Window(frame.start_ts + quarter * 900, frame.start_ts + (quarter + 1) * 900)
        .cut(frame.event)
        .duration_s
        for quarter in range(frame.count)
    ]
    return tuple(
        MatchedDay(ago, DayType.WEEKDAY, tuple(kw if share_s > 0 else 1.0 for share_s in shares))
        for ago, kw in enumerate(days_kw, start=1)
    )


THREE_KW = [interval(HOUR, 3.0)]
TEN = tuple(float(kw) for kw in range(1, 11))
"""Ten weekdays, 5.5 kW on the mean and 8 kW of the five highest."""
FULL = [*power_rows(-4 * HOUR, 0, 1.0), *power_rows(0, HOUR, 2.0, event_id=E1)]
"""1 kW before, and 2 kW in the event."""


def event_of_one(**fields: Any) -> SettledEvent:
    """3 kW for an hour of one VEN."""
    return SettledEvent(**({"plans": [plan(THREE_KW, {"a": [3.0]})], "rows": {"a": FULL}} | fields))


def event_of_two(**fields: Any) -> SettledEvent:
    """3 kW for an hour of two VENs, 1.5 kW each."""
    rows = {"a": FULL, "b": FULL}
    return SettledEvent(**({"plans": [plan(THREE_KW, {"a": [1.5], "b": [1.5]})], "rows": rows} | fields))
