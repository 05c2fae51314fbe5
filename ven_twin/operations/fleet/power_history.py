"""Requested, delivered and offered power over the last hour, as far as a page was open."""

from __future__ import annotations

from collections import deque
from itertools import zip_longest
from typing import NamedTuple

from ven_twin.webkit.time_series import TimeMean

SPAN_S = 3600.0
APART_S = 0.95
GAP_S = 15.0
GAP_PERIODS = 2.5


def gap_s(period_s: float) -> float:
    """The time between two points beyond which no line is drawn, with a poll each *period_s*, s."""
    return max(GAP_S, GAP_PERIODS * period_s)


class FleetPoint(NamedTuple):
    """kW at *ts* (UTC s); None is not known."""

    ts: float
    requested_kw: float | None
    delivered_kw: float | None
    flexibility_kw: float | None


class FleetPowerHistory:
    """Points by time, the newest at the end, of an hour at most; begun anew when the clock was set back."""

    def __init__(self, gap_s: float = GAP_S) -> None:
        self._gap_s = gap_s
        self._points: deque[FleetPoint] = deque()

    def add(self, point: FleetPoint) -> None:
        """Add a point, unless the last one is of the same second."""
        if self._points:
            since_s = point.ts - self._points[-1].ts
            if -APART_S < since_s < APART_S:
                return
            if since_s < 0:
                self._points.clear()
        self._points.append(point)
        while self._points[0].ts < point.ts - SPAN_S:
            self._points.popleft()

    def means(self) -> list[TimeMean]:
        """The points as means until the next: on offer, requested and delivered, kW."""
        points = list(self._points)
        return [
            TimeMean(point.ts, point.ts + self._length_s(point, following), _powers(point))
            for point, following in zip_longest(points, points[1:])
        ]

    def _length_s(self, point: FleetPoint, following: FleetPoint | None) -> float:
        """The time until the next point; of the last, and where the next is missing, a second."""
        apart_s = APART_S if following is None else following.ts - point.ts
        return apart_s if apart_s <= self._gap_s else APART_S


def _powers(point: FleetPoint) -> tuple[float | None, ...]:
    return point.flexibility_kw, point.requested_kw, point.delivered_kw
