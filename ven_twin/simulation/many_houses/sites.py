"""The worlds around many houses: one weather, and each house's own chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np

from contracts.wire.units import S_PER_H
from ven_twin.house import house_environment as scalar
from ven_twin.house.environment import Environment
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.weather.typical_year import HOURS_A_DAY, calendar
from ven_twin.simulation.many_houses.arrays import Bools, Floats
from ven_twin.simulation.many_houses.chance import Words, units


@dataclass(frozen=True, slots=True)
class Environments:
    """The world of each house during one step; *shared* has what is the same for all."""

    shared: Environment
    lights_kw: Floats
    outlets_kw: Floats
    hot_water_l: Floats
    dryer_s: Floats
    range_s: Floats
    ev_home: Bools
    ev_departs_in_h: Floats
    ev_trip_miles: Floats


class _Starts(NamedTuple):
    at_s: Floats
    run_s: Floats


class _Hours(NamedTuple):
    lights_kw: Floats
    outlets_kw: Floats
    tap: _Starts
    dryer: _Starts
    range: _Starts


class _Trips(NamedTuple):
    leaves_h: Floats
    returns_h: Floats
    miles: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """`HouseEnvironment` with a seed for each house. Weather and habits are *site*'s."""

    site: HouseEnvironment
    seeds: Words

    @classmethod
    def of(cls, site: HouseEnvironment, seeds: Sequence[int]) -> "Sites":
        """The worlds of houses with *seeds*."""
        return cls(site, np.array([seed & ((1 << 64) - 1) for seed in seeds], np.uint64))

    def environments(self, at_s: float, dt_s: float) -> Environments:
        """The environments from *at_s* for *dt_s*; raises and draws as `HouseEnvironment.environment`."""
        shared = self.site.environment(at_s, dt_s)
        local_s = at_s + self.site.weather.utc_offset_h * S_PER_H
        index = int(local_s // S_PER_H)
        from_s = local_s - index * S_PER_H
        until_s = from_s + dt_s
        now = _hours(self, index)
        home, departs_in_h, miles = self._cars(index // HOURS_A_DAY, shared.hour_of_day)
        count = len(self.seeds)
        tap_l, dryer_s, range_s = np.zeros(count), np.zeros(count), np.zeros(count)
        while until_s > 0.0:
            drawn = _hours(self, index)
            tap_l += scalar.TAP_L_S * _overlaps_s(drawn.tap, from_s, until_s)
            for started_s, starts in ((dryer_s, drawn.dryer), (range_s, drawn.range)):
                begin = (starts.at_s >= from_s) & (starts.at_s < until_s)
                started_s[begin] += starts.run_s[begin]
            index, from_s, until_s = index + 1, from_s - S_PER_H, until_s - S_PER_H
        return Environments(
            shared, now.lights_kw, now.outlets_kw, tap_l, dryer_s, range_s, home, departs_in_h, miles
        )

    def _cars(self, day: int, hour_of_day: float) -> tuple[Bools, Floats, Floats]:
        before, today, after = (_trips(self, day + beside) for beside in (-1, 0, 1))
        early = hour_of_day < today.leaves_h
        home = early | (hour_of_day >= today.returns_h)
        next_h = np.where(early, today.leaves_h, after.leaves_h + scalar.H_PER_D)
        return home, next_h - hour_of_day, np.where(early, before.miles, today.miles)


@lru_cache(maxsize=16)
def _hours(sites: Sites, index: int) -> _Hours:
    """What is drawn for hour *index*; see `ven_twin.house.house_environment`."""
    site, seeds, habits = sites.site, sites.seeds, sites.site.habits

    def varied(stream: int) -> Floats:
        return 1.0 + habits.spread * (2.0 * units(seeds, stream, index) - 1.0)

    def starts(end_use: str, runs_d: float, run_s: float, stream: int) -> _Starts:
        never = units(seeds, stream, index) >= site.mean_kw(end_use, runs_d, index)
        at_s = np.where(never, np.inf, units(seeds, stream + 1, index) * S_PER_H)
        return _Starts(at_s, np.where(never, 0.0, run_s * varied(stream + 2)))

    drawn = (1.0 - units(seeds, scalar.TAP, index)).tolist()
    mean_l = site.mean_kw("water_heater", habits.hot_water_l_d, index)
    litres = np.array([-log(share) * mean_l for share in drawn])
    tap_at_s = units(seeds, scalar.TAP_AT, index) * scalar.TAP_WITHIN_S
    return _Hours(
        site.mean_kw("lights", habits.lights_kwh_d, index) * varied(scalar.LIGHTS),
        site.mean_kw("plugs", habits.outlets_kwh_d, index) * varied(scalar.OUTLETS),
        _Starts(tap_at_s, np.minimum(litres, scalar.MOST_DRAW_L) / scalar.TAP_L_S),
        starts("dryer", habits.dryer_runs_d, habits.dryer_run_s, scalar.DRYER),
        starts("range", habits.range_runs_d, habits.range_run_s, scalar.RANGE),
    )


@lru_cache(maxsize=16)
def _trips(sites: Sites, day: int) -> _Trips:
    """The trips of *day*; see `ven_twin.house.house_environment`."""
    _, _, weekend = calendar(day)
    habits, seeds = sites.site.habits, sites.seeds
    leaves_h = habits.ev_leaves_h + (2.0 if weekend else 0.0) + units(seeds, scalar.LEAVES, day) - 0.5
    returns_h = habits.ev_returns_h + units(seeds, scalar.RETURNS, day) - 0.5
    miles = habits.ev_miles_d * (1.0 + habits.spread * (2.0 * units(seeds, scalar.MILES, day) - 1.0))
    return _Trips(leaves_h, np.maximum(returns_h, leaves_h), miles)


def _overlaps_s(draws: _Starts, from_s: float, until_s: float) -> Floats:
    ends_s = np.minimum(draws.at_s + draws.run_s, until_s)
    overlaps_s: Floats = np.maximum(ends_s - np.maximum(draws.at_s, from_s), 0.0)
    return overlaps_s
