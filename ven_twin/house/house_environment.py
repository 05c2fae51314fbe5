"""The world around one house: its weather, and its occupants' habits drawn from a seed."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite, log
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.chance import unit
from ven_twin.house.circuit import Hour
from ven_twin.house.end_uses import EndUses
from ven_twin.house.environment import Environment
from ven_twin.house.errors import NotFiniteError, StepDurationError
from ven_twin.house.weather.typical_year import HOURS_A_DAY, Weather, between, calendar

H_PER_D = 24.0
TAP_L_S = 8.0 / 60.0
"""Flow of a shower, the largest common draw."""
TAP_WITHIN_S = 2_400.0
MOST_DRAW_L = 150.0

# One stream of chance for each thing that is drawn.
(
    LIGHTS,
    OUTLETS,
    TAP,
    TAP_AT,
    DRYER,
    DRYER_AT,
    DRYER_RUN,
    RANGE,
    RANGE_AT,
    RANGE_RUN,
    LEAVES,
    RETURNS,
    MILES,
) = range(13)

Kwh = Annotated[float, Meta(ge=0.0, le=100.0)]
PerDay = Annotated[float, Meta(ge=0.0, le=10.0)]
RunS = Annotated[float, Meta(ge=60.0, le=14_400.0)]


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the occupants use on the mean day of a year, and when they drive.

    ``spread`` is how far an hour or a run may be from its mean (0.3: from 70 to 130 %).
    """

    people_kw: Annotated[float, Meta(ge=0.0, le=5.0)]
    lights_kwh_d: Kwh
    outlets_kwh_d: Kwh
    fridge_kwh_d: Kwh
    hot_water_l_d: Annotated[float, Meta(ge=0.0, le=2_000.0)]
    dryer_runs_d: PerDay
    dryer_run_s: RunS
    range_runs_d: PerDay
    range_run_s: RunS
    ev_leaves_h: Hour
    ev_returns_h: Hour
    ev_miles_d: Annotated[float, Meta(ge=0.0, le=500.0)]
    spread: Annotated[float, Meta(ge=0.0, le=1.0)]
    array_tilt_deg: Annotated[float, Meta(ge=0.0, le=90.0)]
    array_azimuth_deg: Annotated[float, Meta(ge=0.0, le=360.0)]


class _Start(NamedTuple):
    """A use that starts *at_s* seconds into its hour and lasts *run_s*; never, when *at_s* is infinite."""

    at_s: float
    run_s: float


class _Hour(NamedTuple):
    """What is drawn once for an hour."""

    outdoor_c: tuple[float, float]
    humidity: tuple[float, float]
    walls_w_m2: tuple[float, float, float]
    array_w_m2: tuple[float, float, float]
    lights_kw: float
    outlets_kw: float
    fridge_kw: float
    tap: _Start
    dryer: _Start
    range: _Start


class _Trip(NamedTuple):
    """When the car leaves and returns on a day, and how far it went."""

    leaves_h: float
    returns_h: float
    miles: float


@dataclass(frozen=True, slots=True, eq=False)
class HouseEnvironment:
    """Everything outside the circuits. All chance is a function of (seed, day, hour) and of nothing else.

    Interpretation: house-local time is local standard time the year round.
    """

    weather: Weather
    end_uses: EndUses
    habits: Habits
    seed: int

    def environment(self, at_s: float, dt_s: float) -> Environment:
        """The world from *at_s* (UTC seconds since the epoch) for *dt_s*.

        Weather is taken in the middle of the step; uses that start within the step belong to it, so that
        steps which follow one another count each once.

        Raises:
            NotFiniteError: *at_s* is NaN or infinite.
            StepDurationError: *dt_s* is not finite and above 0.
        """
        if not isfinite(at_s):
            raise NotFiniteError("at_s", at_s)
        if not 0.0 < dt_s < inf:
            raise StepDurationError(dt_s)
        local_s = at_s + self.weather.utc_offset_h * S_PER_H
        index = int(local_s // S_PER_H)
        from_s = local_s - index * S_PER_H
        day, hour = divmod(index, HOURS_A_DAY)
        now = _hour(self, index)
        share = min((from_s + dt_s / 2.0) / S_PER_H, 1.0)
        hour_of_day = hour + from_s / S_PER_H
        home, departs_in_h, miles = self._car(day, hour_of_day)
        tap_l = dryer_s = range_s = 0.0
        until_s = from_s + dt_s
        while until_s > 0.0:
            drawn = _hour(self, index)
            tap_l += TAP_L_S * _overlap_s(drawn.tap, from_s, until_s)
            dryer_s += drawn.dryer.run_s if from_s <= drawn.dryer.at_s < until_s else 0.0
            range_s += drawn.range.run_s if from_s <= drawn.range.at_s < until_s else 0.0
            index, from_s, until_s = index + 1, from_s - S_PER_H, until_s - S_PER_H
        return Environment(
            day,
            hour_of_day,
            between(*now.outdoor_c, share),
            between(*now.humidity, share),
            _midway(now.walls_w_m2, share),
            _midway(now.array_w_m2, share),
            self.habits.people_kw,
            now.lights_kw,
            now.outlets_kw,
            now.fridge_kw,
            tap_l,
            dryer_s,
            range_s,
            home,
            departs_in_h,
            miles,
        )

    def mean_kw(self, end_use: str, kwh_d: float, index: int) -> float:
        """The mean power in hour *index* since 1970 of an end use that takes *kwh_d* on the mean day."""
        day, hour = divmod(index, HOURS_A_DAY)
        _, month, weekend = calendar(day)
        return kwh_d / H_PER_D * self.end_uses.share(end_use, month, weekend, hour)

    def _car(self, day: int, hour_of_day: float) -> tuple[bool, float, float]:
        """Whether the car is home, hours to its next departure, miles of the day's trip."""
        today = _trip(self, day)
        if hour_of_day < today.leaves_h:
            return True, today.leaves_h - hour_of_day, _trip(self, day - 1).miles
        home = hour_of_day >= today.returns_h
        return home, _trip(self, day + 1).leaves_h + H_PER_D - hour_of_day, today.miles


@lru_cache(maxsize=256)
def _hour(site: HouseEnvironment, index: int) -> _Hour:
    """What hour *index* since 1970 holds, local standard time."""
    day, hour = divmod(index, HOURS_A_DAY)
    day_of_year, _, _ = calendar(day)
    hour_of_year = day_of_year * HOURS_A_DAY + hour
    habits, weather = site.habits, site.weather
    before, after = weather.ending(hour_of_year), weather.ending(hour_of_year + 1)
    light = [
        weather.irradiance(hour_of_year + beside, habits.array_tilt_deg, habits.array_azimuth_deg)
        for beside in (-1, 0, 1)
    ]

    def mean_kw(end_use: str, kwh_d: float) -> float:
        return site.mean_kw(end_use, kwh_d, index)

    def varied(stream: int) -> float:
        return 1.0 + habits.spread * (2.0 * unit(site.seed, stream, index) - 1.0)

    def start(end_use: str, runs_d: float, run_s: float, stream: int) -> _Start:
        if unit(site.seed, stream, index) >= mean_kw(end_use, runs_d):
            return _Start(inf, 0.0)
        return _Start(unit(site.seed, stream + 1, index) * S_PER_H, run_s * varied(stream + 2))

    litres = -log(1.0 - unit(site.seed, TAP, index)) * mean_kw("water_heater", habits.hot_water_l_d)
    return _Hour(
        (before.outdoor_c, after.outdoor_c),
        (before.humidity, after.humidity),
        (light[0][0], light[1][0], light[2][0]),
        (light[0][1], light[1][1], light[2][1]),
        mean_kw("lights", habits.lights_kwh_d) * varied(LIGHTS),
        mean_kw("plugs", habits.outlets_kwh_d) * varied(OUTLETS),
        mean_kw("fridge", habits.fridge_kwh_d),
        _Start(unit(site.seed, TAP_AT, index) * TAP_WITHIN_S, min(litres, MOST_DRAW_L) / TAP_L_S),
        start("dryer", habits.dryer_runs_d, habits.dryer_run_s, DRYER),
        start("range", habits.range_runs_d, habits.range_run_s, RANGE),
    )


@lru_cache(maxsize=64)
def _trip(site: HouseEnvironment, day: int) -> _Trip:
    """The trip of *day*, within half an hour of the habit; a weekend's starts two hours later."""
    _, _, weekend = calendar(day)
    habits = site.habits
    leaves_h = habits.ev_leaves_h + (2.0 if weekend else 0.0) + unit(site.seed, LEAVES, day) - 0.5
    returns_h = habits.ev_returns_h + unit(site.seed, RETURNS, day) - 0.5
    miles = habits.ev_miles_d * (1.0 + habits.spread * (2.0 * unit(site.seed, MILES, day) - 1.0))
    return _Trip(leaves_h, max(returns_h, leaves_h), miles)


def _overlap_s(draw: _Start, from_s: float, until_s: float) -> float:
    return max(min(draw.at_s + draw.run_s, until_s) - max(draw.at_s, from_s), 0.0)


def _midway(means: tuple[float, float, float], share: float) -> float:
    """The value a *share* into the middle hour, on lines between the middles of the three."""
    before, now, after = means
    half = 0.5
    return between(before, now, share + half) if share < half else between(now, after, share - half)
