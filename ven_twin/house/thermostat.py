"""Thermostat schedules: setpoints by the hour of working days and of free days. Pure."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from ven_twin.house.circuit import Celsius, Hour
from ven_twin.house.occupancy import is_free

Days = Literal["all", "working", "free"]


class SetpointPeriod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Setpoints from one hour to another, local standard time; over midnight where it ends before it begins.

    ``days`` are those on which an hour lies: all, working days, or free ones (weekends and holidays).
    """

    from_h: Hour
    until_h: Hour
    heating_c: Celsius
    cooling_c: Celsius
    days: Days = "all"

    def covers(self, day: int, hour_of_day: float) -> bool:
        """Tell if it is in force at an hour of *day* since 1970."""
        if self.days != "all" and is_free(day) is not (self.days == "free"):
            return False
        if self.from_h <= self.until_h:
            return self.from_h <= hour_of_day < self.until_h
        return hour_of_day >= self.from_h or hour_of_day < self.until_h


Schedule = Annotated[tuple[SetpointPeriod, ...], Meta(max_length=24)]


class Setpoints(NamedTuple):
    """The air below which the machine heats and above which it cools, °C."""

    cooling_c: float
    heating_c: float


def setpoints_at(
    schedule: Sequence[SetpointPeriod], otherwise: Setpoints, day: int, hour_of_day: float
) -> Setpoints:
    """The setpoints at an hour: those of the first period that covers it, or *otherwise*."""
    for period in schedule:
        if period.covers(day, hour_of_day):
            return Setpoints(period.cooling_c, period.heating_c)
    return otherwise
