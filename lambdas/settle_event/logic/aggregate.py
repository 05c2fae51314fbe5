"""The fleet as one load: its matched days, its delivery by each baseline. Pure.

High-of-X rules pick days; picked home by home and added up, each home's highest days come together that never
did. So the rules are applied to the sum. Only `clone` and `meter_before`, which pick nothing, are summed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import cast

from contracts.api.reports import Baseline, Delivered
from contracts.wire.ids import VenId
from contracts.wire.units import S_PER_H, kwh
from lambdas.settle_event.logic.baselines import (
    MissingTelemetry,
    NoBaseline,
    NoBaselineError,
)
from lambdas.settle_event.logic.day_baselines import (
    DAY_BASELINES,
    DayBaseline,
    PastLoad,
    add_day_baselines,
    day_baseline,
)
from lambdas.settle_event.logic.day_types import DayType, SiteCalendar
from lambdas.settle_event.logic.days import MatchedDay, frame_of
from lambdas.settle_event.logic.evidence import SettlementContext
from lambdas.settle_event.logic.means import Quarters, has_gap, mean_loads, sum_or_none
from lambdas.settle_event.logic.measure import score
from lambdas.settle_event.logic.ven_report import SPARSE, MeasuredVen
from lambdas.settle_event.logic.weather import mean_weather
from lambdas.shared.power_traces import Window

ENOUGH = 0.8
"""The least share of the VENs with telemetry for a figure of the fleet."""
SUMMED: tuple[Baseline, ...] = ("meter_before", "clone")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The fleet's delivery by each baseline that could be worked out, why not by the others, and of whom.

    *kw* is a matched baseline in the frame's quarter hours.
    """

    delivered: dict[Baseline, Delivered]
    reasons: dict[Baseline, NoBaseline]
    members: dict[Baseline, tuple[MeasuredVen, ...]]
    kw: dict[Baseline, Quarters]


def aggregate(vens: Sequence[MeasuredVen], context: SettlementContext) -> Aggregate:
    """The fleet of *vens*."""
    fleet = Aggregate({}, {}, {}, {})
    past_load = _past_loads()
    for name in DAY_BASELINES:
        members = tuple(ven for ven in vens if name in ven.report.delivered and ven.coverage >= SPARSE)
        fleet.members[name] = members
        if not members:
            fleet.reasons[name] = _commonest_reason(name, vens)
            continue
        try:
            matched = _matched(name, members, context.frame.event, past_load)
        except NoBaselineError as error:
            fleet.reasons[name] = error.reason
            continue
        fleet.kw[name] = matched.kw
        delivered = _delivered(matched, members, context)
        if delivered is not None:
            fleet.delivered[name] = delivered
    for name in SUMMED:
        members = tuple(ven for ven in vens if name in ven.report.delivered)
        fleet.members[name] = members
        if members:
            fleet.delivered[name] = _summed(name, members, context)
    return fleet


def sum_days(vens: Sequence[Sequence[MatchedDay]]) -> tuple[MatchedDay, ...]:
    """The matched days of several loads together.

    A day that at least 80 % of them have counts for all; who has it not, or has a gap in it, stands in it
    with its own mean at that time of day over its other days, of weekdays or of the others.
    """
    if not vens:
        return ()
    lots = [{day.days_ago: day.kw for day in days} for days in vens]
    counts = Counter(chain.from_iterable(lots))
    kinds = {day.days_ago: day.kind for days in vens for day in days}
    nothing = (None,) * max(len(kw) for lot in lots for kw in lot.values()) if counts else ()

    @cache
    def usual_kw(ven: int, *, weekday: bool) -> Quarters:
        alike = [day.kw for day in vens[ven] if (day.kind is DayType.WEEKDAY) is weekday]
        return mean_loads(alike) if alike else nothing

    summed = []
    for days_ago in sorted(ago for ago, count in counts.items() if count >= ENOUGH * len(vens)):
        weekday = kinds[days_ago] is DayType.WEEKDAY
        loads: list[Quarters] = [lot.get(days_ago, nothing) for lot in lots]
        together_kw: Quarters | None = _without_gap(loads)
        if together_kw is None:
            filled = [_filled(kw, usual_kw(ven, weekday=weekday)) for ven, kw in enumerate(loads)]
            together_kw = tuple([sum_or_none(column) for column in zip(*filled, strict=True)])
        summed.append(MatchedDay(days_ago, kinds[days_ago], tuple(together_kw)))
    return tuple(summed)


def sum_loads(loads: Iterable[Quarters]) -> tuple[float | None, ...]:
    """Loads added up in each step; who is not known there counts as the others, until less than 80 % are."""
    return tuple(_scaled(column) for column in zip(*loads, strict=True))


def _without_gap(loads: Sequence[Quarters]) -> tuple[float, ...] | None:
    """Loads added up in each step, None when any is not known in one."""
    try:
        return tuple(map(sum, zip(*cast("Sequence[Sequence[float]]", loads), strict=True)))
    except TypeError:  # A None: dearer to look for than to meet, in the days of a thousand VENs.
        return None


def _filled(kw: Quarters, usual: Quarters) -> Quarters:
    return [mean if load_kw is None else load_kw for load_kw, mean in zip(kw, usual, strict=True)]


def _scaled(column: Sequence[float | None]) -> float | None:
    if column and not has_gap(column):
        return sum(cast("Sequence[float]", column))
    measured = [kw for kw in column if kw is not None]
    if not measured or len(measured) < ENOUGH * len(column):
        return None
    return sum(measured) * len(column) / len(measured)


def _commonest_reason(name: Baseline, vens: Sequence[MeasuredVen]) -> NoBaseline:
    reasons = Counter(ven.reasons[name] for ven in vens if name in ven.reasons)
    return reasons.most_common(1)[0][0] if reasons else MissingTelemetry.ENOUGH


def _matched(
    name: Baseline,
    members: Sequence[MeasuredVen],
    event: Window,
    past_load: Callable[[Sequence[MeasuredVen]], PastLoad],
) -> DayBaseline:
    """The baseline of the sum of *members*, of those of one calendar together. Raises NoBaselineError."""
    by_calendar: dict[SiteCalendar, list[MeasuredVen]] = {}
    for ven in members:
        by_calendar.setdefault(ven.calendar, []).append(ven)
    return add_day_baselines(
        [
            day_baseline(name, past_load(group), frame_of(event, calendar))
            for calendar, group in by_calendar.items()
        ]
    )


def _past_loads() -> Callable[[Sequence[MeasuredVen]], PastLoad]:
    """Add up the loads of VENs, in the mean of their weather; the same VENs but once."""
    loads: dict[tuple[VenId, ...], PastLoad] = {}

    def past_load(vens: Sequence[MeasuredVen]) -> PastLoad:
        ven_ids = tuple(ven.report.ven_id for ven in vens)
        if ven_ids not in loads:
            loads[ven_ids] = PastLoad(
                sum_days([ven.matched_days for ven in vens]),
                sum_loads(ven.event_day_kw for ven in vens),
                mean_weather([ven.weather for ven in vens]),
            )
        return loads[ven_ids]

    return past_load


def _delivered(
    matched: DayBaseline, members: Sequence[MeasuredVen], context: SettlementContext
) -> Delivered | None:
    frame, event = context.frame, context.frame.event
    baseline_kw = frame.mean_kw(matched.kw, event)
    if baseline_kw is None:
        return None
    # Over all the time in which any VEN took part, as a mean over the time in which it was requested.
    share = (
        event.duration_s / context.requested_window.duration_s
        if context.requested_window.duration_s > 0
        else 1.0
    )
    reduction_kw = baseline_kw - sum(ven.used_kw or 0.0 for ven in members)
    low_kw, high_kw = context.band_kw(matched.band_kw(reduction_kw))
    clone_kw = sum_loads(ven.scored_clone_kw for ven in members)
    return Delivered(
        baseline_kw=baseline_kw,
        delivered_kw=context.sign * reduction_kw * share,
        delivered_kwh=context.sign * kwh(reduction_kw, event.duration_s),
        intervals_kw=tuple(
            _interval_kw(
                context, frame.mean_kw(matched.kw, window), [ven.intervals_kw[index] for ven in members]
            )
            for index, window in enumerate(context.intervals)
        ),
        vens=len(members),
        low_kw=None if low_kw is None else low_kw * share,
        high_kw=None if high_kw is None else high_kw * share,
        score=score([frame.mean_kw(matched.kw, window) for window in context.scored], clone_kw),
        notes=matched.notes,
    )


def _interval_kw(
    context: SettlementContext, baseline_kw: float | None, used_kw: Sequence[float | None]
) -> float | None:
    together_kw = _scaled(used_kw)
    return None if baseline_kw is None or together_kw is None else context.sign * (baseline_kw - together_kw)


def _summed(name: Baseline, members: Sequence[MeasuredVen], context: SettlementContext) -> Delivered:
    """Add up the VENs' deliveries, each in its time, as means over the event's; the unknown is nothing."""
    deliveries = [ven.report.delivered[name] for ven in members]
    event_s = context.requested_window.duration_s or context.frame.event.duration_s
    delivered_kwh = sum(delivery.delivered_kwh for delivery in deliveries)
    scored = None
    if name != "clone":
        level_kw = sum(delivery.baseline_kw for delivery in deliveries)
        clone_kw = sum_loads(ven.scored_clone_kw for ven in members)
        scored = score([level_kw] * len(context.scored), clone_kw)
    return Delivered(
        baseline_kw=sum(delivery.baseline_kw for delivery in deliveries),
        delivered_kw=delivered_kwh * S_PER_H / event_s,
        delivered_kwh=delivered_kwh,
        intervals_kw=tuple(
            _shared_kw(
                [
                    (ven.covered_intervals_s[index], delivery.intervals_kw[index])
                    for ven, delivery in zip(members, deliveries, strict=True)
                ],
                window.duration_s,
            )
            for index, window in enumerate(context.intervals)
        ),
        vens=len(members),
        score=scored,
        notes=tuple(
            f"{note}, of {count} VEN{'s' if count > 1 else ''}"
            for note, count in Counter(note for delivery in deliveries for note in delivery.notes).items()
        ),
    )


def _shared_kw(vens: Sequence[tuple[float, float | None]], duration_s: float) -> float | None:
    """Means over as many seconds as are known of each VEN, added up as means over *duration_s*."""
    energies = [covered_s * kw for covered_s, kw in vens if kw is not None]
    return sum(energies) / duration_s if energies else None
