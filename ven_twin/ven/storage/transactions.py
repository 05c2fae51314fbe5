"""Writes to the outbox's file: each whole or not at all, with the count of the messages that were lost."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable

from ven_twin.ven.storage.disk_reserve import DiskReserve

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
