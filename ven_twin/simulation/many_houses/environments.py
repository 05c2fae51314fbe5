"""The environments of many houses: one weather, and each house's chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.appliance import (
    DRYER,
    RANGE,
    ApplianceUse,
    DryerHabits,
    DryerUse,
    RangeHabits,
    RangeUse,
)
from ven_twin.house.devices.dimmable import (
    LIGHTS,
    OUTLETS,
    DimmableUse,
    LightsHabits,
    LightsUse,
    OutletsHabits,
    OutletsUse,
)
from ven_twin.house.devices.ev import LEAVES, MILES, RETURNS, EvHabits
from ven_twin.house.devices.water_heater import (
    TAP,
    TAP_AT,
    TAP_L_S,
    TAP_WITHIN_S,
    WaterHeaterHabits,
    draw_scale_l,
)
from ven_twin.house.environment import Environment
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.weather import HOURS_A_DAY, calendar
from ven_twin.simulation.many_houses.arrays import Bools, Floats

Words = NDArray[np.uint64]
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MASK = (1 << 64) - 1

LEVELS: tuple[type[DimmableUse], ...] = (LightsUse, OutletsUse)
STARTS: tuple[type[ApplianceUse], ...] = (DryerUse, RangeUse)
"""The uses that are drawn here; others are drawn house by house, see `Environments.by_house`."""


class _Starts(NamedTuple):
    at_s: Floats
    run_s: Floats


class _Hours(NamedTuple):
    levels_kw: dict[type[DimmableUse], Floats]
    tap: _Starts
    appliances: dict[type[ApplianceUse], _Starts]


class _Trips(NamedTuple):
    leaves_h: Floats
    returns_h: Floats
    miles: Floats


@dataclass(frozen=True, slots=True, eq=False)
class HouseEnvironments:
    """`HouseEnvironment` with a seed for each house. Weather and habits are *first*'s."""

    first: HouseEnvironment
    seeds: Words

    @classmethod
    def of(cls, first: HouseEnvironment, seeds: Sequence[int]) -> "HouseEnvironments":
        """The environments of houses with *seeds*."""
        return cls(first, np.array([seed & ((1 << 64) - 1) for seed in seeds], np.uint64))

    def environments(self, at_s: float, dt_s: float) -> "Environments":
        """The environments from *at_s* for *dt_s*; raises and draws as `HouseEnvironment.environment`."""
        shared = self.first.environment(at_s, dt_s)
        local_s = at_s + self.first.weather.utc_offset_h * S_PER_H
        index = int(local_s // S_PER_H)
        from_s = local_s - index * S_PER_H
        until_s = from_s + dt_s
        levels_kw = _hours(self, index).levels_kw
        home, departs_in_h, miles = self._cars(index // HOURS_A_DAY, shared.hour_of_day)
        count = len(self.seeds)
        tap_l = np.zeros(count)
        started_s: dict[type[ApplianceUse], Floats] = {kind: np.zeros(count) for kind in STARTS}
        while until_s > 0.0:
            drawn = _hours(self, index)
            tap_l += TAP_L_S * _overlaps_s(drawn.tap, from_s, until_s)
            for kind, starts in drawn.appliances.items():
                begin = (starts.at_s >= from_s) & (starts.at_s < until_s)
                started_s[kind][begin] += starts.run_s[begin]
            index, from_s, until_s = index + 1, from_s - S_PER_H, until_s - S_PER_H
        return Environments(self, at_s, dt_s, shared, levels_kw, tap_l, started_s, home, departs_in_h, miles)

    def _cars(self, day: int, hour_of_day: float) -> tuple[Bools, Floats, Floats]:
        before, today, after = (_trips(self, day + beside) for beside in (-1, 0, 1))
        early = hour_of_day < today.leaves_h
        home = early | (hour_of_day >= today.returns_h)
        next_h = np.where(early, today.leaves_h, after.leaves_h + HOURS_A_DAY)
        return home, next_h - hour_of_day, np.where(early, before.miles, today.miles)


@dataclass(frozen=True, slots=True)
class Environments:
    """The environment of each house during one step; *shared* has what is the same for all."""

    houses: HouseEnvironments
    at_s: float
    dt_s: float
    shared: Environment
    levels_kw: dict[type[DimmableUse], Floats]
    hot_water_l: Floats
    started_s: dict[type[ApplianceUse], Floats]
    ev_home: Bools
    ev_departs_in_h: Floats
    ev_trip_miles: Floats

    def by_house(self) -> list[Environment]:
        """The environments house by house, for a device without an array form."""
        return [house.environment(self.at_s, self.dt_s) for house in _by_house(self.houses)]


@lru_cache(maxsize=4)
def _by_house(houses: HouseEnvironments) -> list[HouseEnvironment]:
    return [replace(houses.first, seed=int(seed)) for seed in houses.seeds]


@lru_cache(maxsize=16)
def _hours(houses: HouseEnvironments, index: int) -> _Hours:
    """The draws of hour *index*, as the devices' streams make them."""
    seeds, habits, occupants = houses.seeds, houses.first.habits, houses.first.occupants

    def varied(number: int) -> Floats:
        return 1.0 + habits.spread * (2.0 * units(seeds, number, index) - 1.0)

    def starts(end_use: str, runs_d: float, run_s: float, number: int) -> _Starts:
        never = units(seeds, number, index) >= occupants.mean(end_use, runs_d, index)
        at_s = np.where(never, np.inf, units(seeds, number + 1, index) * S_PER_H)
        return _Starts(at_s, np.where(never, 0.0, run_s * varied(number + 2)))

    drawn = (1.0 - units(seeds, TAP, index)).tolist()
    hot_water = habits.of(WaterHeaterHabits)
    most_l = hot_water.hot_water_draw_l
    scale_l = draw_scale_l(occupants.mean("water_heater", hot_water.hot_water_l_d, index), most_l)
    litres = np.array([-log(share) * scale_l for share in drawn])
    lights_kw = occupants.mean("lights", habits.of(LightsHabits).lights_kwh_d, index)
    outlets_kw = occupants.mean("plugs", habits.of(OutletsHabits).outlets_kwh_d, index)
    dryer, cooking = habits.of(DryerHabits), habits.of(RangeHabits)
    return _Hours(
        {LightsUse: lights_kw * varied(LIGHTS), OutletsUse: outlets_kw * varied(OUTLETS)},
        _Starts(units(seeds, TAP_AT, index) * TAP_WITHIN_S, np.minimum(litres, most_l) / TAP_L_S),
        {
            DryerUse: starts("dryer", dryer.dryer_runs_d, dryer.dryer_run_s, DRYER),
            RangeUse: starts("range", cooking.range_runs_d, cooking.range_run_s, RANGE),
        },
    )


@lru_cache(maxsize=16)
def _trips(houses: HouseEnvironments, day: int) -> _Trips:
    """The trips of *day*; see `ven_twin.house.devices.ev`."""
    _, _, weekend = calendar(day)
    spread, seeds, habits = houses.first.habits.spread, houses.seeds, houses.first.habits.of(EvHabits)
    leaves_h = habits.ev_leaves_h + (2.0 if weekend else 0.0) + units(seeds, LEAVES, day) - 0.5
    returns_h = habits.ev_returns_h + units(seeds, RETURNS, day) - 0.5
    miles = habits.ev_miles_d * (1.0 + spread * (2.0 * units(seeds, MILES, day) - 1.0))
    return _Trips(leaves_h, np.maximum(returns_h, leaves_h), miles)


def _overlaps_s(draws: _Starts, from_s: float, until_s: float) -> Floats:
    ends_s = np.minimum(draws.at_s + draws.run_s, until_s)
    overlaps_s: Floats = np.maximum(ends_s - np.maximum(draws.at_s, from_s), 0.0)
    return overlaps_s


def units(seeds: Words, *keys: int) -> Floats:
    """A number in [0, 1) for each seed; what `occupants.unit` gives for that seed and *keys*."""
    state = seeds
    for key in keys:
        state = _mixed((state + _STEP) ^ np.uint64(key & _MASK))
    return _mixed(state + _STEP).astype(np.float64) / 2.0**64


def _mixed(word: Words) -> Words:
    word = (word ^ (word >> _30)) * _FIRST
    word = (word ^ (word >> _27)) * _SECOND
    return (word ^ (word >> _31)) >> _11 << _11
