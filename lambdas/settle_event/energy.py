"""Power over time, from rows that come when they come. Pure.

A row's power is the mean since the row before, so it stands for the time between the two. Power over
a window is a mean weighted by time; energy is the integral; what no row covers is a gap and counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

import msgspec

from contracts.units import kwh

REACH = 1.5
"""Up to so many usual spacings a row is only late. Interpretation: room for jitter, not for a lost row."""
NEIGHBOURS = 5
"""How many spacings to either side say what is usual: the report interval may change at any time."""
LONE_REACH_S = 60.0
"""How far a row reaches when there is no other to take a spacing from."""


class Row(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What settlement reads of a telemetry row."""

    timestamp: int
    used_power_kw: float
    baseline_power_kw: float
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The time [start_ts, end_ts), UTC s."""

    start_ts: float
    end_ts: float

    @property
    def duration_s(self) -> float:
        """Its length, s; 0 when it ends before it starts."""
        return max(0.0, self.end_ts - self.start_ts)

    def cut(self, other: Window) -> Window:
        """The part of it that lies within *other*."""
        return Window(max(self.start_ts, other.start_ts), min(self.end_ts, other.end_ts))


@dataclass(frozen=True, slots=True)
class Span:
    """A row and the time that it stands for."""

    window: Window
    row: Row


def spans(rows: Iterable[Row]) -> tuple[Span, ...]:
    """What each row covers: the time since the row before, or one usual spacing when rows are missing.

    The first row covers one usual spacing. Rows of the same second cover it but once.
    """
    ordered = sorted(rows, key=lambda row: row.timestamp)
    if not ordered:
        return ()
    gaps_s = [later.timestamp - row.timestamp for row, later in pairwise(ordered)]
    lengths_s = [_usual_s(gaps_s, 0), *(_covered_s(gaps_s, at) for at in range(len(gaps_s)))]
    return tuple(
        Span(Window(row.timestamp - length_s, row.timestamp), row)
        for row, length_s in zip(ordered, lengths_s, strict=True)
        if length_s > 0
    )


def _covered_s(gaps_s: Sequence[int], at: int) -> float:
    """How much of the gap before a row the row covers, s."""
    usual_s = _usual_s(gaps_s, at)
    return gaps_s[at] if gaps_s[at] <= REACH * usual_s else usual_s


def _usual_s(gaps_s: Sequence[int], at: int) -> float:
    """The usual spacing of rows at the gap *at*, s: that before it or that after it, if they differ.

    So a change of the report interval is no gap, and a gap is no change of the report interval.
    """
    before = [gap_s for gap_s in gaps_s[max(0, at - NEIGHBOURS) : at + 1] if gap_s > 0]
    after = [gap_s for gap_s in gaps_s[at : at + NEIGHBOURS + 1] if gap_s > 0]
    telling = [side for side in (before, after) if len(side) >= 3] or [before + after]
    return max(median_low(side) if side else LONE_REACH_S for side in telling)


@dataclass(frozen=True, slots=True)
class Integral:
    """A power integrated over the covered part of a window."""

    energy_kwh: float
    covered_s: float

    @property
    def mean_kw(self) -> float | None:
        """The mean over what is covered, kW; None when nothing is."""
        return self.energy_kwh / kwh(1.0, self.covered_s) if self.covered_s > 0 else None


def integrate(spans: Sequence[Span], window: Window, power_kw: Callable[[Row], float]) -> Integral:
    """*power_kw* of the rows, integrated over *window*."""
    energy_kwh = covered_s = 0.0
    for span in spans:
        duration_s = span.window.cut(window).duration_s
        if duration_s > 0:
            energy_kwh += kwh(power_kw(span.row), duration_s)
            covered_s += duration_s
    return Integral(energy_kwh, covered_s)


def used_kw(row: Row) -> float:
    """What the site drew."""
    return row.used_power_kw


def longest_gap_s(spans: Sequence[Span], window: Window) -> float:
    """The longest time within *window* that no row covers, s."""
    covered = [part for span in spans if (part := span.window.cut(window)).duration_s > 0]
    edges = [
        window.start_ts,
        *(edge for part in covered for edge in (part.start_ts, part.end_ts)),
        window.end_ts,
    ]
    starts, ends = edges[::2], edges[1::2]
    return max(0.0, *(end - start for start, end in zip(starts, ends, strict=True)))
