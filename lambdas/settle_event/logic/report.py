"""The event's report from what its VENs measured. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from contracts.api.reports import (
    FINAL_AFTER_S,
    Baseline,
    EventReport,
    IntervalReport,
    Participation,
    Quality,
    Series,
    VenReport,
)
from contracts.store.items import Item
from contracts.store.keys import REPORT_SORT_KEY
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.units import S_PER_H
from lambdas.settle_event.logic.aggregate import Aggregate, aggregate, sum_loads
from lambdas.settle_event.logic.cuts import event_cuts
from lambdas.settle_event.logic.days import Frame
from lambdas.settle_event.logic.evidence import SettlementContext
from lambdas.settle_event.logic.notes import of_fleet, of_plans
from lambdas.settle_event.logic.performance import best_delivery
from lambdas.settle_event.logic.resident_report import fleet_circuits, with_aftermath
from lambdas.settle_event.logic.timeline import EventTimeline, VenTimeline
from lambdas.settle_event.logic.ven_report import MeasuredVen
from lambdas.shared.power_traces import Window
from lambdas.shared.rows import EventRow

REPORT_MAX_BYTES = 300 * 1024
"""As JSON. Source: a DynamoDB item holds 400 KB; attribute values take a little more than JSON."""
DIGITS = 6
"""Of every figure in a report: milliwatts."""
SERIES_MOST = 240
STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MARGIN_S = 3600.0
"""How much before and after an event a series shows, or half the event's length if that is less."""
UNEXPLAINED = "it cannot be worked out"
DELIVERED_SHARE = 0.5
"""A VEN that delivered this share of what was dispatched to it counts as having delivered."""


def settlement_context(event: EventRow, timeline: EventTimeline) -> SettlementContext:
    """The settlement context of the event: its windows, its frame, the steps of its series."""
    timelines = (timeline.fleet, *timeline.vens.values())
    windows = [called.window for called in timelines if called.segments]
    if windows:
        window = Window(min(start_ts for start_ts, _ in windows), max(end_ts for _, end_ts in windows))
    else:
        window = Window(event.start_ts, event.start_ts)
    margin_s = min(MARGIN_S, max(60.0, window.duration_s / 2))
    length_s = window.duration_s + 2 * margin_s
    step_s = next((step for step in STEPS_S if length_s / step <= SERIES_MOST), length_s / SERIES_MOST)
    series = (window.start_ts - margin_s, float(step_s), int(length_s // step_s))
    return SettlementContext(
        event.event_id, timeline.fleet.window, Frame(window), timeline.intervals(), series, event.loads_up
    )


def report_event(
    event: EventRow,
    plans: Sequence[Plan],
    timeline: EventTimeline,
    vens: Sequence[MeasuredVen],
    *,
    baseline: Baseline,
    settled_ts: int,
    zone_name: str = "UTC",
) -> EventReport:
    """Report the event by every plan that was in force, the oldest first.

    *baseline* is the program's, *zone_name* the time zone of most VENs.
    """
    context = settlement_context(event, timeline)
    fleet = aggregate(vens, context)
    settled_by = _settled_by(fleet, baseline)
    reports = tuple(ven.report for ven in vens)
    report = EventReport(
        event_id=event.event_id,
        revision=event.revision,
        settled_ts=settled_ts,
        program=event.program,
        settled_by=settled_by,
        program_baseline=baseline,
        instead_because=_instead_because(fleet, baseline, settled_by),
        time_zone=zone_name,
        delivered=fleet.delivered,
        intervals=tuple(_intervals(context, timeline.fleet, vens)),
        participation=_participation(reports, settled_by),
        rebound_1h_kwh=_sum_or_none([ven.rebound_1h_kwh for ven in reports if ven.quality.rows]),
        quality=_quality(reports),
        series=_series(context, timeline.fleet, fleet, settled_by) if vens else None,
        vens=reports,
        cancelled=event.cancelled_ts is not None,
        loads_up=context.loads_up,
        circuits=fleet_circuits(reports),
        cuts=event_cuts(event, plans),
        notes=(*of_plans(event, plans), *of_fleet(reports, fleet, settled_by)),
        **_requested(context, timeline.fleet, reports, settled_ts),
    )
    after = [ven.after for ven in vens]
    over_ts = context.frame.event.end_ts
    return rounded(
        with_aftermath(report, reports, after, context.bought, over_ts=over_ts, settled_ts=settled_ts)
    )


def _requested(
    context: SettlementContext, fleet: VenTimeline, vens: Sequence[VenReport], settled_ts: int
) -> JsonDict:
    """The event's time, the power and energy requested in it, and the time of its final report."""
    window = context.requested_window if context.requested_window.duration_s > 0 else context.frame.event
    requested_kwh = _requested_kwh(fleet, vens, window)
    final_from_ts = int(context.frame.event.end_ts) + FINAL_AFTER_S
    return {
        "start_ts": int(window.start_ts),
        "end_ts": int(window.end_ts),
        "requested_kw": _mean_kw(requested_kwh, window.duration_s),
        "requested_kwh": requested_kwh,
        "dispatched_kw": _mean_kw(sum(ven.requested_kwh for ven in vens), window.duration_s),
        "preliminary": settled_ts < final_from_ts and window.duration_s > 0,
        "final_from_ts": final_from_ts,
    }


def without_vens(report: EventReport) -> EventReport:
    """A report too large for one item, without the VENs' parts, which then stand beside their acks."""
    elsewhere = f"the reports of {len(report.vens)} VENs stand under their parts of the event"
    notes = report.notes if elsewhere in report.notes else (*report.notes, elsewhere)
    return msgspec.structs.replace(report, vens=(), notes=notes)


def too_large(report: EventReport) -> bool:
    """Tell a report that does not fit into one item."""
    return len(codec.encode(report)) > REPORT_MAX_BYTES


def report_item(report: EventReport, expires_ts: int) -> Item:
    """The report as an item of the events table."""
    return {
        "eventId": report.event_id,
        "part": REPORT_SORT_KEY,
        "report": msgspec.to_builtins(report),
        "settledTs": report.settled_ts,
        "expiresTs": expires_ts,
    }


def rounded(report: EventReport) -> EventReport:
    """*report* with every figure to the milliwatt: what a sum leaves behind the sixth digit is no figure."""
    return msgspec.convert(_rounded(msgspec.to_builtins(report)), EventReport)


def _rounded(value: object) -> object:
    # Nearly all of a report of many VENs are figures.
    if isinstance(value, dict):
        return {
            key: round(item, DIGITS) if type(item) is float else _rounded(item) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [round(item, DIGITS) if type(item) is float else _rounded(item) for item in value]
    return value


def _settled_by(fleet: Aggregate, baseline: Baseline) -> Baseline | None:
    """The program's baseline, or the first there is of those that need no days before."""
    order: tuple[Baseline, ...] = (baseline, "meter_before", "clone")
    return next((name for name in order if name in fleet.delivered), None)


def _mean_kw(energy_kwh: float, duration_s: float) -> float:
    return energy_kwh * S_PER_H / duration_s if duration_s > 0 else 0.0


def _requested_kwh(fleet: VenTimeline, vens: Sequence[VenReport], window: Window) -> float:
    """Energy that the operator requested, kWh; of a level or a limit it is what the VENs made of it."""
    shed_kwh = fleet.shared_kwh(window)
    return shed_kwh if not any(fleet.others()) else max(shed_kwh, sum(ven.requested_kwh for ven in vens))


def _instead_because(fleet: Aggregate, baseline: Baseline, settled_by: Baseline | None) -> str | None:
    """The reason why *baseline*, the program's, does not settle; None where it does."""
    return None if settled_by == baseline else str(fleet.reasons.get(baseline, UNEXPLAINED))


def _intervals(
    context: SettlementContext, fleet: VenTimeline, vens: Sequence[MeasuredVen]
) -> Iterator[IntervalReport]:
    return (_interval(window, fleet, vens, index) for index, window in enumerate(context.intervals))


def _interval(window: Window, fleet: VenTimeline, vens: Sequence[MeasuredVen], index: int) -> IntervalReport:
    dispatched_kwh = sum(
        (ven.report.requested_intervals_kw[index] or 0.0) * ven.called_intervals_s[index] / S_PER_H
        for ven in vens
    )
    dispatched_kw = _mean_kw(dispatched_kwh, window.duration_s)
    others = any(other.cut(window).duration_s > 0 for other in fleet.others())
    requested_kw = dispatched_kw if others else _mean_kw(fleet.shared_kwh(window), window.duration_s)
    return IntervalReport(
        start_ts=window.start_ts, end_ts=window.end_ts, requested_kw=requested_kw, dispatched_kw=dispatched_kw
    )


def _participation(vens: Sequence[VenReport], settled_by: Baseline | None) -> Participation:
    called = [ven for ven in vens if ven.end_ts > ven.start_ts]
    waits_s = [ven.response_s for ven in called if ven.response_s is not None]
    return Participation(
        called=len(called),
        answered=sum(ven.acknowledged for ven in called),
        delivered=sum(_delivered_half(ven, settled_by) for ven in called),
        opted_out=sum(ven.opted_out for ven in called),
        silent=sum(not ven.quality.rows for ven in called),
        reasons=dict(Counter(ven.opt_out_reason for ven in called if ven.opt_out_reason is not None)),
        response_s=median(waits_s) if waits_s else None,
        slowest_response_s=max(waits_s, default=None),
    )


def _delivered_half(ven: VenReport, settled_by: Baseline | None) -> bool:
    """Tell a VEN that delivered at least half of what was dispatched to it."""
    best = best_delivery(ven, settled_by)
    return (
        best is not None
        and ven.requested_kwh > 0
        and best.delivered_kwh >= DELIVERED_SHARE * ven.requested_kwh
    )


def _sum_or_none(values: Sequence[float | None]) -> float | None:
    """The sum of all; None as long as one is not known."""
    present = [value for value in values if value is not None]
    return sum(present) if present and len(present) == len(values) else None


def _quality(vens: Sequence[VenReport]) -> Quality | None:
    called = [ven.quality for ven in vens if ven.end_ts > ven.start_ts]
    if not called:
        return None
    return Quality(
        rows=sum(quality.rows for quality in called),
        coverage=sum(quality.coverage for quality in called) / len(called),
        longest_gap_s=max(quality.longest_gap_s for quality in called),
    )


def _series(
    context: SettlementContext, timeline: VenTimeline, fleet: Aggregate, settled_by: Baseline | None
) -> Series:
    """The fleet in time: of the VENs that the baseline which settles is of."""
    start_ts, step_s, count = context.series
    windows = [Window(start_ts + n * step_s, start_ts + (n + 1) * step_s) for n in range(count)]
    members = fleet.members.get(settled_by, ()) if settled_by else ()
    nothing = (None,) * count
    used_kw = sum_loads([ven.series_used_kw for ven in members]) if members else nothing
    clone_kw = sum_loads([ven.series_clone_kw for ven in members]) if members else nothing
    if settled_by in fleet.kw:
        baseline_kw = tuple(context.frame.mean_kw(fleet.kw[settled_by], window) for window in windows)
    elif settled_by == "meter_before":
        baseline_kw = (fleet.delivered["meter_before"].baseline_kw,) * count
    else:
        baseline_kw = clone_kw
    requested_kw = [
        _mean_kw(timeline.shared_kwh(window), window.duration_s)
        if window.cut(timeline.window).duration_s > 0
        else None
        for window in windows
    ]
    return Series(
        start_ts=start_ts,
        step_s=step_s,
        requested_kw=tuple(requested_kw),
        used_kw=used_kw,
        baseline_kw=baseline_kw,
        clone_kw=clone_kw,
    )
