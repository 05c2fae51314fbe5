"""The clothes dryer."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.appliance import Appliance, ApplianceSpec, ApplianceStream, ApplianceUse
from ven_twin.house.occupants import DeviceHabits, PerDay, RunS, StreamType, UseStart

DRYER = 4
"""Number of the first of three streams of chance: whether a run starts, when, and how long it is."""


class DryerSpec(ApplianceSpec, frozen=True, kw_only=True):
    """The dryer's circuit."""

    type: ClassVar[str] = "dryer"


class DryerUse(ApplianceUse, frozen=True, gc=False):
    """Seconds of drying that someone starts in the step."""


class DryerHabits(DeviceHabits, frozen=True, kw_only=True):
    """Runs of the mean day, and how long one is."""

    dryer_runs_d: PerDay
    dryer_run_s: RunS


class DryerStream(ApplianceStream[DryerHabits]):
    """Runs over the day as the dryer's shape has them."""

    __slots__ = ()
    habits_type = DryerHabits
    use_type = DryerUse

    def start(self, index: int) -> UseStart:
        """The run that starts in hour *index*, if any."""
        habits = self.habits
        return self.occupants.start("dryer", habits.dryer_runs_d, habits.dryer_run_s, DRYER, index)


@dataclass(frozen=True, slots=True)
class Dryer(Appliance[DryerSpec]):
    """A resistance dryer, one load at a time."""

    spec_type: ClassVar[type[Circuit]] = DryerSpec
    stream_type: ClassVar[StreamType | None] = DryerStream
    use_type: ClassVar[type[ApplianceUse]] = DryerUse
