"""The SQLite file of the outbox: its schema, its lock, and a damaged one set aside."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

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
    """Move a damaged file and its companions out of the way; returns its new path."""
    aside = path.with_name(f"{path.name}.damaged-{int(now_ts)}")
    for ending in ("", "-wal", "-shm"):
        file = Path(f"{path}{ending}")
        if file.exists():
            file.replace(f"{aside}{ending}")
    return aside
