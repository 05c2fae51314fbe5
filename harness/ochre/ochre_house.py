"""OCHRE's example of a house, with a heat pump; runs in OCHRE's own environment.

Reads a first day and a number of days as JSON on standard input, and writes means of quarters of an hour
to standard output.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ochre import Dwelling
from ochre.utils import default_input_path

DEFAULTS = Path(default_input_path)
HOUSE = DEFAULTS / "Input Files" / "bldg0112631-up11.xml"
"""ResStock's building 112631 with upgrade 11, which has a heat pump of one speed, 16 SEER and 9.2 HSPF."""
SCHEDULE = DEFAULTS / "Input Files" / "bldg0112631_schedule.csv"
WEATHER = DEFAULTS / "Weather" / "USA_CO_Denver.Intl.AP.725650_TMY3.epw"
QUARTER_MIN = 15
VERBOSITY = 7
"""From which on OCHRE's results have the mode of each machine and its strip."""
SEED = 1


def quarters(first: str, days: int) -> dict[str, Any]:
    """Live through *days* from *first* by the minute; return quarters of an hour, and the weather's file."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        dwelling = Dwelling(
            start_time=dt.datetime.fromisoformat(first),
            time_res=dt.timedelta(minutes=1),
            duration=dt.timedelta(days=days),
            initialization_time=dt.timedelta(days=1),
            hpxml_file=str(HOUSE),
            hpxml_schedule_file=str(SCHEDULE),
            weather_file=str(WEATHER),
            verbosity=VERBOSITY,
            save_results=False,
            output_path=folder,
            seed=SEED,
        )
        lived, _, _ = dwelling.simulate()
    cooling_kw = lived["HVAC Cooling Electric Power (kW)"].to_numpy()
    columns = {
        "air_c": lived["Temperature - Indoor (C)"].to_numpy(),
        "meter_kw": lived["Total Electric Power (kW)"].to_numpy(),
        "hvac_kw": lived["HVAC Heating Electric Power (kW)"].to_numpy() + cooling_kw,
        "standby_kw": np.where(lived["HVAC Cooling Mode"].to_numpy() == "Off", cooling_kw, 0.0),
        "strip_kw": lived["HVAC Heating ER Power (kW)"].to_numpy(),
    }
    means = {name: column.reshape(-1, QUARTER_MIN).mean(axis=1).tolist() for name, column in columns.items()}
    return {"weather": str(WEATHER), **means}


if __name__ == "__main__":
    json.dump(quarters(**json.load(sys.stdin)), sys.stdout)
