"""`ven_twin.house.occupancy` over many houses of one household, each with its seed."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ven_twin.house.occupancy import (
    AWAY_WEEK,
    BACK_WITHIN_H,
    DAYS_A_WEEK,
    DRAWS,
    EARLIEST_AWAKE_H,
    FREE_GOES,
    FREE_LATER_H,
    LATER,
    LATER_H,
    LATEST_AWAKE_H,
    LATEST_BACK_H,
    LEAVES_WITHIN_H,
    NEVER_H,
    OFF_LEAST_H,
    ON_TIME,
    OUTING_FROM_H,
    OUTING_LEAST_H,
    OUTING_MORE_H,
    OUTING_WITHIN_H,
    PERSON,
    PERSONS_APART,
    READY_H,
    SLEEPS_WITHIN_H,
    SOONER_H,
    WAKES_WITHIN_H,
    Household,
    is_free,
)
from ven_twin.house.weather import HOURS_A_DAY
from ven_twin.simulation.many_houses.arrays import Bools, Floats
from ven_twin.simulation.many_houses.chance import Words, units


class PersonDays(NamedTuple):
    """`PersonDay` of each house."""

    wakes_h: Floats
    leaves_h: Floats
    returns_h: Floats
    sleeps_h: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Occupancies:
    """`Occupancy` of each seed."""

    home: Household
    seeds: Words

    def away(self, day: int) -> Bools:
        """The houses that nobody is in for that week."""
        away: Bools = units(self.seeds, AWAY_WEEK, day // DAYS_A_WEEK) < self.home.away_share
        return away

    def active(self, day: int) -> tuple[Floats, ...]:
        """The share of each household that is active, for each hour of *day*."""
        return _active(self, day)

    def drivers(self, day: int) -> PersonDays:
        """The drivers' days; those stay at home whose household is away."""
        first, away = _person(self, 0, day), self.away(day)
        return first._replace(
            leaves_h=np.where(away, NEVER_H, first.leaves_h),
            returns_h=np.where(away, NEVER_H, first.returns_h),
        )


@lru_cache(maxsize=128)
def _person(houses: Occupancies, number: int, day: int) -> PersonDays:
    routine, free, first = houses.home.routines[number], is_free(day), PERSON + number * PERSONS_APART
    goes, leave, kind, back, wake, sleep = (
        units(houses.seeds, stream, day) for stream in range(first, first + DRAWS)
    )
    if routine.works and not free:
        leaves_h = routine.leaves_h + LEAVES_WITHIN_H * (2.0 * leave - 1.0)
        later_h, sooner_h = OFF_LEAST_H + LATER_H * back, -(OFF_LEAST_H + SOONER_H * back)
        off_h = np.where(kind < LATER, later_h, sooner_h)
        off_h = np.where(kind < ON_TIME, BACK_WITHIN_H * (2.0 * back - 1.0), off_h)
        returns_h = routine.back_h + off_h
    else:
        leaves_h = OUTING_FROM_H + OUTING_WITHIN_H * leave
        returns_h = leaves_h + OUTING_LEAST_H + OUTING_MORE_H * back
    returns_h = np.minimum(np.maximum(returns_h, leaves_h + OFF_LEAST_H), LATEST_BACK_H)
    later = FREE_LATER_H if free else 0.0
    wakes_h = routine.wakes_h + later + WAKES_WITHIN_H * (2.0 * wake - 1.0)
    sleeps_h = routine.sleeps_h + later / 2.0 + SLEEPS_WITHIN_H * (2.0 * sleep - 1.0)
    stays = goes >= (FREE_GOES if free else routine.goes)
    wakes_h = np.where(stays, wakes_h, np.minimum(wakes_h, leaves_h - READY_H))
    sleeps_h = np.where(stays, sleeps_h, np.maximum(sleeps_h, returns_h + READY_H))
    return PersonDays(
        np.maximum(wakes_h, EARLIEST_AWAKE_H),
        np.where(stays, NEVER_H, leaves_h),
        np.where(stays, NEVER_H, returns_h),
        np.minimum(sleeps_h, LATEST_AWAKE_H),
    )


@lru_cache(maxsize=8)
def _active(houses: Occupancies, day: int) -> tuple[Floats, ...]:
    there, was_away, count = ~houses.away(day), houses.away(day - 1), len(houses.home.routines)
    hours = [np.zeros(len(houses.seeds)) for _ in range(HOURS_A_DAY)]
    for number in range(count):
        today, before = _person(houses, number, day), _person(houses, number, day - 1)
        slept_h = np.where(was_away, 0.0, before.sleeps_h)
        spans = (
            (today.wakes_h, np.minimum(today.leaves_h, today.sleeps_h)),
            (today.returns_h, today.sleeps_h),
            (np.zeros(len(slept_h)), slept_h - HOURS_A_DAY),
        )
        for from_h, until_h in spans:
            first, last = int(from_h.min()), min(int(until_h.max()) + 1, HOURS_A_DAY)
            for hour in range(first, last):
                hours[hour] += np.maximum(
                    np.minimum(until_h, hour + 1.0) - np.maximum(from_h, float(hour)), 0.0
                )
    return tuple(np.where(there, active / count, 0.0) for active in hours)
