"""A typical year of weather, read from a table, and the sun that it has."""

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from math import cos, inf, pi, radians, sin, sqrt
from pathlib import Path
from typing import IO, NamedTuple

from ven_twin.house.errors import PhysicsError

GREENSBORO = "weather_greensboro_nc.csv"
PERCENT = 100.0
GROUND_ALBEDO = 0.2
HOURS_A_DAY = 24
DAYS_A_YEAR = 365
HOURS_A_YEAR = DAYS_A_YEAR * HOURS_A_DAY
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
LEAP_DAY = (2, 29)


@dataclass(frozen=True, slots=True)
class Sun:
    """A unit vector from the ground towards the sun; ``up`` is below zero at night."""

    east: float
    north: float
    up: float


@dataclass(frozen=True, slots=True)
class Irradiance:
    """Global horizontal, direct normal and diffuse horizontal irradiance, W/m²."""

    global_w_m2: float
    direct_w_m2: float
    diffuse_w_m2: float


def sun_at(day_of_year: int, hour_of_day: float, latitude_deg: float, solar_noon_h: float) -> Sun:
    """The sun at local standard time. *solar_noon_h* is the clock's mean noon at the site's longitude.

    Source: Duffie and Beckman, Solar Engineering of Thermal Processes, 1.5 to 1.6: declination and
    equation of time to well within what hourly data can tell.
    """
    turn = 2.0 * pi * (day_of_year - 81) / 365.0
    declination = radians(23.45) * sin(2.0 * pi * (284 + day_of_year) / 365.0)
    equation_h = (9.87 * sin(2.0 * turn) - 7.53 * cos(turn) - 1.5 * sin(turn)) / 60.0
    angle = radians(15.0) * (hour_of_day - solar_noon_h + equation_h)
    latitude = radians(latitude_deg)
    return Sun(
        east=-cos(declination) * sin(angle),
        north=cos(latitude) * sin(declination) - sin(latitude) * cos(declination) * cos(angle),
        up=sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle),
    )


def on_plane_w_m2(light: Irradiance, sun: Sun, tilt_deg: float, azimuth_deg: float) -> float:
    """Irradiance on a plane tilted from the horizontal and facing *azimuth_deg* (clockwise from north).

    Isotropic sky and a ground that reflects a fifth.
    """
    tilt, azimuth = radians(tilt_deg), radians(azimuth_deg)
    incidence = (
        sun.east * sin(tilt) * sin(azimuth) + sun.north * sin(tilt) * cos(azimuth) + sun.up * cos(tilt)
    )
    direct_w_m2 = light.direct_w_m2 * max(incidence, 0.0) if sun.up > 0.0 else 0.0
    sky_w_m2 = light.diffuse_w_m2 * (1.0 + cos(tilt)) / 2.0
    return direct_w_m2 + sky_w_m2 + light.global_w_m2 * GROUND_ALBEDO * (1.0 - cos(tilt)) / 2.0


def on_walls_w_m2(light: Irradiance, sun: Sun) -> float:
    """Mean irradiance over upright walls that face the eight directions alike.

    Source: GridLAB-D ``house_e``, which averages its solar quadrants so, and whose walls see all of the
    diffuse light; its aperture goes with that.
    """
    direct_w_m2 = 0.0
    if sun.up > 0.0:
        diagonals = (abs(sun.north + sun.east) + abs(sun.north - sun.east)) / sqrt(2.0)
        direct_w_m2 = light.direct_w_m2 * (abs(sun.north) + abs(sun.east) + diagonals) / 8.0
    return direct_w_m2 + light.diffuse_w_m2


class WeatherHour(NamedTuple):
    """One row: dry bulb (°C) and relative humidity (0 to 1) at the hour's end, mean irradiance over it."""

    outdoor_c: float
    humidity: float
    global_w_m2: float
    direct_w_m2: float
    diffuse_w_m2: float


RANGES = {
    "outdoor_c": (-60.0, 60.0),
    "humidity": (0.0, 1.0),
    "global_w_m2": (0.0, 1600.0),
    "direct_w_m2": (0.0, 1400.0),
    "diffuse_w_m2": (0.0, 1200.0),
}
"""The range of weather on the ground. A gap in a table, written as -9900 or as NaN, is outside of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """A year of 8,760 hours at a place; row *n* ends at hour *n* + 1 of local standard time.

    Raises:
        PhysicsError: not one row an hour, or a value that is missing (NaN) or that no weather has; the error
            names the row.
    """

    place: str
    utc_offset_h: float
    latitude_deg: float
    longitude_deg: float
    hours: tuple[WeatherHour, ...]

    def __post_init__(self) -> None:
        if len(self.hours) != HOURS_A_YEAR:
            raise PhysicsError(f"{self.place}: {len(self.hours)} hours of weather, not {HOURS_A_YEAR}")
        for name, column in zip(WeatherHour._fields, zip(*self.hours, strict=True), strict=True):
            least, most = RANGES[name]
            # A sum is NaN when one of its terms is; nothing compares true with NaN.
            if not (min(column) >= least and max(column) <= most and sum(column) < inf):
                row = next(row for row, value in enumerate(column, 1) if not least <= value <= most)
                value, allowed = column[row - 1], f"within {least:g} and {most:g}"
                raise PhysicsError(f"{self.place}, row {row}: {name} = {value!r} is not {allowed}")

    def ending(self, hour_of_year: int) -> WeatherHour:
        """The row whose hour ends at *hour_of_year*; the year closes on itself."""
        return self.hours[(hour_of_year - 1) % HOURS_A_YEAR]

    def irradiance(self, hour_of_year: int, tilt_deg: float, azimuth_deg: float) -> tuple[float, float]:
        """Mean irradiance on the walls and on an array over the hour that starts then, W/m²."""
        row = self.ending(hour_of_year + 1)
        light = Irradiance(row.global_w_m2, row.direct_w_m2, row.diffuse_w_m2)
        day, hour = divmod(hour_of_year % HOURS_A_YEAR, HOURS_A_DAY)
        solar_noon_h = 12.0 - (self.longitude_deg / 15.0 - self.utc_offset_h)
        sun = sun_at(day + 1, hour + 0.5, self.latitude_deg, solar_noon_h)
        return on_walls_w_m2(light, sun), on_plane_w_m2(light, sun, tilt_deg, azimuth_deg)


def calendar(day: int) -> tuple[int, int, bool]:
    """Day of a 365-day year (from 0), month, and whether it is a weekend, of *day* since 1970-01-01.

    Interpretation: 29 February has the weather of the 28th.
    """
    when = date.fromordinal(EPOCH_ORDINAL + day)
    if (when.month, when.day) == LEAP_DAY:
        typical = when.replace(year=2001, day=28)
    else:
        typical = when.replace(year=2001)
    return typical.timetuple().tm_yday - 1, when.month, when.weekday() >= 5


@lru_cache(maxsize=1)
def read_weather(path: Path | None = None) -> Weather:
    """The typical year of *path*, by default of Greensboro NC.

    The file is what ``harness/trim_weather.py`` writes: a station line, a header, one row an hour. The last
    one read is kept: many twins in one process stand under the same sky.

    Raises:
        OSError: the file cannot be read.
        PhysicsError: it is not of that form; the error names the row.
    """
    if path is None:
        with (files("ven_twin.house.data") / GREENSBORO).open(encoding="utf-8") as table:
            return _weather(table, GREENSBORO)
    with path.open(encoding="utf-8", newline="") as table:
        return _weather(table, str(path))


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


def standard_zone(utc_offset_h: float) -> str | None:
    """The zone without summer time at *utc_offset_h*, by its IANA name; None of an offset of no whole hour.

    Source: the IANA database's `etcetera`, whose signs are those of POSIX: west of Greenwich is positive.
    """
    hours = round(utc_offset_h)
    if hours != utc_offset_h or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC"
