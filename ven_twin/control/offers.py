"""Offers: the kW that a house keeps shedding for a quarter of an hour or longer, whatever comes. Pure.

A shed is tried ahead by the planner that acts in events, in each of some futures
(`ven_twin.control.futures`), on a copy of house and counterfactual. What a house keeps drawing more is found
alike, by trials of a load up. It can be held for as long as the mean of
each window is at least `SUSTAINED_SHARE` of it, and offered while it is `OFFERED_SHARE`. Here is the trial,
and what an offer is; `ven_twin.control.offer_search` finds one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from contracts.wire.events import Interval, Signal
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.free_course import FreeCourse
from ven_twin.control.futures import Future
from ven_twin.control.house_pair import HousePair
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.environment import Environment

SUSTAINED_SHARE = 0.9
"""A promise is kept in a window whose mean is at least this share of it."""
OFFERED_SHARE = 0.97
"""An offer delivers this share of it in each future. Interpretation: the tenth that a promise may be short
is for what futures do not have, and none of it is sold."""
CONFIDENCE = 0.9
"""The share of futures in which a promise is kept."""
LEAST_OFFER_KW = 0.5
"""Below this a house offers nothing. Interpretation: less than one small circuit gives."""
MOST_OFFER_KW = 30.0
LEVEL_RATIO = 1.08
"""Offers are told on levels so far apart, rounded to 0.1 kW."""
DURATIONS_S = (900.0, 1800.0, 3600.0, 7200.0, 14_400.0)
"""The durations for which an offer is told, s of house time; the first is the least for which one holds."""
WINDOWS_S = (300.0, 900.0)
"""The windows whose means promises are about, s of house time: five minutes, and the meter's quarter hour."""
STEP_S = 60.0
"""A trial plans each minute at first. In longer steps a car that is full amid one would count to its end."""
LATER_S, LATER_STEP_S = 1800.0, 150.0
"""From this time on a trial plans in longer steps. Measured: of 640 levels of 64 states none is another for
it, at two fifths less CPU; with steps of 300 s, 14 are."""
ROUNDING_S = 1e-6

WeatherAhead = Callable[[float, float], Environment]
"""The world from a time (UTC s of the house) for so many seconds."""


def _levels() -> tuple[float, ...]:
    levels, kw = [LEAST_OFFER_KW], LEAST_OFFER_KW
    while kw < MOST_OFFER_KW:
        kw *= LEVEL_RATIO
        if (level := round(kw, 1)) > levels[-1]:
            levels.append(level)
    return tuple(levels)


LEVELS_KW = _levels()
NONE = -1
"""The level of no offer."""


class Promise(NamedTuple):
    """The kW that a house keeps shedding or drawing more for *sustain_s*, in the mean of each *mean_s*; s."""

    kw: float
    sustain_s: float
    mean_s: float

    def on_wall(self, speed: float) -> Promise:
        """The promise of a house that lives *speed* times as fast, in s of the wall."""
        return Promise(self.kw, self.sustain_s / speed, self.mean_s / speed)


NO_PROMISE = Promise(0.0, 0.0, WINDOWS_S[0])


@dataclass(frozen=True, slots=True)
class HouseOffer:
    """The level that is kept for each of `DURATIONS_S`, as far as they were searched.

    *window_s* is the length of the windows whose means are kept, s of house time.
    """

    window_s: float
    levels: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True when every duration was searched."""
        return len(self.levels) == len(DURATIONS_S)

    @property
    def promises(self) -> tuple[Promise, ...]:
        """The promises, in house time: ever longer, and ever less."""
        lasting = {
            level: for_s for for_s, level in zip(DURATIONS_S, self.levels, strict=False) if level > NONE
        }
        return tuple(Promise(LEVELS_KW[level], for_s, self.window_s) for level, for_s in lasting.items())


class TrialWindow(NamedTuple):
    """A window of a trial: its end, its length, the mean kW that it delivered, and the houses after it.

    Of a load up what was drawn more is delivered.
    """

    after_s: float
    dt_s: float
    delivered_kw: float
    pair: HousePair


@dataclass(frozen=True, slots=True)
class Trial:
    """A house, its counterfactual and the weather ahead, to try a shed on.

    Attributes:
        pair: house and counterfactual as they are now.
        weather: the world ahead.
        from_ts: now, UTC s of the house.
        settings: the settings of circuits.
        limit_kw: the lasting import limit, or None.
        load_sheds: circuits shed by command, each until its time, UTC s of the house.
        signal: `Signal.SHED_KW`, or `Signal.LOAD_UP_KW` to try what the house can draw more.
    """

    pair: HousePair
    weather: WeatherAhead
    from_ts: float
    settings: Mapping[str, CircuitSetting] = field(default_factory=dict)
    limit_kw: float | None = None
    load_sheds: Mapping[str, LoadShed] = field(default_factory=dict)
    signal: Signal = Signal.SHED_KW

    @property
    def loading_up(self) -> Trial:
        """The same trial of a load up."""
        return replace(self, signal=Signal.LOAD_UP_KW)

    def within(self, future: Future) -> Trial:
        """The same trial in *future*, whose world is made once however often it is tried."""
        weather = lru_cache(maxsize=None)(future.weather)
        return replace(self, pair=replace(future.pair(self.pair), course=FreeCourse()), weather=weather)

    def window(self, pair: HousePair, after_s: float, dt_s: float, kw: float) -> TrialWindow:
        """Shed *kw* off the baseline from *after_s* on for *dt_s*, planned anew each step as in an event.

        Or draw so much more than the baseline, as `signal` says.
        """
        request = Interval(duration_s=max(1, round(dt_s)), signal=self.signal, value=kw)
        end_s, energy_kws, at_s = after_s + dt_s, 0.0, after_s
        while (left_s := end_s - at_s) > ROUNDING_S:
            step_s = min(trial_step_s(at_s), left_s)
            at_ts = self.from_ts + at_s
            env = self.weather(at_ts, step_s)
            planned = pair.planned(
                env,
                step_s,
                request,
                limit_kw=self.limit_kw,
                settings=self.settings,
                load_sheds={name: shed for name, shed in self.load_sheds.items() if at_ts < shed.until_ts},
            )
            pair, flow = planned.step(env, step_s, self.settings)
            energy_kws += (flow.baseline_kw - flow.used_kw) * step_s
            at_s += step_s
        sign = 1.0 if self.signal is Signal.SHED_KW else -1.0
        return TrialWindow(end_s, dt_s, sign * energy_kws / dt_s, pair)

    def windows(self, kw: float, for_s: float, window_s: float = WINDOWS_S[0]) -> Iterator[TrialWindow]:
        """Shed *kw* for *for_s*, window by window."""
        pair, after_s = self.pair, 0.0
        while after_s < for_s - ROUNDING_S:
            window = self.window(pair, after_s, min(window_s, for_s - after_s), kw)
            pair, after_s = window.pair, window.after_s
            yield window


def trial_step_s(after_s: float) -> float:
    """The length of a step that begins *after_s* in a trial, s of house time."""
    return STEP_S if after_s < LATER_S else LATER_STEP_S


def spared(count: int) -> int:
    """The number of *count* futures in which a promise may be broken.

    One more future that is drawn alike keeps what all the others keep with a chance of `CONFIDENCE`.
    """
    return max(0, round((1.0 - CONFIDENCE) * (count + 1)) - 1)
