"""DR events: intervals with a signal, their phases, and what is left of them.

Shaped so that an OpenADR 3.1 event maps onto it without loss of what a site can act on. There is no
"cancelled" flag: as in OpenADR, a cancelled event is one with nothing left to do, here a newer
revision without intervals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import Timestamp
from contracts.wire.topics import check_event_id

LOWEST_PRIORITY = 1_000_000
"""What an event without a priority has; 0 is the highest. Source: OpenADR 3.1, event.priority."""
NEAR_S = 3600
"""An event is near from this long before its start. Interpretation: OpenADR leaves it to the program."""
MAX_DURATION_S = 7 * 24 * 3600
RANDOMIZE_MAX_S = 3600
MAX_INTERVALS = 24
ONE_DIRECTION = "ask for more (loadUpKw) and for less: make one event of each, one after the other"
"""An event's delivery is counted in one direction."""


class Signal(StrEnum):
    """The signal of an interval; it gives the value its meaning."""

    SHED_KW = "shedKw"
    """Draw this many kW less than uncurtailed."""
    IMPORT_LIMIT_KW = "importLimitKw"
    """Import no more than this many kW."""
    LEVEL = "level"
    """0 normal, 1 moderate, 2 high, 3 emergency. Source: OpenADR SIMPLE."""
    LOAD_UP_KW = "loadUpKw"
    """Draw this many kW more than uncurtailed. Source: CTA-2045-B, load up."""

    @property
    def is_shared(self) -> bool:
        """True of a sum of kW that a fleet shares; the others tell each VEN how to behave."""
        return self in (Signal.SHED_KW, Signal.LOAD_UP_KW)


class Phase(StrEnum):
    """The phase of an event. Source: OpenADR's lifecycle, with cancellation and opt-out."""

    FAR = "far"
    NEAR = "near"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    OPTED_OUT = "optedOut"


class Interval(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signal held for a while."""

    duration_s: Annotated[int, Meta(ge=1, le=MAX_DURATION_S)]
    signal: Signal
    value: Annotated[float, Meta(ge=0, le=1_000_000)]


class DrEvent(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One DR event as a VEN holds it.

    ``randomize_start_s`` moves the whole event by up to that much either way, the same for a VEN each
    time it is asked. A lower ``priority`` number wins; a higher ``revision`` replaces a lower.
    """

    event_id: EventId
    revision: Annotated[int, Meta(ge=0, le=2**31)] = 0
    start_ts: Timestamp
    intervals: Annotated[tuple[Interval, ...], Meta(max_length=MAX_INTERVALS)]
    randomize_start_s: Annotated[int, Meta(ge=0, le=RANDOMIZE_MAX_S)] = 0
    priority: Annotated[int, Meta(ge=0, le=LOWEST_PRIORITY)] = LOWEST_PRIORITY

    def __post_init__(self) -> None:
        """Hold level to 0–3, the whole to a week, and all of it to one direction."""
        for index, interval in enumerate(self.intervals):
            if interval.signal is Signal.LEVEL and interval.value not in (0, 1, 2, 3):
                raise FieldError(f"intervals[{index}].value", "a level is 0, 1, 2 or 3")
        if self.loads_up and any(interval.signal is not Signal.LOAD_UP_KW for interval in self.intervals):
            raise FieldError("intervals", ONE_DIRECTION)
        if self.duration_s > MAX_DURATION_S:
            raise FieldError(
                "intervals", f"last {self.duration_s} s together, at most {MAX_DURATION_S} s are allowed"
            )

    @property
    def loads_up(self) -> bool:
        """True of an event that requests more power instead of less."""
        return loads_up(self.intervals)

    @property
    def duration_s(self) -> int:
        """Length of all intervals, s."""
        return sum(interval.duration_s for interval in self.intervals)

    @property
    def end_ts(self) -> int:
        """End of the last interval, UTC s, before randomisation."""
        return self.start_ts + self.duration_s

    @property
    def cancelled(self) -> bool:
        """True once the event is cancelled: a revision without intervals."""
        return not self.intervals

    def start_offset_s(self, ven_id: VenId) -> float:
        """This VEN's share of the randomised start, s, in ±randomize_start_s.

        A function of the VEN and the event alone, so that a restart or a repeated delivery does not
        draw again. Interpretation: OpenADR 3.1 has randomizeStart as ±, moving contiguous intervals together.
        """
        if not self.randomize_start_s:
            return 0.0
        digest = hashlib.sha256(f"{ven_id}\0{self.event_id}".encode()).digest()
        fraction = int.from_bytes(digest[:8]) / 2**64
        return (2.0 * fraction - 1.0) * self.randomize_start_s

    def phase(self, now_ts: float, *, offset_s: float = 0.0) -> Phase:
        """Phase of the event at *now_ts* (UTC s), moved by *offset_s*."""
        start_ts = self.start_ts + offset_s
        if self.cancelled:
            return Phase.CANCELLED
        if now_ts >= start_ts + self.duration_s:
            return Phase.COMPLETED
        if now_ts >= start_ts:
            return Phase.ACTIVE
        return Phase.NEAR if now_ts >= start_ts - NEAR_S else Phase.FAR

    def interval_at(self, now_ts: float, *, offset_s: float = 0.0) -> Interval | None:
        """The interval in force at *now_ts*, None outside the event: late means the rest, not the whole."""
        left_s = now_ts - self.start_ts - offset_s
        if left_s < 0:
            return None
        for interval in self.intervals:
            if left_s < interval.duration_s:
                return interval
            left_s -= interval.duration_s
        return None

    def remaining_s(self, now_ts: float, *, offset_s: float = 0.0) -> float:
        """Seconds of the event that are still to come at *now_ts*; never more than its duration."""
        end_ts = self.start_ts + offset_s + self.duration_s
        return min(float(self.duration_s), max(0.0, end_ts - now_ts))

    def to_shadow(self) -> JsonDict:
        """The value of ``desired.drEvents.<eventId>``, of JSON's own types: a list equals no tuple."""
        value: JsonDict = msgspec.to_builtins(self)
        del value["eventId"]
        return {**value, "intervals": list(value["intervals"])}


def loads_up(intervals: Iterable[Interval]) -> bool:
    """Tell an event that requests more power instead of less."""
    return any(interval.signal is Signal.LOAD_UP_KW for interval in intervals)


def cut_end_ts(start_ts: int, end_ts: int, cancelled_ts: float | None) -> int:
    """The end of an event, UTC s: its cancellation when that came first, but never before its start."""
    return end_ts if cancelled_ts is None else max(start_ts, min(end_ts, int(cancelled_ts)))


def from_shadow(event_id: EventId, value: JsonObject) -> DrEvent:
    """The event under ``desired.drEvents.<event_id>``.

    Raises:
        FieldError: with the path from the state's root.
    """
    under = f"drEvents.{event_id}"
    check_event_id(event_id, under)
    return read_event({**value, "eventId": event_id}, under=under)


def read_event(value: JsonObject, *, under: str = "") -> DrEvent:
    """An event from decoded JSON. Raises FieldError with *under* before the path."""
    try:
        event = codec.convert(DrEvent, value, under=under)
        check_event_id(event.event_id)
    except FieldError as error:
        if under and not error.field.startswith(under):
            raise FieldError(f"{under}.{error.field}", error.reason) from None
        raise
    return event
