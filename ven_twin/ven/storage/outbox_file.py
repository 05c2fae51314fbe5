"""The SQLite file of the outbox: its lock and checks, whole transactions, disk space held back for them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ven_twin.ven.errors import OutboxDamagedError, OutboxError, OutboxLockedError, OutboxNewerError
from ven_twin.ven.storage import schema
from ven_twin.ven.storage.loss_counts import COUNTS, LossCounts
from ven_twin.ven.storage.memo import DATABASE_ERRORS, note, recall

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""The last says that a table or column is not there: the statements are ours, so that its name is damaged."""
WAL_MAX_BYTES = 256 * 1024
"""An empty outbox leaves no more than so much behind in its log."""
PAGE_BYTES, CACHE_KIB, STATEMENTS = 1024, 64, 8
"""A connection's pages, how much of them is in memory, and its prepared statements.

Measured: with SQLite's and Python's own (4,096, 2,000 and 128) an outbox that is empty takes 363 KB, and with
these a third of it. A file of before keeps its pages."""


def open_database(path: str) -> sqlite3.Connection:
    """The database, in WAL mode, locked for this process and readable by its user alone.

    Raises:
        OutboxError: see its docstring.
    """
    try:
        if path != ":memory:":
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, timeout=0.2, isolation_level=None, cached_statements=STATEMENTS)
    except (OSError, sqlite3.Error) as error:
        raise OutboxError(path, f"cannot be opened ({error})") from None
    db.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")  # a damaged text is a text
    with closed_on_failure(db, path):
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # the same VEN started twice is noticed here first
        version = schema.version_of(db)
        if version > schema.VERSION:
            raise OutboxNewerError(path, version, schema.VERSION)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        schema.carry_forward(db)
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
        objection = schema.objection(db)
        if objection is not None:
            raise OutboxDamagedError(path, f"is damaged ({objection})")
        _forget_statements(db)
    return db


def _forget_statements(db: sqlite3.Connection) -> None:
    """Let small statements take the place of those of the checks, which take 40 KB and are not used again."""
    for number in range(STATEMENTS):
        db.execute(f"SELECT {number}").fetchone()
    db.execute("PRAGMA shrink_memory")


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
            raise OutboxLockedError(path, "another process uses it; is this VEN already running?") from None
        if isinstance(error, DATABASE_ERRORS) and is_damage(error):
            raise OutboxDamagedError(path, f"is damaged ({error})") from None
        if isinstance(error, sqlite3.DatabaseError):
            raise OutboxError(path, f"cannot be written ({error})") from None
        raise


def is_damage(error: Exception) -> bool:
    """Tell a damaged file from a disk that is full, or that does not answer now."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, UnicodeDecodeError) or (code is not None and code & 0xFF in _DAMAGE)


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
        if self._path is None:
            return False
        try:
            self._path.unlink()
        except OSError:
            return False
        self._released_at = time.monotonic()
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


Write = Callable[[sqlite3.Connection], object]


class Transactions:
    """The transactions of one database. A full disk or a damaged file makes one fail; nothing is raised.

    Attributes:
        reserve: space held back on the disk.
        lost: messages that were lost, and why.
        damaged: True once the file showed that it is damaged.
    """

    def __init__(self, db: sqlite3.Connection, reserve: DiskReserve) -> None:
        self._db = db
        self.reserve = reserve
        self.damaged = False
        self.lost = LossCounts.of(db)

    def commit(self, write: Write, *, may_use_reserve: bool, durable: bool = False) -> bool:
        """Carry *write* out. Returns whether it is on disk.

        Where the disk has no room, the log is emptied into the database, and then the reserve is given up.
        """
        if self._try(write, durable=durable):
            return True
        if self.checkpoint() and self._try(write, durable=durable):
            return True
        if not (may_use_reserve and self.reserve.give_up()):
            return False
        self.checkpoint()
        return self._try(write, durable=durable)

    def checkpoint(self) -> bool:
        """Empty the log into the database: room for the next rows. False where the disk refuses it."""
        try:
            (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error:
            return False
        return not busy

    def recall(self, key: str) -> str | None:
        """The note that was last written under *key*."""
        return recall(self._db, key)

    @contextlib.contextmanager
    def readable(self) -> Iterator[None]:
        """Suppress what the disk refuses to read, and note a damaged file."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except DATABASE_ERRORS as error:
            self.damaged = self.damaged or is_damage(error)

    def _try(self, write: Write, *, durable: bool) -> bool:
        try:
            if durable:
                self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN IMMEDIATE")
            write(self._db)
            if self.lost.unwritten:
                note(self._db, COUNTS, self.lost.document())
            self._db.execute("COMMIT")
        except DATABASE_ERRORS as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise
            self.damaged = self.damaged or is_damage(error)
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            return False
        finally:
            if durable:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("PRAGMA synchronous = NORMAL")
        self.lost.unwritten = False
        return True
