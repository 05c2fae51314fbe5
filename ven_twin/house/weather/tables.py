"""Reads weather tables and end-use shapes: the packaged ones, or files of the same form."""

import csv
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import IO

from ven_twin.house.end_uses import EndUses, Season
from ven_twin.house.errors import PhysicsError
from ven_twin.house.weather.typical_year import Weather, WeatherHour

GREENSBORO = "weather_greensboro_nc.csv"
END_USES = "end_uses.csv"
PERCENT = 100.0


@lru_cache(maxsize=1)
def read_weather(path: Path | None = None) -> Weather:
    """The typical year of *path*, by default of Greensboro NC.

    The file is what ``harness/trim_tmy3.py`` writes: a station line, a header, one row an hour. The last one
    read is kept: many twins in one process stand under the same sky.

    Raises:
        OSError: the file cannot be read.
        PhysicsError: it is not of that form; the error names the row.
    """
    if path is None:
        with (files("ven_twin.house.data") / GREENSBORO).open(encoding="utf-8") as table:
            return _weather(table, GREENSBORO)
    with path.open(encoding="utf-8", newline="") as table:
        return _weather(table, str(path))


def read_end_uses() -> EndUses:
    """The packaged hourly shapes.

    Raises:
        PhysicsError: the table is not complete.
    """
    shapes: dict[str, dict[Season, tuple[float, ...]]] = {}
    with (files("ven_twin.house.data") / END_USES).open(encoding="utf-8") as table:
        for name, season, day_type, *hours in islice(csv.reader(table), 1, None):
            day = (season == "summer", day_type == "weekend")
            shapes.setdefault(name, {})[day] = tuple(float(hour) for hour in hours)
    return EndUses(shapes)


def _weather(table: IO[str], source: str) -> Weather:
    try:
        _, place, state, offset_h, latitude_deg, longitude_deg, _ = next(table).strip().split(",")
        next(table)  # the header
        hours = tuple(_hour(row, number) for number, row in enumerate(csv.reader(table), start=1))
        return Weather(f"{place}, {state}", float(offset_h), float(latitude_deg), float(longitude_deg), hours)
    except (ValueError, StopIteration) as error:
        raise PhysicsError(f"{source} is no hourly weather table: {error}") from error


def _hour(row: list[str], number: int) -> WeatherHour:
    try:
        outdoor_c, humidity_percent, global_w_m2, direct_w_m2, diffuse_w_m2 = map(float, row)
    except ValueError as error:
        raise PhysicsError(f"row {number}: {error}") from error
    return WeatherHour(outdoor_c, humidity_percent / PERCENT, global_w_m2, direct_w_m2, diffuse_w_m2)
