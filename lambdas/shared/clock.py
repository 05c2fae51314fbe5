"""The wall clock, in one place, so that planning modules take the time as an argument."""

from __future__ import annotations

import time


def utc_now() -> float:
    """UTC seconds since the epoch."""
    return time.time()


def monotonic_s() -> float:
    """Seconds since an arbitrary instant; only differences mean anything."""
    return time.monotonic()


def sleep(duration_s: float) -> None:
    """Wait *duration_s*."""
    time.sleep(duration_s)
