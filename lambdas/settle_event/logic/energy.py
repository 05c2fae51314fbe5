"""Power over time, from rows that come when they come. Pure.

A row's power is the mean since the row before, so it stands for the time between the two. Power over
a window is a mean weighted by time; energy is the integral; what no row covers is a gap and counts as one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, starmap
from operator import attrgetter, mul, sub
from statistics import median_low
from typing import NamedTuple

import msgspec

from contracts.wire.ids import EventId
from contracts.wire.units import S_PER_H

REACH = 1.5
"""Up to so many usual spacings a row is only late. Interpretation: room for jitter, not for a lost row."""
NEIGHBOURS = 5
"""How many spacings to either side say what is usual: the report interval may change at any time."""
STRETCH = 64
"""Gaps that are looked at together: where all are about alike, none of them is."""
LONE_REACH_S = 60.0
"""How far a row reaches when there is no other to take a spacing from."""

_TIMESTAMP = attrgetter("timestamp")


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
        starts_s: where the time that each covers begins, UTC s.
        ends_s: where it ends: the row's timestamp.
        covered_s: seconds covered before each row's time, one more than there are rows.
        used_kws: energy drawn before each row's time, kW·s.
        clone_kws: the clone's.
    """

    rows: Sequence[PowerRow]
    starts_s: Sequence[float]
    ends_s: Sequence[float]
    covered_s: Sequence[float]
    used_kws: Sequence[float]
    clone_kws: Sequence[float]

    @classmethod
    def of(cls, rows: Iterable[PowerRow]) -> Trace:
        """The trace of *rows*: each covers the time since the row before, or one usual spacing.

        The first row covers one usual spacing. Rows of the same second cover it but once.
        """
        ordered = sorted(rows, key=_TIMESTAMP)
        lengths_s = _lengths_s(list(map(_TIMESTAMP, ordered)))
        if 0.0 in lengths_s:
            ordered = [row for row, length_s in zip(ordered, lengths_s, strict=True) if length_s > 0]
            lengths_s = [length_s for length_s in lengths_s if length_s > 0]
        return cls._of_spans(ordered, lengths_s)

    @classmethod
    def _of_spans(cls, rows: Sequence[PowerRow], lengths_s: Sequence[float]) -> Trace:
        ends_s = [float(row.timestamp) for row in rows]
        return cls(
            rows,
            list(map(sub, ends_s, lengths_s)),
            ends_s,
            list(accumulate(lengths_s, initial=0.0)),
            list(accumulate(map(mul, lengths_s, [row.used_power_kw for row in rows]), initial=0.0)),
            list(accumulate(map(mul, lengths_s, [row.baseline_power_kw for row in rows]), initial=0.0)),
        )

    def where(self, keeps: Callable[[PowerRow], bool]) -> Trace:
        """The trace of the rows that *keeps* is true of."""
        chosen = [index for index, row in enumerate(self.rows) if keeps(row)]
        if len(chosen) == len(self.rows):
            return self
        lengths_s = [self.ends_s[index] - self.starts_s[index] for index in chosen]
        return self._of_spans([self.rows[index] for index in chosen], lengths_s)

    def over(self, window: Window) -> Integral:
        """The integrals over *window*."""
        start_s, end_s = window
        return _between(self._until(start_s), self._until(max(start_s, end_s)))

    def bins(self, start_s: float, step_s: float, count: int) -> list[Integral]:
        """The integrals over *count* windows of *step_s* that follow one another."""
        edges = [self._until(start_s + index * step_s) for index in range(count + 1)]
        return list(starmap(_between, pairwise(edges)))

    def ends_before(self, at_s: float) -> float:
        """The end of the last row's time that is wholly before *at_s*, or minus infinity."""
        index = bisect_right(self.ends_s, at_s) - 1
        return self.ends_s[index] if index >= 0 else float("-inf")

    def longest_gap_s(self, window: Window) -> float:
        """The longest time within *window* that no row covers, s."""
        longest_s, until_s = 0.0, window.start_ts
        for index in self._indices(window):
            longest_s = max(longest_s, self.starts_s[index] - until_s)
            until_s = max(until_s, self.ends_s[index])
        return max(longest_s, window.end_ts - until_s)

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

    def _until(self, at_s: float) -> tuple[float, float, float]:
        """Seconds covered, and energy of use and clone (kW·s), before *at_s*."""
        index = bisect_right(self.starts_s, at_s) - 1
        if index < 0:
            return 0.0, 0.0, 0.0
        reached_s = min(at_s, self.ends_s[index]) - self.starts_s[index]
        row = self.rows[index]
        return (
            self.covered_s[index] + reached_s,
            self.used_kws[index] + reached_s * row.used_power_kw,
            self.clone_kws[index] + reached_s * row.baseline_power_kw,
        )


def _between(sooner: tuple[float, float, float], later: tuple[float, float, float]) -> Integral:
    """The integrals from one look-up to a later one."""
    return Integral(later[0] - sooner[0], (later[1] - sooner[1]) / S_PER_H, (later[2] - sooner[2]) / S_PER_H)


def _lengths_s(times: Sequence[int]) -> list[float]:
    """The time before each row that the row covers, s."""
    if not times:
        return []
    gaps_s = list(map(sub, times[1:], times))
    lengths_s = [_usual_s(gaps_s, 0)]
    for first in range(0, len(gaps_s), STRETCH):
        after = first + STRETCH
        stretch_s = gaps_s[first:after]
        # As in `_reached_s`, and the least around a stretch is never above the least around one of its gaps.
        if max(stretch_s) <= REACH * min(gaps_s[max(0, first - NEIGHBOURS) : after + NEIGHBOURS]):
            lengths_s += map(float, stretch_s)
        else:
            lengths_s += (_reached_s(gaps_s, at) for at in range(first, first + len(stretch_s)))
    return lengths_s


def _reached_s(gaps_s: Sequence[int], at: int) -> float:
    gap_s = gaps_s[at]
    # The usual spacing is never below the least around it, which is found sooner.
    if gap_s <= REACH * min(gaps_s[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]):
        return float(gap_s)
    usual_s = _usual_s(gaps_s, at)
    return float(gap_s) if gap_s <= REACH * usual_s else usual_s


def _usual_s(gaps_s: Sequence[int], at: int) -> float:
    """The usual spacing of rows at the gap *at*, s: that before it or that after it, if they differ.

    So a change of the report interval is no gap, and a gap is no change of the report interval.
    """
    before = [gap_s for gap_s in gaps_s[max(0, at - NEIGHBOURS) : at + 1] if gap_s > 0]
    after = [gap_s for gap_s in gaps_s[at : at + NEIGHBOURS + 1] if gap_s > 0]
    telling = [side for side in (before, after) if len(side) >= 3] or [before + after]
    return float(max(median_low(side) if side else LONE_REACH_S for side in telling))
