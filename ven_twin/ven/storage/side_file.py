"""A file of the VEN's own beside its outbox, for what no message depends on.

What the disk refuses is not kept, and disturbs nobody. A damaged file is set aside and begun anew.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ven_twin.ven.storage.memo import DATABASE_ERRORS
from ven_twin.ven.storage.outbox_file import is_damage
from ven_twin.ven.storage.recovery import set_aside

T = TypeVar("T")
CACHE_KIB = 256
"""Pages of the file that stay in memory: a VEN's host has little, and a write is a row or two."""

logger = logging.getLogger(__name__)


class SideFile:
    """The file at *path*, opened at its first use; one thread uses it. What the disk does raises nothing."""

    what = "this file"
    """The contents, in a word for the log."""
    tables: Sequence[str] = ()
    """The statements that make its tables."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._is_out = False

    def close(self) -> None:
        """Close the file; safe to repeat."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def _use(self, use: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Use the database; returns the result of *use*, or *otherwise* where the disk refuses."""
        try:
            if self._db is None:
                self._db = _opened(self._path, self.tables)
            result = use(self._db)
        except (OSError, *DATABASE_ERRORS) as error:
            self.close()
            if is_damage(error):
                self._begin_anew(error)
            elif not self._is_out:
                self._is_out = True
                logger.warning("%s is not kept for now: %s", self.what, error)
            return otherwise
        self._is_out = False
        return result

    def _begin_anew(self, error: Exception) -> None:
        """Set a damaged file aside, in place of the one that was before; the next use makes another."""
        for old in self._path.parent.glob(f"{self._path.name}.damaged*"):
            with contextlib.suppress(OSError):
                old.unlink()
        try:
            aside = set_aside(self._path, "damaged")
        except OSError as refusal:
            logger.warning("%s is damaged (%s) and stays where it is: %s", self.what, error, refusal)
            return
        logger.error("%s is damaged (%s): set aside as %s, begun anew", self.what, error, aside.name)


def in_transaction(db: sqlite3.Connection, write: Callable[[sqlite3.Connection], None]) -> None:
    """Do all that *write* does, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        write(db)
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _opened(path: Path, tables: Sequence[str]) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=0.2, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        for table in tables:
            db.execute(table)
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    """Raises: sqlite3.DatabaseError, as of damage, where a page of the file is none."""
    (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        error = sqlite3.DatabaseError(state)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
