"""OCHRE's electric water heater of twelve nodes through given courses; runs in OCHRE's own environment.

Reads a JSON list of courses on standard input, and writes the kW of each minute of each to standard output.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

import pandas as pd
from ochre.Equipment.WaterHeater import ElectricResistanceWaterHeater

START = dt.datetime(2018, 7, 1)  # noqa: DTZ001 - OCHRE's times have no zone
MINUTE = dt.timedelta(minutes=1)
NODES = 12
TANK_HEIGHT_M = 1.22
"""OCHRE's own for 50 gal: four feet."""


def powers_kw(course: dict[str, Any]) -> list[float]:
    """The power of each minute of a course."""
    minutes = len(course["draws_l"])
    schedule = pd.DataFrame(
        {
            # The one draw that OCHRE does not mix down to a temperature at the tap.
            "Clothes Washer (L/min)": course["draws_l"],
            "Water Heating (L/min)": 0.0,
            "Dishwasher (L/min)": 0.0,
            "Mains Temperature (C)": course["inlet_c"],
            "Zone Temperature (C)": course["ambient_c"],
        },
        index=pd.date_range(START, periods=minutes, freq="1min"),
    )
    tank = ElectricResistanceWaterHeater(
        time_res=MINUTE,
        start_time=START,
        duration=minutes * MINUTE,
        verbosity=1,
        schedule=schedule,
        initial_schedule=schedule.iloc[0].to_dict(),
        zone_name="Zone",
        water_nodes=NODES,
        save_results=False,
        **course["tank"],
        **{"Tank Height (m)": TANK_HEIGHT_M, "Efficiency (-)": 1.0},
    )
    powers = []
    for setpoint_c in course["setpoints_c"]:
        tank.setpoint_temp = setpoint_c
        tank.update()
        powers.append(float(tank.electric_kw))
    return powers


if __name__ == "__main__":
    json.dump([powers_kw(course) for course in json.load(sys.stdin)], sys.stdout)
