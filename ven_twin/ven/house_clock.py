"""The clock of a house that may live faster than the wall's. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HouseClock:
    """The time in the house, which may pass faster than on the wall.

    Attributes:
        origin_ts: house time at which it started, UTC s.
        started_s: monotonic time at which it started.
        speed: house seconds to a wall second.
    """

    origin_ts: float
    started_s: float
    speed: float = 1.0

    def at(self, monotonic_s: float) -> float:
        """House time, UTC s, at a monotonic time."""
        return self.origin_ts + (monotonic_s - self.started_s) * self.speed
