"""The delivery of one VEN by each baseline. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contracts.api.reports import Baseline, Delivered, Score
from lambdas.settle_event.logic.baselines import (
    BusyBefore,
    MissingTelemetry,
    NoBaseline,
    NoBaselineError,
)
from lambdas.settle_event.logic.day_baselines import DAY_BASELINES, DayBaseline, PastLoad, day_baseline
from lambdas.settle_event.logic.days import frame_of
from lambdas.settle_event.logic.evidence import SettlementContext, VenEvidence
from lambdas.settle_event.logic.means import Quarters
from lambdas.settle_event.logic.measure import Reduction, VenTraces, by_quarters, score
from lambdas.settle_event.logic.other_events import HOUR_S, OtherEvent, undisturbed_start
from lambdas.shared.power_traces import Trace, Window


class EventDay(NamedTuple):
    """A VEN on the day of the event.

    Attributes:
        kw: its load in the frame, None where not known or disturbed by another event.
        windows: the event's intervals as it was called for them.
        others: the other events that it took part in.
        scored_clone_kw: the clone's means over the windows that a baseline is scored by.
    """

    kw: Quarters
    windows: Sequence[Window]
    others: Sequence[OtherEvent]
    scored_clone_kw: Sequence[float | None]


def deliveries(
    evidence: VenEvidence, context: SettlementContext, event_day: EventDay
) -> tuple[dict[Baseline, Delivered], dict[Baseline, NoBaseline]]:
    """Delivery by each baseline that can be worked out, and why the others cannot."""
    delivered: dict[Baseline, Delivered] = {}
    reasons: dict[Baseline, NoBaseline] = {}
    windows, clone_kw = event_day.windows, event_day.scored_clone_kw
    window, frame = evidence.timeline.window, frame_of(context.frame.event, evidence.calendar)
    traces = VenTraces.of(evidence.trace, context.event_id)
    quarters = {time: traces.quarters(time, frame) for time in {window, *windows}}
    load = PastLoad(evidence.matched_days, event_day.kw, evidence.weather)
    for name in DAY_BASELINES:
        try:
            matched = day_baseline(name, load, frame)
        except NoBaselineError as error:
            reasons[name] = error.reason
            continue
        reductions = {time: by_quarters(measured, matched.kw) for time, measured in quarters.items()}
        reduction, *by_interval = [reductions[time] for time in (window, *windows)]
        if reduction is not None:
            scored = score([frame.mean_kw(matched.kw, interval) for interval in context.scored], clone_kw)
            delivered[name] = _figures(context, reduction, by_interval, scored, matched=matched)
    start_ts, before = undisturbed_start(window.start_ts, event_day.others)
    before_kw = meter_before_kw(evidence.trace, start_ts)
    if before_kw is None:
        busy = None if before is None else BusyBefore(before.event_id)
        reasons["meter_before"] = busy or MissingTelemetry.HOUR_BEFORE
    elif (reduction := traces.by_level(window, before_kw)) is not None:
        by_interval = [traces.by_level(interval, before_kw) for interval in windows]
        scored = score([before_kw] * len(context.scored), clone_kw)
        notes = () if before is None else (f"of the hour before event {before.event_id}",)
        delivered["meter_before"] = _figures(context, reduction, by_interval, scored, notes=notes)
    if not evidence.has_clone:
        reasons["clone"] = MissingTelemetry.BASELINE
    elif (reduction := traces.by_clone(window)) is not None:
        by_interval = [traces.by_clone(interval) for interval in windows]
        delivered["clone"] = _figures(context, reduction, by_interval)
    else:
        reasons["clone"] = MissingTelemetry.EVENT
    return delivered, reasons


def _figures(
    context: SettlementContext,
    reduction: Reduction,
    by_interval: list[Reduction | None],
    scored: Score | None = None,
    *,
    matched: DayBaseline | None = None,
    notes: tuple[str, ...] = (),
) -> Delivered:
    low_kw, high_kw = context.band_kw(matched.band_kw(reduction.kw) if matched else None)
    return Delivered(
        baseline_kw=reduction.baseline_kw,
        delivered_kw=context.sign * reduction.kw,
        delivered_kwh=context.sign * reduction.kwh,
        intervals_kw=tuple(None if reduced is None else context.sign * reduced.kw for reduced in by_interval),
        low_kw=low_kw,
        high_kw=high_kw,
        score=scored,
        notes=matched.notes if matched else notes,
    )


def meter_before_kw(trace: Trace, start_ts: float) -> float | None:
    """The mean of the hour before an event's start, from what is stored of it; None when nothing is.

    It ends where the event starts, whatever is missing: a window that slid into the event would measure
    the curtailed site. So would the row that spans the start, a mean over both sides of it.
    """
    until_ts = min(start_ts, trace.ends_before(start_ts))
    return trace.over(Window(start_ts - HOUR_S, until_ts)).used_kw
