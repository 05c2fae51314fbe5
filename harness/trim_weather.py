"""Trim a year of weather to the columns the twin reads: ``python harness/trim_weather.py year.epw out.csv``.

Reads TMY3 (``.csv``), TMY2 (``.tm2``) and EnergyPlus (``.epw``). Keeps the station line, then one row an hour
of a 365-day year (row n ends at hour n + 1, local standard time): dry bulb °C, relative humidity %, and
global, direct-normal and diffuse irradiance W/m².
"""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

COLUMNS = {
    "outdoor_c": "Dry-bulb (C)",
    "humidity_percent": "RHum (%)",
    "ghi_w_m2": "GHI (W/m^2)",
    "dni_w_m2": "DNI (W/m^2)",
    "dhi_w_m2": "DHI (W/m^2)",
}
EPW_COLUMNS = (6, 8, 13, 14, 15)
"""Source: EnergyPlus Auxiliary Programs, EnergyPlus weather file, data fields N6, N8, N13 to N15, from 0."""
EPW_HEADER_LINES = 8
TMY2_COLUMNS = ((67, 71), (79, 82), (17, 21), (23, 27), (29, 33))
"""Source: NREL, User's Manual for TMY2s, table 3-2, from 0. The dry bulb is in tenths of a degree."""

Year = tuple[str, Iterable[list[str]]]
"""The station line and the rows."""


def trim(source: Path, target: Path) -> None:
    """Write the trimmed copy of *source* to *target*."""
    with source.open(newline="", encoding="utf-8") as year, target.open("w", newline="") as trimmed:
        station, rows = FORMATS[source.suffix.lower()](year)
        trimmed.write(station + "\n")
        writer = csv.writer(trimmed, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _tmy3(year: TextIO) -> Year:
    station = year.readline().replace('"', "").strip()
    return station, ([row[column] for column in COLUMNS.values()] for row in csv.DictReader(year))


def _epw(year: TextIO) -> Year:
    _, city, state, _, _, number, latitude, longitude, offset_h, elevation_m = (
        year.readline().strip().split(",")
    )
    for _ in range(EPW_HEADER_LINES - 1):
        year.readline()
    station = ",".join(
        (number, city.upper(), state, offset_h, latitude, longitude, f"{float(elevation_m):g}")
    )
    return station, ([row[column] for column in EPW_COLUMNS] for row in csv.reader(year))


def _tmy2(year: TextIO) -> Year:
    number, *city, state, offset_h, north, degrees, minutes, west, degrees_w, minutes_w, elevation_m = (
        year.readline().split()
    )
    latitude = _degrees(degrees, minutes) * (1 if north == "N" else -1)
    longitude = _degrees(degrees_w, minutes_w) * (1 if west == "E" else -1)
    station = (
        f"{number},{' '.join(city)},{state},{float(offset_h)},{latitude:.3f},{longitude:.3f},{elevation_m}"
    )
    return station, _tmy2_rows(year)


def _tmy2_rows(year: TextIO) -> Iterator[list[str]]:
    for line in year:
        dry_bulb, *others = (int(line[begin:end]) for begin, end in TMY2_COLUMNS)
        yield [str(dry_bulb / 10), *map(str, others)]


def _degrees(degrees: str, minutes: str) -> float:
    return int(degrees) + int(minutes) / 60


FORMATS: dict[str, Callable[[TextIO], Year]] = {".csv": _tmy3, ".epw": _epw, ".tm2": _tmy2}


if __name__ == "__main__":
    trim(Path(sys.argv[1]), Path(sys.argv[2]))
