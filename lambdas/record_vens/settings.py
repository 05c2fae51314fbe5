"""Settings of `record_vens`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """Tables, and the retention of an ack, days."""

    vens_table: str
    commands_table: str
    events_table: str
    retention_days: int
