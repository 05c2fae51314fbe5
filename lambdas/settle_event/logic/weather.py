"""The outdoor temperature at a site, hour by hour, and what of it a load answers to. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp
from operator import mul
from typing import cast

from lambdas.settle_event.logic.means import has_gap
from lambdas.shared.power_traces import PowerRow

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
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        # A year of hours is long to go through each time that it is looked up.
        if self._hash is None:
            object.__setattr__(self, "_hash", hash((self.first_h, self.outdoor_c)))
        return cast("int", self._hash)

    @classmethod
    def of(cls, hours: Mapping[int, float]) -> SiteWeather:
        """The weather of a mapping from hour to °C, from whatever source; its gaps up to 3 h are filled."""
        if not hours:
            return cls(0, ())
        first_h, last_h = min(hours), max(hours)
        return cls._of_stored(first_h, [hours.get(hour) for hour in range(first_h, last_h + 1)])

    @classmethod
    def of_site(cls, days: Mapping[int, Sequence[float | None]], rows: Sequence[PowerRow]) -> SiteWeather:
        """The weather of stored days (UTC, since 1970), each known by hours or not at all, else of *rows*.

        Rows are in the order of time.
        """
        by_day = {day * HOURS: of_day for day, of_day in days.items() if of_day}
        by_rows = hourly_outdoor_c(rows)
        if not by_day and not by_rows:
            return cls(0, ())
        first_h = min([*by_day, *by_rows])
        stored: list[float | None] = [None] * (
            max([*by_rows, *(hour + HOURS - 1 for hour in by_day)]) - first_h + 1
        )
        for hour, of_day in by_day.items():
            stored[hour - first_h : hour - first_h + HOURS] = of_day
        for hour, value_c in by_rows.items():
            if stored[hour - first_h] is None:
                stored[hour - first_h] = value_c
        return cls._of_stored(first_h, stored)

    @classmethod
    def _of_stored(cls, first_h: int, stored: Sequence[float | None]) -> SiteWeather:
        """The weather from *first_h*, without what is not known at either end."""
        first = next((index for index, value_c in enumerate(stored) if value_c is not None), None)
        if first is None:
            return cls(0, ())
        last = next(index for index in range(len(stored) - 1, -1, -1) if stored[index] is not None)
        return cls(first_h + first, *_filled(stored[first : last + 1]))

    def under(self, sky: SiteWeather) -> SiteWeather:
        """*sky* where it is this weather by another thermometer, else this.

        It is when it knows each hour that this knows, and a day at least, to half a degree on the mean: what
        is worked out for one site then serves all under its sky.
        """
        apart_h = self.first_h - sky.first_h
        there = sky.outdoor_c[apart_h : apart_h + len(self.outdoor_c)] if apart_h >= 0 else ()
        if len(there) < max(len(self.outdoor_c), HOURS):
            return self
        if there == self.outdoor_c and None not in there:
            return sky
        pairs = zip(self.outdoor_c, cast("Sequence[float]", there), strict=True)
        try:
            off_c = [here_c - there_c for here_c, there_c in pairs if here_c is not None]
        except TypeError:  # Sky does not know it: dearer to ask than to try, for the hours of six weeks.
            return self
        if len(off_c) < HOURS or sum(map(abs, off_c)) > SAME_SKY_C * len(off_c):
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
        first, after = (max(0, hour - self.first_h) for hour in (before.start, before.stop))
        past_c = [value_c for value_c in self.outdoor_c[first:after] if value_c is not None]
        if len(past_c) < LEAST_BEFORE_H:
            return (None,) * len(hours)
        now_c = [None if hour is None else self.at(hour) for hour in hours]
        means = [_exponential_means(past_c, now_c, memory_h) for memory_h in MEMORIES_H]
        return tuple(map(_features, now_c, *means))


NO_WEATHER = SiteWeather(0, ())


def hourly_outdoor_c(rows: Sequence[PowerRow]) -> dict[int, float]:
    """The outdoor temperature by hour since 1970: the mean of *rows*, in order, that tell one."""
    all_c = [row.outdoor_c for row in rows]
    if has_gap(all_c):
        rows = [row for row in rows if row.outdoor_c is not None]
        all_c = [row.outdoor_c for row in rows]
    stamps, values_c = [row.timestamp for row in rows], cast("list[float]", all_c)
    hours: dict[int, float] = {}
    first = 0
    while first < len(stamps):
        # A row stands for the time before its timestamp: the one on the hour belongs to the hour before.
        hour = (stamps[first] - 1) // HOUR_S
        after = bisect_right(stamps, (hour + 1) * HOUR_S)
        hours[hour] = sum(values_c[first:after]) / (after - first)
        first = after
    return hours


def day_outdoor_c(rows: Sequence[PowerRow], day: int) -> tuple[float | None, ...]:
    """The outdoor temperature in the 24 hours of *day* (since 1970, UTC); nothing when no row tells one."""
    hours = hourly_outdoor_c(rows)
    of_day = tuple(hours.get(day * HOURS + hour) for hour in range(HOURS))
    return of_day if any(value_c is not None for value_c in of_day) else ()


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


def _features(now_c: float | None, walls_c: float, furniture_c: float) -> Features | None:
    if now_c is None:
        return None
    return (
        *[max(0.0, now_c - above_c) for above_c in STEEPER_C],
        max(0.0, walls_c - COOLING_C),
        max(0.0, furniture_c - COOLING_C),
        max(0.0, HEATING_C - now_c),
        max(0.0, HEATING_C - furniture_c),
    )


def _filled(outdoor_c: Sequence[float | None]) -> tuple[tuple[float | None, ...], int]:
    """*outdoor_c* with its gaps of up to 3 h on lines between their sides, and how many hours that is."""
    filled, count = list(outdoor_c), 0
    for begin, end in _gaps(outdoor_c):
        before_c, after_c = outdoor_c[begin - 1], outdoor_c[end]
        if end - begin > FILLED_H or before_c is None or after_c is None:
            continue
        rise_c = (after_c - before_c) / (end - begin + 1)
        filled[begin:end] = [before_c + rise_c * step for step in range(1, end - begin + 1)]
        count += end - begin
    return tuple(filled), count


def _gaps(outdoor_c: Sequence[float | None]) -> Iterator[tuple[int, int]]:
    """Begin and end of each run that is not known; none is at either end."""
    end = 0
    while True:
        try:
            begin = outdoor_c.index(None, end)
        except ValueError:
            return
        end = next(index for index in range(begin, len(outdoor_c)) if outdoor_c[index] is not None)
        yield begin, end


def _exponential_means(
    past_c: Sequence[float], now_c: Sequence[float | None], memory_h: float
) -> list[float]:
    """The exponential mean of the hours that are known, up to each of the last."""
    fade = exp(-1.0 / memory_h)
    fades = _fades(memory_h)[-len(past_c) :]
    total_c, weight = sum(map(mul, fades, past_c)), sum(fades)
    means = []
    for value_c in now_c:
        if value_c is not None:
            total_c, weight = fade * total_c + value_c, fade * weight + 1.0
        means.append(total_c / weight)
    return means


@cache
def _fades(memory_h: float) -> tuple[float, ...]:
    """The weights of a day's hours in a mean at its end: 1 of the last."""
    return tuple([exp(-ago_h / memory_h) for ago_h in range(HOURS - 1, -1, -1)])
