"""Settings of `api`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Tables, and the functions that the API invokes, by their names."""

    vens_table: str
    telemetry_table: str
    events_table: str
    commands_table: str
    dispatch_function: str
    issue_function: str
    settle_function: str
