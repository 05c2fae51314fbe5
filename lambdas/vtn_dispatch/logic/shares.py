"""One VEN's share of a DR event as an event of OpenADR, which that VEN alone is told of. Pure.

    shedKw x         DISPATCH_SETPOINT_RELATIVE −x KW
    loadUpKw x       DISPATCH_SETPOINT_RELATIVE +x KW
    importLimitKw x  IMPORT_CAPACITY_LIMIT x KW
    level x          SIMPLE x

A share that moves by little is left as the VEN has it: each change is a call of its own to act. A VEN's
offset within a randomised start is drawn here, so that settlement knows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from contracts.api.requests import Assignment
from contracts.openadr.dr_events import IN_KW, KW, LIMIT, RELATIVE, SIMPLE
from contracts.openadr.ids import ObjectId
from contracts.openadr.oadr_vens import ven_object_id, ven_target
from contracts.openadr.objects import OadrEvent
from contracts.openadr.times import date_time_text
from contracts.openadr.values import (
    EventPayloadDescriptor,
    IntervalPeriod,
    OadrInterval,
    ReportDescriptor,
    ValuesMap,
)
from contracts.wire.events import LOWEST_PRIORITY, Interval, Signal
from contracts.wire.ids import VenId
from lambdas.shared.rows import EventRow
from lambdas.shared.vtn_stamps import RANDOM_DIGITS, object_id

DEAD_BAND_KW, DEAD_BAND = 0.1, 0.05
"""A power that moves by less than the greater of these, the second of what the VEN has, stays as it is."""
REPORTS = tuple(
    ReportDescriptor(payload_type=kind, reading_type=reading, units=units)
    for kind, reading, units in (
        ("USAGE", "DIRECT_READ", "KWH"),
        ("BASELINE", "MEAN", KW),
        ("OPERATING_STATE", "DIRECT_READ", None),
    )
)
"""The reports that a share asks for where the event that it is of asks for none: it is settled by them."""
UNITS = tuple(EventPayloadDescriptor(payload_type=kind, units=KW) for kind in (RELATIVE, LIMIT))


def share_id(row: EventRow, ven_id: VenId) -> ObjectId:
    """The VTN's id of the share of a VEN: the same whenever it is made, and in the order of the DR events."""
    digest = hashlib.sha256(f"{row.event_id}\n{ven_id}".encode()).hexdigest()
    return object_id(row.created_ts, digest[:RANDOM_DIGITS])


def share_of(
    row: EventRow,
    assignment: Assignment,
    *,
    program_id: ObjectId,
    now_ts: float,
    before: OadrEvent | None,
    name: str | None = None,
    reports: Sequence[ReportDescriptor] | None = None,
) -> OadrEvent | None:
    """The event of OpenADR that *row* is for one VEN, over the one *before*; None where it has no part.

    *name* and *reports* are those of the event of the VTN that *row* came of, if it did.
    """
    dr_event = row.for_ven(assignment)
    if not dr_event.intervals:
        return None
    ven_id = assignment.ven_id
    text = date_time_text(now_ts)
    start_ts = row.start_ts + row.start_offset_s(ven_id)
    intervals = []
    for number, interval in enumerate(dr_event.intervals):
        period = IntervalPeriod(start=date_time_text(start_ts), duration=f"PT{interval.duration_s}S")
        payload = ValuesMap(type=_kind(interval), values=(_value(interval),))
        intervals.append(OadrInterval(id=number, interval_period=period, payloads=(payload,)))
        start_ts += interval.duration_s
    return OadrEvent(
        id=share_id(row, ven_id),
        created_date_time=text if before is None else before.created_date_time,
        modification_date_time=text,
        program_id=program_id,
        event_name=name or row.event_id,
        priority=None if row.priority >= LOWEST_PRIORITY else row.priority,
        targets=(ven_target(ven_object_id(ven_id)),),
        report_descriptors=tuple(reports or REPORTS),
        payload_descriptors=UNITS,
        interval_period=intervals[0].interval_period,
        intervals=tuple(intervals),
    )


def is_as_good(before: OadrEvent, after: OadrEvent) -> bool:
    """True of a share that moves by no more than the dead band, and in nothing but powers."""
    old, new = before.intervals or (), after.intervals or ()
    if len(old) != len(new) or _frame(before) != _frame(after):
        return False
    return all(
        first.interval_period == second.interval_period
        and first.payloads[0].type == second.payloads[0].type
        and _is_close(first.payloads[0], second.payloads[0])
        for first, second in zip(old, new, strict=True)
    )


def _frame(event: OadrEvent) -> tuple[object, ...]:
    return event.program_id, event.event_name, event.priority, event.targets, event.report_descriptors


def _is_close(first: ValuesMap, second: ValuesMap) -> bool:
    """True of values within the dead band; nothing and something never are."""
    old, new = first.values[0], second.values[0]
    if old == new:
        return True
    if first.type not in IN_KW or not isinstance(old, float) or not isinstance(new, float):
        return False
    return bool(old and new) and abs(new - old) <= max(DEAD_BAND_KW, DEAD_BAND * abs(old))


def _kind(interval: Interval) -> str:
    match interval.signal:
        case Signal.SHED_KW | Signal.LOAD_UP_KW:
            return RELATIVE
        case Signal.IMPORT_LIMIT_KW:
            return LIMIT
        case Signal.LEVEL:
            return SIMPLE


def _value(interval: Interval) -> float | int:
    match interval.signal:
        case Signal.SHED_KW:
            return 0.0 - interval.value
        case Signal.LEVEL:
            return int(interval.value)
        case _:
            return interval.value
