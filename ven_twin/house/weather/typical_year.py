"""A typical year of hourly weather, and the weather at any moment of it."""

from dataclasses import dataclass
from datetime import date
from math import inf
from typing import NamedTuple

from ven_twin.house.errors import PhysicsError
from ven_twin.house.weather.solar import Irradiance, on_plane_w_m2, on_walls_w_m2, sun_at

HOURS_A_DAY = 24
DAYS_A_YEAR = 365
HOURS_A_YEAR = DAYS_A_YEAR * HOURS_A_DAY
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
LEAP_DAY = (2, 29)


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
