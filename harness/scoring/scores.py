"""Baselines held against what the homes would have drawn, over event days and over all days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta, timezone
from math import sqrt
from statistics import median
from typing import Any

from contracts.wire.units import S_PER_DAY
from harness.scoring.lived import (
    DAYS,
    FIRST_TS,
    FROM_H,
    LOOK_BACK,
    QUARTER_S,
    QUARTERS,
    TO_H,
    UTC_OFFSET_H,
    Lived,
)
from lambdas.settle_event.logic.aggregate import sum_days
from lambdas.settle_event.logic.baselines import MatchedBaseline, NoBaselineError, match_baseline
from lambdas.settle_event.logic.day_types import SiteCalendar
from lambdas.settle_event.logic.days import DayProfile, Frame, MatchedDay, match_days
from lambdas.settle_event.logic.energy import Window
from lambdas.settle_event.logic.rules import CAISO_10_OF_10, RULES, Adjustment, Rule

ZONE = timezone(timedelta(hours=UTC_OFFSET_H))
UNADJUSTED = replace(CAISO_10_OF_10, adjustment=Adjustment())
ALL_RULES: dict[str, Rule] = {"10 of 10, unadjusted": UNADJUSTED} | {
    f"`{name}`": rule for name, rule in RULES.items()
}
SUMMED = "`residential_5_of_10` of each home, added up"
METER_BEFORE = "`meter_before`"
Load = tuple[Sequence[MatchedDay], Sequence[float], Sequence[float]]
"""Its matched days, what it drew on the day, what it would have drawn."""


@dataclass
class Errors:
    """Hourly means by a baseline beside the truth, kW; and how often the truth was within the band."""

    pairs: list[tuple[float, float]] = field(default_factory=list)
    within: list[bool] = field(default_factory=list)
    none: int = 0

    def add(self, baseline_kw: Sequence[float | None], truth_kw: Sequence[float | None]) -> None:
        """Count a day."""
        for baseline, truth in zip(baseline_kw, truth_kw, strict=True):
            if baseline is not None and truth is not None:
                self.pairs.append((baseline, truth))

    @property
    def bias_percent(self) -> float:
        """Mean error, in percent of the mean truth."""
        return (
            100
            * sum(baseline - truth for baseline, truth in self.pairs)
            / sum(truth for _, truth in self.pairs)
        )

    @property
    def cvrmse_percent(self) -> float:
        """Root mean square error, in percent of the mean truth."""
        mean_kw = sum(truth for _, truth in self.pairs) / len(self.pairs)
        return (
            100
            * sqrt(sum((baseline - truth) ** 2 for baseline, truth in self.pairs) / len(self.pairs))
            / mean_kw
        )

    @property
    def within_percent(self) -> float | None:
        """The share of events whose mean truth was within the band."""
        return 100 * sum(self.within) / len(self.within) if self.within else None


@dataclass
class Scores:
    """By baseline: of the aggregate and of each home, on event days and on all."""

    aggregate: dict[tuple[str, bool], Errors] = field(default_factory=dict)
    homes: dict[tuple[str, bool, int], Errors] = field(default_factory=dict)

    def typical(self, name: str, *, events_only: bool) -> tuple[float, float, float | None]:
        """The median home: size of the bias, CVRMSE, how often the truth was within the band."""
        of_homes = [
            errors
            for (of, only, _), errors in self.homes.items()
            if of == name and only is events_only and errors.pairs
        ]
        bands = [errors.within_percent for errors in of_homes if errors.within_percent is not None]
        return (
            median(abs(errors.bias_percent) for errors in of_homes),
            median(errors.cvrmse_percent for errors in of_homes),
            median(bands) if bands else None,
        )


def score_all(homes: Sequence[Lived], events: Sequence[int]) -> Scores:
    """Every baseline on every day that has 45 days before it."""
    profiles = [_profiles(lived, set(events)) for lived in homes]
    scores = Scores()
    for day in range(LOOK_BACK, DAYS - 1):
        _score_day(scores, homes, profiles, day, is_event=day in events)
    return scores


def _score_day(
    scores: Scores,
    homes: Sequence[Lived],
    profiles: Sequence[dict[int, DayProfile]],
    day: int,
    *,
    is_event: bool,
) -> None:
    start_ts = FIRST_TS + day * S_PER_DAY + FROM_H * 3600
    frame = Frame(Window(start_ts, start_ts + (TO_H - FROM_H) * 3600), SiteCalendar(ZONE))
    hours = [Window(start_ts + n * 3600, start_ts + (n + 1) * 3600) for n in range(TO_H - FROM_H)]
    days = [match_days(of, frame) for of in profiles]
    metered = [_cut(lived.used_kw, frame) for lived in homes]
    truth = [_cut(lived.clone_kw, frame) for lived in homes]
    together_metered = [sum(column) for column in zip(*metered, strict=True)]
    together = [sum(column) for column in zip(*truth, strict=True)]
    summed = sum_days(days)
    of_homes: list[list[float | None]] = []
    for name, rule in ALL_RULES.items():
        _count(
            scores,
            name,
            rule,
            (summed, together_metered, together),
            frame=frame,
            hours=hours,
            is_event=is_event,
        )
        for number in range(len(homes)):
            load = (days[number], metered[number], truth[number])
            kw = _count(scores, name, rule, load, frame=frame, hours=hours, is_event=is_event, home=number)
            if rule.name == "residential_5_of_10" and kw is not None:
                of_homes.append([frame.mean_kw(kw.kw, hour) for hour in hours])
    truth_kw = [frame.mean_kw(together, hour) for hour in hours]
    before = Window(start_ts - 3600, start_ts)
    flat = [frame.mean_kw(together_metered, before)] * len(hours)
    if len(of_homes) == len(homes):
        added = [sum(kw or 0.0 for kw in column) for column in zip(*of_homes, strict=True)]
        _add(scores.aggregate, (SUMMED,), added, truth_kw, is_event=is_event)
    _add(scores.aggregate, (METER_BEFORE,), flat, truth_kw, is_event=is_event)
    for number in range(len(homes)):
        flat = [frame.mean_kw(metered[number], before)] * len(hours)
        actual = [frame.mean_kw(truth[number], hour) for hour in hours]
        _add(scores.homes, (METER_BEFORE, number), flat, actual, is_event=is_event)


def _count(
    scores: Scores,
    name: str,
    rule: Rule,
    load: Load,
    *,
    frame: Frame,
    hours: Sequence[Window],
    is_event: bool,
    home: int | None = None,
) -> MatchedBaseline | None:
    """Work *rule* out on a load and count its errors."""
    days, metered, truth = load
    try:
        matched = match_baseline(rule, days, metered, frame)
    except NoBaselineError:
        return None
    baseline_kw = [frame.mean_kw(matched.kw, hour) for hour in hours]
    truth_kw = [frame.mean_kw(truth, hour) for hour in hours]
    mean_kw, actual_kw = frame.mean_kw(matched.kw, frame.event), frame.mean_kw(truth, frame.event)
    within = None
    # Of a delivery of nothing: the band is where truth is held to lie below the baseline.
    band = matched.band_kw(0.0)
    if band is not None and mean_kw is not None and actual_kw is not None:
        within = band[0] <= actual_kw - mean_kw <= band[1]
    key = (name,) if home is None else (name, home)
    errors_by_key = scores.aggregate if home is None else scores.homes
    _add(errors_by_key, key, baseline_kw, truth_kw, is_event=is_event, within=within)
    return matched


def _add(
    errors_by_key: dict[Any, Errors],
    key: tuple[Any, ...],
    baseline_kw: Sequence[float | None],
    truth_kw: Sequence[float | None],
    *,
    is_event: bool,
    within: bool | None = None,
) -> None:
    for events_only in (True, False) if is_event else (False,):
        errors = errors_by_key.setdefault((key[0], events_only, *key[1:]), Errors())
        errors.add(baseline_kw, truth_kw)
        if within is not None:
            errors.within.append(within)


def _cut(kw: Sequence[float], frame: Frame) -> Sequence[float]:
    first = (frame.start_ts - FIRST_TS) // QUARTER_S
    return kw[first : first + frame.count]


def _profiles(lived: Lived, events: set[int]) -> dict[int, DayProfile]:
    """By UTC day; the first begins before the local day that was lived first."""
    offset = -UTC_OFFSET_H * 4
    in_event: set[int] = {
        day * QUARTERS + quarter for day in events for quarter in range(FROM_H * 4, TO_H * 4)
    }
    first_day = FIRST_TS // S_PER_DAY
    profiles = {}
    for day in range(DAYS + 1):
        numbers = range(day * QUARTERS - offset, (day + 1) * QUARTERS - offset)
        kw = tuple(lived.used_kw[n] if 0 <= n < len(lived.used_kw) else None for n in numbers)
        marked = frozenset(index for index, n in enumerate(numbers) if n in in_event)
        profiles[first_day + day] = DayProfile(kw, 1.0 - kw.count(None) / QUARTERS, marked)
    return profiles
