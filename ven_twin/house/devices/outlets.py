"""General outlets: electronics and small appliances behind switched receptacles."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.devices.dimmable import Dimmable, DimmableSpec
from ven_twin.house.environment import Environment


class OutletsSpec(DimmableSpec, frozen=True, kw_only=True):
    """The outlets circuit."""

    type: ClassVar[str] = "outlets"


@dataclass(frozen=True, slots=True)
class Outlets(Dimmable[OutletsSpec]):
    """Outlets, of which the network, the alarm and the controller's own supply always stay on.

    Interpretation: those are 30 % of what is plugged in.
    """

    def level_kw(self, env: Environment) -> float:
        """What is plugged in and running, kW."""
        return env.outlets_kw
