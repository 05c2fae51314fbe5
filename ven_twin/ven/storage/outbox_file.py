"""The SQLite file of the outbox: its schema and lock, whole transactions, and disk space held back for them.

A damaged file is set aside.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
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


RESERVE_BYTES = 256 * 1024
_RETAKE_AFTER_S = 60.0


class DiskReserve:
    """A file of real blocks beside the database; giving it up makes room for what must still be written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._released_at = float("-inf")
        if path is not None:
            self._take()

    def give_up(self) -> bool:
        """Free the space; True when there was some to free."""
        if self._path is None or not self._path.exists():
            return False
        self._released_at = time.monotonic()
        with contextlib.suppress(OSError):
            self._path.unlink()
        return True

    def retake(self) -> None:
        """Hold the space again, a minute or more after it was given up, if the disk has it by then."""
        if self._path is None or self._released_at == float("-inf"):
            return
        if time.monotonic() - self._released_at >= _RETAKE_AFTER_S:
            self._released_at = float("-inf") if self._take() else time.monotonic()

    def _take(self) -> bool:
        assert self._path is not None  # noqa: S101 - for the type checker; both callers looked
        try:
            if not self._path.exists() or self._path.stat().st_size < RESERVE_BYTES:
                self._path.write_bytes(b"\0" * RESERVE_BYTES)  # written, because a hole holds no blocks
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink()
            return False
        return True


_COUNTS = "let go"

Write = Callable[[sqlite3.Connection], object]


class LossCounts:
    """Messages that were lost since the file was made; they are written with the write that loses them.

    Attributes:
        shed: dropped because the cap was reached, by kind.
        refused: not taken by the disk.
        quarantined: put aside because they cannot be sent.
        unwritten: True while a count is not on disk yet.
    """

    def __init__(self, document: str | None) -> None:
        stored = json.loads(document or "{}")
        self.shed: Counter[str] = Counter(stored.get("shed", {}))
        self.refused: int = stored.get("refused", 0)
        self.quarantined: int = stored.get("quarantined", 0)
        self.unwritten = False

    def add(self, *, shed: str | None = None, refused: int = 0, quarantined: int = 0) -> None:
        """Count messages that are lost."""
        if shed is not None:
            self.shed[shed] += 1
        self.refused += refused
        self.quarantined += quarantined
        self.unwritten = True

    def document(self) -> str:
        """The counts as they are stored."""
        return json.dumps({"shed": self.shed, "refused": self.refused, "quarantined": self.quarantined})


class Transactions:
    """The transactions of one database. A full disk or a damaged file makes one fail; nothing is raised."""

    def __init__(self, db: sqlite3.Connection, reserve: DiskReserve) -> None:
        self._db = db
        self.reserve = reserve
        self.lost = LossCounts(self.recall(_COUNTS))

    def commit(self, write: Write, *, may_use_reserve: bool, durable: bool = False) -> bool:
        """Carry *write* out, if need be in the reserved space. Returns whether it is on disk."""
        if self._try(write, durable=durable):
            return True
        return may_use_reserve and self.reserve.give_up() and self._try(write, durable=durable)

    def recall(self, key: str) -> str | None:
        """The note that was last written under *key*."""
        with contextlib.suppress(sqlite3.Error):
            row = self._db.execute("SELECT value FROM memo WHERE key = ?", (key,)).fetchone()
            return None if row is None else str(row[0])
        return None

    def _try(self, write: Write, *, durable: bool) -> bool:
        try:
            if durable:
                self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN IMMEDIATE")
            write(self._db)
            if self.lost.unwritten:
                note(self._db, _COUNTS, self.lost.document())
            self._db.execute("COMMIT")
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            return False
        finally:
            if durable:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("PRAGMA synchronous = NORMAL")
        self.lost.unwritten = False
        return True


def note(db: sqlite3.Connection, key: str, value: str) -> None:
    """Write a note beside the messages."""
    db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", (key, value))
