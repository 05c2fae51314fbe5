"""The pace at which events go into shadows: the queue's writers, and those of a map run beside them. Pure."""

from __future__ import annotations

from contracts.errors import FieldError

SHADOW_WRITERS = 2
"""Runs of `write_shadows` at once; SQS lets a function be limited to no fewer."""
SHADOW_WRITES_PER_S = 100
"""The pace of one of them."""
SHADOW_QUOTA_PER_S = 400
"""Device Shadow API requests in most regions. Source: AWS IoT Core quotas, L-6CC6395A."""
MAP_ABOVE_VENS = 10_000
MAP_WRITERS_MAX = 100


def map_writers(requests_per_s: int, writes_per_s: int = SHADOW_WRITES_PER_S) -> int:
    """The writers of a map run, by the quota of requests: the queue's and these take half of it together."""
    return min(MAP_WRITERS_MAX, max(0, requests_per_s // 2 // writes_per_s - SHADOW_WRITERS))


def read_map_above(value: str | None, quota: int) -> int:
    """The VENs above which a plan goes by the map run, of the context; 0 for none. Raises FieldError."""
    writers = map_writers(quota)
    if value is None:
        return MAP_ABOVE_VENS if writers else 0
    if not value.isdecimal() or int(value) > 1_000_000:
        raise FieldError("map_above_vens", f"{value!r} is no number of VENs up to 1000000, or 0 for never")
    if int(value) and not writers:
        least = 2 * (SHADOW_WRITERS + 1) * SHADOW_WRITES_PER_S
        reason = f"needs -c shadow_requests_per_s={least} or more, the account's quota L-6CC6395A"
        raise FieldError("map_above_vens", f"{reason}: the queue takes half of {quota} by itself")
    return int(value)
