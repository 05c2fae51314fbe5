"""Rows that one function writes and another reads, as Structs. Attribute names are the wire's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from contracts.events import LOWEST_PRIORITY, DrEvent, Interval
from contracts.records import EVENT_PART
from contracts.requests import Assignment
from contracts.shadow import OptOut

DAY_S = 24 * 3600

R = TypeVar("R", bound=msgspec.Struct)


class VenRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What the cloud knows of a VEN. Whoever has a row here was provisioned; nobody else counts.

    *online* is None until it has connected once. The rest is what it last reported; None until then.
    """

    ven_id: str
    online: bool | None = None
    enabled: bool | None = None
    opt_out: OptOut | None = None
    shed_availability_kw: float | None = None


class LatestRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN's latest telemetry row: means over the time since its row before, and when the cloud had it."""

    ven_id: str
    timestamp: int
    received_ts: float
    boot_id: str
    seq: int
    used_power_kw: float
    baseline_power_kw: float
    shed_power_kw: float
    event_id: str | None = None
    requested_reduction_kw: float | None = None
    battery_soc: float | None = None


class EventRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One DR event as it was asked for and allocated: the record that a repeated request completes.

    *requested* is a digest of the request. Phases are computed from it, never stored.
    """

    event_id: str
    requested: str
    revision: int
    start_ts: int
    intervals: tuple[Interval, ...]
    assignments: tuple[Assignment, ...]
    created_ts: float
    expires_ts: int
    randomize_start_s: int = 0
    priority: int = LOWEST_PRIORITY
    unavailable: dict[str, str] = {}
    asked_kw: float = 0.0
    available_kw: float | None = None
    shortfall_kw: float = 0.0
    cancelled_ts: float | None = None
    part: str = EVENT_PART

    @property
    def end_ts(self) -> int:
        """When the last interval ends, UTC s, before randomisation."""
        return self.start_ts + sum(interval.duration_s for interval in self.intervals)

    @property
    def over_ts(self) -> float:
        """When it is over for every VEN, UTC s."""
        return self.end_ts + self.randomize_start_s if self.cancelled_ts is None else self.cancelled_ts

    def for_ven(self, assignment: Assignment) -> DrEvent:
        """The event as it goes into one VEN's shadow; without intervals once it is cancelled."""
        shares = zip(self.intervals, assignment.values, strict=True)
        return DrEvent(
            event_id=self.event_id,
            revision=self.revision,
            start_ts=self.start_ts,
            intervals=()
            if self.cancelled_ts is not None
            else tuple(msgspec.structs.replace(interval, value=value) for interval, value in shares),
            randomize_start_s=self.randomize_start_s,
            priority=self.priority,
        )


def attributes(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The attribute names of a row, to read no more than these."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))


def read(kind: type[R], item: Any) -> R:
    """An item as a row."""
    return msgspec.convert(item, kind)


def read_all(kind: type[R], items: Iterable[Any]) -> tuple[R, ...]:
    """Items as rows."""
    return tuple(read(kind, item) for item in items)


def expires_ts(now: float, retention_days: int) -> int:
    """When a row written *now* goes, UTC s."""
    return int(now) + retention_days * DAY_S
