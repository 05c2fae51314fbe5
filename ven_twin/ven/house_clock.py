"""The clock of a house that may live faster than the wall's, and the same hours again and again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf


@dataclass(frozen=True, slots=True)
class HouseClock:
    """The time in the house, which may pass faster than on the wall.

    Attributes:
        origin_ts: house time at which it started, UTC s.
        started_s: monotonic time at which it started.
        speed: house seconds to a wall second.
        span_s: the house lives so many s of its time, and then the same again; without end when infinite.
    """

    origin_ts: float
    started_s: float
    speed: float = 1.0
    span_s: float = inf

    def at(self, monotonic_s: float) -> float:
        """House time, UTC s, at a monotonic time."""
        return self.origin_ts + (monotonic_s - self.started_s) * self.speed

    def is_over(self, monotonic_s: float) -> bool:
        """Tell whether the house has lived its hours."""
        return (monotonic_s - self.started_s) * self.speed >= self.span_s

    def again(self, monotonic_s: float) -> HouseClock:
        """The clock that starts again."""
        return replace(self, started_s=monotonic_s)
