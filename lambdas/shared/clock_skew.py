"""The distance of a VEN's clock from the cloud's, by when its rows were received. Pure.

A row is received soon after the time that it measured, or later, when its VEN was cut off from the cloud, but
never before. So the least delay of a VEN's rows tells the two apart: rows of a VEN that is connected all have
about the least delay, for as long as it is. Of rows that waited for a connection each has another delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

SKEW_S = 10.0
"""A clock that is off by no more is right: so long a row may be on its way. Interpretation: ours."""
LIVE_S = 10.0
"""A row is live when its delay is above the least by no more."""
LIVE_SPAN_S = 60.0
"""The time that rows have to be live for their delay to be of the clock: three at the usual interval."""


class ReceivedRow(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The times of a telemetry row, UTC s: its own, and the cloud's when it received it."""

    timestamp: int
    received_ts: float | None = None


def clock_skew_s(ends_s: Sequence[float], delays_s: Sequence[float]) -> float:
    """The cloud's time less a VEN's, s: above zero the VEN's clock is slow, 0 when it is right or not known.

    Args:
        ends_s: where the time of each row ends by the VEN's clock, UTC s.
        delays_s: how much later the cloud received it, by the cloud's clock.
    """
    if not delays_s or abs(least_s := min(delays_s)) <= SKEW_S:
        return 0.0
    live = [
        (end_s, delay_s)
        for end_s, delay_s in zip(ends_s, delays_s, strict=True)
        if delay_s <= least_s + LIVE_S
    ]
    lived_s = max(end_s for end_s, _ in live) - min(end_s for end_s, _ in live)
    # Nothing is received before it was measured, so that one row is enough to tell a fast clock.
    return median(delay_s for _, delay_s in live) if least_s < 0 or lived_s >= LIVE_SPAN_S else 0.0


def skew_of(rows: Sequence[ReceivedRow]) -> float:
    """The same of rows as they were received."""
    received = [(float(row.timestamp), row.received_ts) for row in rows if row.received_ts is not None]
    return clock_skew_s([ts for ts, _ in received], [received_ts - ts for ts, received_ts in received])
