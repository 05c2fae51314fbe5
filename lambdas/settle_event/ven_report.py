"""One VEN's part in an event: what it was asked for and what it did. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.events import Interval, Phase, Signal
from contracts.requests import Assignment
from contracts.settlement import Baseline, Delivered, Quality, VenReport
from lambdas.common.rows import EventRow
from lambdas.settle_event.baselines import BEFORE_S, RULES, WHY_ABSENT, BaselineKw
from lambdas.settle_event.energy import Row, Span, Window, integrate, longest_gap_s, spans, used_kw

REBOUND_S = 3600.0
"""How long after the event what a site draws more is counted as rebound, if it is settled that late."""
SPARSE = 0.9
"""Below this coverage a report says so."""


@dataclass(frozen=True, slots=True)
class Part:
    """An event as one VEN had it: when, and what in which interval."""

    window: Window
    intervals: tuple[tuple[Window, Interval, float], ...]

    @property
    def asked_kw(self) -> float:
        """Power to shed, as a mean over the whole time, kW: to be held against the delivered mean."""
        if self.window.duration_s <= 0:
            return 0.0
        kws = sum(
            value * window.duration_s
            for window, interval, value in self.intervals
            if interval.signal is Signal.SHED_KW
        )
        return kws / self.window.duration_s


def part_of(event: EventRow, assignment: Assignment) -> Part:
    """The VEN's part: moved by its share of the randomised start, from when it could be known, to its end.

    A cancelled event ends with its cancellation.
    """
    start_ts = event.start_ts + event.for_ven(assignment).start_offset_s(assignment.ven_id)
    end_ts = start_ts + sum(interval.duration_s for interval in event.intervals)
    if event.cancelled_ts is not None:
        end_ts = min(end_ts, event.cancelled_ts)
    whole = Window(max(start_ts, event.created_ts), end_ts)
    intervals = []
    for interval, value in zip(event.intervals, assignment.values, strict=True):
        window = Window(start_ts, start_ts + interval.duration_s).cut(whole)
        intervals.append((window, interval, value))
        start_ts += interval.duration_s
    return Part(whole, tuple(intervals))


def report_ven(
    event_id: str, ven_id: str, part: Part, rows: Sequence[Row], acks: Mapping[str, Any]
) -> VenReport:
    """What a VEN delivered, from its telemetry around the event and its acks by phase."""
    covered = spans(rows)
    window = part.window
    used = integrate(covered, window, used_kw)
    baselines = {name: rule(covered, window) for name, rule in RULES.items()}
    delivered: dict[Baseline, Delivered] = {
        name: found
        for name, baseline_kw in baselines.items()
        if baseline_kw is not None and (found := _delivered(covered, part, baseline_kw)) is not None
    }
    active = acks.get(Phase.ACTIVE)
    return VenReport(
        ven_id=ven_id,
        asked_kw=part.asked_kw,
        used_kw=used.mean_kw,
        delivered=delivered,
        quality=_quality(covered, window, rows, used.covered_s),
        acknowledged=any(phase in acks for phase in Phase),
        opted_out=Phase.OPTED_OUT in acks,
        response_s=max(0.0, active["ts"] - window.start_ts) if active else None,
        restored=_restored(event_id, window, rows),
        rebound_kwh=_rebound_kwh(covered, window),
        notes=tuple(_notes(window, used.covered_s, [name for name in RULES if name not in delivered], acks)),
    )


def reading_window(part: Part) -> Window:
    """The time whose telemetry a VEN's report needs."""
    return Window(part.window.start_ts - BEFORE_S, part.window.end_ts + REBOUND_S)


def _delivered(covered: Sequence[Span], part: Part, baseline_kw: BaselineKw) -> Delivered | None:
    """Delivery against one baseline; None when no row covers the event."""

    def saved_kw(row: Row) -> float:
        return baseline_kw(row) - row.used_power_kw

    saved = integrate(covered, part.window, saved_kw)
    expected = integrate(covered, part.window, baseline_kw)
    if saved.mean_kw is None or expected.mean_kw is None:
        return None
    return Delivered(
        baseline_kw=expected.mean_kw,
        delivered_kw=saved.mean_kw,
        delivered_kwh=saved.energy_kwh,
        intervals_kw=tuple(integrate(covered, window, saved_kw).mean_kw for window, _, _ in part.intervals),
    )


def _quality(covered: Sequence[Span], window: Window, rows: Sequence[Row], covered_s: float) -> Quality:
    return Quality(
        rows=sum(window.start_ts < row.timestamp <= window.end_ts for row in rows),
        coverage=min(1.0, covered_s / window.duration_s) if window.duration_s > 0 else 0.0,
        longest_gap_s=longest_gap_s(covered, window),
    )


def _restored(event_id: str, window: Window, rows: Sequence[Row]) -> bool | None:
    """Whether the last row after the end is no longer of this event; None when there is none."""
    after = [row for row in rows if row.timestamp > window.end_ts]
    return max(after, key=lambda row: row.timestamp).event_id != event_id if after else None


def _rebound_kwh(covered: Sequence[Span], window: Window) -> float | None:
    """What was drawn beyond the clone's baseline after the event, as far as it is stored, kWh."""
    after = Window(window.end_ts, window.end_ts + REBOUND_S)
    beyond = integrate(covered, after, lambda row: row.used_power_kw - row.baseline_power_kw)
    return beyond.energy_kwh if beyond.covered_s > 0 else None


def _notes(window: Window, covered_s: float, absent: list[Baseline], acks: Mapping[str, Any]) -> list[str]:
    if window.duration_s <= 0:
        return ["cancelled before it started"]
    notes = [WHY_ABSENT[name] for name in absent]
    if 0 < covered_s < SPARSE * window.duration_s:
        notes.append(f"telemetry covers {covered_s / window.duration_s:.0%} of the event")
    if "refused" in acks:
        notes.append(f"refused by the VEN: {acks['refused'].get('error', 'without a reason')}")
    return notes
