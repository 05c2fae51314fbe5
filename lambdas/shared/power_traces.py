"""Power over time, from rows that come when they come. Pure.

A row's power is the mean over the time that it measured (`row_spans`), and stands for that time alone. Power
over a window is a mean weighted by time; energy is the integral; what no row covers is a gap and counts as
one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, compress
from math import floor
from operator import mul, sub, truediv
from typing import NamedTuple

import msgspec

from contracts.wire.ids import EventId
from contracts.wire.units import S_PER_H
from lambdas.shared.clock_skew import clock_skew_s
from lambdas.shared.row_spans import RowSpans, row_spans


class PowerRow(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The columns of a telemetry row that settlement reads: an event has millions of them.

    *received_ts* is when the cloud had the row, UTC s; *measured_s* the time that its powers are the mean of.
    """

    timestamp: int
    used_power_kw: float
    baseline_power_kw: float
    event_id: EventId | None = None
    requested_reduction_kw: float | None = None
    boot_id: str | None = None
    seq: int | None = None
    measured_s: float | None = None
    received_ts: float | None = None
    outdoor_c: float | None = None


class Window(NamedTuple):
    """The time [start_ts, end_ts), UTC s."""

    start_ts: float
    end_ts: float

    @property
    def duration_s(self) -> float:
        """Its length, s; 0 when it ends before it starts."""
        return max(0.0, self.end_ts - self.start_ts)

    def cut(self, other: Window) -> Window:
        """The part of it within *other*."""
        return Window(max(self.start_ts, other.start_ts), min(self.end_ts, other.end_ts))


class Integral(NamedTuple):
    """Powers integrated over the covered part of a window."""

    covered_s: float
    used_kwh: float
    clone_kwh: float

    @property
    def used_kw(self) -> float | None:
        """The mean of what was drawn over what is covered, kW; None when nothing is."""
        return self.used_kwh * S_PER_H / self.covered_s if self.covered_s > 0 else None

    @property
    def clone_kw(self) -> float | None:
        """The mean of the clone over what is covered, kW; None when nothing is."""
        return self.clone_kwh * S_PER_H / self.covered_s if self.covered_s > 0 else None


@dataclass(frozen=True, slots=True)
class Trace:
    """The time that rows cover, in order, without overlap, as running integrals: a window costs two look-ups.

    Attributes:
        rows: the rows that cover anything.
        marks: the events that they are marked with.
        starts_s: where the time that each covers begins, UTC s.
        ends_s: where it ends: in the second of the row's timestamp.
        covered_s: seconds covered before each row's time, one more than there are rows.
        used_kw: the power of each row.
        clone_kw: the clone's.
        used_kws: energy drawn before each row's time, kW·s.
        clone_kws: the clone's.
        skew_s: the cloud's time less the VEN's, by which its rows are moved; 0 when its clock is right.
    """

    rows: Sequence[PowerRow]
    marks: Sequence[EventId | None]
    starts_s: Sequence[float]
    ends_s: Sequence[float]
    covered_s: Sequence[float]
    used_kw: Sequence[float]
    clone_kw: Sequence[float]
    used_kws: Sequence[float]
    clone_kws: Sequence[float]
    skew_s: float = 0.0

    @classmethod
    def of(cls, rows: Iterable[PowerRow]) -> Trace:
        """The trace of *rows*: each covers the time that it measured, and no second is covered twice.

        The rows of a VEN whose clock is off are put where the cloud's clock has them.
        """
        spans = row_spans(list(rows))
        skew_s = _skew_s(spans)
        if not skew_s:
            return cls._of_spans(*spans)
        starts_s, ends_s = ([at_s + skew_s for at_s in edges_s] for edges_s in spans[1:])
        return cls._of_spans(spans.rows, starts_s, ends_s, skew_s)

    @classmethod
    def _of_spans(
        cls,
        rows: Sequence[PowerRow],
        starts_s: Sequence[float],
        ends_s: Sequence[float],
        skew_s: float = 0.0,
    ) -> Trace:
        lengths_s = list(map(sub, ends_s, starts_s))
        used_kw, clone_kw = [row.used_power_kw for row in rows], [row.baseline_power_kw for row in rows]
        return cls(
            rows,
            [row.event_id for row in rows],
            starts_s,
            ends_s,
            list(accumulate(lengths_s, initial=0.0)),
            used_kw,
            clone_kw,
            list(accumulate(map(mul, lengths_s, used_kw), initial=0.0)),
            list(accumulate(map(mul, lengths_s, clone_kw), initial=0.0)),
            skew_s,
        )

    def acting_on(self, event_id: EventId) -> Trace | None:
        """The trace of the rows that are marked with the event; None when none is."""
        marks = self.marks
        count = marks.count(event_id)
        if not count:
            return None
        first = marks.index(event_id)
        after = first + count
        if marks[first:after].count(event_id) < count:
            acting = [mark == event_id for mark in marks]
            return self._of_spans(
                list(compress(self.rows, acting)),
                list(compress(self.starts_s, acting)),
                list(compress(self.ends_s, acting)),
                self.skew_s,
            )
        return replace(
            self,
            rows=self.rows[first:after],
            marks=marks[first:after],
            starts_s=self.starts_s[first:after],
            ends_s=self.ends_s[first:after],
            covered_s=self.covered_s[first : after + 1],
            used_kw=self.used_kw[first:after],
            clone_kw=self.clone_kw[first:after],
            used_kws=self.used_kws[first : after + 1],
            clone_kws=self.clone_kws[first : after + 1],
        )

    def over(self, window: Window) -> Integral:
        """The integrals over *window*."""
        start_s, end_s = window
        covered_s, used_kws, clone_kws = self._until((start_s, max(start_s, end_s)))
        return Integral(
            covered_s[1] - covered_s[0],
            (used_kws[1] - used_kws[0]) / S_PER_H,
            (clone_kws[1] - clone_kws[0]) / S_PER_H,
        )

    def between(self, edges_s: Sequence[float]) -> list[Integral]:
        """The integrals between each of *edges_s*, in order, and the next."""
        covered_s, *energies_kws = self.increments(edges_s)
        used_kwh, clone_kwh = ([kws / S_PER_H for kws in energy_kws] for energy_kws in energies_kws)
        return list(map(Integral, covered_s, used_kwh, clone_kwh))

    def bins(self, start_s: float, step_s: float, count: int) -> list[Integral]:
        """The integrals over *count* windows of *step_s* that follow one another."""
        return self.between(_edges_s(start_s, step_s, count))

    def means_kw(
        self, start_s: float, step_s: float, count: int
    ) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
        """The means of use and clone over such windows, kW; None where less than half of one is covered."""
        covered_s, used_kws, clone_kws = self.increments(_edges_s(start_s, step_s, count))
        if covered_s and min(covered_s) >= step_s / 2 > 0:
            return tuple(map(truediv, used_kws, covered_s)), tuple(map(truediv, clone_kws, covered_s))
        least_s = step_s / 2
        used_kw, clone_kw = (
            tuple(
                [
                    energy_kws / seconds if seconds >= least_s else None
                    for energy_kws, seconds in zip(energies_kws, covered_s, strict=True)
                ]
            )
            for energies_kws in (used_kws, clone_kws)
        )
        return used_kw, clone_kw

    def ended(self, at_s: float) -> int:
        """The number of rows that end before *at_s* or in its second."""
        return bisect_left(self.ends_s, floor(at_s) + 1)

    def ends_before(self, at_s: float) -> float:
        """The end of the last row that ends before *at_s* or in its second, or minus infinity."""
        count = self.ended(at_s)
        return self.ends_s[count - 1] if count else float("-inf")

    def longest_gap_s(self, window: Window) -> float:
        """The longest time within *window* that no row covers, s."""
        rows = self._indices(window)
        if not rows:
            return window.end_ts - window.start_ts
        starts_s, ends_s = self.starts_s[rows.start : rows.stop], self.ends_s[rows.start : rows.stop]
        around_s = (0.0, starts_s[0] - window.start_ts, window.end_ts - ends_s[-1])
        between_s: Iterable[float] = map(sub, starts_s[1:], ends_s)
        return max(*around_s, max(between_s, default=0.0))

    def gaps(self, window: Window) -> list[Window]:
        """The times within *window* that no row covers, in order."""
        rows = self._indices(window)
        edges_s = zip(
            [window.start_ts, *self.ends_s[rows.start : rows.stop]],
            [*self.starts_s[rows.start : rows.stop], window.end_ts],
            strict=True,
        )
        return [Window(end_s, start_s) for end_s, start_s in edges_s if start_s > end_s]

    def requested_kwh(self, window: Window) -> float:
        """Energy requested over *window* as the VEN reports it, kWh."""
        total_kws = 0.0
        for index in self._indices(window):
            overlap = Window(self.starts_s[index], self.ends_s[index]).cut(window)
            total_kws += (self.rows[index].requested_reduction_kw or 0.0) * overlap.duration_s
        return total_kws / S_PER_H

    def _indices(self, window: Window) -> range:
        """The rows whose time overlaps *window*."""
        return range(bisect_right(self.ends_s, window.start_ts), bisect_left(self.starts_s, window.end_ts))

    def _until(self, times_s: Iterable[float]) -> tuple[list[float], list[float], list[float]]:
        """Seconds covered, and energy of use and clone (kW·s), before each of *times_s*."""
        used_kw, clone_kw, starts_s, ends_s = self.used_kw, self.clone_kw, self.starts_s, self.ends_s
        before_s, before_used_kws, before_clone_kws = self.covered_s, self.used_kws, self.clone_kws
        covered_s, used_kws, clone_kws = [], [], []
        for at_s in times_s:
            index = bisect_right(starts_s, at_s) - 1
            if index < 0:
                covered_s.append(before_s[0])
                used_kws.append(before_used_kws[0])
                clone_kws.append(before_clone_kws[0])
                continue
            end_s = ends_s[index]
            reached_s = (at_s if at_s < end_s else end_s) - starts_s[index]  # noqa: FURB136
            covered_s.append(before_s[index] + reached_s)
            used_kws.append(before_used_kws[index] + reached_s * used_kw[index])
            clone_kws.append(before_clone_kws[index] + reached_s * clone_kw[index])
        return covered_s, used_kws, clone_kws

    def increments(self, edges_s: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
        """Seconds covered, and energy of use and clone (kW·s), between each of *edges_s* and the next."""
        covered_s, used_kws, clone_kws = self._until(edges_s)
        return (
            list(map(sub, covered_s[1:], covered_s)),
            list(map(sub, used_kws[1:], used_kws)),
            list(map(sub, clone_kws[1:], clone_kws)),
        )


def _edges_s(start_s: float, step_s: float, count: int) -> list[float]:
    return [start_s + index * step_s for index in range(count + 1)]


def _skew_s(spans: RowSpans) -> float:
    """The cloud's time less that of the VEN whose rows these are, s."""
    received = [row.received_ts for row in spans.rows]
    try:
        return clock_skew_s(spans.ends_s, list(map(sub, received, spans.ends_s)))
    except TypeError:  # A row of which it is not known: dearer to look for than to meet.
        pass
    of_both = [(end_s, at_s) for end_s, at_s in zip(spans.ends_s, received, strict=True) if at_s is not None]
    return clock_skew_s([end_s for end_s, _ in of_both], [at_s - end_s for end_s, at_s in of_both])
