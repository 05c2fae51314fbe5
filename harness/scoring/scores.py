"""Baselines held against what the homes would have drawn, over event days and over all days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta, timezone
from functools import partial
from math import sqrt
from statistics import median

from contracts.wire.units import S_PER_DAY
from harness.scoring.lived import QUARTER_S, QUARTERS, Lived
from harness.scoring.seasons import DAYS, FROM_H, LOOK_BACK, TO_H, Season
from lambdas.settle_event.logic.aggregate import sum_days
from lambdas.settle_event.logic.baselines import MatchedBaseline, NoBaselineError, match_baseline
from lambdas.settle_event.logic.day_types import SiteCalendar
from lambdas.settle_event.logic.days import DayProfile, Frame, MatchedDay, match_days, past_days
from lambdas.settle_event.logic.rules import CAISO_10_OF_10, RULES, Adjustment, Rule
from lambdas.settle_event.logic.weather import SiteWeather
from lambdas.settle_event.logic.weather_regression import RegressedBaseline, regress
from lambdas.shared.power_traces import Window

UNADJUSTED = replace(CAISO_10_OF_10, adjustment=Adjustment())
ALL_RULES: dict[str, Rule] = {"10 of 10, unadjusted": UNADJUSTED} | {
    f"`{name}`": rule for name, rule in RULES.items()
}
SUMMED = "`residential_5_of_10` of each home, added up"
METER_BEFORE = "`meter_before`"
REGRESSION = "`weather_regression`"
AGGREGATE = -1
"""The number of all homes together, beside each home's own."""
MOST_HOMES = 1_000
"""Of a season: homes of several are told apart by it."""
HOURS = TO_H - FROM_H


@dataclass
class Errors:
    """Hourly means by a baseline beside the truth, kW; and how often the truth was within the band."""

    pairs: list[tuple[float, float]] = field(default_factory=list)
    within: list[bool] = field(default_factory=list)

    def add(self, baseline_kw: Sequence[float | None], truth_kw: Sequence[float | None]) -> None:
        """Count a day."""
        for baseline, truth in zip(baseline_kw, truth_kw, strict=True):
            if baseline is not None and truth is not None:
                self.pairs.append((baseline, truth))

    def extend(self, other: Errors) -> None:
        """Count another season's days too."""
        self.pairs += other.pairs
        self.within += other.within

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
    """Errors by baseline, by whether of event days only, and by home; `AGGREGATE` is all together."""

    errors: dict[tuple[str, bool, int], Errors] = field(default_factory=dict)

    def aggregate(self, name: str, *, events_only: bool) -> Errors:
        """The errors on all homes together."""
        return self.errors[name, events_only, AGGREGATE]

    def typical(self, name: str, *, events_only: bool) -> tuple[float, float, float | None]:
        """The median home: size of the bias, CVRMSE, how often the truth was within the band."""
        of_homes = [
            errors
            for (of, only, home), errors in self.errors.items()
            if of == name and only is events_only and home != AGGREGATE and errors.pairs
        ]
        bands = [errors.within_percent for errors in of_homes if errors.within_percent is not None]
        return (
            median(abs(errors.bias_percent) for errors in of_homes),
            median(errors.cvrmse_percent for errors in of_homes),
            median(bands) if bands else None,
        )

    @classmethod
    def together(cls, seasons: Sequence[Scores]) -> Scores:
        """The scores of seasons as those of one: of the aggregate over all days, and of all homes."""
        errors: dict[tuple[str, bool, int], Errors] = {}
        for number, season in enumerate(seasons):
            for (name, events_only, home), of_season in season.errors.items():
                in_all = home if home == AGGREGATE else home + number * MOST_HOMES
                errors.setdefault((name, events_only, in_all), Errors()).extend(of_season)
        return cls(errors)

    def add(
        self, name: str, home: int, day: _ScoredDay, kw: Sequence[float | None], *, within: bool | None
    ) -> None:
        """Count the event's hours of a day by a baseline."""
        for events_only in (True, False) if day.is_event else (False,):
            errors = self.errors.setdefault((name, events_only, home), Errors())
            errors.add(kw, day.loads[home].truth_kw)
            if within is not None:
                errors.within.append(within)


@dataclass(frozen=True, slots=True)
class _Load:
    """A load around an event: its days before, its draw on the day, and the truth in the event's hours."""

    days: Sequence[MatchedDay]
    all_days: Sequence[MatchedDay]
    metered_kw: Sequence[float]
    truth_kw: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _ScoredDay:
    """A day that is scored, whether or not it had an event."""

    frame: Frame
    is_event: bool
    loads: dict[int, _Load]

    @property
    def hours(self) -> list[Window]:
        """The event's hours."""
        start_ts = self.frame.event.start_ts
        return [Window(start_ts + n * 3600, start_ts + (n + 1) * 3600) for n in range(HOURS)]

    def hourly(self, kw: Sequence[float | None]) -> list[float | None]:
        """A load in the frame, by the event's hours."""
        return [self.frame.mean_kw(kw, hour) for hour in self.hours]


def score_season(
    season: Season, homes: Sequence[Lived], outdoor_c: Sequence[float], *, singly: bool = True
) -> Scores:
    """Every baseline on every day that has 45 days before it: of all homes together, and of each *singly*."""
    events = season.event_days()
    profiles = [_profiles(season, lived, set(events)) for lived in homes]
    first_h = season.first_ts // 3600
    hours = (outdoor_c[n : n + 4] for n in range(0, len(outdoor_c), 4))
    weather = SiteWeather.of({first_h + n: sum(quarters) / 4 for n, quarters in enumerate(hours)})
    scores = Scores()
    for day in range(LOOK_BACK, DAYS - 1):
        scored = _day(season, homes, profiles, day, is_event=day in events)
        if not singly:
            scored = replace(scored, loads={AGGREGATE: scored.loads[AGGREGATE]})
        _score_day(scores, scored, weather)
    return scores


def _day(
    season: Season,
    homes: Sequence[Lived],
    profiles: Sequence[dict[int, DayProfile]],
    day: int,
    *,
    is_event: bool,
) -> _ScoredDay:
    start_ts = season.first_ts + day * S_PER_DAY + FROM_H * 3600
    zone = timezone(timedelta(hours=season.weather.utc_offset_h))
    frame = Frame(Window(start_ts, start_ts + HOURS * 3600), SiteCalendar(zone))
    scored = _ScoredDay(frame, is_event, {})
    cut = partial(_cut, first=(frame.start_ts - season.first_ts) // QUARTER_S, count=frame.count)
    for number, (lived, of_home) in enumerate(zip(homes, profiles, strict=True)):
        scored.loads[number] = _Load(
            match_days(of_home, frame),
            past_days(of_home, frame),
            cut(lived.used_kw),
            scored.hourly(cut(lived.clone_kw)),
        )
    loads = list(scored.loads.values())
    scored.loads[AGGREGATE] = _Load(
        sum_days([load.days for load in loads]),
        sum_days([load.all_days for load in loads]),
        _together([load.metered_kw for load in loads]),
        _together([[kw or 0.0 for kw in load.truth_kw] for load in loads]),
    )
    return scored


def _score_day(scores: Scores, day: _ScoredDay, weather: SiteWeather) -> None:
    frame = day.frame
    before = Window(frame.event.start_ts - 3600, frame.event.start_ts)
    residential = []
    for number, load in day.loads.items():
        for name, rule in ALL_RULES.items():
            try:
                matched = match_baseline(rule, load.days, load.metered_kw, frame)
            except NoBaselineError:
                continue
            _count(scores, name, number, day, matched)
            if rule.name == "residential_5_of_10" and number != AGGREGATE:
                residential.append([kw or 0.0 for kw in day.hourly(matched.kw)])
        _count(scores, REGRESSION, number, day, regress(load.all_days, weather, frame))
        flat_kw = [frame.mean_kw(load.metered_kw, before)] * HOURS
        scores.add(METER_BEFORE, number, day, flat_kw, within=None)
    if residential and len(residential) == len(day.loads) - 1:
        scores.add(SUMMED, AGGREGATE, day, _together(residential), within=None)


def _count(
    scores: Scores, name: str, number: int, day: _ScoredDay, baseline: MatchedBaseline | RegressedBaseline
) -> None:
    """Count a baseline's errors on a load, and whether the event's mean was within its band."""
    event, truth_kw = day.frame.event, day.loads[number].truth_kw
    mean_kw, actual_kw = day.frame.mean_kw(baseline.kw, event), sum(kw or 0.0 for kw in truth_kw) / HOURS
    # Of a delivery of nothing: the band is where truth is held to lie below the baseline.
    band = baseline.band_kw(0.0)
    within = None
    if band is not None and mean_kw is not None:
        within = band[0] <= actual_kw - mean_kw <= band[1]
    scores.add(name, number, day, day.hourly(baseline.kw), within=within)


def _together(loads: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) for column in zip(*loads, strict=True)]


def _cut(kw: Sequence[float], first: int, count: int) -> Sequence[float]:
    return kw[first : first + count]


def _profiles(season: Season, lived: Lived, events: set[int]) -> dict[int, DayProfile]:
    """By UTC day; the first begins before the local day that was lived first."""
    first_day, offset_s = divmod(season.first_ts, S_PER_DAY)
    offset = offset_s // QUARTER_S
    in_event = {day * QUARTERS + quarter for day in events for quarter in range(FROM_H * 4, TO_H * 4)}
    profiles = {}
    for day in range(DAYS + 1):
        numbers = range(day * QUARTERS - offset, (day + 1) * QUARTERS - offset)
        kw = tuple(lived.used_kw[n] if 0 <= n < len(lived.used_kw) else None for n in numbers)
        marked = frozenset(index for index, n in enumerate(numbers) if n in in_event)
        profiles[first_day + day] = DayProfile(kw, 1.0 - kw.count(None) / QUARTERS, marked)
    return profiles
