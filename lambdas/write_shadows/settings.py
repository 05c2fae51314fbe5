"""Settings of `write_shadows`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """*shadow_writes_per_s*: the pace of one writer."""

    events_table: str
    shadow_writes_per_s: int
