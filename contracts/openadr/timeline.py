"""The intervals of an event, placed in time. Pure.

    event.start                                                   event.start + event.duration
        ├── interval 0 ──┼── interval 1 ──┤├── interval 0 ──┼── inter┤
        └──────────── one round ──────────┘└──── the next, cut ──────┘

| interval's start | starts |
|---|---|
| a time | then; in a later round as much later as that round is |
| 0001-01-01, or none; the first | at the event's start, which may be now: as the event is read |
| 0001-01-01, or none; a later one | right after the one before |

| event.duration | intervals |
|---|---|
| none | once |
| shorter than a round | cut |
| longer than a round | again, round after round, the last one cut |

An interval's duration is its own, else the event's. A payload of a scalar type with
n values splits its interval in n equal spans. An interval of no length is none: an event of such alone is
cancelled. ``P9999Y`` never ends, so that intervals are yielded one by one.

Source: OpenADR 3.1.0 User Guide, 7.3 to 7.5.
Interpretation: a round lasts from its first start to its last end. Of an interval that never ends the first
value is in force. Times are without the random offset, which a VEN draws by itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from enum import StrEnum
from fractions import Fraction
from itertools import islice, pairwise
from math import inf, isfinite
from typing import NamedTuple

from contracts.errors import VenTwinError
from contracts.openadr.objects import OadrEventRequest
from contracts.openadr.times import OadrDuration, is_for_ever, read_date_time, read_duration
from contracts.openadr.values import IntervalPeriod, OadrInterval, ValuesMap

INTERVALS_MOST = 1000
"""So many intervals a timeline has at the most, as a loop may have no end."""
SCALARS = frozenset(
    {
        "SIMPLE",
        "PRICE",
        "EXPORT_PRICE",
        "GHG",
        "DISPATCH_SETPOINT",
        "DISPATCH_SETPOINT_RELATIVE",
        "CHARGE_STATE_SETPOINT",
        "IMPORT_CAPACITY_LIMIT",
        "EXPORT_CAPACITY_LIMIT",
    }
)
"""Types of one value at a time. Interpretation: of any other type all values stand for the whole interval."""


class UnplacedReason(StrEnum):
    """The reason that an event has no place in time."""

    NO_START = "neither the event nor its first interval has a start"
    NO_DURATION = "an interval has no duration, and the event sets none"
    NEGATIVE = "a duration is below zero"


class UnplacedError(VenTwinError):
    """Raised for an event that cannot be placed. Store and show it; do not act on it.

    Attributes:
        reason: the rule that it breaks.
    """

    def __init__(self, reason: UnplacedReason) -> None:
        self.reason = reason
        super().__init__(reason.value)


class PlacedInterval(NamedTuple):
    """An interval of an event in time, UTC s; *end_ts* is infinite when it never ends."""

    start_ts: float
    end_ts: float
    interval_id: int
    payloads: tuple[ValuesMap, ...]


def timeline(
    event: OadrEventRequest, read_ts: float, *, from_ts: float = -inf, most: int = INTERVALS_MOST
) -> tuple[PlacedInterval, ...]:
    """The first *most* intervals of *event* that end after *from_ts*.

    *read_ts* is the time when the event was first read, UTC s: its now. Raises UnplacedError.
    """
    return tuple(islice(unrolled(event, read_ts, from_ts=from_ts), most))


def unrolled(event: OadrEventRequest, read_ts: float, *, from_ts: float = -inf) -> Iterator[PlacedInterval]:
    """The intervals of *event* that end after *from_ts*, one by one. Raises UnplacedError."""
    if not event.intervals:
        return
    begin_ts = start_ts(event, read_ts)
    until_ts = end_ts(event, read_ts)
    round_ts = _round_at(event, begin_ts, from_ts) if event.duration is not None else begin_ts
    while round_ts < until_ts:
        placed = _round(event, begin_ts, round_ts)
        for interval in placed:
            cut = interval._replace(end_ts=min(interval.end_ts, until_ts))
            if interval.start_ts < until_ts and cut.end_ts > from_ts:
                yield from (span for span in _split(interval, until_ts) if span.end_ts > from_ts)
        after_ts = max((interval.end_ts for interval in placed), default=round_ts)
        if event.duration is None or after_ts <= round_ts:
            return
        round_ts = after_ts


def in_force(
    spans: Iterable[PlacedInterval],
) -> Iterator[tuple[float, float, PlacedInterval | None]]:
    """Each stretch of *spans* with the one in force, of several the one that started last; None in a gap."""
    ordered = sorted(spans, key=lambda span: span.start_ts)
    edges = sorted({ts for span in ordered for ts in (span.start_ts, span.end_ts)})
    begun: list[tuple[float, int, PlacedInterval]] = []
    index = 0
    for from_ts, to_ts in pairwise(edges):
        while index < len(ordered) and ordered[index].start_ts <= from_ts:
            heapq.heappush(begun, (-ordered[index].start_ts, -index, ordered[index]))
            index += 1
        while begun and begun[0][2].end_ts <= from_ts:
            heapq.heappop(begun)
        yield from_ts, to_ts, begun[0][2] if begun else None


def start_ts(event: OadrEventRequest, read_ts: float) -> float:
    """The start of *event*, UTC s. Raises UnplacedError."""
    periods = [event.interval_period]
    if event.intervals:
        periods.insert(0, event.intervals[0].interval_period)
    text = next((period.start for period in periods if period is not None and period.start is not None), None)
    if text is None:
        raise UnplacedError(UnplacedReason.NO_START)
    at_ts = read_date_time(text)
    return read_ts if at_ts is None else at_ts


def end_ts(event: OadrEventRequest, read_ts: float) -> float:
    """The end of *event*, UTC s; infinite when it has none. Raises UnplacedError."""
    begin_ts = start_ts(event, read_ts)
    placed = _round(event, begin_ts, begin_ts)
    period = event.interval_period
    if event.intervals and not placed:
        return begin_ts
    if event.duration is not None:
        return _after_ts(read_duration(event.duration), begin_ts)
    if not event.intervals and period is not None and period.duration is not None:
        return _after_ts(read_duration(period.duration), begin_ts)
    return max((interval.end_ts for interval in placed), default=begin_ts)


def _round(event: OadrEventRequest, begin_ts: float, round_ts: float) -> list[PlacedInterval]:
    """One round of the intervals from *round_ts* on, in the order of their starts, none of no length."""
    placed, at_ts = [], round_ts
    for index, interval in enumerate(event.intervals or ()):
        fixed_ts = _fixed_ts(interval) if index else None
        if fixed_ts is not None:
            at_ts = fixed_ts + (round_ts - begin_ts)
        until_ts = _after_ts(_duration(event.interval_period, interval), at_ts)
        if until_ts > at_ts:
            placed.append(PlacedInterval(at_ts, until_ts, interval.id, interval.payloads))
        at_ts = until_ts
    return sorted(placed, key=lambda interval: interval.start_ts)


def _fixed_ts(interval: OadrInterval) -> float | None:
    period = interval.interval_period
    return None if period is None or period.start is None else read_date_time(period.start)


def _duration(default: IntervalPeriod | None, interval: OadrInterval) -> OadrDuration:
    for period in (interval.interval_period, default):
        if period is not None and period.duration is not None:
            return read_duration(period.duration)
    raise UnplacedError(UnplacedReason.NO_DURATION)


def _after_ts(duration: OadrDuration, at_ts: float) -> float:
    if duration.months < 0 or duration.seconds < 0:
        raise UnplacedError(UnplacedReason.NEGATIVE)
    return inf if is_for_ever(duration) or not isfinite(at_ts) else duration.after_ts(at_ts)


def _round_at(event: OadrEventRequest, begin_ts: float, from_ts: float) -> float:
    """The start of the round at *from_ts*, where rounds are of one length; else that of the first."""
    placed = _round(event, begin_ts, begin_ts)
    round_s = max((interval.end_ts for interval in placed), default=begin_ts) - begin_ts
    months = any(_duration(event.interval_period, interval).months for interval in event.intervals or ())
    if months or not isfinite(from_ts) or not 0 < round_s < inf or from_ts <= begin_ts:
        return begin_ts
    return begin_ts + round_s * ((from_ts - begin_ts) // round_s)


def _split(interval: PlacedInterval, until_ts: float) -> Iterator[PlacedInterval]:
    """*interval* by the values of its scalar payloads, cut at *until_ts*."""
    counts = {
        len(payload.values)
        for payload in interval.payloads
        if payload.type in SCALARS and len(payload.values) > 1
    }
    if not counts:
        yield interval._replace(end_ts=min(interval.end_ts, until_ts))
        return
    if not isfinite(interval.end_ts):
        edges = [Fraction(0)]
    else:
        edges = sorted({Fraction(i, n) for n in counts for i in range(n)} | {Fraction(0)})
    span_s = interval.end_ts - interval.start_ts
    times = [interval.start_ts + float(edge) * span_s if edge else interval.start_ts for edge in edges]
    for edge, (from_ts, to_ts) in zip(edges, pairwise([*times, interval.end_ts]), strict=True):
        if from_ts < until_ts:
            payloads = tuple(_at(payload, edge) for payload in interval.payloads)
            yield PlacedInterval(from_ts, min(to_ts, until_ts), interval.interval_id, payloads)


def _at(payload: ValuesMap, edge: Fraction) -> ValuesMap:
    """The value of a scalar *payload* that is in force from *edge* of its interval on."""
    if payload.type not in SCALARS or len(payload.values) < 2:
        return payload
    return ValuesMap(type=payload.type, values=(payload.values[int(edge * len(payload.values))],))
