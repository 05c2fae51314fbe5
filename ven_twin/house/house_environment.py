"""The world around one house: its weather, and its occupants' habits drawn from a seed."""

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite
from typing import Any, NamedTuple

from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.house.devices import DEVICES
from ven_twin.house.end_uses import EndUses
from ven_twin.house.environment import Environment, Use, no_use
from ven_twin.house.errors import NotFiniteError, StepDurationError
from ven_twin.house.house import House
from ven_twin.house.occupants import Habits, HourlyStream, Occupants, Span, Stream
from ven_twin.house.weather import HOURS_A_DAY, Weather, calendar

WARM_UP_STEP_S = 300
HOURS_DRAWN = 16
"""So many hours stay drawn: those that a search for an offer looks ahead, over and over. Each world has its
own, so that those of a thousand houses and their futures do not drive one another out."""
LIVED_HOURS = 2


class LightLine(NamedTuple):
    """Irradiance at the middle of an hour, and its rise until the middle of the next, W/m²."""

    walls_w_m2: float
    walls_rise_w_m2: float
    array_w_m2: float
    array_rise_w_m2: float
    sky_less_ground_w_m2: float
    sky_less_ground_rise_w_m2: float


class _Hour(NamedTuple):
    """Weather and use of one hour."""

    outdoor_c: float
    outdoor_rise_c: float
    humidity: float
    humidity_rise: float
    first_half: LightLine
    second_half: LightLine
    uses: dict[type[Use], Use]
    streams: tuple[Stream[Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class HouseEnvironment:
    """Everything outside the circuits. All chance is a function of (seed, day, hour) and of nothing else.

    So many hours stay drawn; `LIVED_HOURS` are enough for a house that only lives on.

    Interpretation: house-local time is local standard time the year round.
    """

    weather: Weather
    end_uses: EndUses
    habits: Habits
    seed: int
    hours_drawn: int = HOURS_DRAWN
    occupants: Occupants = field(init=False)
    hourly: tuple[HourlyStream[Any], ...] = field(init=False)
    streams: tuple[Stream[Any], ...] = field(init=False)
    unused: dict[type[Use], Use] = field(init=False)
    drawn: dict[int, _Hour] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        occupants = Occupants(self.end_uses, self.habits.spread, self.seed, self.habits.household())
        object.__setattr__(self, "occupants", occupants)
        kinds = [device.stream_type for device in DEVICES if device.stream_type is not None]
        streams = [kind(self.habits.of(kind.habits_type), occupants) for kind in kinds]
        hourly = tuple(stream for stream in streams if isinstance(stream, HourlyStream))
        object.__setattr__(self, "hourly", hourly)
        object.__setattr__(self, "streams", tuple(stream for stream in streams if stream not in hourly))
        object.__setattr__(self, "unused", {stream.use_type: no_use(stream.use_type) for stream in streams})
        object.__setattr__(self, "drawn", {})

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
        now = self._hour(index)
        share = min((from_s + dt_s / 2.0) / S_PER_H, 1.0)
        # Irradiance is a mean over its hour: on lines between the middles of hours.
        light, beyond = (now.first_half, share + 0.5) if share < 0.5 else (now.second_half, share - 0.5)
        hour_of_day = hour + from_s / S_PER_H
        uses = now.uses.copy()
        within = from_s + dt_s <= S_PER_H
        hours = ((index, from_s, from_s + dt_s),) if within else _hours_of_step(index, from_s, from_s + dt_s)
        span = Span(day, hour_of_day, hours)
        for stream in now.streams if within else self.streams:
            if (use := stream.use(span)) is not None:
                uses[stream.use_type] = use
        return Environment(
            day,
            hour_of_day,
            now.outdoor_c + now.outdoor_rise_c * share,
            now.humidity + now.humidity_rise * share,
            light.walls_w_m2 + light.walls_rise_w_m2 * beyond,
            light.array_w_m2 + light.array_rise_w_m2 * beyond,
            light.sky_less_ground_w_m2 + light.sky_less_ground_rise_w_m2 * beyond,
            self.habits.people_kw,
            uses,
        )

    def outdoor_c(self, at_s: float) -> float:
        """The temperature outside at *at_s*, UTC s, °C: on a line between the ends of hours."""
        index, within_s = divmod(at_s + self.weather.utc_offset_h * S_PER_H, S_PER_H)
        now = self._hour(int(index))
        return now.outdoor_c + now.outdoor_rise_c * within_s / S_PER_H

    def _hour(self, index: int) -> _Hour:
        """Weather and hourly use of hour *index* since 1970, local standard time."""
        hour = self.drawn.get(index)
        if hour is None:
            hour = self.drawn[index] = _drawn(self, index)
            if len(self.drawn) > self.hours_drawn:
                del self.drawn[next(iter(self.drawn))]
        return hour


def _hours_of_step(index: int, from_s: float, until_s: float) -> tuple[tuple[int, float, float], ...]:
    """The hours that a step touches, as `Span` has them."""
    hours = [(index, from_s, until_s)]
    while until_s > S_PER_H:
        index, from_s, until_s = index + 1, from_s - S_PER_H, until_s - S_PER_H
        hours.append((index, from_s, until_s))
    return tuple(hours)


def _drawn(environment: HouseEnvironment, index: int) -> _Hour:
    day, hour = divmod(index, HOURS_A_DAY)
    day_of_year, _, _ = calendar(day)
    hour_of_year = day_of_year * HOURS_A_DAY + hour
    habits, weather = environment.habits, environment.weather
    before, after = weather.ending(hour_of_year), weather.ending(hour_of_year + 1)
    light = [
        weather.light(hour_of_year + beside, habits.array_tilt_deg, habits.array_azimuth_deg)
        for beside in (-1, 0, 1)
    ]
    first_half, second_half = (
        LightLine(*(end for now, later in zip(*both, strict=True) for end in (now, later - now)))
        for both in pairwise(light)
    )
    uses: dict[type[Use], Use] = dict(environment.unused)
    uses |= {stream.use_type: stream.use_in_hour(index) for stream in environment.hourly}
    return _Hour(
        before.outdoor_c,
        after.outdoor_c - before.outdoor_c,
        before.humidity,
        after.humidity - before.humidity,
        first_half,
        second_half,
        uses,
        tuple(stream for stream in environment.streams if stream.used_in_hour(index)),
    )


def warmed_up(house: House, environment: HouseEnvironment, until_s: float) -> House:
    """*house* after a day that ends at *until_s* (UTC s), left alone.

    A house that has just been built has no warm walls and no drawn-down tank.
    """
    for before_s in range(S_PER_DAY, 0, -WARM_UP_STEP_S):
        env = environment.environment(until_s - before_s, WARM_UP_STEP_S)
        house = house.step({}, env, WARM_UP_STEP_S).house
    return house
