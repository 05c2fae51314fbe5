"""Settings of `store_telemetry`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """The telemetry table, the VENs whose telemetry counts, and the retention of a row, days."""

    telemetry_table: str
    vens_table: str
    retention_days: int
