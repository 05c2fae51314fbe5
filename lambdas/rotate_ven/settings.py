"""Settings of `rotate_ven`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RotationSettings:
    """*ven_policy* is the VENs' IoT policy; *rotate_days* is 0 for no rotation by schedule."""

    stage: str
    vens_table: str
    allowed_table: str
    ven_policy: str
    rotate_days: int
