"""What the outbox is made of: its rows, and the SQLite file that they are kept in."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ven_twin.ven.errors import OutboxDamagedError, OutboxError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, rank INTEGER NOT NULL,
  topic TEXT NOT NULL, payload BLOB NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_by_rank ON outbox (rank, id);
CREATE TABLE IF NOT EXISTS quarantine (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, topic TEXT NOT NULL,
  payload BLOB NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS memo (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB NOT NULL, received_ts REAL NOT NULL,
  tries INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  n INTEGER PRIMARY KEY AUTOINCREMENT, correlation_id TEXT NOT NULL UNIQUE, ack BLOB NOT NULL);
"""


class Message(NamedTuple):
    """One message to keep until it is acknowledged; *kind* says what it is worth."""

    kind: str
    topic: str
    payload: bytes


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
    """What the outbox holds, and what it let go since its file was made.

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

    @property
    def lost(self) -> int:
        """Messages that will not arrive by themselves."""
        return sum(self.shed.values()) + self.refused + self.quarantined


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
    with closed_on_failure(db, path):
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # the same VEN started twice is noticed here first
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(_SCHEMA)
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    return db


@contextlib.contextmanager
def closed_on_failure(db: sqlite3.Connection, path: str) -> Iterator[None]:
    """Close *db* when the block fails; damage may show only when the rows are read.

    Raises:
        OutboxError: see its docstring.
    """
    try:
        yield
    except BaseException as error:
        db.close()
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise OutboxError(path, "another process uses it; is this VEN already running?") from None
        if isinstance(error, sqlite3.OperationalError):
            raise OutboxError(path, f"cannot be written ({error})") from None
        if isinstance(error, sqlite3.DatabaseError):
            raise OutboxDamagedError(path, f"is damaged ({error})") from None
        raise


def set_aside(path: Path, now_ts: float) -> Path:
    """Move a damaged file and what belongs to it out of the way; where it is now."""
    kept = path.with_name(f"{path.name}.damaged-{int(now_ts)}")
    for ending in ("", "-wal", "-shm"):
        part = Path(f"{path}{ending}")
        if part.exists():
            part.replace(f"{kept}{ending}")
    return kept
