"""What the outbox is made of: its rows, and the SQLite file that they are kept in."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from ven_twin.errors import OutboxError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, rank INTEGER NOT NULL,
  topic TEXT NOT NULL, payload BLOB NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_by_rank ON outbox (rank, id);
CREATE TABLE IF NOT EXISTS quarantine (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, topic TEXT NOT NULL,
  payload BLOB NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS memo (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message that waits or is on its way."""

    id: int
    kind: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One message that will not be sent, and why; at most the first 128 KB of its payload are kept."""

    id: int
    kind: str
    topic: str
    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """What the outbox holds, and what it let go since it was opened.

    Attributes:
        depth: messages not yet acknowledged.
        size_bytes: their size, by which the cap is counted.
        shed: by kind, messages dropped because the cap was reached.
        refused: messages that the disk would not take.
        quarantined: messages put aside because they cannot be sent.
    """

    depth: int
    size_bytes: int
    shed: Mapping[str, int]
    refused: int
    quarantined: int


def open_database(path: str) -> sqlite3.Connection:
    """The database, in WAL mode, locked for this process and readable by its user alone.

    Raises:
        OutboxError: see its docstring.
    """
    try:
        if path != ":memory:":
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, timeout=0.2, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise OutboxError(path, f"cannot be opened ({error})") from None
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # the same VEN started twice is noticed here first
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(_SCHEMA)
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        db.close()
        if "locked" in str(error):
            raise OutboxError(path, "another process uses it; is this VEN already running?") from None
        raise OutboxError(path, f"cannot be written ({error})") from None
    except sqlite3.DatabaseError as error:
        db.close()
        raise OutboxError(path, f"is damaged ({error}); move it away to start with an empty one") from None
    return db
