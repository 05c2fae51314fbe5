"""The forecast of flexibility: the kW that a house will be able to shed in the hours to come. Pure.

              now       18:00     19:00     20:00
    future 1  ├─ lives ─┤ 4.1 kW ─┤ 3.8 kW ─┤ 0.9 kW
    future 2  ├─────────┤ 1.2 kW ─┤ 3.9 kW ─┤ 1.0 kW
    …
    likely                2.6       3.8       1.0       kept in half of the futures
    sure                  1.2       3.8       0.9       kept in each

In each of the futures (`ven_twin.control.futures`) the house lives on without events until each full hour.
There the highest level is looked for that it keeps for a quarter hour. An offer is a promise from now on. A
forecast is where the next offers will probably be, for whoever plans an event. It is made anew at each full
hour, one future and hour at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median_low
from typing import NamedTuple

from ven_twin.control.futures import Future, futures
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offer_search import Search
from ven_twin.control.offers import LEVELS_KW, NONE, STEP_S, WINDOWS_S, Trial
from ven_twin.house.house_environment import HouseEnvironment

HOURS_AHEAD = 6
LIVING_STEP_S = 300.0
"""The house lives on in steps of this, as its warm-up does, s of house time."""
WORKS_EVERY_S = 0.9
"""One future and hour at a time, s of the wall."""
WORKS_EVERY_S_VEN = 0.1
"""And for each VEN of a process at least so long, s: they all begin at the full hour."""
LEAST_PERIOD_S = 300.0
"""A forecast is made no sooner after the one before, s of the wall, however fast the house lives."""
LEAST_PERIOD_IN_TURNS_S = 3 * 3600.0
"""Nor where many VENs take turns: half of its hours are still to come then, and offers are newer for it."""


def works_every_s(vens: int) -> float:
    """The time between two pieces of work on a forecast, where so many *vens* share the process, s."""
    return max(WORKS_EVERY_S, WORKS_EVERY_S_VEN * vens)


class ForecastHour(NamedTuple):
    """A full hour to come: its time on the wall and in the house, UTC s."""

    ts: float
    house_ts: float


class ExpectedOffer(NamedTuple):
    """The kW that a house can probably shed from *ts* on (wall, UTC s) for a quarter hour of its time.

    *sure_kw* is kept in all futures, *likely_kw* in half of them.
    """

    ts: int
    likely_kw: float
    sure_kw: float


@dataclass(frozen=True, slots=True)
class Forecasting:
    """The forecast, and the work on the next one.

    Attributes:
        expected: the forecast, by hour; empty until the first is made.
        hours: the hours that it is, or is being, made for.
        trials: the house in each future that is still to be lived through.
        pair: the house of the first of them, as far as it has lived, or None.
        levels: the levels of each hour so far.
        began_s: when it was begun, monotonic s.
        worked_s: when it last went on, monotonic s.
        every_s: the time between two pieces of work, s.
        least_s: the least time between two forecasts, s.
    """

    expected: tuple[ExpectedOffer, ...] = ()
    hours: tuple[ForecastHour, ...] = ()
    trials: tuple[Trial, ...] = field(default=(), compare=False)
    pair: HousePair | None = field(default=None, compare=False)
    levels: tuple[tuple[int, ...], ...] = ()
    began_s: float = -inf
    worked_s: float = -inf
    every_s: float = WORKS_EVERY_S
    least_s: float = LEAST_PERIOD_S

    def advanced(
        self, trial: Trial, environment: HouseEnvironment, hours: Sequence[ForecastHour], now_s: float
    ) -> Forecasting:
        """Go on by one future and hour, or begin a forecast for *hours* when they are others than before.

        One that was begun is brought to its end, whatever has changed meanwhile. *now_s* is monotonic.
        """
        if self.trials:
            return self if now_s < self.worked_s + self.every_s else _worked(self, now_s)
        if not hours:
            return self if not self.expected else replace(self, expected=(), hours=())
        is_recent = now_s < self.began_s + self.least_s
        if is_recent or (self.hours and hours[0].ts == self.hours[0].ts):
            return self
        ahead = futures(environment, trial.from_ts)
        trials = tuple(_without_events(trial, future) for future in ahead)
        begun = replace(self, hours=tuple(hours), trials=trials, pair=None, levels=((),) * len(hours))
        begun = replace(begun, began_s=now_s)
        return _worked(begun, now_s)


def _worked(forecasting: Forecasting, now_s: float) -> Forecasting:
    """Let the house of the first future live until its next hour, and look for what it can shed there."""
    trial, hours, levels = forecasting.trials[0], forecasting.hours, forecasting.levels
    number = next(at for at, of_hour in enumerate(levels) if len(of_hour) == len(levels[-1]))
    hour = hours[number]
    since_ts = trial.from_ts if number == 0 else hours[number - 1].house_ts
    pair = _lived(trial, forecasting.pair or trial.pair, since_ts, hour.house_ts)
    level = _level(replace(trial, pair=pair, from_ts=hour.house_ts), hints=levels[number][-1:])
    levels = (*levels[:number], (*levels[number], level), *levels[number + 1 :])
    after = replace(forecasting, levels=levels, pair=pair, worked_s=now_s)
    if number + 1 < len(hours):
        return after
    after = replace(after, trials=after.trials[1:], pair=None)
    return after if after.trials else replace(after, expected=_expected(hours, levels))


def _expected(hours: Sequence[ForecastHour], levels: Sequence[Sequence[int]]) -> tuple[ExpectedOffer, ...]:
    return tuple(
        ExpectedOffer(round(hour.ts), _kw(median_low(of_hour)), _kw(min(of_hour)))
        for hour, of_hour in zip(hours, levels, strict=True)
    )


def _without_events(trial: Trial, future: Future) -> Trial:
    """The trial in a future, of a house that no event has touched."""
    free = HousePair(trial.pair.counterfactual, trial.pair.counterfactual)
    return replace(trial, pair=free).within(future)


def _lived(trial: Trial, pair: HousePair, from_ts: float, until_ts: float) -> HousePair:
    """The houses after a time without events, under the limit, the settings and the commands of the trial."""
    while from_ts < until_ts:
        step_s = min(LIVING_STEP_S, until_ts - from_ts)
        env = trial.weather(from_ts, step_s)
        sheds = {name: shed for name, shed in trial.load_sheds.items() if from_ts < shed.until_ts}
        planned = pair.planned(
            env, step_s, None, limit_kw=trial.limit_kw, settings=trial.settings, load_sheds=sheds
        )
        pair, _ = planned.step(env, step_s, trial.settings)
        from_ts += step_s
    return pair


def _level(trial: Trial, hints: tuple[int, ...]) -> int:
    """The highest level that is kept for a quarter hour from the trial's time on; *hints* are tried first."""
    search = Search((trial,), WINDOWS_S[0], hints, order=(0,))
    while not search.levels:
        search = search.advanced(round(900.0 / STEP_S))
    return search.levels[0]


def _kw(level: int) -> float:
    return LEVELS_KW[level] if level > NONE else 0.0
