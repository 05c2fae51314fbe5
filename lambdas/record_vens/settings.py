"""Settings of `record_vens`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """Tables, and how long an ack is kept, days."""

    vens_table: str
    commands_table: str
    events_table: str
    retention_days: int
