"""The power of the last hour, bounded: by the second for a quarter of an hour, before that coarser.

Interpretation: an hour is drawn some 700 pixels wide, so means over ten seconds are enough for older points.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import zip_longest
from statistics import fmean
from typing import NamedTuple

from ven_twin.ven.page.view import PowerView
from ven_twin.webkit.time_series import TimeMean

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
    """Power at *ts* (UTC s), kW; the target is None outside events, circuits are in the panel's order."""

    ts: float
    used_kw: float
    baseline_kw: float
    target_kw: float | None
    circuits_kw: tuple[float, ...] = ()


class PowerHistory:
    """Points by time, the newest at the end; at most `FINE` + `COARSE` and the one that is being folded."""

    def __init__(self) -> None:
        self._fine: deque[PowerPoint] = deque()
        self._coarse: deque[PowerPoint] = deque(maxlen=COARSE)
        self._folding: list[PowerPoint] = []
        self._circuit_ids: tuple[str, ...] = ()

    def add(self, ts: float, power: PowerView, circuits_kw: Mapping[str, float] | None = None) -> None:
        """Add a point, unless the last one is of the same second; when the clock was set back, begin anew."""
        if self._fine and -APART_S < ts - self._fine[-1].ts < APART_S:
            return
        if self._fine and ts < self._fine[-1].ts:
            self._fine.clear()
            self._coarse.clear()
            self._folding.clear()
        self._circuit_ids = tuple(circuits_kw or ())
        powers = (power.grid_kw, power.baseline_kw, power.target_kw)
        self._fine.append(PowerPoint(round(ts, 1), *powers, tuple((circuits_kw or {}).values())))
        if len(self._fine) > FINE:
            self._folding.append(self._fine.popleft())
        if len(self._folding) == FOLDED:
            self._coarse.append(_mean(self._folding))
            self._folding.clear()

    def points(self) -> list[PowerPoint]:
        """All of them, oldest first."""
        return [*self._coarse, *self._folding, *self._fine]

    def means(self, circuit_ids: tuple[str, ...] | None = None) -> list[TimeMean]:
        """The points as means until the next: used, baseline and target power, or these circuits, kW."""
        points = self.points()
        places = None if circuit_ids is None else [self._place(circuit_id) for circuit_id in circuit_ids]
        return [
            TimeMean(point.ts, point.ts + _length_s(point, following), _values(point, places))
            for point, following in zip_longest(points, points[1:])
        ]

    def _place(self, circuit_id: str) -> int | None:
        return self._circuit_ids.index(circuit_id) if circuit_id in self._circuit_ids else None


def _values(point: PowerPoint, places: list[int | None] | None) -> tuple[float | None, ...]:
    if places is None:
        return point.used_kw, point.baseline_kw, point.target_kw
    return tuple(None if place is None else point.circuits_kw[place] for place in places)


def _length_s(point: PowerPoint, following: PowerPoint | None) -> float:
    """The time until the next point, a second where it does not follow."""
    apart_s = 1.0 if following is None else following.ts - point.ts
    return apart_s if apart_s <= GAP_S else 1.0


def _mean(points: list[PowerPoint]) -> PowerPoint:
    targets = [point.target_kw for point in points if point.target_kw is not None]
    return PowerPoint(
        points[0].ts,
        round(fmean(point.used_kw for point in points), 3),
        round(fmean(point.baseline_kw for point in points), 3),
        round(fmean(targets), 3) if targets else None,
        tuple(round(fmean(kws), 3) for kws in zip(*(point.circuits_kw for point in points), strict=True)),
    )
