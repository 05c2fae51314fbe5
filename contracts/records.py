"""Keys of what the cloud side stores, for those who write it and those who read it.

Attribute names on the items are the wire's. ``expiresTs`` is the time-to-live attribute of every table.
"""

from __future__ import annotations

from typing import NamedTuple

TTL_ATTRIBUTE = "expiresTs"


class Key(NamedTuple):
    """Partition and sort key of an item; tables with a partition key alone leave *sort* None."""

    partition: str
    sort: str | None = None


class TableKeys(NamedTuple):
    """Names of a table's key attributes."""

    partition: str
    sort: str | None = None


TELEMETRY = TableKeys("venId", "rowId")
VENS = TableKeys("venId")
EVENTS = TableKeys("eventId", "part")
COMMANDS = TableKeys("venId", "correlationId")

EVENT_PART = "EVENT"
REPORT_PART = "REPORT"
VEN_PART_PREFIX = "VEN#"

LATEST_ROW = "LATEST"
"""Sort key of a VEN's latest telemetry row. A letter sorts above every row's time, so no range holds it."""
CIRCUITS_ROW = "CIRCUITS"
"""Sort key of a VEN's latest snapshot of its circuits."""
ROWS_END = ":"
"""Above the sort key of every telemetry row, below those that start with a letter."""


def telemetry_row_id(timestamp: int, boot_id: str, seq: int) -> str:
    """Sort key of a telemetry row: unique by (bootId, seq) and in the order of the device's time.

    A repeat carries the same timestamp, so it overwrites itself.
    """
    return f"{timestamp:010d}#{boot_id}#{seq:016d}"


def telemetry_range(from_ts: int, to_ts: int) -> tuple[str, str]:
    """Sort keys between which the rows of [from_ts, to_ts) lie, both ends included in a BETWEEN."""
    return f"{from_ts:010d}#", f"{to_ts:010d}"


def ven_part(ven_id: str) -> str:
    """Sort key of a VEN's part in an event."""
    return f"{VEN_PART_PREFIX}{ven_id}"
