"""Outboxes of tests: a row of one KB, and the rows that are left."""

from __future__ import annotations

from ven_twin.ven.storage.outbox import Outbox

KB = 1024
ROW = KB - 64 - 1  # payload that makes a row of 1 KB with a topic of one letter


def payloads(outbox: Outbox, limit: int = 1000) -> list[bytes]:
    """What the next window holds."""
    return [row.payload for row in outbox.window(limit)]


def on_disk(outbox: Outbox) -> int:
    """Rows that are not deleted yet."""
    ((rows,),) = outbox.read("SELECT count(*) FROM outbox")
    return int(rows)
