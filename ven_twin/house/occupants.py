"""The occupants: their habits, and each device's stream of chance drawn from them and a seed.

A device with occupants' use has three classes here: its `DeviceHabits` (keys of the profile's ``[habits]``),
its `environment.Use` (what a step sees of it) and its `Stream`, which draws the one from the other.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.chance import unit
from ven_twin.house.end_uses import SUMMER_SHARE, EndUses
from ven_twin.house.environment import Use
from ven_twin.house.occupancy import (
    FREE_SHARE,
    Household,
    Occupancy,
    OccupantType,
    household,
    household_active,
    is_free,
    population_active,
)
from ven_twin.house.weather import HOURS_A_DAY, calendar

Kwh = Annotated[float, Meta(ge=0.0, le=100.0)]
PerDay = Annotated[float, Meta(ge=0.0, le=10.0)]
RunS = Annotated[float, Meta(ge=60.0, le=14_400.0)]
HourOfDay = Annotated[float, Meta(ge=0.0, le=24.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
LEAST_ACTIVE = 0.04
"""The least share of people active that a measured shape's night is put down to."""
RESTS = {"lights": 0.25, "plugs": 0.5, "dryer": 0.02, "range": 0.02}
"""The load of an end use with nobody active, in shares of the household that is. None of hot water.

Interpretation: lights left on and standby, so that a night's plugs are half of an evening's (NEEA RBSA 2014);
a machine may be started by a timer."""


class DeviceHabits(msgspec.Struct, frozen=True, kw_only=True):
    """A device's keys of ``[habits]``. A new device's have defaults, so that older profiles stay valid."""


HabitsT = TypeVar("HabitsT", bound=DeviceHabits)


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """The occupants' use on the mean day of a year.

    ``spread`` is how far an hour or a run may be from its mean (0.3: from 70 to 130 %). ``people`` has the
    occupant type of each; the first drives the car, at ``ev_leaves_h`` and ``ev_returns_h`` where they work
    out. All of them live ``people_later_h`` later than usual and are away for ``away_weeks_y`` weeks a year.
    The devices' own keys come in by `ven_twin.house.profile.HouseHabits`.
    """

    people_kw: Annotated[float, Meta(ge=0.0, le=5.0)]
    people: Annotated[tuple[OccupantType, ...], Meta(min_length=1, max_length=8)] = ("works_out", "at_home")
    people_later_h: Annotated[float, Meta(ge=-2.5, le=2.5)] = 0.0
    away_weeks_y: Annotated[float, Meta(ge=0.0, le=26.0)] = 1.5
    ev_leaves_h: HourOfDay
    ev_returns_h: HourOfDay
    spread: Annotated[float, Meta(ge=0.0, le=1.0)]
    array_tilt_deg: Annotated[float, Meta(ge=0.0, le=90.0)]
    array_azimuth_deg: Annotated[float, Meta(ge=0.0, le=360.0)]

    def of(self, kind: type[HabitsT]) -> HabitsT:
        """A device's share of the habits."""
        return kind(**{name: getattr(self, name) for name in kind.__struct_fields__})

    def household(self) -> Household:
        """The people and their routines."""
        hours = self.ev_leaves_h, self.ev_returns_h
        return household(self.people, self.people_later_h, hours, self.away_weeks_y)


class Span(NamedTuple):
    """The time of a step, local standard time.

    ``index`` counts hours since 1970. ``hours`` has, for each hour that the step touches, its index and the
    seconds into it at which the step starts and ends.
    """

    day: int
    hour_of_day: float
    hours: tuple[tuple[int, float, float], ...]


class UseStart(NamedTuple):
    """A use that starts *at_s* seconds into its hour and lasts *run_s*; never, when *at_s* is infinite."""

    at_s: float
    run_s: float


NEVER = UseStart(inf, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Occupants:
    """The people of a house: their seed, how far they vary, and how their use falls over the day."""

    end_uses: EndUses
    spread: float
    seed: int
    home: Household
    occupancy: Occupancy = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "occupancy", Occupancy(self.home, self.seed))

    def unit(self, number: int, index: int) -> float:
        """A number in [0, 1) of the stream of chance *number*, for an hour or a day."""
        return unit(self.seed, number, index)

    def active(self, index: int) -> float:
        """The share of the household that is active in hour *index* since 1970."""
        day, hour = divmod(index, HOURS_A_DAY)
        return self.occupancy.active(day)[hour]

    def mean(self, end_use: str, a_day: float, index: int) -> float:
        """The mean over hour *index* since 1970 of an end use that takes *a_day* on the mean day.

        Energy in kWh gives kW; a count gives a count an hour.
        """
        day, hour = divmod(index, HOURS_A_DAY)
        month, free = day_type(day)
        return a_day / HOURS_A_DAY * self.end_uses.share(end_use, month, free, hour)

    def if_active(self, end_use: str, a_day: float, index: int) -> float:
        """`expected` of a household that is all active and has no rest; of all seeds alike."""
        day, hour = divmod(index, HOURS_A_DAY)
        return self.of_day(end_use, a_day, day_type(day))[hour]

    def of_day(self, end_use: str, a_day: float, kind: tuple[int, bool]) -> tuple[float, ...]:
        """`if_active` in each hour of a day of a *kind* (see `day_type`)."""
        return if_active(self.end_uses, self.home, end_use, a_day, kind)

    def expected(self, end_use: str, a_day: float, index: int) -> float:
        """The use in hour *index* by who is active, of an end use that takes *a_day* on the mean day."""
        return self.if_active(end_use, a_day, index) * (self.active(index) + RESTS.get(end_use, 0.0))

    def varied(self, number: int, index: int) -> float:
        """A factor around 1, within the spread."""
        return 1.0 + self.spread * (2.0 * self.unit(number, index) - 1.0)

    def start(self, end_use: str, runs_d: float, run_s: float, number: int, index: int) -> UseStart:
        """The run that starts in hour *index*, if any; it takes three streams from *number* on."""
        if self.unit(number, index) >= self.expected(end_use, runs_d, index):
            return NEVER
        return UseStart(self.unit(number + 1, index) * S_PER_H, run_s * self.varied(number + 2, index))


@lru_cache(maxsize=1024)
def day_type(day: int) -> tuple[int, bool]:
    """The month of *day* since 1970, and whether it is a weekend or a holiday."""
    return calendar(day)[1], is_free(day)


@lru_cache(maxsize=4096)
def if_active(
    end_uses: EndUses, home: Household, end_use: str, a_day: float, kind: tuple[int, bool]
) -> tuple[float, ...]:
    """`Occupants.if_active` in each hour of a day of a *kind*."""
    month, free = kind
    mean = a_day * active_scale(end_uses, home, end_use) / HOURS_A_DAY
    return tuple(
        mean * end_uses.share(end_use, month, free, hour) / _population(end_use, free, hour)
        for hour in range(HOURS_A_DAY)
    )


def _population(end_use: str, free: bool, hour: int) -> float:
    """The share of all people, and its rest, that made the measured shape in that hour."""
    return max(population_active(free)[hour] + RESTS.get(end_use, 0.0), LEAST_ACTIVE)


@lru_cache(maxsize=1024)
def active_scale(end_uses: EndUses, home: Household, end_use: str) -> float:
    """The factor that keeps a household's mean day over the year, whenever it is at home.

    The measured shape is what the mean of all people makes of it; a household that is there at other hours
    uses as much, then.
    """
    total, rest = 0.0, RESTS.get(end_use, 0.0)
    for month, season in ((7, SUMMER_SHARE), (1, 1.0 - SUMMER_SHARE)):
        for free, days in ((True, FREE_SHARE), (False, 1.0 - FREE_SHARE)):
            for hour, active in enumerate(household_active(home, free)):
                share = end_uses.share(end_use, month, free, hour) / HOURS_A_DAY
                total += season * days * share * (active + rest) / _population(end_use, free, hour)
    return 1.0 / total


@dataclass(frozen=True, slots=True, eq=False)
class Stream(ABC, Generic[HabitsT]):
    """The occupants' use of a device over time; all chance depends on (seed, hour or day) alone."""

    habits_type: ClassVar[type[DeviceHabits]]
    use_type: ClassVar[type[Use]]

    habits: HabitsT
    occupants: Occupants

    @abstractmethod
    def use(self, span: Span) -> Use | None:
        """The use in a step; None when there is none."""

    def used_in_hour(self, index: int) -> bool:  # noqa: ARG002
        """Tell if there may be any use in hour *index* since 1970."""
        return True


class HourlyStream(Stream[HabitsT]):
    """A use that stays the same within an hour, and is drawn once for it."""

    __slots__ = ()

    @abstractmethod
    def use_in_hour(self, index: int) -> Use:
        """The use during hour *index* since 1970."""

    def use(self, span: Span) -> Use:
        """The use of the hour in which the step starts."""
        return self.use_in_hour(span.hours[0][0])


StreamType = type[Stream[Any]]
