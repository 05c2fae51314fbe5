"""The range and its oven."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.devices.appliance import Appliance, ApplianceSpec
from ven_twin.house.environment import Environment


class RangeSpec(ApplianceSpec, frozen=True, kw_only=True):
    """The range's circuit."""

    type: ClassVar[str] = "range"


@dataclass(frozen=True, slots=True)
class Range(Appliance[RangeSpec]):
    """A range, one meal at a time."""

    def started_s(self, env: Environment) -> float:
        """Seconds of cooking that someone starts in this step."""
        return env.range_s
