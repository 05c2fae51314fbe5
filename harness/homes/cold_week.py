"""A cold week of homes taken apart: their heating and the rest, and homes by how they heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from harness.homes.load import WEEKS, LivedWeek, correlation, live
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Profile
from ven_twin.simulation.many_houses.arrays import Floats

GAS_SHARES = (0.25, 0.5)


@dataclass(frozen=True, slots=True)
class ColdWeek:
    """The mean days of homes in January, kW by hour, with and without heating; and how each heats."""

    shapes: Floats
    rest: Floats
    pumps: npt.NDArray[np.bool_]
    set_back: npt.NDArray[np.bool_]

    @property
    def heating(self) -> Floats:
        """The mean days of heating alone."""
        return self.shapes - self.rest

    @property
    def heating_share(self) -> float:
        """The share of the week's energy that heats."""
        return float(self.heating.sum() / self.shapes.sum())

    def with_gas(self, share: float) -> float:
        """The correlation if every so many homes burnt gas for their heat; a furnace's fan is left out."""
        gas = np.floor(np.arange(len(self.shapes)) * share) < np.floor(
            (np.arange(len(self.shapes)) + 1) * share
        )
        return correlation(np.where(gas[:, None], self.rest, self.shapes))


def cold_week(
    profiles: Sequence[Profile], environments: Sequence[HouseEnvironment], lived: LivedWeek, days: int
) -> ColdWeek:
    """The parts of *lived*, a week in January, by living it once more without heating.

    A battery charges from what PV leaves over, which is more without heating: little, in January.
    """
    specs = [next(one for one in home.circuits if isinstance(one, HvacSpec)) for home in profiles]
    unheated = [
        replace(home, circuits=tuple(one for one in home.circuits if not isinstance(one, HvacSpec)))
        for home in profiles
    ]
    rest = live(unheated, environments, WEEKS["January"], days)
    return ColdWeek(
        lived.shapes,
        rest.shapes,
        np.array([spec.machine.heating_kw > 0.0 for spec in specs]),
        np.array([any(period.heating_c < spec.heating_c for period in spec.schedule) for spec in specs]),
    )
