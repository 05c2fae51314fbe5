"""Timelines of an event by its plans: power requested of the fleet, dispatched to each VEN. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.api.requests import UNSHARED
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import VenId
from contracts.wire.units import kwh
from lambdas.shared.power_traces import Window
from lambdas.shared.rows import EventRow


class Segment(NamedTuple):
    """A stretch of time with one signal and value. *nominal* is the interval that it is of, as planned."""

    window: Window
    signal: Signal
    value: float
    nominal: Window


@dataclass(frozen=True, slots=True)
class VenTimeline:
    """An event as one VEN had it, or as the fleet did: its segments in order."""

    segments: tuple[Segment, ...]
    offset_s: float = 0.0

    @property
    def window(self) -> Window:
        """The time from the first call to the end of the last; of no length without a call."""
        if not self.segments:
            return Window(0.0, 0.0)
        return Window(self.segments[0].window.start_ts, self.segments[-1].window.end_ts)

    def shared_kwh(self, window: Window) -> float:
        """Energy to be shed or drawn more within *window*, kWh, of the intervals that say so in kW."""
        return sum(
            kwh(segment.value, segment.window.cut(window).duration_s)
            for segment in self.segments
            if segment.signal.is_shared
        )

    def others(self) -> Iterator[Window]:
        """The windows of a signal other than power to share; the VEN alone reports how much that is."""
        return (segment.window for segment in self.segments if not segment.signal.is_shared)


@dataclass(frozen=True, slots=True)
class EventTimeline:
    """The timelines of an event: *fleet* as the operator requested, *vens* as dispatched to each VEN."""

    fleet: VenTimeline
    vens: Mapping[VenId, VenTimeline]

    def intervals(self) -> tuple[Window, ...]:
        """The stretches in which the operator requested the same; a redispatch divides none."""
        return tuple(segment.window for segment in _merged(self.fleet.segments))


def event_timeline(event: EventRow, plans: Sequence[Plan]) -> EventTimeline:
    """Build the timelines from *plans*, the oldest first: each in force until the next or a cancellation.

    A VEN's times are moved by its share of the randomised start.
    """
    ends_ts = [plan.from_ts for plan in plans[1:]] + [float("inf")]
    # The first plan is as old as the event; a plan that was made for a cancellation requests nothing.
    froms_ts = [
        min(event.created_ts, plan.from_ts) if not index else plan.from_ts for index, plan in enumerate(plans)
    ]
    cancelled_ts = float("inf") if event.cancelled_ts is None else event.cancelled_ts
    fleet: list[Segment] = []
    vens: dict[VenId, list[Segment]] = {}
    offsets_s: dict[str, float] = {}
    for plan, from_ts, until_ts in zip(plans, froms_ts, ends_ts, strict=True):
        force = Window(from_ts, min(until_ts, cancelled_ts))
        values = _fleet_values(event, plan)
        fleet += _segments(plan.start_ts, plan.intervals, values, force)
        for assignment in plan.assignments:
            ven_id = assignment.ven_id
            if ven_id not in offsets_s:
                offsets_s[ven_id] = event.start_offset_s(ven_id)
            start_ts = plan.start_ts + offsets_s[ven_id]
            vens.setdefault(ven_id, []).extend(_segments(start_ts, plan.intervals, assignment.values, force))
    return EventTimeline(
        VenTimeline(tuple(fleet)),
        {
            ven_id: VenTimeline(_merged(segments), offsets_s[ven_id])
            for ven_id, segments in sorted(vens.items())
        },
    )


def _fleet_values(event: EventRow, plan: Plan) -> list[float]:
    """The value that each interval requests of the fleet; where it is each VEN's own, of all together."""
    return [
        sum(assignment.values[index] for assignment in plan.assignments if assignment.values)
        if event.allocation == UNSHARED and interval.signal.is_shared
        else interval.value
        for index, interval in enumerate(plan.intervals)
    ]


def _segments(
    start_ts: float, intervals: Sequence[Interval], values: Sequence[float], force: Window
) -> Iterator[Segment]:
    for interval, value in zip(intervals, values, strict=False):
        nominal = Window(start_ts, start_ts + interval.duration_s)
        window = nominal.cut(force)
        if window.duration_s > 0:
            yield Segment(window, interval.signal, value, nominal)
        start_ts = nominal.end_ts


def _merged(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """*segments* with those that follow without a change made one: a plan is made each minute."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if last is not None and last[1:] == segment[1:] and last.window.end_ts == segment.window.start_ts:
            merged[-1] = last._replace(window=Window(last.window.start_ts, segment.window.end_ts))
        else:
            merged.append(segment)
    return tuple(merged)
