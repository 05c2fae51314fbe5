"""The figures of a bill that were measured or counted, in `measured.json`, which ``make prices`` writes.

Source: the functions' time of docs/reference/functions.json (``make functions``); a VEN's days lived at
speed by the twin's own loop (`harness.prices.shadow_day`); the rest counted by a metered local cloud (``make
counted``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

FILE = Path(__file__).with_suffix(".json")
FULL_PROCESSOR_MB = 1769
"""Memory that comes with one processor; less comes with its share. Source: AWS Lambda, configuring memory."""
CALL_S = 0.005
"""Interpretation: a call of DynamoDB takes so long, waiting: AWS promises single-digit milliseconds."""


class BatchTime(msgspec.Struct, frozen=True, rename="camel"):
    """A function's work on a batch, a line through one message and ten.

    Attributes:
        memory_mb: its memory.
        first_s: CPU of a whole processor for the batch itself.
        one_more_s: for each message in it.
        first_calls: calls of AWS for the batch itself.
        one_more_calls: for each message, one after the other.
    """

    memory_mb: int
    first_s: float
    one_more_s: float
    first_calls: float
    one_more_calls: float

    @property
    def fixed_s(self) -> float:
        """The time of a run for the batch itself, at the function's share of a processor."""
        return self._time_s(self.first_s, self.first_calls)

    @property
    def message_s(self) -> float:
        """The time that each message adds."""
        return self._time_s(self.one_more_s, self.one_more_calls)

    def _time_s(self, cpu_s: float, calls: float) -> float:
        return cpu_s * FULL_PROCESSOR_MB / self.memory_mb + calls * CALL_S


class FleetTime(msgspec.Struct, frozen=True, rename="camel"):
    """A function's work on a whole fleet: CPU of a whole processor and calls of AWS, for each VEN."""

    memory_mb: int
    ven_s: float
    ven_calls: float

    def gb_s(self, vens: float) -> float:
        """The GB-seconds of a run over so many VENs."""
        seconds = self.ven_s * FULL_PROCESSOR_MB / min(self.memory_mb, FULL_PROCESSOR_MB)
        return vens * (seconds + self.ven_calls * CALL_S) * self.memory_mb / 1024


class BillFigures(msgspec.Struct, frozen=True, rename="camel"):
    """The figures that bills are reckoned with.

    Attributes:
        updates_a_day: a VEN's own shadow updates without an event, by the day that was lived.
        snapshots_a_day: of its circuits, likewise.
        record_kb: of the shadow's record at an update, each rounded up, on average.
        batches: functions that queues feed.
        fleets: functions that go over the fleet.
        log_bytes: of an invocation, as the function writes them.
    """

    updates_a_day: Mapping[str, int]
    snapshots_a_day: Mapping[str, int]
    record_kb: float
    batches: Mapping[str, BatchTime]
    fleets: Mapping[str, FleetTime]
    log_bytes: Mapping[str, float]

    @property
    def updates(self) -> float:
        """A VEN's own shadow updates a day: the mean of the days."""
        return sum(self.updates_a_day.values()) / len(self.updates_a_day)

    @property
    def snapshots(self) -> float:
        """A VEN's snapshots of its circuits a day: the mean of the days."""
        return sum(self.snapshots_a_day.values()) / len(self.snapshots_a_day)


@cache
def measured() -> BillFigures:
    """The figures that are written down."""
    return msgspec.json.decode(FILE.read_bytes(), type=BillFigures)
