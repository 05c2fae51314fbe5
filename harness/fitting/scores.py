"""Scores of fitted houses on the two weeks after the four that they were fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import numpy as np

from contracts.wire.units import S_PER_DAY, S_PER_H
from harness.fitting.truths import DAYS, QUARTERS_A_DAY, Floats, Truth
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import decode_profile
from ven_twin.house.weather import HOURS_A_DAY, Weather
from ven_twin.simulation.fitting.fit import Fit, identify
from ven_twin.simulation.fitting.forecast import forecast
from ven_twin.simulation.fitting.hours import Hours
from ven_twin.simulation.fitting.house_file import house_text
from ven_twin.simulation.fitting.house_fit import drive

FIT_DAYS = 28
QUARTER_S = S_PER_DAY / QUARTERS_A_DAY
MOST_RMSE_C, MOST_DAILY_ERROR = 0.5, 0.05
"""The aims: indoors, and mean absolute error of a day's HVAC energy by the mean day's."""


@dataclass(frozen=True, slots=True)
class FittedScore:
    """A fitted house against the truth of the two weeks after.

    Attributes:
        house: its name.
        thermometer: it was fitted with one.
        rmse_c: of the air, hourly means.
        rmse_quarter_c: the same of quarters of an hour, in which a compressor's turns show.
        daily_error: mean absolute error of a day's HVAC energy, by the mean day's.
        total_error: error of the two weeks' HVAC energy.
        defaults: the parameters that stayed at their defaults.
    """

    house: str
    thermometer: bool
    rmse_c: float
    rmse_quarter_c: float
    daily_error: float
    total_error: float
    defaults: tuple[str, ...]

    @property
    def meets(self) -> bool:
        """Both aims are met."""
        return self.rmse_c <= MOST_RMSE_C and self.daily_error <= MOST_DAILY_ERROR


def score(name: str, truth: Truth, weather: Weather, *, furnace: bool, thermometer: bool) -> FittedScore:
    """Fit a house on the first four weeks of *truth* and let its file live through all six."""
    fit = fit_of(truth, weather, furnace=furnace, thermometer=thermometer)
    profile = decode_profile(house_text(fit, "fitted", place=weather.place, first=str(truth.start)), name)
    start_s = _start_s(truth, weather)
    lived = forecast(profile, weather, start_s, start_s + DAYS * S_PER_DAY, QUARTER_S)
    after = slice(FIT_DAYS * QUARTERS_A_DAY, None)
    apart_c = (lived.air_c - truth.true_air_c)[after]
    true_kwh = truth.true_hvac_kw[after].reshape(-1, QUARTERS_A_DAY).mean(axis=1) * HOURS_A_DAY
    kwh = lived.daily_hvac_kwh()[FIT_DAYS:]
    return FittedScore(
        name,
        thermometer,
        _rms(_hourly(apart_c)),
        _rms(apart_c),
        float(np.abs(kwh - true_kwh).sum() / true_kwh.sum()),
        float(kwh.sum() / true_kwh.sum() - 1.0),
        tuple(one.name for one in fit.estimates if not one.identified),
    )


def fit_of(truth: Truth, weather: Weather, *, furnace: bool, thermometer: bool) -> Fit:
    """A house fitted on the first four weeks of *truth*."""
    count = FIT_DAYS * HOURS_A_DAY
    first_hour = int((_start_s(truth, weather) + weather.utc_offset_h * S_PER_H) // S_PER_H)
    meter_kw = _hourly(truth.meter_kwh)[:count] * QUARTERS_A_DAY / HOURS_A_DAY
    hours = Hours(first_hour, meter_kw, _hourly(truth.indoor_c)[:count] if thermometer else None)
    return identify(hours, drive(load_environment(load_profile()), weather, hours), furnace=furnace)


def table(scores: Sequence[FittedScore]) -> str:
    """The scores as a table of Markdown, each beside the aim."""
    rows = [
        "| house | fitted on | air, RMSE °C (≤ 0.5) | of quarters | HVAC of a day (≤ 5 %) | two weeks |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for one in scores:
        seen = "meter and thermometer" if one.thermometer else "meter alone"
        rows.append(
            f"| {one.house} | {seen} | {one.rmse_c:.2f} | {one.rmse_quarter_c:.2f} | {one.daily_error:.1%} | "
            f"{one.total_error:+.1%} |".replace("%", " %")
        )
    return "\n".join(rows) + "\n"


def _start_s(truth: Truth, weather: Weather) -> float:
    return truth.start.replace(tzinfo=UTC).timestamp() - weather.utc_offset_h * S_PER_H


def _hourly(series: Floats) -> Floats:
    means: Floats = series.reshape(-1, QUARTERS_A_DAY // HOURS_A_DAY).mean(axis=1)
    return means


def _rms(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2)))
