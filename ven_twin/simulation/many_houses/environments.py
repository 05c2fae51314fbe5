"""The environments of many houses: one weather, and each house's chance."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

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
from ven_twin.house.devices.ev import (
    DAYS_AHEAD,
    MILES,
    MOST_TIMES_MILES,
    NO_TRIP_H,
    PLUGS_LATE,
    EvHabits,
)
from ven_twin.house.devices.hot_water import (
    TAP,
    TAP_AT,
    TAP_L_S,
    TAP_WITHIN_S,
    USES,
    WaterHeaterHabits,
    use_rates,
)
from ven_twin.house.environment import Environment
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.occupancy import NEVER_H
from ven_twin.house.occupants import RESTS, day_type
from ven_twin.house.weather import HOURS_A_DAY
from ven_twin.simulation.many_houses.arrays import Bools, Floats
from ven_twin.simulation.many_houses.chance import Words, units
from ven_twin.simulation.many_houses.occupancy import Occupancies

LEVELS: tuple[type[DimmableUse], ...] = (LightsUse, OutletsUse)
STARTS: tuple[type[ApplianceUse], ...] = (DryerUse, RangeUse)
"""The uses that are drawn here; others are drawn house by house, see `Environments.by_house`."""


class _Starts(NamedTuple):
    at_s: Floats
    run_s: Floats


class _Draws(NamedTuple):
    at_s: Floats
    run_s: Floats
    flow_l_s: float


class _Hours(NamedTuple):
    levels_kw: dict[type[DimmableUse], Floats]
    appliances: dict[type[ApplianceUse], _Starts]


class _Trips(NamedTuple):
    leaves_h: Floats
    plugs_h: Floats
    miles: Floats
    next_leaves_h: Floats


@dataclass(frozen=True, slots=True, eq=False)
class HouseEnvironments:
    """`HouseEnvironment` with a seed for each house. Weather and habits are *first*'s."""

    first: HouseEnvironment
    seeds: Words
    occupancies: Occupancies = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "occupancies", Occupancies(self.first.occupants.home, self.seeds))

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
            day, hour = divmod(index, HOURS_A_DAY)
            for draws in _draws_of_day(self, day)[hour]:
                tap_l += draws.flow_l_s * _overlaps_s(draws, from_s, until_s)
            for kind, starts in _hours(self, index).appliances.items():
                begin = (starts.at_s >= from_s) & (starts.at_s < until_s)
                started_s[kind][begin] += starts.run_s[begin]
            index, from_s, until_s = index + 1, from_s - S_PER_H, until_s - S_PER_H
        return Environments(self, at_s, dt_s, shared, levels_kw, tap_l, started_s, home, departs_in_h, miles)

    def _cars(self, day: int, hour_of_day: float) -> tuple[Bools, Floats, Floats]:
        before, today = _trips(self, day - 1), _trips(self, day)
        early = hour_of_day < today.leaves_h
        home = early | (hour_of_day >= today.plugs_h)
        next_h = np.where(early, today.leaves_h, today.next_leaves_h)
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
    """Levels and starts of hour *index*, as the devices' streams draw them."""
    seeds, habits, occupants = houses.seeds, houses.first.habits, houses.first.occupants
    day, hour = divmod(index, HOURS_A_DAY)
    active = houses.occupancies.active(day)[hour]

    def expected(end_use: str, a_day: float) -> Floats:
        of_hour: Floats = occupants.if_active(end_use, a_day, index) * (active + RESTS.get(end_use, 0.0))
        return of_hour

    def varied(number: int) -> Floats:
        return 1.0 + habits.spread * (2.0 * units(seeds, number, index) - 1.0)

    def starts(end_use: str, runs_d: float, run_s: float, number: int) -> _Starts:
        never = units(seeds, number, index) >= expected(end_use, runs_d)
        at_s = np.where(never, np.inf, units(seeds, number + 1, index) * S_PER_H)
        return _Starts(at_s, np.where(never, 0.0, run_s * varied(number + 2)))

    lights_kw = expected("lights", habits.of(LightsHabits).lights_kwh_d)
    outlets_kw = expected("plugs", habits.of(OutletsHabits).outlets_kwh_d)
    dryer, cooking = habits.of(DryerHabits), habits.of(RangeHabits)
    return _Hours(
        {LightsUse: lights_kw * varied(LIGHTS), OutletsUse: outlets_kw * varied(OUTLETS)},
        {
            DryerUse: starts("dryer", dryer.dryer_runs_d, dryer.dryer_run_s, DRYER),
            RangeUse: starts("range", cooking.range_runs_d, cooking.range_run_s, RANGE),
        },
    )


@lru_cache(maxsize=4)
def _draws_of_day(houses: HouseEnvironments, day: int) -> tuple[tuple[_Draws, ...], ...]:
    """The draws of each hour of *day*; see `ven_twin.house.devices.water_heater`."""
    seeds, habits = houses.seeds, houses.first.habits.of(WaterHeaterHabits)
    most_l = habits.hot_water_draw_l
    occupants = houses.first.occupants
    rates = use_rates(occupants.end_uses, occupants.home, habits, day_type(day))
    waiting_l = [np.zeros(len(seeds)) for _ in USES]
    hours = []
    for hour, active in enumerate(houses.occupancies.active(day)):
        index = day * HOURS_A_DAY + hour
        if active.any():
            for number, (use, of_hours) in enumerate(zip(USES, rates, strict=True)):
                rate, first = of_hours[hour] * active, TAP + 2 * number
                sure = np.floor(rate)
                draws = sure + (units(seeds, first, index) < rate - sure)
                size = use.least + (use.most - use.least) * units(seeds, first + 1, index)
                waiting_l[number] = waiting_l[number] + draws * (size * most_l)
        hours.append(_hour_draws(waiting_l, most_l, units(seeds, TAP_AT, index)))
    return tuple(hours)


def _hour_draws(waiting_l: list[Floats], most_l: float, starts: Floats) -> tuple[_Draws, ...]:
    """Take an hour's draws from what is waiting in each house."""
    room_l, run_s = np.full(len(starts), most_l), np.zeros(len(starts))
    drawn: list[tuple[Floats, float]] = []
    for number, use in enumerate(USES):
        litres = np.minimum(waiting_l[number], most_l)
        litres = np.where(litres <= room_l, litres, 0.0)
        waiting_l[number] = waiting_l[number] - litres
        room_l = room_l - litres
        one_s = litres / use.flow_l_s
        run_s = run_s + one_s
        if one_s.any():
            drawn.append((one_s, use.flow_l_s))
    at_s = starts * (TAP_WITHIN_S + (most_l - room_l) / TAP_L_S - run_s)
    draws = []
    for one_s, flow_l_s in drawn:
        draws.append(_Draws(at_s, one_s, flow_l_s))
        at_s = at_s + one_s
    return tuple(draws)


@lru_cache(maxsize=16)
def _trips(houses: HouseEnvironments, day: int) -> _Trips:
    """The trips of *day*; see `ven_twin.house.devices.ev`."""
    seeds, habits, drivers = houses.seeds, houses.first.habits.of(EvHabits), houses.occupancies.drivers(day)
    late = units(seeds, PLUGS_LATE, day) < habits.ev_late_share
    bedtime_h = np.minimum(np.maximum(drivers.returns_h, drivers.sleeps_h), HOURS_A_DAY)
    plugs_h = np.where(late, bedtime_h, drivers.returns_h)
    far = units(seeds, MILES, day)
    miles = habits.ev_miles_d / houses.first.occupants.home.trip_share * (MOST_TIMES_MILES * far * far)
    stays = drivers.leaves_h >= NEVER_H
    return _Trips(
        np.where(stays, NO_TRIP_H, drivers.leaves_h),
        np.where(stays, NO_TRIP_H, plugs_h),
        np.where(stays, 0.0, miles),
        _next_leaves_h(houses, day),
    )


def _next_leaves_h(houses: HouseEnvironments, day: int) -> Floats:
    next_h = np.full(len(houses.seeds), float(DAYS_AHEAD * HOURS_A_DAY))
    for ahead in range(1, DAYS_AHEAD):
        leaves_h = houses.occupancies.drivers(day + ahead).leaves_h
        goes = (leaves_h < NEVER_H) & (next_h == DAYS_AHEAD * HOURS_A_DAY)
        next_h = np.where(goes, leaves_h + ahead * HOURS_A_DAY, next_h)
        if (next_h < DAYS_AHEAD * HOURS_A_DAY).all():
            break
    return next_h


def _overlaps_s(draws: _Draws, from_s: float, until_s: float) -> Floats:
    ends_s = np.minimum(draws.at_s + draws.run_s, until_s)
    overlaps_s: Floats = np.maximum(ends_s - np.maximum(draws.at_s, from_s), 0.0)
    return overlaps_s
