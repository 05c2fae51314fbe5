"""The other events around an event: their time and their rebound are no measure of a usual load. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from contracts.wire.ids import EventId
from lambdas.settle_event.logic.days import QUARTER_S, QUARTERS, REBOUND, DayProfile, Frame
from lambdas.settle_event.logic.means import Quarters
from lambdas.shared.power_traces import Trace, Window

REBOUND_S = REBOUND * QUARTER_S
HOUR_S = 3600.0


class OtherEvent(NamedTuple):
    """Time in which a site took part in another event, and made up for it after."""

    event_id: EventId
    window: Window

    @property
    def disturbed(self) -> Window:
        """The event's time with its rebound."""
        return Window(self.window.start_ts, self.window.end_ts + REBOUND_S)


def other_events(
    trace: Trace, event_id: EventId, booked: Iterable[OtherEvent] = ()
) -> tuple[OtherEvent, ...]:
    """The other events that a site took part in, by the marks of its rows, in order.

    *booked* are those that it was called for; they count where it marks no row at all.
    """
    marked = tuple(_marked(trace))
    if not marked:
        return tuple(sorted(booked, key=lambda other: other.window))
    return tuple(other for other in marked if other.event_id != event_id)


def _marked(trace: Trace) -> Iterator[OtherEvent]:
    """The runs of rows with one event's mark."""
    if trace.marks.count(None) == len(trace.marks):
        return
    first = 0
    for marked_id, run in groupby(trace.marks):
        after = first + len(list(run))
        if marked_id is not None:
            yield OtherEvent(marked_id, Window(trace.starts_s[first], trace.ends_s[after - 1]))
        first = after


def with_booked(profiles: Mapping[int, DayProfile], booked: Sequence[OtherEvent]) -> Mapping[int, DayProfile]:
    """*profiles* with the time of *booked* events as event time, where the site marks no row at all."""
    if not booked or any(profile.in_event for profile in profiles.values()):
        return profiles
    quarters: dict[int, set[int]] = {}
    for other in booked:
        first, last = (int(at_ts) // QUARTER_S for at_ts in (other.window.start_ts, other.window.end_ts - 1))
        for quarter in range(first, last + 1):
            quarters.setdefault(quarter // QUARTERS, set()).add(quarter % QUARTERS)
    return {
        day: replace(profile, in_event=frozenset(quarters.get(day, ()))) for day, profile in profiles.items()
    }


def undisturbed_kw(frame: Frame, trace: Trace, others: Sequence[OtherEvent]) -> Quarters:
    """The load of the event's day in the frame; not known where another event or its rebound was."""
    kw = frame.event_day_kw(trace)
    if not others:
        return kw
    return tuple(
        None if any(_overlap_s(frame.quarter(step), other.disturbed) for other in others) else power_kw
        for step, power_kw in enumerate(kw)
    )


def undisturbed_start(start_ts: float, others: Sequence[OtherEvent]) -> tuple[float, OtherEvent | None]:
    """The end of the last hour before an event that has no other event nor its rebound in it.

    With the event that it is before, where it is not the event's own start.
    """
    before = None
    for other in sorted(others, key=lambda other: -other.window.start_ts):
        if _overlap_s(Window(start_ts - HOUR_S, start_ts), other.disturbed):
            start_ts, before = min(start_ts, other.window.start_ts), other
    return start_ts, before


def _overlap_s(one: Window, other: Window) -> float:
    return one.cut(other).duration_s
