"""Settings of `issue_command`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """Tables, and the retention of a command, days."""

    vens_table: str
    commands_table: str
    retention_days: int
