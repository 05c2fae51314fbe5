"""A typical year of weather, read from a table, and the sun that it has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from math import cos, inf, pi, radians, sin, sqrt
from pathlib import Path
from typing import NamedTuple

from contracts.wire.units import S_PER_H
from ven_twin.house.errors import PhysicsError
from ven_twin.house.weather_files import RANGES, TableRow, WeatherTable, decode_text, gap_text, parse_table

GREENSBORO = "weather_greensboro_nc.csv"
GROUND_ALBEDO = 0.2
HOURS_A_DAY = 24
DAYS_A_YEAR = 365
HOURS_A_YEAR = DAYS_A_YEAR * HOURS_A_DAY
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
LEAP_DAY = (2, 29)
HOUR = timedelta(hours=1)
NIGHT, HIGH = -0.2, 0.2
"""Sine of the sun's height below which an hour is night, and above which closure is judged."""
MOST_NIGHT_W_M2 = 5.0
MOST_APART = 0.25
"""Interpretation: typical years of Greensboro, Miami and Denver are apart by at most a tenth."""


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


class Light(NamedTuple):
    """Mean irradiance over an hour on walls that see all of the sky, on an array, and of sky less ground."""

    walls_w_m2: float
    array_w_m2: float
    sky_less_ground_w_m2: float


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

    They see all of the diffuse light and nothing of the ground; `envelope.solar_kw` has those that do not.

    Source: GridLAB-D ``house_e``, which averages its solar quadrants so; its aperture goes with that.
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

    def light(self, hour_of_year: int, tilt_deg: float, azimuth_deg: float) -> Light:
        """The light of the hour that starts then, on walls and on an array."""
        row = self.ending(hour_of_year + 1)
        light = Irradiance(row.global_w_m2, row.direct_w_m2, row.diffuse_w_m2)
        sun = self.sun(hour_of_year)
        return Light(
            on_walls_w_m2(light, sun),
            on_plane_w_m2(light, sun, tilt_deg, azimuth_deg),
            light.diffuse_w_m2 - GROUND_ALBEDO * light.global_w_m2,
        )

    def sun(self, hour_of_year: int) -> Sun:
        """The sun in the middle of the hour that starts then."""
        day, hour = divmod(hour_of_year % HOURS_A_YEAR, HOURS_A_DAY)
        solar_noon_h = 12.0 - (self.longitude_deg / 15.0 - self.utc_offset_h)
        return sun_at(day + 1, hour + 0.5, self.latitude_deg, solar_noon_h)


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


@lru_cache(maxsize=4)
def read_weather(path: Path | None = None) -> Weather:
    """The year of *path*, by default the typical one of Greensboro NC.

    The file is EPW, TMY3 or what ``harness/trim_weather.py`` writes. The last few that were read are kept:
    many twins in one process stand under the same sky.

    Interpretation: 29 February is left out; a leap day has the weather of the 28th.

    Raises:
        OSError: the file cannot be read.
        PhysicsError: it has none of the forms, or is no whole year; the error names row and column.
    """
    table = _read_table(path)
    rows = [row for row in table.rows if row.ends is None or not _is_leap(row.ends)]
    hours = [WeatherHour(*row.values) for row in rows]
    if rows and rows[0].ends is not None:
        _check_order(rows)
        first = len(hours) - _hour_of_year(rows[0].ends)
        hours = hours[first:] + hours[:first]
    weather = Weather(*table.station, tuple(hours))
    if path is not None:
        _check_sun(weather, range(HOURS_A_YEAR), table.source)
    return weather


def read_period(path: Path, start_s: float, end_s: float) -> Weather:
    """The weather of *path* from *start_s* to *end_s* (UTC s), at its place in the year.

    The rest of the year repeats the period's last day; nothing that lives in the period sees it.

    Raises:
        OSError: the file cannot be read.
        PhysicsError: it has none of the forms, no times, a gap, or does not cover the period, or that is
            longer than a year; the error names the row.
    """
    table = _read_table(path)
    offset_s = table.station.utc_offset_h * S_PER_H
    first, last = (int((at_s + offset_s) // S_PER_H) for at_s in (start_s, end_s - 1.0))
    if last - first >= HOURS_A_YEAR:
        raise PhysicsError(f"a period of {(last - first) // HOURS_A_DAY} days is longer than a year")
    rows = {_index(row.ends): row for row in table.rows if row.ends is not None}
    if not rows:
        raise PhysicsError(f"{table.source} has no times; allowed: rows with the period's dates")
    for row, after in pairwise(table.rows):
        if row.ends is None or after.ends is None or after.ends - row.ends != HOUR:
            raise PhysicsError(gap_text(row, after))
    for index in (first, last):
        if index not in rows:
            has = f"{table.rows[0].ends} to {table.rows[-1].ends}"
            raise PhysicsError(
                f"{table.source} does not cover the hour that ends {_ends(index)}; it has {has}"
            )
    rest = [rows[max(last - (last - hour) % HOURS_A_DAY, first)] for hour in range(HOURS_A_DAY)]
    hours = [WeatherHour(*row.values) for row in rest] * DAYS_A_YEAR
    for index in range(first - 1, last + 2):
        there = rows.get(index)
        if there is not None and there.ends is not None and not _is_leap(there.ends):
            hours[_hour_of_year(there.ends)] = WeatherHour(*there.values)
    weather = Weather(*table.station, tuple(hours))
    _check_sun(weather, [_hour_of_year(rows[index].ends) for index in range(first, last + 1)], table.source)
    return weather


def _read_table(path: Path | None) -> WeatherTable:
    if path is None:
        text = (files("ven_twin.house.data") / GREENSBORO).read_text(encoding="utf-8")
        return parse_table(text, GREENSBORO)
    return parse_table(decode_text(path.read_bytes(), str(path)), str(path))


def _index(ends: datetime) -> int:
    """The hour since 1970 that a row is of, local standard time."""
    return (ends.toordinal() - EPOCH_ORDINAL) * HOURS_A_DAY + ends.hour - 1


def _hour_of_year(ends: datetime | None) -> int:
    """The hour of a 365-day year that a row is of."""
    day, hour = divmod(_index(ends), HOURS_A_DAY) if ends is not None else (0, 0)
    return calendar(day)[0] * HOURS_A_DAY + hour


def _is_leap(ends: datetime) -> bool:
    starts = ends - HOUR
    return (starts.month, starts.day) == LEAP_DAY


def _ends(index: int) -> datetime:
    """The end of hour *index* since 1970."""
    return datetime(1970, 1, 1) + HOUR * (index + 1)  # noqa: DTZ001 - local standard time


def _check_sun(weather: Weather, hours: Iterable[int], source: str) -> None:
    """Refuse light that does not go with the sun at the place: swapped columns, a wrong offset or longitude.

    Source: global = diffuse + direct · cos(zenith), as closely as hourly means have it.
    """
    night_w_m2, nights, apart_w_m2, global_w_m2 = 0.0, 0, 0.0, 0.0
    for hour_of_year in hours:
        row, sun = weather.ending(hour_of_year + 1), weather.sun(hour_of_year)
        if sun.up < NIGHT:
            night_w_m2, nights = night_w_m2 + row.global_w_m2, nights + 1
        elif sun.up > HIGH:
            apart_w_m2 += abs(row.global_w_m2 - row.diffuse_w_m2 - row.direct_w_m2 * sun.up)
            global_w_m2 += row.global_w_m2
    if night_w_m2 > MOST_NIGHT_W_M2 * nights:
        raise PhysicsError(
            f"{source}: global irradiance at night is {night_w_m2 / nights:.0f} W/m² on average, allowed "
            f"{MOST_NIGHT_W_M2:g}: are UTC offset, longitude and columns right?"
        )
    if apart_w_m2 > MOST_APART * global_w_m2:
        raise PhysicsError(
            f"{source}: global irradiance is apart from diffuse + direct · cos(zenith) by "
            f"{apart_w_m2 / max(global_w_m2, 1.0):.0%}, allowed {MOST_APART:.0%}: are its columns swapped?"
        )


def _check_order(rows: Sequence[TableRow]) -> None:
    """Each row is the hour after the one before; years may differ, as in a typical year."""
    for row, after in pairwise(rows):
        if (_hour_of_year(after.ends) - _hour_of_year(row.ends)) % HOURS_A_YEAR != 1:
            raise PhysicsError(gap_text(row, after))


def standard_zone(utc_offset_h: float) -> str | None:
    """The zone without summer time at *utc_offset_h*, by its IANA name; None of an offset of no whole hour.

    Source: the IANA database's `etcetera`, whose signs are those of POSIX: west of Greenwich is positive.
    """
    hours = round(utc_offset_h)
    if hours != utc_offset_h or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC"
