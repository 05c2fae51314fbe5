"""Settings of `watch_fleet`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Tables."""

    vens_table: str
    telemetry_table: str
    events_table: str
