"""Houses whose parameters are in a test's hands, measured as a meter and a thermometer would."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.house.library import load_environment, load_profile
from ven_twin.simulation.fitting.hours import Hours
from ven_twin.simulation.fitting.house_fit import drive
from ven_twin.simulation.fitting.parameters import Parameters
from ven_twin.simulation.fitting.thermal import Drive, Floats, ThermalHouse, live

JANUARY, JULY, MAY = (datetime(2026, month, 5, tzinfo=UTC) for month in (1, 7, 5))
"""Mondays and a Tuesday, local standard time."""
BASE_KW = (*(0.3,) * 6, *(0.7,) * 3, *(0.5,) * 8, *(1.0,) * 5, *(0.5,) * 2)


@dataclass(frozen=True)
class MeasuredHouse:
    """A house of the fit's model, its hours, and what drives it."""

    house: ThermalHouse
    hours: Hours
    drive: Drive


def true_house(*, furnace: bool = False, **values: float) -> ThermalHouse:
    """The default house with other *values*."""
    parameters = Parameters.around(0.3, furnace=furnace)
    house = parameters.house(np.zeros(len(parameters.free)))
    envelope = {name: values.pop(name) for name in tuple(values) if hasattr(house.envelope, name)}
    return replace(house, envelope=msgspec.structs.replace(house.envelope, **envelope), **values)


def measure(
    house: ThermalHouse, start: datetime, days: int, *, thermometer: bool = True, error_kw: float = 0.1
) -> MeasuredHouse:
    """*days* of *house* from *start*, with errors of a tenth of a kW and of a degree."""
    environment = load_environment(load_profile())
    draw = np.random.default_rng(7)
    base_kw = np.tile(np.array(BASE_KW), days)
    first_hour = int(start.timestamp() // S_PER_H)
    empty = Hours(first_hour, base_kw, None)
    driven = drive(environment, environment.weather, empty)
    lived = live([house], driven, base_kw, house.heating_c)
    meter_kw = lived.hvac_kw[:, 0] + base_kw + np.abs(error_kw * draw.standard_normal(len(base_kw)))
    indoor_c = lived.air_c[:, 0] + 0.1 * draw.standard_normal(len(base_kw))
    return MeasuredHouse(house, Hours(first_hour, meter_kw, indoor_c if thermometer else None), driven)


def meter_csv(
    start: datetime, values: Sequence[float] | Floats, *, step_min: int = 60, column: str = "kwh"
) -> str:
    """A meter's or thermometer's file from *start*, standard time in Greensboro, offsets in every row."""
    rows = [f"time,{column}"]
    for index, value in enumerate(values):
        at = start.replace(tzinfo=None) + timedelta(minutes=step_min * index)
        rows.append(f"{at.isoformat()}-05:00,{value:.4f}")
    return "\n".join(rows) + "\n"


def midnight_s(start: datetime) -> float:
    """Midnight in Greensboro on the day of *start*, UTC s."""
    return start.timestamp() // S_PER_DAY * S_PER_DAY + 5 * S_PER_H
