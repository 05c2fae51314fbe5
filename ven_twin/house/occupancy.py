"""Occupancy: who of a household is at home, away, awake or asleep, by day and hour. Pure.

    0h      wakes        leaves         returns          sleeps  24h
    |-asleep--|--active----|----away-------|-----active----|-asleep-|

A person's day is drawn from the routine of their occupant type, on its own for working days and for free days
(weekends and public holidays). Everything that people use follows the share of the household that is active,
and the car is away when its driver, the first of the household, is.

Source: Richardson, Thomson and Infield, A high-resolution domestic building occupancy model (Energy and
Buildings, 2008), for active occupancy as what moves the use of energy together.
Interpretation: the routines and their spread. Nobody measures them in one source: hours as in the American
Time Use Survey's mean day, and a return that is spread so that a car's arrivals are as in EVI-Pro's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from math import sqrt
from typing import Literal, NamedTuple, TypeVar

from ven_twin.house.chance import unit
from ven_twin.house.weather import EPOCH_ORDINAL, HOURS_A_DAY, calendar

OccupantType = Literal["works_out", "late_shift", "at_home", "retired", "at_school"]
PERSON, DRAWS, AWAY_WEEK = 100, 6, 40
"""Numbers of the streams of chance: six for each person, ten apart; whether the household is away."""
PERSONS_APART = 10
DAYS_A_WEEK = 7
WEEKS_A_YEAR = 365.0 / 7.0
FREE_SHARE = 110.0 / 365.0
"""Weekends, and the holidays that fall on a weekday."""
NEVER_H = 48.0
LATEST_BACK_H, LATEST_AWAKE_H, EARLIEST_AWAKE_H = 23.75, 27.0, 3.0
LEAVES_WITHIN_H, WAKES_WITHIN_H, SLEEPS_WITHIN_H = 0.75, 0.75, 1.0
FREE_LATER_H = 1.2
FREE_GOES = 0.75
OUTING_FROM_H, OUTING_WITHIN_H = 9.0, 8.0
OUTING_LEAST_H, OUTING_MORE_H = 0.5, 6.0
READY_H = 0.5
"""Between waking and leaving, and between coming home and sleep."""
ON_TIME, LATER = 0.52, 0.85
"""Of a working day's returns so many are on time, and up to so many later: errands, an evening out."""
BACK_WITHIN_H, SOONER_H, LATER_H, OFF_LEAST_H = 0.75, 4.5, 5.5, 0.5
DAYS_DRAWN = 4
"""So many days of a household stay drawn; each has its own, so that many do not drive one another out."""
T = TypeVar("T")
LATTICE = 48
"""Points over which the mean day is taken."""


class Routine(NamedTuple):
    """The mean hours of an occupant type, local standard time, and how often a working day has them leave.

    Who *works* keeps hours; the others go out for a while at any time of the day.
    """

    wakes_h: float
    leaves_h: float
    back_h: float
    sleeps_h: float
    goes: float
    works: bool


ROUTINES: dict[OccupantType, Routine] = {
    "works_out": Routine(6.3, 7.5, 17.0, 22.7, 0.85, works=True),
    "late_shift": Routine(9.0, 13.5, 22.0, 25.5, 0.8, works=True),
    "at_home": Routine(7.0, 0.0, 0.0, 22.7, 0.6, works=False),
    "retired": Routine(7.2, 0.0, 0.0, 22.2, 0.65, works=False),
    "at_school": Routine(6.7, 7.8, 15.3, 21.8, 0.9, works=True),
}
POPULATION: dict[OccupantType, float] = {
    "works_out": 0.40,
    "late_shift": 0.08,
    "at_home": 0.13,
    "retired": 0.17,
    "at_school": 0.22,
}
"""Source: US Census 2020, under 18 (22 %) and over 64 (17 %); American Community Survey, employed (48 %)."""


class PersonDay(NamedTuple):
    """A person's day, h from midnight; who stays at home leaves and returns at `NEVER_H`."""

    wakes_h: float
    leaves_h: float
    returns_h: float
    sleeps_h: float


def person_day(routine: Routine, free: bool, draws: Sequence[float]) -> PersonDay:
    """The day of *routine* that six numbers in [0, 1) make of it, on a *free* day or a working day."""
    goes, leave, kind, back, wake, sleep = draws
    if routine.works and not free:
        leaves_h = routine.leaves_h + LEAVES_WITHIN_H * (2.0 * leave - 1.0)
        returns_h = routine.back_h + _off_h(kind, back)
    else:
        leaves_h = OUTING_FROM_H + OUTING_WITHIN_H * leave
        returns_h = leaves_h + OUTING_LEAST_H + OUTING_MORE_H * back
    returns_h = min(max(returns_h, leaves_h + OFF_LEAST_H), LATEST_BACK_H)
    later_h = FREE_LATER_H if free else 0.0
    wakes_h = routine.wakes_h + later_h + WAKES_WITHIN_H * (2.0 * wake - 1.0)
    sleeps_h = routine.sleeps_h + later_h / 2.0 + SLEEPS_WITHIN_H * (2.0 * sleep - 1.0)
    if goes >= (FREE_GOES if free else routine.goes):
        leaves_h = returns_h = NEVER_H
    else:
        wakes_h, sleeps_h = min(wakes_h, leaves_h - READY_H), max(sleeps_h, returns_h + READY_H)
    return PersonDay(max(wakes_h, EARLIEST_AWAKE_H), leaves_h, returns_h, min(sleeps_h, LATEST_AWAKE_H))


def _off_h(kind: float, back: float) -> float:
    """The time between the habit and a working day's return, h; below zero it is sooner."""
    if kind < ON_TIME:
        return BACK_WITHIN_H * (2.0 * back - 1.0)
    if kind < LATER:
        return OFF_LEAST_H + LATER_H * back
    return -(OFF_LEAST_H + SOONER_H * back)


def add_active(hours: list[float], day: PersonDay, slept_h: float) -> None:
    """Add a person's active share of each hour to 24 *hours*; last night they slept from *slept_h* on."""
    spans = (
        (day.wakes_h, min(day.leaves_h, day.sleeps_h)),
        (day.returns_h, day.sleeps_h),
        (0.0, slept_h - HOURS_A_DAY),
    )
    for from_h, until_h in spans:
        for hour in range(int(from_h), min(int(until_h) + 1, HOURS_A_DAY) if until_h > from_h else 0):
            hours[hour] += max(min(until_h, hour + 1.0) - max(from_h, hour), 0.0)


@dataclass(frozen=True, slots=True)
class Household:
    """The people of a house by their routines, the driver first, and the weeks a year that all are away."""

    routines: tuple[Routine, ...]
    away_weeks_y: float

    @property
    def away_share(self) -> float:
        """The share of weeks in which all are away."""
        return self.away_weeks_y / WEEKS_A_YEAR

    @property
    def trip_share(self) -> float:
        """The share of days on which the driver leaves."""
        goes = (1.0 - FREE_SHARE) * self.routines[0].goes + FREE_SHARE * FREE_GOES
        return goes * (1.0 - self.away_share)


def household(
    people: Sequence[OccupantType], shift_h: float, driver_h: tuple[float, float], away_weeks_y: float
) -> Household:
    """The household of *people* whose days are *shift_h* later than usual.

    The first, where they keep hours, leaves and returns at *driver_h*.
    """
    routines = []
    for number, kind in enumerate(people):
        routine = ROUTINES[kind]
        leaves_h, back_h = routine.leaves_h + shift_h, routine.back_h + shift_h
        if number == 0 and kind == "works_out":
            leaves_h, back_h = driver_h
        routines.append(
            routine._replace(
                wakes_h=routine.wakes_h + shift_h,
                leaves_h=leaves_h,
                back_h=back_h,
                sleeps_h=routine.sleeps_h + shift_h,
            )
        )
    return Household(tuple(routines), away_weeks_y)


@lru_cache(maxsize=1024)
def mean_active(routine: Routine, free: bool) -> tuple[float, ...]:
    """The mean share of each hour in which a person is active, over the routine's days.

    Over a lattice of the six numbers (Kronecker's, by roots of primes), so that it is the same in every run.
    """
    steps = [sqrt(prime) % 1.0 for prime in (2.0, 3.0, 5.0, 7.0, 11.0, 13.0)]
    hours = [0.0] * HOURS_A_DAY
    for point in range(1, LATTICE + 1):
        day = person_day(routine, free, [point * step % 1.0 for step in steps])
        add_active(hours, day, day.sleeps_h)
    return tuple(hour / LATTICE for hour in hours)


@lru_cache(maxsize=2)
def population_active(free: bool) -> tuple[float, ...]:
    """The mean share of each hour in which anybody is active: the people behind the measured shapes."""
    hours = [0.0] * HOURS_A_DAY
    for kind, share in POPULATION.items():
        for hour, active in enumerate(mean_active(ROUTINES[kind], free)):
            hours[hour] += share * active
    return tuple(hours)


@lru_cache(maxsize=256)
def household_active(home: Household, free: bool) -> tuple[float, ...]:
    """The mean share of a household that is active in each hour."""
    days = [mean_active(routine, free) for routine in home.routines]
    there = (1.0 - home.away_share) / len(days)
    return tuple(there * sum(hour) for hour in zip(*days, strict=True))


@lru_cache(maxsize=1024)
def is_free(day: int) -> bool:
    """Tell if *day* since 1970 is a weekend or a public holiday.

    Source: 5 U.S.C. 6103, the holidays that most employers keep, and the Friday after Thanksgiving.
    """
    _, _, weekend = calendar(day)
    return weekend or day in _holidays(date.fromordinal(EPOCH_ORDINAL + day).year)


@lru_cache(maxsize=16)
def _holidays(year: int) -> frozenset[int]:
    thanksgiving = _weekday(year, 11, 3, 4)
    last_may = date(year, 5, 31)
    days = (
        date(year, 1, 1),
        last_may - timedelta(days=last_may.weekday()),
        date(year, 7, 4),
        _weekday(year, 9, 0, 1),
        thanksgiving,
        thanksgiving + timedelta(days=1),
        date(year, 12, 24),
        date(year, 12, 25),
    )
    return frozenset(day.toordinal() - EPOCH_ORDINAL for day in days)


def _weekday(year: int, month: int, weekday: int, number: int) -> date:
    """The *number*-th Monday (0) to Sunday (6) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % DAYS_A_WEEK + DAYS_A_WEEK * (number - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """A household's days, drawn from a seed; all chance is a function of (seed, day)."""

    home: Household
    seed: int
    drawn: dict[int, tuple[PersonDay, ...]] = field(init=False, default_factory=dict, repr=False)
    active_shares: dict[int, tuple[float, ...]] = field(init=False, default_factory=dict, repr=False)

    def is_away(self, day: int) -> bool:
        """Tell if the household is away for the week that *day* is in."""
        return unit(self.seed, AWAY_WEEK, day // DAYS_A_WEEK) < self.home.away_share

    def person(self, number: int, day: int) -> PersonDay:
        """The day of person *number* when the household is not away."""
        first = PERSON + number * PERSONS_APART
        draws = [unit(self.seed, stream, day) for stream in range(first, first + DRAWS)]
        return person_day(self.home.routines[number], is_free(day), draws)

    def active(self, day: int) -> tuple[float, ...]:
        """The share of the household that is active in each hour of *day*."""
        shares = self.active_shares.get(day)
        if shares is None:
            shares = _active(self, day)
            _keep(self.active_shares, day, shares)
        return shares

    def people(self, day: int) -> tuple[PersonDay, ...]:
        """The day of each person when the household is not away."""
        people = self.drawn.get(day)
        if people is None:
            people = tuple(self.person(number, day) for number in range(len(self.home.routines)))
            _keep(self.drawn, day, people)
        return people


def _keep(days: dict[int, T], day: int, value: T) -> None:
    """Have a day at hand, and the one that was drawn longest ago no more."""
    days[day] = value
    if len(days) > DAYS_DRAWN:
        del days[next(iter(days))]


def _active(occupancy: Occupancy, day: int) -> tuple[float, ...]:
    hours = [0.0] * HOURS_A_DAY
    if not occupancy.is_away(day):
        was_away = occupancy.is_away(day - 1)
        for before, today in zip(occupancy.people(day - 1), occupancy.people(day), strict=True):
            add_active(hours, today, 0.0 if was_away else before.sleeps_h)
    return tuple(hour / len(occupancy.home.routines) for hour in hours)


def driver_day(occupancy: Occupancy, day: int) -> PersonDay:
    """The driver's day; one that stays at home while the household is away."""
    if occupancy.is_away(day):
        return PersonDay(0.0, NEVER_H, NEVER_H, HOURS_A_DAY)
    return occupancy.people(day)[0]
