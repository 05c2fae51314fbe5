"""Clocks: the wall clock for what is said to the cloud, the monotonic clock for how long things take."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

HOUSE_SPEED_MAX = 3600.0


def now_ts() -> float:
    """UTC seconds since the epoch, by the wall clock."""
    return time.time()


def monotonic_s() -> float:
    """Seconds by a clock that never jumps."""
    return time.monotonic()


def new_boot_id() -> str:
    """An id for this run of the VEN; later runs sort after earlier ones. Source: ours, time then chance."""
    return f"{int(time.time()):08x}{secrets.token_hex(3)}"


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
