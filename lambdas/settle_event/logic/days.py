"""A load in quarter hours, day by day, and the days that are like an event's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple

from lambdas.settle_event.logic.energy import Integral, PowerRow, Trace, Window
from lambdas.settle_event.logic.rules import LOOK_BACK_DAYS, REACH_H, DayType

QUARTER_S = 900
QUARTERS = 96
DAY_S = 86_400
COVERED = 0.5
"""What part of a quarter hour, or of a span of them, must be covered for its mean to count."""
WHOLE = 0.8
"""What part of a day must be covered; below that it was an outage. Interpretation: ours."""

Quarters = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class DayProfile:
    """One UTC day of a load.

    Attributes:
        kw: the means of its 96 quarter hours, None where less than half of one is stored.
        coverage: the part of its seconds that rows cover.
        in_event: the quarter hours in which the site took part in an event.
    """

    kw: tuple[float | None, ...]
    coverage: float
    in_event: frozenset[int] = frozenset()


EMPTY = DayProfile((None,) * QUARTERS, 0.0)


def day_profile(trace: Trace, day: int) -> DayProfile:
    """The profile of *day* (days since 1970-01-01, UTC)."""
    start_ts = day * DAY_S
    bins = trace.bins(start_ts, QUARTER_S, QUARTERS)
    return DayProfile(
        _quarters_kw(bins),
        sum(quarter.covered_s for quarter in bins) / DAY_S,
        frozenset(_event_quarters(trace.rows, start_ts)),
    )


def _quarters_kw(bins: Iterable[Integral]) -> tuple[float | None, ...]:
    return tuple(quarter.used_kw if quarter.covered_s >= COVERED * QUARTER_S else None for quarter in bins)


def _event_quarters(rows: Sequence[PowerRow], start_ts: int) -> set[int]:
    # A row stands for the time before its timestamp, so that one on the hour belongs to the quarter before.
    quarters = {(row.timestamp - 1 - start_ts) // QUARTER_S for row in rows if row.event_id is not None}
    return {quarter for quarter in quarters if 0 <= quarter < QUARTERS}


class MatchedDay(NamedTuple):
    """A day without event or outage: its power in the frame's quarter hours."""

    days_ago: int
    kind: DayType
    kw: tuple[float | None, ...]


class PastDays(NamedTuple):
    """A day before an event's, in quarter hours since 1970: where the frame lies on it, and all that counts.

    An event anywhere from *lowest* to *highest* (the local day and the frame) makes it an event day.
    """

    days_ago: int
    kind: DayType
    first: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The quarter hours around an event that baselines look at: from 4 h before to 4 h after it.

    Attributes:
        event: the event's time.
        zone: where "the same time" and the day type are read from the clock; a zone with summer time keeps
            local times alike over its changes.
        start_ts: where the first quarter hour begins.
        count: how many there are.
        kind: the day type of the event's start.
        past: the days before that do not reach into the event, as far back as is looked.
    """

    event: Window
    zone: tzinfo = UTC
    start_ts: int = field(init=False)
    count: int = field(init=False)
    kind: DayType = field(init=False)
    past: tuple[PastDays, ...] = field(init=False)

    def __post_init__(self) -> None:
        first = floor((self.event.start_ts - REACH_H * 3600) / QUARTER_S)
        last = ceil((self.event.end_ts + REACH_H * 3600) / QUARTER_S)
        object.__setattr__(self, "start_ts", first * QUARTER_S)
        object.__setattr__(self, "count", last - first)
        object.__setattr__(self, "kind", _kind(datetime.fromtimestamp(self.event.start_ts, self.zone)))
        apart = max(1, ceil(self.event.duration_s / DAY_S))
        past = tuple(self.past_day(days_ago) for days_ago in range(apart, LOOK_BACK_DAYS + 1))
        object.__setattr__(self, "past", past)

    def past_day(self, days_ago: int) -> PastDays:
        """The day so many days before; 0 is the event's own."""
        ago = timedelta(days=days_ago)
        start = datetime.fromtimestamp(self.event.start_ts, self.zone) - ago
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        first = _quarter(datetime.fromtimestamp(self.start_ts, self.zone) - ago)
        lowest, after = _quarter(midnight), _quarter(midnight + timedelta(days=1))
        return PastDays(days_ago, _kind(start), first, min(lowest, first), max(after, first + self.count))

    @property
    def window(self) -> Window:
        """All of it."""
        return Window(self.start_ts, self.start_ts + self.count * QUARTER_S)

    def mean_kw(self, kw: Quarters, window: Window) -> float | None:
        """The mean over *window* of a load in this frame, by time; None when less than half is known."""
        total_kws = measured_s = 0.0
        for quarter, share_s in _quarter_shares(self.start_ts, self.count, window):
            power_kw = kw[quarter]
            if power_kw is not None:
                total_kws += power_kw * share_s
                measured_s += share_s
        return (
            total_kws / measured_s if measured_s > 0 and measured_s >= COVERED * window.duration_s else None
        )

    def before(self, hours: tuple[float, float]) -> Window:
        """The time from so many hours before the event's start to so many."""
        return Window(self.event.start_ts - hours[0] * 3600, self.event.start_ts - hours[1] * 3600)

    def after(self, hours: tuple[float, float]) -> Window:
        """The time from so many hours after the event's end to so many."""
        return Window(self.event.end_ts + hours[0] * 3600, self.event.end_ts + hours[1] * 3600)

    def event_day_kw(self, trace: Trace) -> Quarters:
        """The load of the event's own day; what another event took part of is not known."""
        return _quarters_kw(trace.bins(self.start_ts, QUARTER_S, self.count))


def match_days(
    profiles: Mapping[int, DayProfile], frame: Frame, *, alike: bool = True
) -> tuple[MatchedDay, ...]:
    """The days before an event without event and outage, the latest first; by default those like its own.

    Weekdays are alike; so are Saturdays and Sundays, which a rule may still tell apart. *profiles* is the
    load by UTC day, as far as it is known.
    """
    weekday = frame.kind is DayType.WEEKDAY
    candidates = (
        _match_day(profiles, frame.count, past)
        for past in frame.past
        if not alike or (past.kind is DayType.WEEKDAY) is weekday
    )
    return tuple(day for day in candidates if day is not None)


def _match_day(profiles: Mapping[int, DayProfile], count: int, past: PastDays) -> MatchedDay | None:
    kw: tuple[float | None, ...] = ()
    for day in range(past.lowest // QUARTERS, (past.highest - 1) // QUARTERS + 1):
        profile, begins = profiles.get(day, EMPTY), day * QUARTERS
        from_q, to_q = max(past.first, begins), min(past.first + count, begins + QUARTERS)
        if from_q < to_q:
            if profile.coverage < WHOLE:
                return None
            kw += profile.kw[from_q - begins : to_q - begins]
        if any(past.lowest <= begins + quarter < past.highest for quarter in profile.in_event):
            return None
    return MatchedDay(past.days_ago, past.kind, kw)


@lru_cache(maxsize=512)
def _quarter_shares(start_ts: int, count: int, window: Window) -> tuple[tuple[int, float], ...]:
    """The quarter hours of a frame that *window* has part of, and of each how many seconds.

    Kept, since every load of an event is looked at over the same few windows.
    """
    first = max(0, floor((window.start_ts - start_ts) / QUARTER_S))
    last = min(count, ceil((window.end_ts - start_ts) / QUARTER_S))
    shares = []
    for quarter in range(first, last):
        from_ts = start_ts + quarter * QUARTER_S
        share_s = min(from_ts + QUARTER_S, window.end_ts) - max(from_ts, window.start_ts)
        shares.append((quarter, float(share_s)))
    return tuple(shares)


def mean_loads(loads: Iterable[Quarters]) -> tuple[float | None, ...]:
    """The mean of *loads* in each quarter hour, of those that are known there."""
    columns = ([kw for kw in column if kw is not None] for column in zip(*loads, strict=True))
    return tuple(sum(column) / len(column) if column else None for column in columns)


def _kind(at: datetime) -> DayType:
    return {5: DayType.SATURDAY, 6: DayType.SUNDAY}.get(at.weekday(), DayType.WEEKDAY)


def _quarter(at: datetime) -> int:
    return floor(at.timestamp()) // QUARTER_S
