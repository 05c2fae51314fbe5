"""Houses whose truth is there: six weeks of GridLAB-D's ``house_e``, with people's loads drawn from a seed.

A fit sees the meter and, perhaps, the thermometer, both with errors; the HVAC's power is for the score alone.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tests.support import gridlabd
from tests.support.gridlabd import Setting, Span, celsius
from ven_twin.house.weather import HOURS_A_DAY

Floats = NDArray[np.float64]

DAYS = 42
QUARTERS_A_DAY = 96
MINUTES = 15
METER_ERROR = 0.005
"""Of a reading, one standard deviation. ANSI C12.20 class 0.5."""
SENSOR_ERROR_C, SENSOR_STEP_C = 0.2, 0.1
"""A thermostat's sensor: its error and its resolution."""
SHAPE = (
    *(0.30, 0.26, 0.25, 0.25, 0.27, 0.36, 0.60, 0.75, 0.60, 0.50, 0.48, 0.50),
    *(0.55, 0.52, 0.50, 0.55, 0.70, 0.95, 1.10, 1.05, 0.95, 0.80, 0.60, 0.42),
)
"""kW of a weekday by hour. Source: the shape of NEEA RBSA 2014's whole houses less HVAC."""
MODEL = """
object house {{
  weather sky; {building}
  cooling_setpoint {cooling}; heating_setpoint {heating}; air_temperature {heating}; mass_temperature
  {heating};
  object ZIPload {{ base_power 0.0; power_fraction 1; power_pf 1; heat_fraction {heat_fraction}; is_240 TRUE;
    object player {{ property base_power; file "base.player"; }}; }};
  object ZIPload {{ base_power {people_kw}; power_fraction 1; power_pf 1; heat_fraction 1; is_240 TRUE; }};
  object recorder {{ file "recorded.csv"; interval 60; property "air_temperature,energy.real"; }};
}}
"""
HEAT_PUMP = "heating_system_type HEAT_PUMP; auxiliary_system_type ELECTRIC; auxiliary_strategy DEADBAND;"
FURNACE = """auxiliary_system_type NONE; heating_system_type RESISTANCE;
  design_heating_capacity 51182; fan_design_power 500;"""
WINTER, SUMMER = datetime(2009, 1, 5), datetime(2009, 6, 22)  # noqa: DTZ001 - local standard time


@dataclass(frozen=True, slots=True)
class TrueHouse:
    """A house of GridLAB-D and the six weeks that it lives through."""

    building: str
    start: datetime
    heating_f: float
    cooling_f: float
    seed: int
    people_kw: float
    heat_fraction: float
    furnace: bool = False


HOUSES: Mapping[str, TrueHouse] = MappingProxyType(
    {
        "heat pump, 2,000 sf, winter": TrueHouse(
            f"floor_area 2000 sf; thermal_integrity_level ABOVE_NORMAL; {HEAT_PUMP}",
            WINTER,
            68.0,
            80.0,
            11,
            0.25,
            0.7,
        ),
        "heat pump, 2,000 sf, summer": TrueHouse(
            f"floor_area 2000 sf; thermal_integrity_level ABOVE_NORMAL; {HEAT_PUMP}",
            SUMMER,
            62.0,
            75.0,
            12,
            0.15,
            0.85,
        ),
        "heat pump, 1,400 sf, winter": TrueHouse(
            f"floor_area 1400 sf; thermal_integrity_level NORMAL; {HEAT_PUMP}",
            WINTER,
            70.0,
            80.0,
            13,
            0.3,
            0.6,
        ),
        "furnace, 1,200 sf, winter": TrueHouse(
            f"floor_area 1200 sf; thermal_integrity_level LITTLE; {FURNACE}",
            WINTER,
            68.0,
            82.0,
            14,
            0.1,
            0.8,
            furnace=True,
        ),
        "air conditioner, 1,200 sf, summer": TrueHouse(
            f"floor_area 1200 sf; thermal_integrity_level LITTLE; {FURNACE}",
            SUMMER,
            60.0,
            77.0,
            15,
            0.2,
            0.7,
            furnace=True,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Truth:
    """Quarters of an hour of a house: what meter and thermometer show, and what the HVAC really drew."""

    start: datetime
    meter_kwh: Floats
    indoor_c: Floats
    true_air_c: Floats
    true_hvac_kw: Floats


def run(house: TrueHouse, folder: Path, weather: Path) -> Truth:
    """Live through six weeks in GridLAB-D."""
    base_kw = base_load_kw(house)
    times = [house.start + timedelta(minutes=MINUTES * quarter) for quarter in range(len(base_kw))]
    gridlabd.write_player(folder / "base.player", [Setting(*one) for one in zip(times, base_kw, strict=True)])
    model = MODEL.format(
        building=house.building,
        cooling=house.cooling_f,
        heating=house.heating_f,
        people_kw=house.people_kw,
        heat_fraction=house.heat_fraction,
    )
    rows = gridlabd.run(folder, weather, Span(house.start, DAYS), model)[: DAYS * 1440 + 1]
    energy_kwh = np.array([row["energy.real"] for row in rows])[::MINUTES]
    hvac_kw = np.diff(energy_kwh) * 60.0 / MINUTES
    air_c = np.array([celsius(row["air_temperature"]) for row in rows[1:]]).reshape(-1, MINUTES).mean(axis=1)
    return measured(house.seed, house.start, air_c, hvac_kw, np.array(base_kw))


def measured(seed: int, start: datetime, air_c: Floats, hvac_kw: Floats, base_kw: Floats) -> Truth:
    """The readings of meter and thermometer in a house, with their errors."""
    draw = np.random.default_rng(seed)
    meter_kwh = (
        (hvac_kw + base_kw) * MINUTES / 60.0 * (1.0 + METER_ERROR * draw.standard_normal(len(hvac_kw)))
    )
    noisy_c = air_c + SENSOR_ERROR_C * draw.standard_normal(len(air_c))
    return Truth(start, meter_kwh, np.round(noisy_c / SENSOR_STEP_C) * SENSOR_STEP_C, air_c, hvac_kw)


def base_load_kw(house: TrueHouse) -> Sequence[float]:
    """The rest of the house in quarters of an hour: a shape, days that differ, runs of 2 to 5 kW."""
    draw = random.Random(house.seed)
    powers: list[float] = []
    for day in range(DAYS):
        weekend = (house.start + timedelta(days=day)).weekday() >= 5
        day_factor = exp(draw.gauss(0.0, 0.15))
        for quarter in range(QUARTERS_A_DAY):
            hour = quarter * HOURS_A_DAY // QUARTERS_A_DAY
            shape_kw = SHAPE[hour] * (1.25 if weekend and 9 <= hour < 17 else 1.0)
            powers.append(shape_kw * day_factor * exp(draw.gauss(-0.045, 0.3)))
        for _ in range(draw.choice((0, 1, 1, 2))):
            begin = len(powers) - draw.randrange(8, 64)
            for quarter in range(begin, begin + draw.choice((2, 3, 4))):
                powers[quarter] += draw.uniform(2.0, 5.0)
    return powers
