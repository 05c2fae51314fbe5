"""Settings of `vtn_dispatch`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VtnDispatchSettings:
    """The VTN's table, the stage's, and the function that dispatches.

    Attributes:
        vtn_table: the VTN's objects.
        events_table: the DR events, and what became of the VTN's.
        vens_table: the stage's VENs.
        dispatch_function: the name of `dispatch_event`.
        retention_days: how long it is known what became of an event that the VTN has no more.
    """

    vtn_table: str
    events_table: str
    vens_table: str
    dispatch_function: str
    retention_days: int
