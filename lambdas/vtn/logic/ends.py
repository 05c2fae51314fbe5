"""The end of an event, for `active=true`, which leaves out what is over and nothing else.

    event.duration               the end is so long after the start: it loops the intervals, or cuts them
    else the intervals           the latest end of any of them
    else event.intervalPeriod    its start and duration

Source: User Guide 7.3 to 7.5.
Interpretation: an event that cannot be placed, as it has no start, is not over. A start of now is as it is
read, so that such an event lasts until it is deleted, or cancelled by a duration of nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from contracts.openadr.objects import OadrEvent
from contracts.openadr.times import is_for_ever, is_now, read_date_time, read_duration
from contracts.openadr.values import IntervalPeriod, OadrInterval

NEVER = float("inf")
_read = lru_cache(maxsize=512)(read_duration)


def starts_as_read(event: OadrEvent) -> bool:
    """True of an event whose end depends on when it is read."""
    periods = (event.interval_period, *(interval.interval_period for interval in event.intervals or ()))
    return any(period is not None and period.start is not None and is_now(period.start) for period in periods)


def end_ts(event: OadrEvent, now_ts: float) -> float:
    """The end of *event* as it is read at *now_ts*, UTC s; `NEVER` where there is none."""
    spans = list(_spans(event, now_ts))
    if event.duration is not None:
        starts = [start for start, _ in spans if start is not None]
        first = min(starts, default=None)
        return NEVER if first is None else _after(first, event.duration)
    return max((end for _, end in spans), default=NEVER)


def _spans(event: OadrEvent, now_ts: float) -> Iterator[tuple[float | None, float]]:
    """Start and end of each interval, or of the event's own period where there is none."""
    whole = event.interval_period
    if not event.intervals:
        start = _start(whole, now_ts)
        duration = whole.duration if whole is not None else None
        yield start, NEVER if start is None or duration is None else _after(start, duration)
        return
    before: float | None = None
    for previous, interval in pairwise((None, *event.intervals)):
        start, end = _span(interval, whole, now_ts, before, is_first=previous is None)
        yield start, end
        before = end


def _span(
    interval: OadrInterval | None,
    whole: IntervalPeriod | None,
    now_ts: float,
    before: float | None,
    *,
    is_first: bool,
) -> tuple[float | None, float]:
    period = interval.interval_period if interval is not None else None
    follows = not is_first and (period is None or period.start is None or is_now(period.start))
    if follows:
        start = before if before != NEVER else None
    else:
        start = (
            _start(period, now_ts)
            if period is not None and period.start is not None
            else _start(whole, now_ts)
        )
    duration = period.duration if period is not None and period.duration is not None else None
    if duration is None and whole is not None:
        duration = whole.duration
    if start is None or duration is None:
        return start, NEVER
    return start, _after(start, duration)


def _start(period: IntervalPeriod | None, now_ts: float) -> float | None:
    if period is None or period.start is None:
        return None
    start = read_date_time(period.start)
    return now_ts if start is None else start


def _after(start_ts: float, duration: str) -> float:
    span = _read(duration)
    return NEVER if is_for_ever(span) else span.after_ts(start_ts)
