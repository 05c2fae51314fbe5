"""One VEN in an event: the power dispatched to it and the power it delivered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from contracts.api.aftermath import CircuitReport
from contracts.api.reports import Baseline, Delivered, Quality, VenReport
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.wire.ids import EventId, VenId
from contracts.wire.units import S_PER_H
from lambdas.settle_event.logic.aftermath import NOTHING, VenAftermath, after_event
from lambdas.settle_event.logic.baselines import BusyBefore, MissingTelemetry, NoBaseline
from lambdas.settle_event.logic.cuts import ven_cuts
from lambdas.settle_event.logic.day_types import UTC_CALENDAR, SiteCalendar
from lambdas.settle_event.logic.days import MatchedDay
from lambdas.settle_event.logic.evidence import (
    ReportedComfort,
    SettlementContext,
    VenEvidence,
)
from lambdas.settle_event.logic.means import Quarters
from lambdas.settle_event.logic.measure import scored_clone_kw
from lambdas.settle_event.logic.other_events import OtherEvent, other_events, undisturbed_kw
from lambdas.settle_event.logic.timeline import VenTimeline
from lambdas.settle_event.logic.ven_acks import VenAcks
from lambdas.settle_event.logic.ven_delivery import EventDay, deliveries
from lambdas.settle_event.logic.weather import NO_WEATHER, SiteWeather
from lambdas.shared.power_traces import Trace, Window

REBOUND_1H_S = 3600.0
"""The hour after the event whose extra energy is the rebound, once it is stored."""
SPARSE = 0.9
"""Below this coverage a report says so, and an aggregate is made without the VEN."""

CIRCUITS_DIFFER, CIRCUITS_DIFFER_KWH = 0.1, 0.05
"""Circuits whose sum differs more from the VEN's rows are noted; a late start and an early end are less."""


@dataclass(frozen=True, slots=True)
class MeasuredVen:
    """One VEN worked out: its report, and what the aggregate is made of, kW.

    *used_kw*, *intervals_kw*, *scored_clone_kw* and the two series are of the fleet's windows, not of the
    VEN's own; *called_intervals_s* is how long the VEN took part in each interval, *covered_intervals_s* how
    much of that is stored. *reasons* say why a rule gave nothing, *after* is the time after the event.
    """

    report: VenReport
    coverage: float
    used_kw: float | None
    intervals_kw: tuple[float | None, ...]
    called_intervals_s: tuple[float, ...]
    covered_intervals_s: tuple[float, ...]
    scored_clone_kw: Sequence[float | None]
    series_used_kw: tuple[float | None, ...]
    series_clone_kw: tuple[float | None, ...]
    event_day_kw: Quarters
    matched_days: tuple[MatchedDay, ...]
    reasons: Mapping[Baseline, NoBaseline]
    calendar: SiteCalendar = UTC_CALENDAR
    weather: SiteWeather = NO_WEATHER
    after: VenAftermath = NOTHING


def measure_ven(evidence: VenEvidence, context: SettlementContext) -> MeasuredVen:
    """Measure what a VEN delivered, from its telemetry around the event, its matched days and its acks."""
    trace, frame = evidence.trace, context.frame
    whole = trace.over(frame.event)
    series_used_kw, series_clone_kw = trace.means_kw(*context.series)
    clone_kw = scored_clone_kw(trace, context.scored)
    if not evidence.has_clone:
        series_clone_kw, clone_kw = (None,) * len(series_clone_kw), (None,) * len(clone_kw)
    others = other_events(trace, context.event_id, evidence.booked)
    event_day = EventDay(
        undisturbed_kw(frame, trace, others),
        _called_intervals(evidence.timeline, context),
        others,
        clone_kw,
    )
    delivered, reasons = deliveries(evidence, context, event_day)
    after = NOTHING
    if evidence.has_clone:
        after = after_event(trace, evidence.timeline.window, others, context.bought)
    report = _report(evidence, context, (delivered, reasons), event_day)
    return MeasuredVen(
        report=with_after(report, after, evidence.comfort),
        coverage=whole.covered_s / frame.event.duration_s if frame.event.duration_s > 0 else 0.0,
        used_kw=whole.used_kw,
        intervals_kw=tuple(trace.over(window).used_kw for window in context.intervals),
        called_intervals_s=tuple(window.duration_s for window in event_day.windows),
        covered_intervals_s=tuple(trace.over(window).covered_s for window in event_day.windows),
        scored_clone_kw=event_day.scored_clone_kw,
        series_used_kw=series_used_kw,
        series_clone_kw=series_clone_kw,
        event_day_kw=event_day.kw,
        matched_days=evidence.matched_days,
        reasons=reasons,
        calendar=evidence.calendar,
        weather=evidence.weather,
        after=after,
    )


def with_after(ven: VenReport, after: VenAftermath, comfort: ReportedComfort | None) -> VenReport:
    """*ven* with the time after the event; comfort that the VEN tells of another event is none of this."""
    lost_min, limits_min = ven.comfort_minutes_lost, ven.comfort_minutes_beyond_limits
    if comfort is not None:
        lost_min, limits_min = comfort.minutes_lost, comfort.minutes_beyond_limits
    return msgspec.structs.replace(
        ven,
        rebound_4h=after.rebound,
        payback_24h=after.payback,
        bought_kwh=after.bought_kwh,
        comfort_minutes_lost=lost_min,
        comfort_minutes_beyond_limits=limits_min,
    )


def unmeasured_ven(ven_id: VenId, timeline: VenTimeline, context: SettlementContext, why: str) -> MeasuredVen:
    """A VEN whose part cannot be worked out: nothing of it counts, and *why* is its note."""
    nothing = VenEvidence(ven_id, timeline, Trace.of(()), site_notes=(why,))
    return measure_ven(nothing, context)


def _called_intervals(timeline: VenTimeline, context: SettlementContext) -> tuple[Window, ...]:
    """The event's intervals as the VEN had them: moved by its randomised start, cut to its time."""
    return tuple(
        Window(start_ts + timeline.offset_s, end_ts + timeline.offset_s).cut(timeline.window)
        for start_ts, end_ts in context.intervals
    )


def _report(
    evidence: VenEvidence,
    context: SettlementContext,
    outcome: tuple[dict[Baseline, Delivered], dict[Baseline, NoBaseline]],
    event_day: EventDay,
) -> VenReport:
    timeline, trace, acks, window = evidence.timeline, evidence.trace, evidence.acks, evidence.timeline.window
    delivered, reasons = outcome
    covered_s = trace.over(window).covered_s
    circuits = tuple(_delivered(circuit, context.sign) for circuit in acks.circuits)
    return VenReport(
        ven_id=VenId(evidence.ven_id),
        start_ts=window.start_ts,
        end_ts=window.end_ts,
        requested_kw=_requested_kw(timeline, trace, window) or 0.0,
        requested_kwh=_requested_kwh(timeline, trace, window),
        requested_intervals_kw=tuple(
            _requested_kw(timeline, trace, interval) for interval in event_day.windows
        ),
        used_kw=trace.over(window).used_kw,
        delivered=delivered,
        quality=_quality(trace, window, covered_s),
        acknowledged=acks.acknowledged,
        opted_out=acks.opt_out_reason is not None,
        opt_out_reason=acks.opt_out_reason,
        response_s=_response_s(evidence, window),
        restored=_restored(context.event_id, window, trace),
        rebound_1h_kwh=_rebound_1h_kwh(trace, window, event_day.others) if evidence.has_clone else None,
        metered_kwh=None if acks.metered_kwh is None else context.sign * acks.metered_kwh,
        clock_skew_s=round(trace.skew_s) if trace.skew_s else None,
        circuits=circuits,
        cuts=ven_cuts(evidence, context, event_day.others),
        notes=(
            *_notes(trace, window, covered_s, reasons, acks),
            *_circuits_note(circuits, delivered),
            *evidence.site_notes,
        ),
    )


def _response_s(evidence: VenEvidence, window: Window) -> float | None:
    """The time from the start until the VEN acted, s; a report of OpenADR tells the interval alone."""
    active_ts = evidence.acks.active_ts
    if active_ts is None or is_oadr_ven(evidence.ven_id):
        return None
    return max(0.0, active_ts + evidence.trace.skew_s - window.start_ts)  # an ack's time is by its clock


def _requested_kwh(timeline: VenTimeline, trace: Trace, window: Window) -> float:
    """Energy requested of the VEN, kWh: as dispatched if that is a power to shed, else as the VEN reports."""
    others = (trace.requested_kwh(other.cut(window)) for other in timeline.others())
    return timeline.shared_kwh(window) + sum(others)


def _requested_kw(timeline: VenTimeline, trace: Trace, window: Window) -> float | None:
    if window.duration_s <= 0:
        return None
    return _requested_kwh(timeline, trace, window) * S_PER_H / window.duration_s


def _quality(trace: Trace, window: Window, covered_s: float) -> Quality:
    return Quality(
        rows=max(0, trace.ended(window.end_ts) - trace.ended(window.start_ts)),
        coverage=min(1.0, covered_s / window.duration_s) if window.duration_s > 0 else 0.0,
        longest_gap_s=trace.longest_gap_s(window) if window.duration_s > 0 else 0.0,
    )


def _restored(event_id: EventId, window: Window, trace: Trace) -> bool | None:
    """Tell whether the last row after the end is no longer of this event; None when there is none."""
    if trace.ended(window.end_ts) == len(trace.rows):
        return None
    return trace.marks[-1] != event_id


def _rebound_1h_kwh(trace: Trace, window: Window, others: Sequence[OtherEvent]) -> float | None:
    """Energy drawn beyond the clone in the hour after the event, kWh; None until all of it is stored.

    None too where another event was in that hour: it took off what the rebound drew.
    """
    hour = Window(window.end_ts, window.end_ts + REBOUND_1H_S)
    if window.duration_s <= 0 or any(hour.cut(other.window).duration_s > 0 for other in others):
        return None
    after = trace.over(hour)
    return after.used_kwh - after.clone_kwh if after.covered_s >= SPARSE * REBOUND_1H_S else None


def _notes(
    trace: Trace, window: Window, covered_s: float, reasons: Mapping[Baseline, NoBaseline], acks: VenAcks
) -> list[str]:
    if window.duration_s <= 0:
        return ["cancelled before it started"]
    notes = [str(why) for why in reasons.values() if isinstance(why, MissingTelemetry | BusyBefore)]
    if trace.skew_s:
        off = "slow" if trace.skew_s > 0 else "fast"
        notes.append(
            f"its clock is {abs(trace.skew_s):.0f} s {off}: its rows are read by when they were received"
        )
    if 0 < covered_s < SPARSE * window.duration_s:
        notes.append(f"telemetry covers {covered_s / window.duration_s:.0%} of the event")
    if acks.refusal is not None:
        notes.append(f"refused by the VEN: {acks.refusal}")
    if acks.by_hand:
        notes.append(f"taken out by hand: {', '.join(sorted(acks.by_hand))}")
    return notes


def _delivered(circuit: CircuitReport, sign: float) -> CircuitReport:
    """*circuit*, of which a VEN tells what it drew less, in the direction of the event."""
    kwh, kw = circuit.delivered_kwh, circuit.curtailed_kw
    return msgspec.structs.replace(
        circuit,
        delivered_kwh=None if kwh is None else sign * kwh,
        curtailed_kw=None if kw is None else sign * kw,
    )


def _circuits_note(circuits: Iterable[CircuitReport], delivered: Mapping[Baseline, Delivered]) -> list[str]:
    """Note circuits that, by the VEN's own word, gave another energy than its rows bear out."""
    energies_kwh = [circuit.delivered_kwh for circuit in circuits if circuit.delivered_kwh is not None]
    if not energies_kwh or "clone" not in delivered:
        return []
    by_circuit_kwh, rows_kwh = sum(energies_kwh), delivered["clone"].delivered_kwh
    if abs(by_circuit_kwh - rows_kwh) <= CIRCUITS_DIFFER_KWH + CIRCUITS_DIFFER * abs(rows_kwh):
        return []
    return [f"says that its circuits gave {by_circuit_kwh:.3f} kWh, where its rows have {rows_kwh:.3f}"]
