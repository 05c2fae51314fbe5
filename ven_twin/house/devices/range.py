"""The range and its oven."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.appliance import Appliance, ApplianceSpec, ApplianceStream, ApplianceUse
from ven_twin.house.occupants import DeviceHabits, PerDay, RunS, StreamType, UseStart

RANGE = 7
"""Number of the first of three streams of chance: whether a run starts, when, and how long it is."""


class RangeSpec(ApplianceSpec, frozen=True, kw_only=True):
    """The range's circuit."""

    type: ClassVar[str] = "range"


class RangeUse(ApplianceUse, frozen=True, gc=False):
    """Seconds of cooking that someone starts in the step."""


class RangeHabits(DeviceHabits, frozen=True, kw_only=True):
    """Runs of the mean day, and how long one is."""

    range_runs_d: PerDay
    range_run_s: RunS


class RangeStream(ApplianceStream[RangeHabits]):
    """Runs over the day as the range's shape has them."""

    __slots__ = ()
    habits_type = RangeHabits
    use_type = RangeUse

    def start(self, index: int) -> UseStart:
        """The run that starts in hour *index*, if any."""
        habits = self.habits
        return self.occupants.start("range", habits.range_runs_d, habits.range_run_s, RANGE, index)


@dataclass(frozen=True, slots=True)
class Range(Appliance[RangeSpec]):
    """A range, one meal at a time."""

    spec_type: ClassVar[type[Circuit]] = RangeSpec
    stream_type: ClassVar[StreamType | None] = RangeStream
    use_type: ClassVar[type[ApplianceUse]] = RangeUse
