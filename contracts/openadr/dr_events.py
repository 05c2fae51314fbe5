"""An OpenADR event as a DR event that a site can act on, or the reason that it is not acted on. Pure.

    payload of an interval                     signal
    ──────────────────────────────────────     ────────────────────
    DISPATCH_SETPOINT_RELATIVE, −x KW          shedKw x
    DISPATCH_SETPOINT_RELATIVE, +x KW          loadUpKw x
    IMPORT_CAPACITY_LIMIT, x KW                importLimitKw x
    SIMPLE, 0 to 3                             level
    ALERT_GRID_EMERGENCY                       level 3
    any other, or none: a gap                  level 0, inside of the event

Of several payloads of an interval the first in this order counts. Where intervals overlap, the one that
started last is in force. A program's period cuts its events. What is longer than a DR event may be is
unrolled: a window of it that begins with the interval in force, and a time at which to unroll the next.

Source: OpenADR 3.1.0, Definition, payload types; User Guide, 7.3 to 7.5.
Interpretation: power without a descriptor is in KW. An alert of a grid emergency is level 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from math import inf
from typing import NamedTuple

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEventRequest, OadrProgramRequest
from contracts.openadr.timeline import INTERVALS_MOST, PlacedInterval, UnplacedError, in_force, unrolled
from contracts.openadr.times import is_for_ever, read_date_time, read_duration
from contracts.openadr.values import EventPayloadDescriptor, Value, ValuesMap
from contracts.wire.events import LOWEST_PRIORITY, MAX_DURATION_S, MAX_INTERVALS, DrEvent, Interval, Signal
from contracts.wire.ids import EVENT_ID, EventId, VenId
from contracts.wire.telemetry import EARLIEST_TS, LATEST_TS
from contracts.wire.units import S_PER_H

KW = "KW"
RANDOMIZE_MAX_S = S_PER_H
POWER_MAX_KW = 1_000_000.0
LEVELS = (0, 1, 2, 3)
EMERGENCY_LEVEL = 3.0
RELATIVE, LIMIT, SIMPLE = "DISPATCH_SETPOINT_RELATIVE", "IMPORT_CAPACITY_LIMIT", "SIMPLE"
EMERGENCY = "ALERT_GRID_EMERGENCY"
ACTED_ON = (RELATIVE, LIMIT, SIMPLE, EMERGENCY)
"""Types of payloads that are acted on; the first of an interval counts."""
IN_KW = frozenset({RELATIVE, LIMIT})


class NotActedOn(StrEnum):
    """The reason that an event is not acted on."""

    NO_INTERVALS = "it has no intervals"
    NO_VALUES = "it has no values: it asks for reports alone"
    NO_LENGTH = "it lasts no time: it is cancelled"
    OVER = "it is over"
    NO_SIGNAL = f"it has no payload of {', '.join(ACTED_ON)}"
    UNIT = "its power is in another unit than KW"
    VALUE = (
        f"a value is out of range: SIMPLE is 0, 1, 2 or 3, power in KW is one number up to {POWER_MAX_KW:.0f}"
    )
    BOTH_WAYS = "it asks for more power and for less"
    NO_PLACE = "it has no place in time: a start or a duration is missing, or is below zero"
    OUT_OF_TIME = "it is not between the years 2000 and 2100"
    PRICE_UNIT = "its prices are for another unit than KWH, or its greenhouse gas is in another than GHG"
    PRICE_VALUE = "a price is no number, or none up to a million"


class ActionableEvent(NamedTuple):
    """A DR event of an OpenADR event; at *renew_ts*, UTC s, its next window is to be unrolled."""

    event: DrEvent
    renew_ts: float = inf


class _Step(NamedTuple):
    """A signal from a time to another, UTC s; without a signal nothing is asked for."""

    start_ts: float
    end_ts: float
    signal: Signal | None
    value: float


def event_id_of(object_id: ObjectId) -> EventId:
    """Our id of a VTN's event: the same where it can be, so that an event by two ways is one.

    Interpretation: an id that is too long, or begins with another character, is a hash here.
    """
    if EVENT_ID.fullmatch(object_id):
        return EventId(object_id)
    return EventId(f"oadr-{hashlib.sha256(object_id.encode()).hexdigest()[:32]}")


def actionable(
    event: OadrEventRequest,
    program: OadrProgramRequest | None,
    *,
    event_id: EventId,
    ven_id: VenId | None,
    read_ts: float,
    now_ts: float,
    revision: int = 0,
) -> ActionableEvent | NotActedOn:
    """The DR event of *event* as *ven_id* acts on it at *now_ts*, or the reason that it does not.

    *read_ts* is when the event was first read, UTC s: its now. Without a *ven_id* it is the event of a whole
    fleet, in whose midst no VEN's random offset counts.
    """
    without = _without_signal(event)
    if without is not None:
        return without
    frame = DrEvent(
        event_id=event_id,
        revision=revision,
        start_ts=EARLIEST_TS,
        intervals=(),
        randomize_start_s=_randomize_s(event),
        priority=LOWEST_PRIORITY if event.priority is None else min(event.priority, LOWEST_PRIORITY),
    )
    units, (begin_ts, until_ts) = _units(event, program), program_bounds(program)
    try:
        spans, goes_on = _cut(event, read_ts, begin_ts, until_ts)
        steps = _steps(spans, units)
        if not goes_on and (isinstance(steps, NotActedOn) or len(steps) <= MAX_INTERVALS):
            return steps if isinstance(steps, NotActedOn) else _actionable(frame, steps)
        offset_s = 0.0 if ven_id is None else frame.start_offset_s(ven_id)
        at_ts = max(begin_ts, now_ts - offset_s)
        spans, _ = _cut(event, read_ts, at_ts, until_ts, before_s=MAX_DURATION_S / 4)
    except UnplacedError:
        return NotActedOn.NO_PLACE
    if not spans:
        return NotActedOn.OVER
    steps = _steps(spans, units)
    return steps if isinstance(steps, NotActedOn) else _windowed(frame, steps, offset_s, now_ts)


def _without_signal(event: OadrEventRequest) -> NotActedOn | None:
    """The reason that there is nothing in *event* to act on, or None."""
    if not event.intervals:
        return NotActedOn.NO_INTERVALS
    types = {payload.type for interval in event.intervals for payload in interval.payloads}
    if event.report_descriptors and not types:
        return NotActedOn.NO_VALUES
    return NotActedOn.NO_SIGNAL if types.isdisjoint(ACTED_ON) else None


def _cut(
    event: OadrEventRequest, read_ts: float, from_ts: float, until_ts: float, *, before_s: float = 0.0
) -> tuple[list[PlacedInterval], bool]:
    """The intervals of a DR event's longest time between two times, and whether there are more after it.

    The first, which may have begun long ago, begins at most *before_s* before *from_ts*.
    """
    spans: list[PlacedInterval] = []
    last_ts, goes_on = inf, False
    for span in unrolled(event, read_ts, from_ts=from_ts):
        begin_ts = max(span.start_ts, from_ts - before_s)
        last_ts = last_ts if spans else begin_ts + MAX_DURATION_S
        if begin_ts >= until_ts:
            break
        if len(spans) >= INTERVALS_MOST or begin_ts >= last_ts:
            return spans, True
        goes_on = goes_on or min(span.end_ts, until_ts) > last_ts
        spans.append(span._replace(start_ts=begin_ts, end_ts=min(span.end_ts, until_ts, last_ts)))
    return spans, goes_on


def _steps(spans: Sequence[PlacedInterval], units: Mapping[str, str]) -> list[_Step] | NotActedOn:
    """The signals of *spans*, one after the other, without those at either end that ask for nothing."""
    if not spans:
        return NotActedOn.NO_LENGTH
    steps: list[_Step] = []
    for from_ts, to_ts, span in in_force(spans):
        signal = _signal(span.payloads, units) if span is not None else None
        if isinstance(signal, NotActedOn):
            return signal
        steps.append(_Step(from_ts, to_ts, *(signal or (None, 0.0))))
    while steps and steps[-1].signal is None:
        steps.pop()
    first = next((n for n, step in enumerate(steps) if step.signal is not None), 0)
    return _merged(steps[first:]) if steps else NotActedOn.NO_SIGNAL


def _merged(steps: Iterable[_Step]) -> list[_Step]:
    """*steps* in whole seconds; neighbours with the same signal are one."""
    merged: list[_Step] = []
    for step in steps:
        start, end = round(step.start_ts), round(step.end_ts)
        if end <= start:
            continue
        if merged and merged[-1][2:] == step[2:]:
            merged[-1] = merged[-1]._replace(end_ts=end)
        else:
            merged.append(step._replace(start_ts=start, end_ts=end))
    return merged


def _windowed(
    frame: DrEvent, steps: list[_Step], offset_s: float, now_ts: float
) -> ActionableEvent | NotActedOn:
    """The first intervals of *steps* that a DR event can have; the next window is due half through them."""
    steps = steps[:MAX_INTERVALS]
    window = _actionable(frame, steps)
    if isinstance(window, NotActedOn):
        return window
    from_ts, until_ts = max(now_ts, steps[0].start_ts + offset_s), steps[-1].end_ts + offset_s
    return window._replace(renew_ts=(from_ts + until_ts) / 2.0)


def _actionable(frame: DrEvent, steps: list[_Step]) -> ActionableEvent | NotActedOn:
    if not steps:
        return NotActedOn.NO_LENGTH
    if not EARLIEST_TS <= steps[0].start_ts <= LATEST_TS:
        return NotActedOn.OUT_OF_TIME
    raising = any(step.signal is Signal.LOAD_UP_KW for step in steps)
    if raising and any(step.value and step.signal is not Signal.LOAD_UP_KW for step in steps):
        return NotActedOn.BOTH_WAYS
    gap = Signal.LOAD_UP_KW if raising else Signal.LEVEL
    intervals = tuple(
        Interval(
            duration_s=int(step.end_ts - step.start_ts),
            signal=gap if raising or step.signal is None else step.signal,
            value=step.value,
        )
        for step in steps
    )
    event = msgspec.structs.replace(frame, start_ts=int(steps[0].start_ts), intervals=intervals)
    return ActionableEvent(event)


def _signal(
    payloads: Sequence[ValuesMap], units: Mapping[str, str]
) -> tuple[Signal, float] | NotActedOn | None:
    """The signal of an interval; None where it asks for nothing that is acted on."""
    reason: NotActedOn | None = None
    for kind in ACTED_ON:
        payload = next((value for value in payloads if value.type == kind), None)
        if payload is None:
            continue
        if kind in IN_KW and units.get(kind, KW) != KW:
            reason = NotActedOn.UNIT
            continue
        return _read(kind, payload.values)
    return reason


def _read(kind: str, values: Sequence[Value]) -> tuple[Signal, float] | NotActedOn:
    if kind == EMERGENCY:
        return Signal.LEVEL, EMERGENCY_LEVEL
    value = values[0] if values else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= POWER_MAX_KW:
        return NotActedOn.VALUE
    if kind == SIMPLE:
        return (Signal.LEVEL, float(value)) if value in LEVELS else NotActedOn.VALUE
    if kind == LIMIT:
        return (Signal.IMPORT_LIMIT_KW, float(value)) if value >= 0 else NotActedOn.VALUE
    signal = Signal.LOAD_UP_KW if value > 0 else Signal.SHED_KW
    return signal, abs(float(value))


def _units(event: OadrEventRequest, program: OadrProgramRequest | None) -> dict[str, str]:
    """The unit of each payload type: the event's own descriptor, else that of its program."""
    units: dict[str, str] = {}
    for owner in (program, event):
        for descriptor in (owner.payload_descriptors if owner is not None else None) or ():
            if isinstance(descriptor, EventPayloadDescriptor) and descriptor.units is not None:
                units[descriptor.payload_type] = descriptor.units
    return units


def program_bounds(program: OadrProgramRequest | None) -> tuple[float, float]:
    """The span of *program*, UTC s: outside of it none of its events is acted on.

    Interpretation: a program whose period has no start, or starts now, has none.
    """
    period = None if program is None else program.interval_period
    begin = None if period is None or period.start is None else read_date_time(period.start)
    if period is None or begin is None:
        return -inf, inf
    if period.duration is None:
        return begin, inf
    duration = read_duration(period.duration)
    return begin, inf if is_for_ever(duration) else duration.after_ts(begin)


def _randomize_s(event: OadrEventRequest) -> int:
    """The most by which the start is moved either way, s; that of the first interval, else the event's."""
    periods = [interval.interval_period for interval in (event.intervals or ())[:1]]
    for period in (*periods, event.interval_period):
        if period is not None and period.randomize_start is not None:
            duration = read_duration(period.randomize_start)
            seconds = duration.after_ts(0.0)
            return int(max(0.0, min(RANDOMIZE_MAX_S, seconds)))
    return 0
