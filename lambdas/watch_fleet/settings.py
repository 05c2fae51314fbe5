"""Settings of `watch_fleet`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Tables, and how long the samples are kept."""

    vens_table: str
    telemetry_table: str
    events_table: str
    retention_days: int
