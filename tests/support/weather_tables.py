"""The packaged year, or days of it, in the forms in which people bring their own weather."""

from datetime import datetime, timedelta
from functools import lru_cache

from tests.support.tmy3 import tmy3_lines
from ven_twin.house.weather import HOURS_A_DAY, LEAP_DAY, WeatherHour, calendar, read_weather

__all__ = ["epw_lines", "timed_lines", "tmy3_lines"]
HEADER = (
    *("DESIGN CONDITIONS,0", "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0"),
    *("HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0", "COMMENTS 1,made for a test", "COMMENTS 2,"),
    "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31",
)
HOUR = timedelta(hours=1)


def epw_lines(year: int = 2026, leap_c: float = 0.0) -> list[str]:
    """An EPW file of *year*, whose leap day, if it has one, is *leap_c* warm."""
    return list(_epw_lines(year, leap_c))


@lru_cache
def _epw_lines(year: int, leap_c: float) -> tuple[str, ...]:
    weather = read_weather()
    place = f"GREENSBORO,NC,USA,TMY3,723170,{weather.latitude_deg},{weather.longitude_deg}"
    lines = [f"LOCATION,{place},{weather.utc_offset_h},273.0", *HEADER]
    starts = datetime(year, 1, 1)  # noqa: DTZ001 - local standard time
    while starts.year == year:
        row = _row(starts)
        leap = (starts.month, starts.day) == LEAP_DAY
        outdoor_c = leap_c if leap else row.outdoor_c
        cells = ["0"] * 35
        cells[:6] = [str(starts.year), str(starts.month), str(starts.day), str(starts.hour + 1), "0", "?9?9"]
        cells[6], cells[8] = f"{outdoor_c:g}", f"{row.humidity * 100:.0f}"
        cells[13:16] = (f"{value:g}" for value in (row.global_w_m2, row.direct_w_m2, row.diffuse_w_m2))
        lines.append(",".join(cells))
        starts += HOUR
    return tuple(lines)


def timed_lines(start: datetime, days: int) -> list[str]:
    """A table with times of *days* from *start*, local standard time."""
    lines = [
        "723170,GREENSBORO,NC,-5.0,36.100,-79.950,273",
        "time,outdoor_c,humidity_percent,ghi_w_m2,dni_w_m2,dhi_w_m2",
    ]
    for hour in range(days * HOURS_A_DAY):
        row = _row(start + hour * HOUR)
        light = f"{row.global_w_m2:g},{row.direct_w_m2:g},{row.diffuse_w_m2:g}"
        ends = start + (hour + 1) * HOUR
        lines.append(f"{ends.isoformat()}-05:00,{row.outdoor_c:g},{row.humidity * 100:.0f},{light}")
    return lines


def _row(starts: datetime) -> WeatherHour:
    day = (starts - datetime(1970, 1, 1)).days  # noqa: DTZ001 - local standard time
    return read_weather().ending(calendar(day)[0] * HOURS_A_DAY + starts.hour + 1)
