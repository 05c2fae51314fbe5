"""Keys of what the cloud side stores, for those who write it and those who read it.

Attribute names on the items are the wire's. ``expiresTs`` is the time-to-live attribute of every table.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import msgspec

from contracts.store.circuit_powers import circuits_text
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry

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
ALLOWED_VENS = TableKeys("venId")
"""VENs that may be provisioned by claim, each once, until ``expiresTs``."""

EVENT_SORT_KEY = "EVENT"
REPORT_SORT_KEY = "REPORT"
NOTIFIED_SORT_KEY = "NOTIFIED"
"""Sort key of the moments of an event that subscribers were told of."""
VEN_SORT_PREFIX = "VEN#"
PLAN_SORT_PREFIX = "PLAN#"
BOOKED_SORT_KEY = "BOOKED"
"""Sort key of a day: the events that may have VENs on it."""
WHOLE_EVENT = (" ", "~")
"""Sort keys between which lie all parts of an event."""
GROUPS_PARTITION = "#groups"
"""Partition of the events table that holds the groups of VENs; no event's id begins with ``#``."""
PROGRAMS_PARTITION = "#programs"
GROUP_SORT_PREFIX = "GROUP#"
MEMBERS_SORT_PREFIX = "MEMBERS#"
"""Of the sort keys of groups' members, which stand behind the headers of all groups."""
PROGRAM_SORT_PREFIX = "PROGRAM#"

EVENTS_BY_START = "byStart"
"""Index of the events table: the headers, which alone carry `startTs`, in the order of the starts."""
EVENTS_INDEX = TableKeys("part", "startTs")

METERED_KWH_PREFIX = "ownKwh#"
"""Attributes of a VEN's part: what it delivered by its own meter, by the revision that it left or ended.
A VEN that an event lets go and calls again leaves it more than once."""

LATEST_ROW = "LATEST"
"""Sort key of a VEN's latest telemetry row. A letter sorts above every row's time, so no range holds it."""
CIRCUITS_ROW = "CIRCUITS"
"""Sort key of a VEN's latest snapshot of its circuits."""
DAY_ROW_PREFIX = "DAY#"
"""Of the sort keys of a VEN's days in quarter hours, which settlement makes from the rows."""
FLEET_PARTITION = VenId("#fleet")
"""Partition of the samples of the whole fleet; no VEN's id begins with ``#``."""
CIRCUITS_KW = "circuitsKw"
"""Attribute of a telemetry row: the power of each circuit, as `contracts.store.circuit_powers` writes it."""
ROWS_END = ":"
"""Above the sort key of every telemetry row, below those that start with a letter."""


def telemetry_row_id(timestamp: int, boot_id: str, seq: int) -> str:
    """Sort key of a telemetry row: unique by (bootId, seq) and in the order of the device's time.

    A repeat carries the same timestamp, so it overwrites itself.
    """
    return f"{timestamp:010d}#{boot_id}#{seq:016d}"


def fleet_row_id(timestamp: int) -> str:
    """Sort key of a sample of the fleet; `telemetry_range` holds of it, too."""
    return f"{timestamp:010d}#"


def telemetry_range(from_ts: int, to_ts: int) -> tuple[str, str]:
    """Sort keys between which the rows of [from_ts, to_ts) lie, both ends included in a BETWEEN."""
    return f"{from_ts:010d}#", f"{to_ts:010d}"


def day_row_id(day: int) -> str:
    """Sort key of a VEN's *day*, in days since 1970-01-01 UTC."""
    return f"{DAY_ROW_PREFIX}{_date(day)}"


def telemetry_item(telemetry: Telemetry, *, received_ts: float, expires_ts: int) -> JsonDict:
    """The item of a telemetry row; of the loads their power alone, the VEN's latest snapshot has the rest."""
    row: JsonDict = msgspec.to_builtins(msgspec.structs.replace(telemetry, loads=()))
    del row["loads"]
    return row | {
        CIRCUITS_KW: circuits_text(telemetry.loads),
        "rowId": telemetry_row_id(telemetry.timestamp, telemetry.boot_id, telemetry.seq),
        "receivedTs": received_ts,
        "expiresTs": expires_ts,
    }


def ven_sort_key(ven_id: VenId) -> str:
    """Sort key of a VEN's part in an event."""
    return f"{VEN_SORT_PREFIX}{ven_id}"


def plan_chunk_sort_key(plan_id: str, chunk: int) -> str:
    """Sort key of a chunk of an event's plan."""
    return f"{PLAN_SORT_PREFIX}{plan_id}#{chunk:04d}"


def members_sort_key(group: str, version: str, chunk: int) -> str:
    """Sort key of a chunk of a group's members, as of a version of the group; a group's name has no ``#``."""
    return f"{MEMBERS_SORT_PREFIX}{group}#{version}#{chunk:04d}"


def booked_day(number: int) -> str:
    """Partition of a day, in days since 1970-01-01 UTC; no event's id begins with ``#``."""
    return f"#{_date(number)}"


def sort_keys_below(prefix: str) -> tuple[str, str]:
    """Sort keys between which all lie that begin with *prefix*, which ends in ``#``."""
    return prefix, f"{prefix[:-1]}$"


def _date(day: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day)
