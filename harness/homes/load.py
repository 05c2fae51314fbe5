"""The power of homes through weeks of the year: day shapes, own peaks and the peak of the sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from contracts.wire.units import S_PER_DAY
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Profile
from ven_twin.simulation.homes.neighbourhood import Neighbourhood
from ven_twin.simulation.many_houses.arrays import Floats

WEEKS = {
    "January": date(2026, 1, 12),
    "April": date(2026, 4, 13),
    "July": date(2026, 7, 13),
    "October": date(2026, 10, 12),
}
HOURS, QUARTERS = 24, 96


@dataclass(frozen=True, slots=True)
class LivedWeek:
    """The means over quarter-hours of each home's net power, kW: homes by days by quarters."""

    homes_kw: Floats

    @property
    def shapes(self) -> Floats:
        """The mean day of each home, hourly."""
        days = self.homes_kw.mean(axis=1)
        hours: Floats = days.reshape(len(days), HOURS, -1).mean(axis=2)
        return hours

    @property
    def home_peaks_kw(self) -> Floats:
        """Each home's own peak."""
        peaks: Floats = self.homes_kw.max(axis=(1, 2))
        return peaks

    @property
    def peak_kw(self) -> float:
        """The peak of all homes together."""
        return float(self.homes_kw.sum(axis=0).max())

    @property
    def diversity(self) -> float:
        """The sum of the homes' own peaks over the peak of their sum."""
        return float(self.home_peaks_kw.sum()) / self.peak_kw


def live(
    profiles: Sequence[Profile], environments: Sequence[HouseEnvironment], first: date, days: int
) -> LivedWeek:
    """Live through *days* from *first*."""
    offset_s = environments[0].weather.utc_offset_h * 3600
    start_s = (first - date(1970, 1, 1)).days * S_PER_DAY - offset_s
    homes = Neighbourhood(profiles, environments, start_s, days)
    minutes = np.array([minute.houses_kw for minute in homes.minutes()])
    quarters = minutes.reshape(days, QUARTERS, -1, len(profiles)).mean(axis=2)
    return LivedWeek(np.moveaxis(quarters, 2, 0))


def correlation(shapes: Floats) -> float:
    """The mean correlation of the shapes of two homes."""
    matrix: Floats = np.asarray(np.corrcoef(shapes))
    return float(matrix[np.triu_indices(len(shapes), 1)].mean())
