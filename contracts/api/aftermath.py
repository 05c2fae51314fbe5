"""The parts of an event's report on what followed it, what cut it, and what it was to the residents."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.wire.ids import EventId

CutKind = Literal["cancelled", "revised", "opted_out", "called_later", "let_go", "other_event", "silent"]
"""Cuts of an event: what ended it early, or changed it on its way."""


class _AftermathStruct(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class Aftermath(_AftermathStruct, frozen=True):
    """Energy drawn above the house without events after an event, net, until *until_ts* (UTC s).

    *kwh* is None where less than nine tenths of that time are stored. *whole* tells that all the time it is
    of has been counted. *cut_by* is the event that began at *until_ts* and ended the count. Of a fleet:
    the sum over *vens* VENs, the latest of their times, and *cut* of them ended by other events.
    """

    kwh: float | None
    until_ts: float
    whole: bool
    vens: int = 1
    cut: int = 0
    cut_by: EventId | None = None


class Cut(_AftermathStruct, frozen=True):
    """A time in which an event, or a VEN's part in it, was not what it was meant to be.

    *from_ts* to *until_ts*, UTC s; *until_ts* is None where nothing says when it ended. *event_id* is
    the other event of *other_event*, *reason* the VEN's words of *opted_out*.
    """

    kind: CutKind
    from_ts: float
    until_ts: float | None = None
    event_id: EventId | None = None
    reason: str | None = None


class CircuitReport(_AftermathStruct, frozen=True):
    """One circuit of a VEN in an event, as the VEN reports it; of a fleet those of one id together.

    *delivered_kwh* is against the same circuit without the event, None where the VEN does not say it.
    *curtailed_kw* is what was taken off at the VEN's start, of what the circuit drew or was about to. Of an
    event that loads up both are what was drawn more.
    """

    circuit_id: str = msgspec.field(name="id")
    name: str
    delivered_kwh: float | None = None
    curtailed_kw: float | None = None
    vens: int = 1


class Bought(_AftermathStruct, frozen=True):
    """Energy that residents bought more because of an event, by stretches of *step_s* from *start_ts* on.

    Used less the house without events, over the event and its payback, of all VENs; below zero it was less.
    None where nothing is stored. *fed_in_kwh* is what was fed in more, each VEN's netted within a
    stretch; it is empty where nothing was, and of a report of an earlier release.
    """

    start_ts: float
    step_s: float
    kwh: tuple[float | None, ...]
    fed_in_kwh: tuple[float, ...] = ()
