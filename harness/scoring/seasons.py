"""The seasons that baselines are scored on: three climates, each with a season to tune on and fresh ones."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from math import sqrt
from pathlib import Path
from types import MappingProxyType

from contracts.wire.units import S_PER_DAY
from ven_twin.house.weather import DAYS_A_YEAR, HOURS_A_DAY, Weather, calendar, read_weather
from ven_twin.house.weather_files import RANGES

DATA = Path(__file__).parent / "data"
EPOCH = date(1970, 1, 1)
DAYS = 126
"""To the third week of September."""
LOOK_BACK = 45
EVENTS = 20
FROM_H, TO_H = 17, 20
"""Of the events, local standard time."""
ANOMALY_SD_C = 2.0
ANOMALY_LASTS = 0.65
"""The share of a day's anomaly that is left on the next. Interpretation: ours, a usual spell of weather."""
FRESH_FROM = (date(2027, 5, 17), date(2028, 5, 15), date(2029, 5, 21), date(2030, 5, 20))
"""The first days of the fresh seasons, each the third Monday of May as that of the season tuned on."""
CLIMATES: Mapping[str, Path | None] = MappingProxyType(
    {
        "Greensboro NC": None,
        "Miami FL": DATA / "weather_miami_fl.csv",
        "Denver CO": DATA / "weather_denver_co.csv",
    }
)
"""Mixed and humid, hot and humid, dry with cool nights. None is the weather that comes with the twin."""


@dataclass(frozen=True, slots=True)
class Season:
    """A stretch of days that a number of homes live through.

    Attributes:
        climate: one of `CLIMATES`.
        first: the first day.
        first_home: the number of the first home; the others follow it.
        homes: how many there are.
        weather_seed: of the anomalies by which the year differs from the typical one; None for none.
    """

    climate: str
    first: date
    first_home: int
    homes: int
    weather_seed: int | None = None

    @property
    def first_ts(self) -> int:
        """Local midnight of the first day, UTC s."""
        days = (self.first - EPOCH).days
        return days * S_PER_DAY - int(self.weather.utc_offset_h * 3600)

    @property
    def weather(self) -> Weather:
        """The year of weather that it lies in."""
        return _weather(self.climate, self.weather_seed)

    def event_days(self) -> tuple[int, ...]:
        """The hottest weekdays, 12 to 20 h, that have 45 days before them; numbers from the first day."""
        heat_c = {}
        for day in range(LOOK_BACK, DAYS - 1):
            ordinal = (self.first - EPOCH).days + day
            day_of_year, _, weekend = calendar(ordinal)
            if not weekend:
                hours = range(day_of_year * HOURS_A_DAY + 12, day_of_year * HOURS_A_DAY + 20)
                heat_c[day] = sum(self.weather.ending(hour).outdoor_c for hour in hours)
        return tuple(sorted(sorted(heat_c, key=lambda day: (-heat_c[day], day))[:EVENTS]))


def tuning(climate: str, homes: int) -> Season:
    """The season that what is tuned is tuned on: the typical year."""
    return Season(climate, date(2026, 5, 18), 0, homes)


def fresh(climate: str, homes: int) -> tuple[Season, ...]:
    """The seasons that figures are told of, all of them: other weather, homes and weekdays."""
    return tuple(
        Season(climate, first, 1_000 * (number + 1), homes, weather_seed=first.year)
        for number, first in enumerate(FRESH_FROM)
    )


@lru_cache
def _weather(climate: str, seed: int | None) -> Weather:
    typical = read_weather(CLIMATES[climate])
    return typical if seed is None else another_year(typical, seed)


def another_year(typical: Weather, seed: int) -> Weather:
    """*typical* with days that are warmer or cooler, in spells: as likely a year of the same climate.

    The anomaly is on a line between one noon and the next; sun and relative humidity stay.
    """
    draw = random.Random(f"{typical.place} {seed}")
    anomaly_c, noons_c = 0.0, []
    for _ in range(DAYS_A_YEAR + 1):
        shock_c = draw.gauss(0.0, ANOMALY_SD_C * sqrt(1.0 - ANOMALY_LASTS**2))
        anomaly_c = ANOMALY_LASTS * anomaly_c + shock_c
        noons_c.append(anomaly_c)
    least_c, most_c = RANGES["outdoor_c"]
    hours = []
    for index, hour in enumerate(typical.hours):
        day, hour_of_day = divmod(index, HOURS_A_DAY)
        share = hour_of_day / HOURS_A_DAY
        moved_c = hour.outdoor_c + noons_c[day] * (1.0 - share) + noons_c[day + 1] * share
        hours.append(hour._replace(outdoor_c=min(max(moved_c, least_c), most_c)))
    return replace(typical, hours=tuple(hours))
