"""The power of the last hour, bounded: by the second for a quarter of an hour, before that coarser.

Interpretation: an hour is drawn some 700 pixels wide, so means over ten seconds are enough for older points.
"""

from __future__ import annotations

from collections import deque
from statistics import fmean
from typing import NamedTuple

from ven_twin.ven.page.view import Chart, PowerView

FINE = 900
COARSE = 270
FOLDED = 10
"""So many of the fine points make one coarse."""
APART_S = 0.95
GAP_S = 1.5 * FOLDED
"""Between two points that are further apart no line is drawn."""
SPAN_S = float(FINE + COARSE * FOLDED)
"""The time that the points cover."""


class PowerPoint(NamedTuple):
    """Power at *ts* (UTC s), kW; the target is None outside events."""

    ts: float
    used_kw: float
    baseline_kw: float
    target_kw: float | None


class PowerHistory:
    """Points by time, the newest at the end; at most `FINE` + `COARSE` and the one that is being folded."""

    def __init__(self) -> None:
        self._fine: deque[PowerPoint] = deque()
        self._coarse: deque[PowerPoint] = deque(maxlen=COARSE)
        self._folding: list[PowerPoint] = []

    def add(self, ts: float, power: PowerView) -> None:
        """Add a point, unless the last one is of the same second."""
        if self._fine and ts - self._fine[-1].ts < APART_S:
            return
        self._fine.append(PowerPoint(round(ts, 1), power.grid_kw, power.baseline_kw, power.target_kw))
        if len(self._fine) > FINE:
            self._folding.append(self._fine.popleft())
        if len(self._folding) == FOLDED:
            self._coarse.append(_mean(self._folding))
            self._folding.clear()

    def points(self) -> list[PowerPoint]:
        """All of them, oldest first."""
        return [*self._coarse, *self._folding, *self._fine]

    def chart(self) -> Chart:
        """The points by column."""
        points = self.points()
        return Chart(
            ts=[point.ts for point in points],
            used_kw=[point.used_kw for point in points],
            baseline_kw=[point.baseline_kw for point in points],
            target_kw=[point.target_kw for point in points],
        )


def _mean(points: list[PowerPoint]) -> PowerPoint:
    targets = [point.target_kw for point in points if point.target_kw is not None]
    return PowerPoint(
        points[0].ts,
        round(fmean(point.used_kw for point in points), 3),
        round(fmean(point.baseline_kw for point in points), 3),
        round(fmean(targets), 3) if targets else None,
    )
