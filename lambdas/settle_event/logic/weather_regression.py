"""The baseline by the weather: a load's hours regressed on the outdoor temperature of all days before. Pure.

A load in an hour of the event's frame is that hour's usual load, a shift on weekends and holidays, and slopes
that are common to all hours on what `weather` makes of the temperature. No day is picked, so that the same
arithmetic serves a VEN and the aggregate, and the hot days of a mild month are still what they were.

Source: the shape is that of the time-of-week and temperature models (Mathieu et al. 2011, CalTRACK 2.0
hourly), with far fewer terms. Interpretation: terms and numbers are ours, chosen on the tuning seasons of
``make baselines``; see docs/reference/baselines.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from operator import mul
from typing import NamedTuple

from lambdas.settle_event.logic.baselines import MissingWeather, NoBaselineError, TooFewWeatherDays
from lambdas.settle_event.logic.conformal import LeftOut, half_band_kw, left_out_weights
from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import Frame, MatchedDay, PastDay
from lambdas.settle_event.logic.hours import QUARTERS_AN_HOUR, HourlyLoad
from lambdas.settle_event.logic.ridge import (
    Vector,
    cholesky,
    dot,
    forward,
    forward_columns,
    gram,
    product_with,
    solve,
)
from lambdas.settle_event.logic.weather import Features, SiteWeather
from lambdas.shared.power_traces import Window

LEAST_DAYS = 10
"""With fewer days than this there is no regression."""
REACH_H = 2
"""The hours before and after the event that are fitted with it: with more, night's slopes are day's."""
RIDGE = 10.0
"""On the slopes and the shift, in their own units; it settles what the days cannot tell apart."""
FREE = 1e-6
"""On an hour's usual load: as good as none, and enough for an hour that no day knows."""
BEFORE_H = 24
"""The hours before the day whose weather it remembers."""
UNSEEN_C = 2.0
"""An event so much hotter or colder than all days is noted. Interpretation: ours."""
SECONDS_AN_HOUR = 3600

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RegressedBaseline:
    """A baseline by the weather.

    Attributes:
        kw: power in the frame's quarter hours, None where no day knows the hour.
        days_ago: the days that it was fitted on.
        half_band_kw: half the width of the band around the delivery; None where days are too few for one.
        notes: what a reader has to know.
    """

    kw: tuple[float | None, ...]
    days_ago: tuple[int, ...]
    half_band_kw: float | None
    notes: tuple[str, ...] = ()

    def band_kw(self, delivered_kw: float) -> tuple[float, float] | None:
        """The band of the delivery, None where there is none."""
        if self.half_band_kw is None:
            return None
        return delivered_kw - self.half_band_kw, delivered_kw + self.half_band_kw


@dataclass(frozen=True, slots=True)
class _Design:
    """Each day's rows by how long ago it was, 0 for the event's own; and the event's share in each hour.

    Hours are those that are fitted; a row is None where the weather is not known. *event_c* is the mean
    temperature over the event's hours.
    """

    rows: Mapping[int, Sequence[Row | None]]
    event_shares: Sequence[float]
    event_c: Mapping[int, float | None]


class _LeftOutDay(NamedTuple):
    """A day that knows the whole event, as if it had been left out of the regression.

    Attributes:
        where: its hours among those of all days.
        weights: of its hours' residuals, 0 where not known; they make of them its mean error over the event.
        by_slopes: the same of its rows: what each slope adds to that error.
        leverage: how far its weather is from the others'.
    """

    where: slice
    weights: Vector
    by_slopes: Vector
    leverage: float


@dataclass(frozen=True, slots=True)
class _Fit:
    """The part of a regression that follows from the weather and the hours that are known, not from the load.

    Attributes:
        days_ago: the days that it is made of.
        columns: of each slope, its values in all hours of all days, to be multiplied with the load in them.
        factor: the Cholesky factor of their products.
        fitted: the hours that any day knows.
        shares: the event's share in each hour.
        left_out: the days by which the band is made.
        leverage: of the event's own day.
    """

    days_ago: tuple[int, ...]
    columns: tuple[Callable[[Vector], float], ...]
    factor: Sequence[Sequence[float]]
    fitted: frozenset[int]
    shares: Vector
    left_out: tuple[_LeftOutDay, ...]
    leverage: float


def regress(days: Iterable[MatchedDay], weather: SiteWeather, frame: Frame) -> RegressedBaseline:
    """The baseline by the weather.

    Args:
        days: days of all kinds without event or outage, in any order.
        weather: of the site, on the days and on the event's own.
        frame: the event's quarter hours.

    Raises:
        NoBaselineError: the weather is not known, or too few days.
    """
    design = _design(weather, frame)
    event_rows = design.rows[0]
    if any(share > 0 and row is None for share, row in zip(design.event_shares, event_rows, strict=True)):
        raise NoBaselineError(MissingWeather.EVENT if weather.outdoor_c else MissingWeather.ANY)
    ordered = sorted(days)
    load = HourlyLoad.of(ordered, _fitted(frame))
    hour_kw, gaps = load.filled()
    fit = _fit(weather, frame, tuple([day.days_ago for day in ordered]), gaps)
    slopes = solve(fit.factor, [column(hour_kw) for column in fit.columns])
    by_hour = [
        None if row is None or n not in fit.fitted else dot(row, slopes) for n, row in enumerate(event_rows)
    ]
    event_kw = sum(share * (kw or 0.0) for share, kw in zip(design.event_shares, by_hour, strict=True))
    return RegressedBaseline(
        kw=load.in_quarters(by_hour, frame.count),
        days_ago=fit.days_ago,
        half_band_kw=_band_kw(fit, slopes, hour_kw, event_kw),
        notes=tuple(_notes(ordered, fit.days_ago, weather, design.event_c)),
    )


@lru_cache(maxsize=8)
def _design(weather: SiteWeather, frame: Frame) -> _Design:
    """The rows of every day that counts. Kept: sites under one sky share it."""
    fitted = _fitted(frame)
    quarters = range(QUARTERS_AN_HOUR // 2, fitted.stop * QUARTERS_AN_HOUR, QUARTERS_AN_HOUR)
    shares = list(_event_shares(frame, fitted))
    rows, event_c = {}, {}
    for day in (frame.past_day(0), *frame.past):
        middles = [day.frame[min(quarter, frame.count - 1)] for quarter in quarters]
        midnight_h = day.lowest // QUARTERS_AN_HOUR
        before = range(midnight_h - BEFORE_H, midnight_h)
        hours = [None if quarter is None else quarter // QUARTERS_AN_HOUR for quarter in middles]
        features = weather.features(before, hours)
        event_c[day.days_ago] = weather.mean_c(
            [hour for hour, share in zip(hours[fitted.start :], shares, strict=True) if share > 0]
        )
        of_hours = enumerate(features[fitted.start :])
        rows[day.days_ago] = [_row(hour, len(fitted), day, of_hour) for hour, of_hour in of_hours]
    return _Design(rows, shares, event_c)


def _fitted(frame: Frame) -> range:
    """The hours of the frame that are fitted."""
    from_s = frame.event.start_ts - frame.start_ts - REACH_H * SECONDS_AN_HOUR
    until_s = frame.event.end_ts - frame.start_ts + REACH_H * SECONDS_AN_HOUR
    return range(floor(from_s / SECONDS_AN_HOUR), ceil(until_s / SECONDS_AN_HOUR))


def _row(hour: int, hours: int, day: PastDay, features: Features | None) -> Row | None:
    """Usual load of each hour, the shift, the slopes."""
    if features is None:
        return None
    usual = [0.0] * hours
    usual[hour] = 1.0
    return (*usual, 0.0 if day.kind is DayType.WEEKDAY else 1.0, *features)


def _event_shares(frame: Frame, hours: range) -> Iterator[float]:
    """The share of the event that lies in each of the frame's *hours*."""
    for hour in hours:
        start_ts = frame.start_ts + hour * SECONDS_AN_HOUR
        within = Window(start_ts, start_ts + SECONDS_AN_HOUR).cut(frame.event)
        yield within.duration_s / (frame.event.duration_s or 1.0)


@lru_cache(maxsize=8)
def _fit(weather: SiteWeather, frame: Frame, days_ago: tuple[int, ...], gaps: tuple[int, ...]) -> _Fit:
    """Factor the regression on all hours of the days but *gaps*. Kept: VENs under one sky share it.

    Raises:
        NoBaselineError: too few days.
    """
    design = _design(weather, frame)
    count = len(design.event_shares)
    rows = [row for ago in days_ago for row in design.rows[ago]]
    for at in gaps:
        rows[at] = None
    all_rows = [row for row in rows if row is not None]
    by_day = [rows[at : at + count] for at in range(0, len(rows), count)]
    fitted = tuple([ago for ago, of_day in zip(days_ago, by_day, strict=True) if any(of_day)])
    if len(fitted) < LEAST_DAYS:
        raise NoBaselineError(TooFewWeatherDays(LEAST_DAYS, len(fitted)))
    ridge = [FREE] * count + [RIDGE] * (len(all_rows[0]) - count)
    factor = cholesky(gram(all_rows, ridge))
    event_rows = [row for row in design.rows[0] if row is not None]
    shares = [
        share for share, row in zip(design.event_shares, design.rows[0], strict=True) if row is not None
    ]
    half = forward(factor, _weighted(shares, event_rows))
    nothing = (0.0,) * len(all_rows[0])
    columns = list(zip(*[row or nothing for row in rows], strict=True))
    halves = list(zip(*forward_columns(factor, columns), strict=True))
    return _Fit(
        fitted,
        tuple(map(product_with, columns)),
        factor,
        frozenset(at % count for at, row in enumerate(rows) if row is not None),
        design.event_shares,
        tuple(_left_out(by_day, halves, design.event_shares)),
        dot(half, half),
    )


def _weighted(weights: Vector, rows: Sequence[Row]) -> list[float]:
    """The sum of *rows*, each by its weight."""
    return [dot(weights, column) for column in zip(*rows, strict=True)]


def _left_out(
    days: Sequence[Sequence[Row | None]], halves: Sequence[Vector], event_shares: Vector
) -> Iterator[_LeftOutDay]:
    """The days that know the whole event; *halves* are all rows, solved by the factor, 0 where not known."""
    count = len(event_shares)
    nothing = (0.0,) * len(halves[0])
    squares = dot(event_shares, event_shares)
    for number, of_day in enumerate(days):
        if any(share > 0 and row is None for share, row in zip(event_shares, of_day, strict=True)):
            continue
        where = slice(number * count, (number + 1) * count)
        # An hour that is not known has no share and is apart from the others, so that its weight is 0.
        weights = left_out_weights(halves[where], event_shares)
        yield _LeftOutDay(
            where,
            weights,
            _weighted(weights, [row or nothing for row in of_day]),
            dot(weights, event_shares) - squares,
        )


def _band_kw(fit: _Fit, slopes: Vector, hour_kw: Vector, event_kw: float) -> float | None:
    """Half the width of the band, of every day's error when it is left out."""
    days = []
    for where, weights, by_slopes, leverage in fit.left_out:
        of_day = hour_kw[where]
        error_kw = sum(map(mul, by_slopes, slopes)) - sum(map(mul, weights, of_day))
        days.append(LeftOut(error_kw, sum(map(mul, fit.shares, of_day)) + error_kw, leverage))
    return half_band_kw(days, event_kw, fit.leverage)


def _notes(
    days: Sequence[MatchedDay], used: Sequence[int], weather: SiteWeather, event_c: Mapping[int, float | None]
) -> Iterator[str]:
    if len(used) < len(days):
        yield f"of {len(used)} of {len(days)} days: of the others the outdoor temperature is not known"
    if weather.filled_h:
        yield f"{weather.filled_h} hours of outdoor temperature filled from the hours beside them"
    now_c, then_c = event_c[0], [value_c for ago in used if (value_c := event_c[ago]) is not None]
    if now_c is not None and then_c:
        least_c, most_c = min(then_c), max(then_c)
        if not least_c - UNSEEN_C <= now_c <= most_c + UNSEEN_C:
            yield f"at {now_c:.0f} °C outdoors, where the days had {least_c:.0f} to {most_c:.0f} °C"
