"""The outdoor temperature at a site, hour by hour, and what of it a load answers to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from math import exp
from operator import mul

from lambdas.settle_event.logic.energy import PowerRow

COOLING_C = 18.0
"""Above this a house is cooled. Source: the balance point of degree days, 65 °F."""
STEEPER_C = (18.0, 22.0, 26.0)
"""The slope of cooling may change at each. Interpretation: ours, of the tuning seasons of make baselines."""
HEATING_C = 15.0
"""Below this a house is heated. Interpretation: ours; sun and people hold a house some degrees above."""
MEMORIES_H = (6.0, 24.0)
"""The memory of walls and furniture, h: time constants of two exponential means."""
FILLED_H = 3
"""A gap of up to so many hours is filled on a line."""
SAME_SKY_C = 0.5
"""Thermometers that differ by less on the mean are under one sky. Interpretation: ours, as cheap ones err."""
LEAST_BEFORE_H = 12
"""So many hours of the day before must be known."""

HOURS = 24
HOUR_S = 3_600

Features = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SiteWeather:
    """Hourly mean temperatures, °C, from *first_h* (hours since 1970-01-01, UTC); None where not known.

    *filled_h* is how many of them were filled. Two that are equal are one sky: what is worked out for one
    site serves the others.
    """

    first_h: int
    outdoor_c: tuple[float | None, ...]
    filled_h: int = 0
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A year of hours is long to go through each time that it is looked up.
        object.__setattr__(self, "_hash", hash((self.first_h, self.outdoor_c)))

    def __hash__(self) -> int:
        return self._hash

    @classmethod
    def of(cls, hours: Mapping[int, float]) -> SiteWeather:
        """The weather of a mapping from hour to °C, from whatever source; its gaps up to 3 h are filled."""
        if not hours:
            return cls(0, ())
        first_h, last_h = min(hours), max(hours)
        stored = [hours.get(hour) for hour in range(first_h, last_h + 1)]
        filled = _filled(stored)
        return cls(first_h, filled, stored.count(None) - filled.count(None))

    def under(self, sky: SiteWeather) -> SiteWeather:
        """*sky* where it is this weather by another thermometer, else this.

        It is when it knows each hour that this knows, and a day at least, to half a degree on the mean: what
        is worked out for one site then serves all under its sky.
        """
        pairs = [(value, sky.at(hour)) for hour, value in enumerate(self.outdoor_c, self.first_h)]
        stored = [(here_c, there_c) for here_c, there_c in pairs if here_c is not None]
        off_c = [abs(here_c - there_c) for here_c, there_c in stored if there_c is not None]
        if len(off_c) < max(len(stored), HOURS) or sum(off_c) > SAME_SKY_C * len(off_c):
            return self
        return sky

    def at(self, hour: int) -> float | None:
        """The temperature of *hour*, None where it is not known."""
        index = hour - self.first_h
        return self.outdoor_c[index] if 0 <= index < len(self.outdoor_c) else None

    def mean_c(self, hours: Sequence[int | None]) -> float | None:
        """The mean over *hours*; None when one of them is not known."""
        values_c = [None if hour is None else self.at(hour) for hour in hours]
        stored_c = [value_c for value_c in values_c if value_c is not None]
        return sum(stored_c) / len(stored_c) if stored_c and len(stored_c) == len(values_c) else None

    def features(self, before: range, hours: Sequence[int | None]) -> tuple[Features | None, ...]:
        """The degrees that a load answers to in each of *hours*; None where these are not known.

        Nor are they with less than half a day of *before*.

        They are those above 18, 22 and 26 °C, those below 15 °C, and those of the exponential means over the
        known of *before* and of *hours*: of 6 and 24 h above 18 °C, of 24 h below 15 °C. All days are seen
        alike: of an event's own day only the hours around the event are read, so that of no day those from
        midnight to there count.
        """
        past_c = [value_c for value_c in map(self.at, before) if value_c is not None]
        if len(past_c) < LEAST_BEFORE_H:
            return (None,) * len(hours)
        now_c = [None if hour is None else self.at(hour) for hour in hours]
        means = [_exponential_means(past_c, now_c, memory_h) for memory_h in MEMORIES_H]
        return tuple(starmap(_features, zip(now_c, *means, strict=True)))


NO_WEATHER = SiteWeather(0, ())


def hourly_outdoor_c(rows: Iterable[PowerRow]) -> dict[int, float]:
    """The outdoor temperature by hour since 1970: the mean of the rows that tell one."""
    by_hour: dict[int, list[float]] = {}
    for row in rows:
        if row.outdoor_c is not None:
            by_hour.setdefault((row.timestamp - 1) // HOUR_S, []).append(row.outdoor_c)
    return {hour: sum(values_c) / len(values_c) for hour, values_c in by_hour.items()}


def day_outdoor_c(rows: Iterable[PowerRow], day: int) -> tuple[float | None, ...]:
    """The outdoor temperature in the 24 hours of *day* (since 1970, UTC); nothing when no row tells one."""
    hours = hourly_outdoor_c(rows)
    of_day = tuple(hours.get(day * HOURS + hour) for hour in range(HOURS))
    return of_day if any(value_c is not None for value_c in of_day) else ()


def stored_outdoor_c(days: Mapping[int, Sequence[float | None]]) -> dict[int, float]:
    """The outdoor temperature by hour since 1970, of days (UTC) that are each known by hours."""
    return {
        day * HOURS + hour: value_c
        for day, of_day in days.items()
        for hour, value_c in enumerate(of_day)
        if value_c is not None
    }


def mean_weather(sites: Sequence[SiteWeather]) -> SiteWeather:
    """The mean of several sites' weather, in each hour of those where it is known."""
    skies = Counter(site for site in sites if site.outdoor_c)
    if len(skies) <= 1:
        return next(iter(skies), NO_WEATHER)
    first_h = min(site.first_h for site in skies)
    last_h = max(site.first_h + len(site.outdoor_c) for site in skies)
    spans = [
        (None,) * (site.first_h - first_h)
        + site.outdoor_c
        + (None,) * (last_h - site.first_h - len(site.outdoor_c))
        for site in skies
    ]
    weights = list(skies.values())
    mean_c = tuple(_weighted_c(column, weights) for column in zip(*spans, strict=True))
    return SiteWeather(first_h, mean_c, max(site.filled_h for site in skies))


def _weighted_c(values_c: Sequence[float | None], weights: Sequence[int]) -> float | None:
    if None not in values_c:
        total_c: float = sum(map(mul, values_c, weights))
        return total_c / sum(weights)
    stored = [(value, weight) for value, weight in zip(values_c, weights, strict=True) if value is not None]
    total_weight = sum(weight for _, weight in stored)
    return sum(value * weight for value, weight in stored) / total_weight if total_weight else None


def _features(now_c: float | None, *remembered_c: float) -> Features | None:
    if now_c is None:
        return None
    now = (max(0.0, now_c - above_c) for above_c in STEEPER_C)
    remembered = (max(0.0, mean_c - COOLING_C) for mean_c in remembered_c)
    return (*now, *remembered, max(0.0, HEATING_C - now_c), max(0.0, HEATING_C - remembered_c[-1]))


def _filled(outdoor_c: Sequence[float | None]) -> tuple[float | None, ...]:
    """*outdoor_c* with its gaps of up to 3 h on lines between what is on their sides."""
    filled = list(outdoor_c)
    for begin, end in _gaps(outdoor_c):
        before_c, after_c = outdoor_c[begin - 1], outdoor_c[end]
        if end - begin > FILLED_H or before_c is None or after_c is None:
            continue
        rise_c = (after_c - before_c) / (end - begin + 1)
        for index in range(begin, end):
            filled[index] = before_c + rise_c * (index - begin + 1)
    return tuple(filled)


def _gaps(outdoor_c: Sequence[float | None]) -> Iterator[tuple[int, int]]:
    """Begin and end of each run that is not known; none is at either end."""
    begin = None
    for index, value_c in enumerate(outdoor_c):
        if value_c is None:
            begin = index if begin is None else begin
        elif begin is not None:
            yield begin, index
            begin = None


def _exponential_means(
    past_c: Sequence[float], now_c: Sequence[float | None], memory_h: float
) -> list[float]:
    """The exponential mean of the hours that are known, up to each of the last."""
    fade = exp(-1.0 / memory_h)
    total_c = weight = 0.0
    means = []
    for value_c in (*past_c, *now_c):
        if value_c is not None:
            total_c, weight = fade * total_c + value_c, fade * weight + 1.0
        means.append(total_c / weight)
    return means[len(past_c) :]
