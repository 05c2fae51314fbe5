"""Lights, which can be dimmed."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.dimmable import Dimmable, DimmableSpec, DimmableUse
from ven_twin.house.occupants import DeviceHabits, HourlyStream, Kwh, StreamType

LIGHTS = 0
"""Number of the stream of chance."""


class LightsSpec(DimmableSpec, frozen=True, kw_only=True):
    """The lighting circuit."""

    type: ClassVar[str] = "lights"


class LightsUse(DimmableUse, frozen=True, gc=False):
    """Mean power of the lights that are on, kW."""


class LightsHabits(DeviceHabits, frozen=True, kw_only=True):
    """Energy of the mean day."""

    lights_kwh_d: Kwh


class LightsStream(HourlyStream[LightsHabits]):
    """The hour's shape, varied by chance."""

    __slots__ = ()
    habits_type = LightsHabits
    use_type = LightsUse

    def use_in_hour(self, index: int) -> LightsUse:
        """Mean power over the hour."""
        mean_kw = self.occupants.mean("lights", self.habits.lights_kwh_d, index)
        return LightsUse(mean_kw * self.occupants.varied(LIGHTS, index))


@dataclass(frozen=True, slots=True)
class Lights(Dimmable[LightsSpec]):
    """Lights, dimmed to half at most.

    Interpretation: light is proportional to power, and eyes forgive half of it for the length of an event.
    """

    spec_type: ClassVar[type[Circuit]] = LightsSpec
    stream_type: ClassVar[StreamType | None] = LightsStream
    use_type: ClassVar[type[DimmableUse]] = LightsUse
