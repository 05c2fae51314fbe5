"""Pieces of the objects of OpenADR: values, intervals, and descriptors of payloads and reports.

A client may send any optional field as ``null``, which is as if it were not there; fields that nobody knows
are ignored. Any string is a payload type, a unit or a reading type.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.openadr.ids import Name, OadrTarget, spelling
from contracts.openadr.times import DateTimeText, DurationText, read_date_time, read_duration

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Targets = tuple[OadrTarget, ...]


class Oadr(msgspec.Struct, rename=spelling, frozen=True, kw_only=True, omit_defaults=True):
    """Root of the objects and their parts."""


class Point(Oadr, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of a curve."""

    x: float
    y: float


Value = int | float | bool | str | Point


class ValuesMap(Oadr, frozen=True, kw_only=True):
    """Values of one type: ``{"type": "PRICE", "values": [0.17]}``."""

    type: Name
    values: tuple[Value, ...]


class IntervalPeriod(Oadr, frozen=True, kw_only=True):
    """The time at which an interval begins, how long it lasts, and by how much its start is moved at random.

    Each may be missing: an interval has it from the object around it.
    """

    start: DateTimeText | None = None
    duration: DurationText | None = None
    randomize_start: DurationText | None = None

    def __post_init__(self) -> None:
        if self.start is not None:
            read_date_time(self.start)
        for text in (self.duration, self.randomize_start):
            if text is not None:
                read_duration(text)


class OadrInterval(Oadr, frozen=True, kw_only=True):
    """An interval with its payloads. *id* is the client's number, and no place in an order."""

    id: Int32
    payloads: tuple[ValuesMap, ...]
    interval_period: IntervalPeriod | None = None


class EventPayloadDescriptor(
    Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="EVENT_PAYLOAD_DESCRIPTOR"
):
    """Unit and currency of an event's payloads of one type."""

    payload_type: Name
    units: Name | None = None
    currency: str | None = None


class ReportPayloadDescriptor(
    Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="REPORT_PAYLOAD_DESCRIPTOR"
):
    """The way in which a report's values of one type were read, their unit, and how far they are right."""

    payload_type: Name
    reading_type: Name | None = None
    units: Name | None = None
    accuracy: float | None = None
    confidence: Annotated[int, Meta(ge=0, le=100)] | None = None


PayloadDescriptor = EventPayloadDescriptor | ReportPayloadDescriptor


class ReportDescriptor(Oadr, frozen=True, kw_only=True):
    """A report that an event asks for. What is missing has the default of the official document."""

    payload_type: Name
    reading_type: Name | None = None
    units: Name | None = None
    targets: Targets | None = None
    aggregate: bool | None = None
    start_interval: Int32 | None = None
    num_intervals: Int32 | None = None
    historical: bool | None = None
    frequency: Int32 | None = None
    repeat: Int32 | None = None
    report_intervals: Literal["INTERVALS", "SUB_INTERVALS", "OPEN_INTERVALS"] | None = None
