"""The occupants: their habits, and each device's stream of chance drawn from them and a seed.

A device with occupants' use has three classes here: its `DeviceHabits` (keys of the profile's ``[habits]``),
its `environment.Use` (what a step sees of it) and its `Stream`, which draws the one from the other.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.end_uses import EndUses
from ven_twin.house.environment import Use
from ven_twin.house.weather import HOURS_A_DAY, calendar

Kwh = Annotated[float, Meta(ge=0.0, le=100.0)]
PerDay = Annotated[float, Meta(ge=0.0, le=10.0)]
RunS = Annotated[float, Meta(ge=60.0, le=14_400.0)]
_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


def unit(seed: int, *keys: int) -> float:
    """A number in [0, 1), uniform over keys and always the same for the same *seed* and *keys*.

    Source: the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    Generators, 2014), folded over the keys.
    """
    state = seed & _MASK
    for key in keys:
        state = _mix((state + _STEP) ^ (key & _MASK))
    return _mix(state + _STEP) / 2.0**64


def _mix(word: int) -> int:
    word &= _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return (word ^ (word >> 31)) >> 11 << 11


class DeviceHabits(msgspec.Struct, frozen=True, kw_only=True):
    """A device's keys of ``[habits]``. A new device's have defaults, so that older profiles stay valid."""


HabitsT = TypeVar("HabitsT", bound=DeviceHabits)


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """The occupants' use on the mean day of a year.

    ``spread`` is how far an hour or a run may be from its mean (0.3: from 70 to 130 %). The devices' own
    keys come in by `ven_twin.house.profile.HouseHabits`.
    """

    people_kw: Annotated[float, Meta(ge=0.0, le=5.0)]
    spread: Annotated[float, Meta(ge=0.0, le=1.0)]
    array_tilt_deg: Annotated[float, Meta(ge=0.0, le=90.0)]
    array_azimuth_deg: Annotated[float, Meta(ge=0.0, le=360.0)]

    def of(self, kind: type[HabitsT]) -> HabitsT:
        """A device's share of the habits."""
        return kind(**{name: getattr(self, name) for name in kind.__struct_fields__})


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

    def unit(self, number: int, index: int) -> float:
        """A number in [0, 1) of the stream of chance *number*, for an hour or a day."""
        return unit(self.seed, number, index)

    def mean(self, end_use: str, a_day: float, index: int) -> float:
        """The mean over hour *index* since 1970 of an end use that takes *a_day* on the mean day.

        Energy in kWh gives kW; a count gives a count an hour.
        """
        day, hour = divmod(index, HOURS_A_DAY)
        _, month, weekend = calendar(day)
        return a_day / HOURS_A_DAY * self.end_uses.share(end_use, month, weekend, hour)

    def varied(self, number: int, index: int) -> float:
        """A factor around 1, within the spread."""
        return 1.0 + self.spread * (2.0 * self.unit(number, index) - 1.0)

    def start(self, end_use: str, runs_d: float, run_s: float, number: int, index: int) -> UseStart:
        """The run that starts in hour *index*, if any; it takes three streams from *number* on."""
        if self.unit(number, index) >= self.mean(end_use, runs_d, index):
            return NEVER
        return UseStart(self.unit(number + 1, index) * S_PER_H, run_s * self.varied(number + 2, index))


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
