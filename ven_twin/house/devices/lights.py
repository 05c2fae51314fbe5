"""Lights, which can be dimmed."""

from dataclasses import dataclass
from typing import ClassVar

from ven_twin.house.devices.dimmable import Dimmable, DimmableSpec
from ven_twin.house.environment import Environment


class LightsSpec(DimmableSpec, frozen=True, kw_only=True):
    """The lighting circuit."""

    type: ClassVar[str] = "lights"


@dataclass(frozen=True, slots=True)
class Lights(Dimmable[LightsSpec]):
    """Lights, dimmed to half at most.

    Interpretation: light is proportional to power, and eyes forgive half of it for the length of an event.
    """

    def level_kw(self, env: Environment) -> float:
        """What the occupants have switched on, kW."""
        return env.lights_kw
