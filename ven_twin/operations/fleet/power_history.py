"""Requested, delivered and offered power over the last hour, as far as a page was open."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgspec

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


class FleetChart(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The last hour by column: UTC s, kW requested, kW delivered, kW on offer; null is not known."""

    ts: list[float]
    requested_kw: list[float | None] = msgspec.field(name="askedKw")
    delivered_kw: list[float | None]
    flexibility_kw: list[float | None]


class FleetPowerHistory:
    """Points by time, the newest at the end, an hour of them at most."""

    def __init__(self, gap_s: float = GAP_S) -> None:
        self._gap_s = gap_s
        self._points: deque[FleetPoint] = deque()

    def add(self, point: FleetPoint) -> None:
        """Add a point, unless the last one is of the same second."""
        if self._points:
            since_s = point.ts - self._points[-1].ts
            if since_s < APART_S:
                return
            if since_s > self._gap_s:
                self._points.append(FleetPoint(point.ts - APART_S, None, None, None))
        self._points.append(point)
        while self._points[0].ts < point.ts - SPAN_S:
            self._points.popleft()

    def chart(self) -> FleetChart:
        """The points by column."""
        points = list(self._points)
        return FleetChart(
            ts=[point.ts for point in points],
            requested_kw=[point.requested_kw for point in points],
            delivered_kw=[point.delivered_kw for point in points],
            flexibility_kw=[point.flexibility_kw for point in points],
        )
