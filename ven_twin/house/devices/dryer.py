"""The clothes dryer."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.devices.appliance import Appliance, ApplianceSpec
from ven_twin.house.environment import Environment


class DryerSpec(ApplianceSpec, frozen=True, kw_only=True):
    """The dryer's circuit."""

    type: ClassVar[str] = "dryer"


@dataclass(frozen=True, slots=True)
class Dryer(Appliance[DryerSpec]):
    """A resistance dryer, one load at a time."""

    def started_s(self, env: Environment) -> float:
        """Seconds of drying that someone starts in this step."""
        return env.dryer_s
