"""General outlets: electronics and small appliances behind switched receptacles."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.dimmable import Dimmable, DimmableSpec, DimmableUse
from ven_twin.house.occupants import DeviceHabits, HourlyStream, Kwh, StreamType

OUTLETS = 1
"""Number of the stream of chance."""


class OutletsSpec(DimmableSpec, frozen=True, kw_only=True):
    """The outlets circuit."""

    type: ClassVar[str] = "outlets"


class OutletsUse(DimmableUse, frozen=True, gc=False):
    """Mean power of the outlets that are on, kW."""


class OutletsHabits(DeviceHabits, frozen=True, kw_only=True):
    """Energy of the mean day."""

    outlets_kwh_d: Kwh


class OutletsStream(HourlyStream[OutletsHabits]):
    """The hour's shape, varied by chance."""

    __slots__ = ()
    habits_type = OutletsHabits
    use_type = OutletsUse

    def use_in_hour(self, index: int) -> OutletsUse:
        """Mean power over the hour."""
        mean_kw = self.occupants.mean("plugs", self.habits.outlets_kwh_d, index)
        return OutletsUse(mean_kw * self.occupants.varied(OUTLETS, index))


@dataclass(frozen=True, slots=True)
class Outlets(Dimmable[OutletsSpec]):
    """Outlets, of which the network, the alarm and the controller's own supply always stay on.

    Interpretation: those are 30 % of what is plugged in.
    """

    spec_type: ClassVar[type[Circuit]] = OutletsSpec
    stream_type: ClassVar[StreamType | None] = OutletsStream
    use_type: ClassVar[type[DimmableUse]] = OutletsUse
