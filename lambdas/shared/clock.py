"""The wall clock, in one place, so that planning modules take the time as an argument."""

from __future__ import annotations

import random
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


def pause(longest_s: float) -> None:
    """Wait half to the whole of *longest_s*, by chance, so that many who wait come back apart."""
    sleep(longest_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, protects nothing
