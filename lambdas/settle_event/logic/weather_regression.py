"""The baseline by the weather: a load's hours regressed on the outdoor temperature of all days before. Pure.

A load in an hour of the event's frame is that hour's usual load, a shift on weekends and holidays, and slopes
that are common to all hours on what `weather` makes of the temperature. No day is picked, so that the same
arithmetic serves a VEN and the aggregate, and the hot days of a mild month are still what they were.

Source: the shape is that of the time-of-week and temperature models (Mathieu et al. 2011, CalTRACK 2.0
hourly), with far fewer terms. Interpretation: terms and numbers are ours, chosen on the tuning seasons of
``make baselines``; see docs/reference/baselines.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import ceil, floor

from lambdas.settle_event.logic.baselines import MissingWeather, NoBaselineError, TooFewWeatherDays
from lambdas.settle_event.logic.conformal import LeftOut, half_band_kw, left_out_weights
from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import Frame, MatchedDay, PastDay, Quarters
from lambdas.settle_event.logic.energy import Window
from lambdas.settle_event.logic.ridge import Vector, cholesky, dot, forward, gram, solve
from lambdas.settle_event.logic.weather import Features, SiteWeather

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
QUARTERS_AN_HOUR = 4
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


@dataclass(frozen=True, slots=True)
class _Fit:
    """The part of a regression that follows from the weather and the hours that are known, not from the load.

    Attributes:
        rows: one an hour of a day.
        columns: the same by column.
        factor: the Cholesky factor of their products.
        days: of each day that knows the whole event: its rows, the weights that make of their residuals its
            mean error over the event had it been left out, the event's shares in them, and its leverage.
        leverage: of the event's own day.
    """

    rows: tuple[Row, ...]
    columns: tuple[Vector, ...]
    factor: Sequence[Sequence[float]]
    days: tuple[tuple[slice, Vector, Vector, float], ...]
    leverage: float


Cell = tuple[int, int]
"""Days ago, and the number of an hour among those that are fitted."""


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
    hours = _fitted(frame)
    hours_kw = [_hourly(day.kw, hours) for day in ordered]
    loads = dict(_cells(ordered, hours_kw, design))
    days_ago = tuple(dict.fromkeys(ago for ago, _ in loads))
    if len(days_ago) < LEAST_DAYS:
        raise NoBaselineError(TooFewWeatherDays(LEAST_DAYS, len(days_ago)))
    fit = _fit(weather, frame, tuple(loads))
    hour_kw = tuple(loads.values())
    slopes = solve(fit.factor, [dot(column, hour_kw) for column in fit.columns])
    fitted = {hour for _, hour in loads}
    by_hour = [
        None if row is None or n not in fitted else dot(row, slopes) for n, row in enumerate(event_rows)
    ]
    event_kw = sum(share * (kw or 0.0) for share, kw in zip(design.event_shares, by_hour, strict=True))
    return RegressedBaseline(
        kw=_by_quarters(by_hour, ordered, hours_kw, frame),
        days_ago=days_ago,
        half_band_kw=_band_kw(fit, slopes, hour_kw, event_kw),
        notes=tuple(_notes(ordered, days_ago, weather, design.event_c)),
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


def _cells(
    days: Iterable[MatchedDay], hours_kw: Iterable[Quarters], design: _Design
) -> Iterator[tuple[Cell, float]]:
    """The load in each hour of each day in which it and the weather are known."""
    for day, of_day in zip(days, hours_kw, strict=True):
        for hour, (kw, row) in enumerate(zip(of_day, design.rows[day.days_ago], strict=True)):
            if kw is not None and row is not None:
                yield (day.days_ago, hour), kw


def _hourly(kw: Quarters, hours: range) -> list[float | None]:
    """The means of the frame's *hours*; None when less than half of one is known."""
    firsts = range(hours.start * QUARTERS_AN_HOUR, hours.stop * QUARTERS_AN_HOUR, QUARTERS_AN_HOUR)
    return [_mean_kw(kw[first : first + QUARTERS_AN_HOUR]) for first in firsts]


def _mean_kw(quarters: Quarters) -> float | None:
    measured = [kw for kw in quarters if kw is not None]
    return sum(measured) / len(measured) if measured and 2 * len(measured) >= len(quarters) else None


@lru_cache(maxsize=8)
def _fit(weather: SiteWeather, frame: Frame, cells: tuple[Cell, ...]) -> _Fit:
    """Factor the regression on *cells*. Kept: VENs under one sky without gaps share it."""
    design = _design(weather, frame)
    rows = tuple(row for ago, hour in cells if (row := design.rows[ago][hour]) is not None)
    hours = len(design.event_shares)
    ridge = [FREE] * hours + [RIDGE] * (len(rows[0]) - hours)
    factor = cholesky(gram(rows, ridge))
    event_rows = [row for row in design.rows[0] if row is not None]
    shares = [
        share for share, row in zip(design.event_shares, design.rows[0], strict=True) if row is not None
    ]
    event_row = [dot(shares, column) for column in zip(*event_rows, strict=True)]
    half = forward(factor, event_row)
    return _Fit(
        rows,
        tuple(zip(*rows, strict=True)),
        factor,
        tuple(_left_out(rows, factor, cells, design.event_shares)),
        dot(half, half),
    )


def _left_out(
    rows: Sequence[Row],
    factor: Sequence[Sequence[float]],
    cells: Sequence[Cell],
    event_shares: Sequence[float],
) -> Iterator[tuple[slice, Vector, Vector, float]]:
    """The days that know the whole event, as `_Fit` has them."""
    begin = 0
    needed = {hour for hour, share in enumerate(event_shares) if share > 0}
    for _, of_day in groupby(cells, lambda cell: cell[0]):
        hours = [hour for _, hour in of_day]
        where = slice(begin, begin + len(hours))
        begin = where.stop
        if needed <= set(hours):
            shares = [event_shares[hour] for hour in hours]
            weights = left_out_weights(rows[where], factor, shares)
            yield where, weights, shares, dot(weights, shares) - dot(shares, shares)


def _by_quarters(
    by_hour: Sequence[float | None], days: Sequence[MatchedDay], hours_kw: Sequence[Quarters], frame: Frame
) -> tuple[float | None, ...]:
    """Hours in quarters: each quarter is off its hour as it was, on the mean, on the days."""
    kw: list[float | None] = [None] * frame.count
    first = _fitted(frame).start * QUARTERS_AN_HOUR
    for hour, (usual_kw, of_hour) in enumerate(zip(by_hour, zip(*hours_kw, strict=True), strict=True)):
        begin = first + hour * QUARTERS_AN_HOUR
        for quarter in range(begin, min(begin + QUARTERS_AN_HOUR, frame.count)):
            pairs = zip((day.kw[quarter] for day in days), of_hour, strict=True)
            off_kw = [now - mean for now, mean in pairs if now is not None and mean is not None]
            if usual_kw is not None and off_kw:
                kw[quarter] = usual_kw + sum(off_kw) / len(off_kw)
    return tuple(kw)


def _band_kw(fit: _Fit, slopes: Vector, hour_kw: Vector, event_kw: float) -> float | None:
    """Half the width of the band, of every day's error when it is left out."""
    days = []
    for where, weights, shares, leverage in fit.days:
        residuals = [dot(row, slopes) - kw for row, kw in zip(fit.rows[where], hour_kw[where], strict=True)]
        error_kw = dot(weights, residuals)
        days.append(LeftOut(error_kw, dot(shares, hour_kw[where]) + error_kw, leverage))
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
