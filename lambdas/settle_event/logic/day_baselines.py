"""The baselines made of the days before: the tariffs' rules, and the regression by the weather. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.api.reports import Baseline
from lambdas.settle_event.logic.baselines import (
    DayInEvent,
    MatchedBaseline,
    add_baselines,
    days_in_event,
    match_in_event,
)
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.means import Quarters, sum_or_none
from lambdas.settle_event.logic.rules import RULES
from lambdas.settle_event.logic.weather import SiteWeather
from lambdas.settle_event.logic.weather_regression import RegressedBaseline, regress

WEATHER_REGRESSION: Baseline = "weather_regression"
DAY_BASELINES: tuple[Baseline, ...] = (*RULES, WEATHER_REGRESSION)
DayBaseline = MatchedBaseline | RegressedBaseline


@dataclass(frozen=True, slots=True)
class PastLoad:
    """A load as baselines see it: what it was, and its weather.

    Attributes:
        days: the days before without event or outage, of all kinds; each rule takes those that it names.
        event_day_kw: the event's own day in the frame, None where it is not known.
        weather: of its site.
    """

    days: Sequence[MatchedDay]
    event_day_kw: Quarters
    weather: SiteWeather
    _in_event: dict[Frame, list[DayInEvent]] = field(default_factory=dict, repr=False, compare=False)

    def in_event(self, frame: Frame) -> list[DayInEvent]:
        """The days in the event, worked out once for all rules."""
        if frame not in self._in_event:
            self._in_event[frame] = days_in_event(self.days, frame)
        return self._in_event[frame]


def day_baseline(name: Baseline, load: PastLoad, frame: Frame) -> DayBaseline:
    """The baseline *name* of a load.

    Raises:
        NoBaselineError: what it needs is not stored.
    """
    if name == WEATHER_REGRESSION:
        return regress(load.days, load.weather, frame)
    return match_in_event(RULES[name], load.in_event(frame), load.event_day_kw, frame)


def add_day_baselines(baselines: Sequence[DayBaseline]) -> DayBaseline:
    """Baselines by one name, of loads with calendars of their own, as one of all."""
    regressed = [baseline for baseline in baselines if isinstance(baseline, RegressedBaseline)]
    matched = [baseline for baseline in baselines if isinstance(baseline, MatchedBaseline)]
    return _add_regressed(regressed) if regressed else add_baselines(matched)


def _add_regressed(baselines: Sequence[RegressedBaseline]) -> RegressedBaseline:
    """Baselines of loads with calendars of their own, as one of all; as if all erred to one side together."""
    if len(baselines) == 1:
        return baselines[0]
    columns = zip(*(baseline.kw for baseline in baselines), strict=True)
    halves_kw = [baseline.half_band_kw for baseline in baselines]
    return RegressedBaseline(
        kw=tuple(map(sum_or_none, columns)),
        days_ago=max((baseline.days_ago for baseline in baselines), key=len),
        half_band_kw=sum_or_none(halves_kw),
        notes=tuple(dict.fromkeys(note for baseline in baselines for note in baseline.notes)),
    )
