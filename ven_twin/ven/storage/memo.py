"""The notes beside the messages of the outbox: small texts by key."""

from __future__ import annotations

import contextlib
import sqlite3

from ven_twin.ven.storage import schema

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The second is raised where a name in a damaged file is quoted. Source: CPython, _sqlite/util.c."""


def recall(db: sqlite3.Connection, key: str) -> str | None:
    """Read a note; None where there is none, or none that can be read."""
    with contextlib.suppress(*DATABASE_ERRORS):
        row = db.execute("SELECT value FROM memo WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])
    return None


def note(db: sqlite3.Connection, key: str, value: str) -> None:
    """Write a note beside the messages."""
    row = (key, value, schema.checksum(value))
    db.execute("INSERT OR REPLACE INTO memo (key, value, checksum) VALUES (?, ?, ?)", row)
