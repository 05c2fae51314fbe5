"""Power over time for a page's chart: means, thinned to what a screen shows, with gaps as gaps. Pure.

means      one after the other, each from its start to its end, UTC s
thinned    as many as a chart is wide: means of a step that the span asks for
drawn      columns for the chart; where nothing was stored stands a null, so that no line goes over it
csv        the same means as a file
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, takewhile, zip_longest
from statistics import median
from typing import NamedTuple

import msgspec

from contracts.wire.telemetry import EARLIEST_TS, LATEST_TS
from contracts.wire.units import S_PER_DAY
from ven_twin.webkit.problems import PageProblemError

STEPS_S = (1, 10, 60, 300, 900, 3600, 6 * 3600, S_PER_DAY)
"""Lengths of a drawn mean."""
DRAWN_MAX = 1500
"""Interpretation: no chart is wider than so many pixels."""
SPAN_MAX_S = 400 * S_PER_DAY
SPAN_LEAST_S = 10.0
SLACK_S = 1.5
"""Means that are no further apart meet: a tick comes a little late."""
SLACK_SHARE = 0.5
"""Nor those that are closer than this share of the one before."""
DIGITS = 3
"""Of a drawn power: watts."""
DOUBLE = '"'


class TimeMean(NamedTuple):
    """Means from *start_ts* to *end_ts*, UTC s; None is not known."""

    start_ts: float
    end_ts: float
    values: tuple[float | None, ...]


class TimeWindow(NamedTuple):
    """The stretch of time that is shown, UTC s."""

    from_ts: float
    to_ts: float

    @property
    def step_s(self) -> int:
        """The length of a mean by which the window has at most `DRAWN_MAX` of them."""
        span_s = self.to_ts - self.from_ts
        return next((step_s for step_s in STEPS_S if span_s / step_s <= DRAWN_MAX), STEPS_S[-1])


class EventMark(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The time of an event, UTC s."""

    event_id: str
    start_ts: float
    end_ts: float


class DrawnHistory(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Power from *from_ts* to *to_ts* by column, kW, mostly in means of *step_s*.

    A mean stands from its time to the next; null is not known. *events* are those of the time that the store
    knows of. *labels* are names of columns for people, where they have some.
    """

    from_ts: float
    to_ts: float
    step_s: int
    ts: list[float]
    columns: dict[str, list[float | None]]
    events: tuple[EventMark, ...]
    labels: dict[str, str] = {}


def read_window(query: Mapping[str, str], now_ts: float, default_s: float) -> TimeWindow:
    """The window of a call: ``from`` and ``to``, UTC s; the last *default_s* where neither stands there.

    Raises:
        PageProblemError: it names the parameter.
    """
    to_ts = _timestamp(query, "to", now_ts)
    from_ts = _timestamp(query, "from", to_ts - default_s)
    if to_ts - from_ts < SPAN_LEAST_S:
        raise PageProblemError(400, f"is at least {SPAN_LEAST_S:.0f} s before to", field="from")
    if to_ts - from_ts > SPAN_MAX_S:
        raise PageProblemError(400, f"is at most {SPAN_MAX_S // S_PER_DAY} days before to", field="from")
    return TimeWindow(from_ts, to_ts)


def refuse_others(query: Mapping[str, str], names: Sequence[str]) -> None:
    """Raises: PageProblemError where *query* has another parameter than *names*."""
    for name in query:
        if name not in names:
            raise PageProblemError(400, f"is not known here; there are {', '.join(names)}", field=name[:40])


def _timestamp(query: Mapping[str, str], name: str, default_ts: float) -> float:
    if name not in query:
        return default_ts
    try:
        ts = float(query[name])
    except ValueError:
        ts = math.nan
    if not EARLIEST_TS <= ts <= LATEST_TS:
        raise PageProblemError(400, "is a time in UTC seconds, such as 1795724711", field=name)
    return ts


def thinned(means: Iterable[TimeMean], step_s: float) -> list[TimeMean]:
    """Means of *step_s*, weighted by time; those that are as long already stay as they are."""
    return [_merged(list(group)) for _, group in groupby(means, lambda mean: _place(mean, step_s))]


def _place(mean: TimeMean, step_s: float) -> tuple[float, float]:
    long = mean.end_ts - mean.start_ts >= step_s
    return (mean.start_ts, 0.0) if long else (math.floor(mean.start_ts / step_s) * step_s, step_s)


def _merged(group: Sequence[TimeMean]) -> TimeMean:
    if len(group) == 1:
        return group[0]
    weights = [mean.end_ts - mean.start_ts for mean in group]
    columns = zip(*(mean.values for mean in group), strict=True)
    values = tuple(_weighted(column, weights) for column in columns)
    return TimeMean(group[0].start_ts, group[-1].end_ts, values)


def _weighted(values: Sequence[float | None], weights: Sequence[float]) -> float | None:
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    whole = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / whole if whole > 0.0 else None


def within(means: Iterable[TimeMean], window: TimeWindow) -> Iterator[TimeMean]:
    """The *means* that reach into the *window*, none of them beyond its end."""
    for mean in means:
        if mean.end_ts > window.from_ts and mean.start_ts < window.to_ts:
            yield mean._replace(end_ts=min(mean.end_ts, window.to_ts))


def ahead_of(fine: Sequence[TimeMean], coarse: Iterable[TimeMean]) -> list[TimeMean]:
    """The *coarse* means of the time before the first *fine* one, and those after them."""
    if not fine:
        return list(coarse)
    first_ts = fine[0].start_ts
    before = [mean for mean in coarse if mean.start_ts < first_ts]
    return [*(mean._replace(end_ts=min(mean.end_ts, first_ts)) for mean in before), *fine]


def filled(fine: Sequence[TimeMean], coarse: Iterable[TimeMean]) -> list[TimeMean]:
    """The *fine* means, and the *coarse* ones cut to the times of which there is no fine one."""
    merged, first = list(fine), 0
    for mean in coarse:
        start_ts = mean.start_ts
        while first < len(fine) and fine[first].end_ts <= start_ts:
            first += 1
        for one in takewhile(lambda one, end_ts=mean.end_ts: one.start_ts < end_ts, fine[first:]):  # type: ignore[misc]
            if one.start_ts - start_ts > SLACK_S:
                merged.append(mean._replace(start_ts=start_ts, end_ts=one.start_ts))
            start_ts = max(start_ts, one.end_ts)
        if mean.end_ts - start_ts > SLACK_S:
            merged.append(mean._replace(start_ts=start_ts))
    return sorted(merged, key=lambda mean: mean.start_ts)


def drawn(
    names: Sequence[str],
    means: Sequence[TimeMean],
    window: TimeWindow,
    events: Iterable[EventMark] = (),
    labels: Mapping[str, str] = {},
) -> DrawnHistory:
    """The *means* as columns of these *names*.

    Where the next mean does not follow, the value stands once more at its end, and a null after it.
    """
    ts: list[float] = []
    rows: list[tuple[float | None, ...]] = []
    nothing = (None,) * len(names)
    for mean, following in zip_longest(means, means[1:]):
        ts.append(mean.start_ts)
        rows.append(mean.values)
        if following is None or is_gap(mean, following):
            ts.append(mean.end_ts)
            rows.append(mean.values)
        if following is not None and is_gap(mean, following):
            ts.append(mean.end_ts + 0.001)
            rows.append(nothing)
    return DrawnHistory(
        from_ts=window.from_ts,
        to_ts=window.to_ts,
        step_s=max(window.step_s, _usual_s(means)),
        ts=[round(at, 3) for at in ts],
        columns={name: [_rounded(row[place]) for row in rows] for place, name in enumerate(names)},
        events=tuple(events),
        labels=dict(labels),
    )


def _usual_s(means: Sequence[TimeMean]) -> int:
    """The length that most *means* have, s; 0 where there are none."""
    return round(median(mean.end_ts - mean.start_ts for mean in means)) if means else 0


def is_gap(mean: TimeMean, following: TimeMean) -> bool:
    """True where nothing is stored between two means."""
    apart_s = following.start_ts - mean.end_ts
    return apart_s > max(SLACK_S, SLACK_SHARE * (mean.end_ts - mean.start_ts))


def csv(names: Sequence[str], means: Iterable[TimeMean]) -> str:
    """The *means* as a file: start in UTC (ISO 8601), length in s, a column each name. RFC 4180."""
    rows = [["start_utc", "duration_s", *map(_cell, names)]]
    for start_ts, end_ts, values in means:
        powers = ["" if value is None else f"{round(value, DIGITS) + 0.0:.15g}" for value in values]
        rows.append([_iso(start_ts), f"{round(end_ts - start_ts, DIGITS):.15g}", *powers])
    return "".join(",".join(row) + "\r\n" for row in rows)


def _cell(name: str) -> str:
    """A column's name as it stands in a file: in quotes where it has to, and no formula of a spreadsheet."""
    plain = f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
    return f'"{plain.replace(DOUBLE, DOUBLE * 2)}"' if set(plain) & {DOUBLE, ","} else plain


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS) + 0.0


def _iso(ts: float) -> str:
    at = datetime.fromtimestamp(ts, UTC)
    return at.isoformat(timespec="seconds" if ts == int(ts) else "milliseconds").replace("+00:00", "Z")
