"""A house whose truth is OCHRE's: ResStock's example in Denver with a heat pump, six weeks of it.

Its people, their loads and its water heater are OCHRE's own schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np

from harness.fitting.truths import DAYS, Truth, measured
from harness.ochre.environment import answer
from ven_twin.house.weather import Weather, read_weather

STARTS: Mapping[str, datetime] = MappingProxyType(
    {
        "OCHRE, heat pump, Denver, winter": datetime(2018, 1, 1),  # noqa: DTZ001 - local standard time
        "OCHRE, heat pump, Denver, summer": datetime(2018, 6, 18),  # noqa: DTZ001 - local standard time
    }
)
"""Monday, and a Monday: the year is OCHRE's, the weather a typical one."""
SEEDS: Mapping[str, int] = MappingProxyType({name: 21 + number for number, name in enumerate(STARTS)})
"""Of the errors of meter and thermometer."""
SCRIPT = Path(__file__).parents[1] / "ochre" / "ochre_house.py"


def run(house: str) -> tuple[Truth, Weather]:
    """Live through six weeks in OCHRE; return them with the weather that it had.

    The crankcase's heater, 50 W while the machine rests in the cold, counts with the other loads: no meter
    tells it from a fridge, and GridLAB-D's houses have none.

    Raises:
        subprocess.CalledProcessError: OCHRE could not be installed, or did not run.
    """
    start = STARTS[house]
    lived = answer(SCRIPT, {"first": start.isoformat(), "days": DAYS})
    hvac_kw = np.array(lived["hvac_kw"]) - np.array(lived["standby_kw"])
    base_kw = np.array(lived["meter_kw"]) - hvac_kw
    truth = measured(SEEDS[house], start, np.array(lived["air_c"]), hvac_kw, base_kw)
    return truth, read_weather(Path(lived["weather"]))
