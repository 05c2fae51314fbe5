"""The errors of a modelled house against what was measured."""

from dataclasses import dataclass

import numpy as np

from contracts.wire.units import S_PER_H
from ven_twin.simulation.fitting.forecast import by_day
from ven_twin.simulation.fitting.thermal import Floats


@dataclass(frozen=True, slots=True)
class Goodness:
    """Errors over some days.

    Attributes:
        title: which days, in words.
        days: how many.
        indoor_rmse_c: of hourly means; None without a thermometer.
        daily_error: mean absolute error of a day's energy, by the mean day's.
        total_error: error of all days' energy, by what was metered.
    """

    title: str
    days: int
    indoor_rmse_c: float | None
    daily_error: float
    total_error: float


def goodness(
    title: str, metered_kw: Floats, modelled_kw: Floats, indoor_c: Floats | None, air_c: Floats
) -> Goodness:
    """Compare hours of whole days; hours that were not measured count on neither side."""
    metered, modelled = daily_kwh(metered_kw, modelled_kw)
    rmse_c = None if indoor_c is None else float(np.sqrt(np.nanmean((indoor_c - air_c) ** 2)))
    return Goodness(
        title,
        len(metered),
        rmse_c,
        float(np.abs(modelled - metered).sum() / metered.sum()),
        float(modelled.sum() / metered.sum() - 1.0),
    )


def daily_kwh(metered_kw: Floats, modelled_kw: Floats) -> tuple[Floats, Floats]:
    """Energy of each day by the meter and by the model, of the hours that were metered."""
    present = np.isfinite(metered_kw)
    metered = by_day(np.where(present, metered_kw, 0.0), S_PER_H).sum(axis=1)
    modelled = by_day(np.where(present, modelled_kw, 0.0), S_PER_H).sum(axis=1)
    return metered, modelled
