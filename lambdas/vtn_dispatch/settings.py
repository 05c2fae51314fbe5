"""Settings of `vtn_dispatch`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VtnDispatchSettings:
    """The VTN's table and its queue of changes, the stage's tables, and the function that dispatches.

    Attributes:
        vtn_table: the VTN's objects.
        events_table: the DR events, and what became of the VTN's.
        vens_table: the stage's VENs, among them those of OpenADR.
        telemetry_table: their telemetry.
        changes_queue: the queue that tells the VTN's subscribers.
        dispatch_function: the name of `dispatch_event`.
        retention_days: how long telemetry lives, and what became of an event that the VTN has no more.
        settle_delay_s: how long after an event's end the last telemetry is in.
    """

    vtn_table: str
    events_table: str
    vens_table: str
    telemetry_table: str
    changes_queue: str
    dispatch_function: str
    retention_days: int
    settle_delay_s: int
