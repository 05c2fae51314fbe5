"""The courses of tanks: days of draws, mains of three seasons, sheds of several lengths and depths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contracts.wire.units import S_PER_H, S_PER_MIN
from ven_twin.house.devices.hot_water import WaterHeaterUse
from ven_twin.house.devices.water_heater import WaterHeaterSpec
from ven_twin.house.library import load_environment, load_profile

START_S = 1_247_547_600.0
DAYS = 8
MIN_A_DAY = 1_440
SEASONS_C = {"winter": 8.0, "spring": 15.6, "summer": 22.0}
"""Mains. Interpretation: those of a mild climate, about the house file's."""
SEEDS = (1, 2)
STARTS_H = (6.5, 17.0)
SHED_C = 5.56
SHEDS = ((1.0, SHED_C), (2.0, SHED_C), (4.0, SHED_C), (2.0, 2.2), (2.0, 11.1))
"""Hours, and how far the setpoint is lowered, °C."""


class Shed(NamedTuple):
    """A shed of each day: hour of the day, hours, and how far the setpoint is lowered, °C."""

    start_h: float
    hours: float
    offset_c: float

    def covers(self, minute: int) -> bool:
        """Tell whether it is on; the first day is left alone."""
        hour = minute % MIN_A_DAY * S_PER_MIN / S_PER_H
        return minute >= MIN_A_DAY and self.start_h <= hour < self.start_h + self.hours


class Course(NamedTuple):
    """Days of one tank, minute by minute: litres drawn, and the upper edge of its deadband, °C."""

    seed: int
    season: str
    shed: Shed | None
    draws_l: list[float]
    setpoints_c: list[float]


def courses(spec: WaterHeaterSpec) -> Iterator[Course]:
    """Every season and seed, without a shed and with each."""
    profile, full_c = load_profile(), spec.setpoint_c + spec.deadband_c / 2.0
    sheds = [Shed(start_h, hours, offset_c) for start_h in STARTS_H for hours, offset_c in SHEDS]
    for seed in SEEDS:
        environment = load_environment(profile, seed)
        draws_l = [
            environment.environment(START_S + S_PER_MIN * minute, S_PER_MIN).use(WaterHeaterUse).drawn_l
            for minute in range(DAYS * MIN_A_DAY)
        ]
        for season in SEASONS_C:
            for shed in (None, *sheds):
                setpoints_c = [
                    full_c - shed.offset_c if shed is not None and shed.covers(minute) else full_c
                    for minute in range(len(draws_l))
                ]
                yield Course(seed, season, shed, draws_l, setpoints_c)
