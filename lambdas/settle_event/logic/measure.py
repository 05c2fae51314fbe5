"""Power compared with a baseline: delivery, its mean by interval, the baseline's score. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from math import ceil, floor, sqrt
from operator import mul, sub
from typing import NamedTuple, cast

from contracts.api.reports import Score
from contracts.wire.ids import EventId
from contracts.wire.units import LEAST_SHARE_KW, S_PER_H
from lambdas.settle_event.logic.days import QUARTER_S, Frame
from lambdas.settle_event.logic.means import Quarters
from lambdas.shared.power_traces import Integral, Trace, Window

SCORES = 4
"""Into how many parts an event shorter than an hour is cut to be scored."""


class Reduction(NamedTuple):
    """Energy below a baseline, over the covered part of a window; below zero it is a rise."""

    baseline_kwh: float
    kwh: float
    covered_s: float

    @property
    def baseline_kw(self) -> float:
        """Mean of the baseline, kW."""
        return self.baseline_kwh * S_PER_H / self.covered_s

    @property
    def kw(self) -> float:
        """Mean reduction, kW."""
        return self.kwh * S_PER_H / self.covered_s


class MeasuredQuarters(NamedTuple):
    """A window in the quarter hours of the frame, from *first* on.

    The seconds of each that rows cover, those that rows of acting on the event cover, and the kW·s drawn in
    the latter.
    """

    first: int
    covered_s: Sequence[float]
    acting_s: Sequence[float]
    acting_kws: Sequence[float]


@dataclass(frozen=True, slots=True)
class VenTraces:
    """A VEN's rows: all of them, and those in which it acted on the event.

    A VEN marks its rows with the event that it acts on, and then the rows between count for nothing: its late
    start, what it draws after it opted out, and what it sheds for another event. One that never marks a row
    is counted throughout.
    """

    trace: Trace
    acting: Trace

    @classmethod
    def of(cls, trace: Trace, event_id: EventId) -> VenTraces:
        """The site of a VEN in an event."""
        return cls(trace, trace.acting_on(event_id) or trace)

    def by_clone(self, window: Window) -> Reduction | None:
        """The reduction by the clone that the rows carry; None when no row covers the window."""
        return self._reduction(window, lambda integral: integral.clone_kwh)

    def by_level(self, window: Window, baseline_kw: float) -> Reduction | None:
        """The reduction by a baseline that is the same throughout; None when no row covers the window."""
        return self._reduction(window, partial(_level_kwh, baseline_kw))

    def _reduction(self, window: Window, baseline_kwh: Callable[[Integral], float]) -> Reduction | None:
        whole, counted = self.trace.over(window), self.acting.over(window)
        if whole.covered_s <= 0:
            return None
        return Reduction(baseline_kwh(whole), baseline_kwh(counted) - counted.used_kwh, whole.covered_s)

    def quarters(self, window: Window, frame: Frame) -> MeasuredQuarters:
        """The frame's quarter hours in *window* as far as rows cover them: the same for every baseline."""
        first = max(0, floor((window.start_ts - frame.start_ts) / QUARTER_S))
        last = min(frame.count, ceil((window.end_ts - frame.start_ts) / QUARTER_S))
        starts_ts = [frame.start_ts + quarter * QUARTER_S for quarter in range(first, last + 1)]
        edges_ts = [min(max(start_ts, window.start_ts), window.end_ts) for start_ts in starts_ts]
        covered_s, _, _ = self.trace.increments(edges_ts)
        acting_s, acting_kws, _ = self.acting.increments(edges_ts)
        return MeasuredQuarters(first, covered_s, acting_s, acting_kws)


def by_quarters(quarters: MeasuredQuarters, kw: Quarters) -> Reduction | None:
    """The reduction by a baseline in the frame's quarter hours, as far as that is known."""
    first, covered_s, acting_s, acting_kws = quarters
    levels_kw = kw[first : first + len(covered_s)]
    if None in levels_kw:
        present = [level_kw is not None for level_kw in levels_kw]
        levels_kw = list(compress(levels_kw, present))
        covered_s, acting_s, acting_kws = (
            list(compress(column, present)) for column in (covered_s, acting_s, acting_kws)
        )
    whole_s = sum(covered_s)
    if whole_s <= 0:
        return None
    baseline_kws, counted_kws = sum(map(mul, levels_kw, covered_s)), sum(map(mul, levels_kw, acting_s))
    return Reduction(baseline_kws / S_PER_H, (counted_kws - sum(acting_kws)) / S_PER_H, whole_s)


def _level_kwh(level_kw: float, integral: Integral) -> float:
    return level_kw * integral.covered_s / S_PER_H


def score_windows(event: Window) -> tuple[Window, ...]:
    """The windows that a baseline is scored over: quarter hours, shorter ones in a short event."""
    if event.duration_s <= 0:
        return ()
    count = max(SCORES, round(event.duration_s / QUARTER_S))
    step_s = event.duration_s / count
    return tuple(
        Window(event.start_ts + index * step_s, event.start_ts + (index + 1) * step_s)
        for index in range(count)
    )


def scored_clone_kw(trace: Trace, windows: Sequence[Window]) -> tuple[float | None, ...]:
    """The clone's means over the *windows* of a score, which follow one another."""
    edges_ts = [window.start_ts for window in windows] + [window.end_ts for window in windows[-1:]]
    return tuple([integral.clone_kw for integral in trace.between(edges_ts)])


def score(baseline_kw: Sequence[float | None], clone_kw: Sequence[float | None]) -> Score | None:
    """*baseline_kw* held against *clone_kw*, window by window; None when that is nearly nothing.

    In percent of the mean size of *clone_kw*: a site that exports has a score like any other, and one whose
    draws and exports cancel out is not compared with nothing.
    """
    if None in baseline_kw or None in clone_kw:
        present = [None not in pair for pair in zip(baseline_kw, clone_kw, strict=True)]
        baseline_kw, clone_kw = list(compress(baseline_kw, present)), list(compress(clone_kw, present))
    baselines_kw, clones_kw = cast("Sequence[float]", baseline_kw), cast("Sequence[float]", clone_kw)
    count = len(clones_kw)
    mean_kw = sum(map(abs, clones_kw)) / count if count else 0.0
    if mean_kw < LEAST_SHARE_KW:
        return None
    errors_kw = list(map(sub, baselines_kw, clones_kw))
    bias_kw = sum(errors_kw) / count
    rmse_kw = sqrt(sum(map(mul, errors_kw, errors_kw)) / count)
    return Score(bias_percent=100 * bias_kw / mean_kw, cvrmse_percent=100 * rmse_kw / mean_kw)
