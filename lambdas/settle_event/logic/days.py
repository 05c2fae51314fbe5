"""A load in quarter hours, day by day, and the days that are like an event's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple

import msgspec

from lambdas.settle_event.logic.day_types import UTC_CALENDAR, DayType, SiteCalendar
from lambdas.settle_event.logic.means import Quarters, Shares, shared_mean, shared_means
from lambdas.settle_event.logic.rules import LOOK_BACK_DAYS, REACH_H
from lambdas.settle_event.logic.weather import day_outdoor_c
from lambdas.shared.power_traces import Integral, Trace, Window

QUARTER_S = 900
QUARTERS = 96
DAY_S = 86_400
COVERED = 0.5
"""What part of a quarter hour, or of a span of them, must be covered for its mean to count."""
WHOLE = 0.8
"""What part of a day must be covered; below that it was an outage. Interpretation: ours."""
REBOUND = 8
"""Quarter hours after an event in which a site makes up for it: two hours. Interpretation: as long as the gap
that the residential rule leaves beside an event."""


@dataclass(frozen=True, slots=True)
class DayProfile:
    """One UTC day of a load.

    Attributes:
        kw: the means of its 96 quarter hours, None where less than half of one is stored.
        coverage: the part of its seconds that rows cover.
        in_event: the quarter hours in which the site took part in an event.
        outdoor_c: the outdoor temperature of its 24 hours, None where not known; nothing when none is.
    """

    kw: tuple[float | None, ...]
    coverage: float
    in_event: frozenset[int] = frozenset()
    outdoor_c: tuple[float | None, ...] = ()


EMPTY = DayProfile((None,) * QUARTERS, 0.0)


def day_profile(trace: Trace, day: int) -> DayProfile:
    """The profile of *day* (days since 1970-01-01, UTC)."""
    start_ts = day * DAY_S
    bins = trace.bins(start_ts, QUARTER_S, QUARTERS)
    return DayProfile(
        _quarters_kw(bins),
        sum(quarter.covered_s for quarter in bins) / DAY_S,
        frozenset(_event_quarters(trace, start_ts)),
        day_outdoor_c(trace.rows, day),
    )


def _quarters_kw(bins: Iterable[Integral]) -> tuple[float | None, ...]:
    return tuple(quarter.used_kw if quarter.covered_s >= COVERED * QUARTER_S else None for quarter in bins)


def _event_quarters(trace: Trace, start_ts: int) -> set[int]:
    # A row stands for the time before its end, so that one on the hour belongs to the quarter before.
    if trace.marks.count(None) == len(trace.marks):
        return set()
    ends = zip(trace.marks, trace.ends_s, strict=True)
    quarters = {floor(end - 1 - start_ts) // QUARTER_S for mark, end in ends if mark is not None}
    return {quarter for quarter in quarters if 0 <= quarter < QUARTERS}


class MatchedDay(msgspec.Struct, frozen=True, order=True, gc=False):
    """A day without event or outage: its power in the frame's quarter hours. A fleet has thousands of them.

    *clock_changes*: it has 23 or 25 hours.
    """

    days_ago: int
    kind: DayType
    kw: tuple[float | None, ...]
    clock_changes: bool = False


class PastDay(NamedTuple):
    """A day before an event's, in quarter hours since 1970.

    Attributes:
        days_ago: so many local days before.
        kind: its day type.
        frame: the quarter hours of the frame's local times, None where the clock skipped them.
        first: the first of these.
        lowest: where the local day begins, or the frame if that is before; an event from here to *highest*
            makes it an event day.
        highest: where both have ended.
        clock_changes: whether it has 23 or 25 hours.
        utc_days: the UTC days, since 1970, that the frame is on.
        runs: the frame as quarter hours of UTC days, from and to; none where its local times have a gap.
    """

    days_ago: int
    kind: DayType
    frame: Sequence[int | None]
    first: int
    lowest: int
    highest: int
    clock_changes: bool
    utc_days: tuple[int, ...]
    runs: tuple[tuple[int, slice], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The quarter hours around an event that baselines look at: from 4 h before to 4 h after it.

    Attributes:
        event: the event's time.
        calendar: of the site: "the same time" and the day type go by its clock, over summer time too.
        start_ts: where the first quarter hour begins.
        count: how many there are.
        kind: the day type of the event's start.
        past: the days before that do not reach into the event, as far back as is looked.
    """

    event: Window
    calendar: SiteCalendar = UTC_CALENDAR
    start_ts: int = field(init=False, compare=False)
    count: int = field(init=False, compare=False)
    kind: DayType = field(init=False, compare=False)
    past: tuple[PastDay, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        first = floor((self.event.start_ts - REACH_H * 3600) / QUARTER_S)
        last = ceil((self.event.end_ts + REACH_H * 3600) / QUARTER_S)
        object.__setattr__(self, "start_ts", first * QUARTER_S)
        object.__setattr__(self, "count", last - first)
        day = self.calendar.at(self.event.start_ts).date()
        object.__setattr__(self, "kind", self.calendar.day_type(day))
        apart = max(1, ceil(self.event.duration_s / DAY_S))
        past = tuple(self.past_day(days_ago) for days_ago in range(apart, LOOK_BACK_DAYS + 1))
        object.__setattr__(self, "past", past)

    def past_day(self, days_ago: int) -> PastDay:
        """The day so many days before; 0 is the event's own."""
        start = self.calendar.at(self.event.start_ts) - timedelta(days=days_ago)
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        lowest, after = _quarter(midnight), _quarter(midnight + timedelta(days=1))
        frame = self._same_times(days_ago)
        there = [quarter for quarter in frame if quarter is not None]
        return PastDay(
            days_ago,
            self.calendar.day_type(start.date()),
            frame,
            first=min(there),
            lowest=min(lowest, *there),
            highest=max(after, max(there) + 1),
            clock_changes=after - lowest != QUARTERS,
            utc_days=tuple(sorted({quarter // QUARTERS for quarter in there})),
            runs=tuple(_runs(frame)) if isinstance(frame, range) else (),
        )

    def _same_times(self, days_ago: int) -> Sequence[int | None]:
        """The quarter hours of the same local times, so many days before; None for one that was skipped."""
        ago, calendar = timedelta(days=days_ago), self.calendar
        ends = [calendar.at(at_ts) for at_ts in (self.start_ts, self.window.end_ts)]
        first, last = ((end - ago).replace(fold=0) for end in ends)
        if ends[0].utcoffset() == ends[1].utcoffset() and first.utcoffset() == last.utcoffset():
            return range(_quarter(first), _quarter(first) + self.count)
        times = (calendar.at(self.start_ts + step * QUARTER_S) - ago for step in range(self.count))
        return tuple(_real_quarter(at.replace(fold=0)) for at in times)

    @property
    def window(self) -> Window:
        """All of it."""
        return Window(self.start_ts, self.start_ts + self.count * QUARTER_S)

    def mean_kw(self, kw: Quarters, window: Window) -> float | None:
        """The mean over *window* of a load in this frame, by time; None when less than half is known."""
        return shared_mean(kw, _quarter_shares(self.start_ts, self.count, window))

    def means_kw(self, loads: Sequence[Quarters], window: Window) -> list[float | None]:
        """The same of several loads."""
        return shared_means(loads, _quarter_shares(self.start_ts, self.count, window))

    def before(self, hours: tuple[float, float]) -> Window:
        """The time from so many hours before the event's start to so many."""
        return Window(self.event.start_ts - hours[0] * 3600, self.event.start_ts - hours[1] * 3600)

    def after(self, hours: tuple[float, float]) -> Window:
        """The time from so many hours after the event's end to so many."""
        return Window(self.event.end_ts + hours[0] * 3600, self.event.end_ts + hours[1] * 3600)

    def quarter(self, step: int) -> Window:
        """Its quarter hour number *step*."""
        return Window(self.start_ts + step * QUARTER_S, self.start_ts + (step + 1) * QUARTER_S)

    def event_day_kw(self, trace: Trace) -> Quarters:
        """The load of the event's own day."""
        return trace.means_kw(self.start_ts, QUARTER_S, self.count)[0]


@lru_cache(maxsize=64)
def frame_of(event: Window, calendar: SiteCalendar) -> Frame:
    """The frame of *event* at a site. Kept, since the VENs of an event share a few calendars."""
    return Frame(event, calendar)


def match_days(profiles: Mapping[int, DayProfile], frame: Frame) -> tuple[MatchedDay, ...]:
    """The days before an event that are like its own, the latest first: no event, no outage, the same kind.

    Weekdays are alike; so are Saturdays, Sundays and holidays, which a rule may still tell apart. *profiles*
    is the load by UTC day, as far as it is known.
    """
    weekday = frame.kind is DayType.WEEKDAY
    return tuple(day for day in past_days(profiles, frame) if (day.kind is DayType.WEEKDAY) is weekday)


def past_days(profiles: Mapping[int, DayProfile], frame: Frame) -> tuple[MatchedDay, ...]:
    """The days of all kinds before an event, the latest first, without those of an event or an outage."""
    candidates = [_match_day(profiles, past) for past in frame.past]
    return tuple([day for day in candidates if day is not None])


def _match_day(profiles: Mapping[int, DayProfile], past: PastDay) -> MatchedDay | None:
    """The day, unless it has an event, the rebound of one in the frame, or an outage."""
    for day in past.utc_days:
        if _of(profiles, day).coverage < WHOLE:
            return None
    for day in range((past.first - REBOUND) // QUARTERS, (past.highest - 1) // QUARTERS + 1):
        for quarter in profiles.get(day, EMPTY).in_event:
            at = day * QUARTERS + quarter
            if past.lowest <= at < past.highest or past.first - REBOUND <= at < past.first:
                return None
    return MatchedDay(past.days_ago, past.kind, _frame_kw(profiles, past), past.clock_changes)


def _of(profiles: Mapping[int, DayProfile], day: int) -> DayProfile:
    return profiles.get(day, EMPTY)


def _frame_kw(profiles: Mapping[int, DayProfile], past: PastDay) -> tuple[float | None, ...]:
    if not past.runs:
        return tuple(
            None if quarter is None else _of(profiles, quarter // QUARTERS).kw[quarter % QUARTERS]
            for quarter in past.frame
        )
    kw: tuple[float | None, ...] = ()
    for day, run in past.runs:
        kw += _of(profiles, day).kw[run]
    return kw


def _runs(frame: range) -> Iterator[tuple[int, slice]]:
    """The quarter hours of each UTC day in *frame*."""
    for day in range(frame.start // QUARTERS, (frame.stop - 1) // QUARTERS + 1):
        begins = day * QUARTERS
        yield day, slice(max(0, frame.start - begins), min(QUARTERS, frame.stop - begins))


@lru_cache(maxsize=512)
def _quarter_shares(start_ts: int, count: int, window: Window) -> Shares:
    """The shares of *window*. Kept, since every load of an event is looked at over the same few windows."""
    first = max(0, floor((window.start_ts - start_ts) / QUARTER_S))
    last = min(count, ceil((window.end_ts - start_ts) / QUARTER_S))
    shares_s = []
    for quarter in range(first, last):
        from_ts = start_ts + quarter * QUARTER_S
        shares_s.append(float(min(from_ts + QUARTER_S, window.end_ts) - max(from_ts, window.start_ts)))
    whole_s, least_s = sum(shares_s), COVERED * window.duration_s
    alike = len(set(shares_s)) == 1 and whole_s >= least_s > 0
    return Shares(first, first + len(shares_s), tuple(shares_s), whole_s, least_s, alike)


def _quarter(at: datetime) -> int:
    return floor(at.timestamp()) // QUARTER_S


def _real_quarter(at: datetime) -> int | None:
    """The quarter hour of a local time; None of one that the clock skipped."""
    quarter = _quarter(at)
    there = datetime.fromtimestamp(quarter * QUARTER_S, at.tzinfo)
    return quarter if there.replace(fold=0) == at else None
