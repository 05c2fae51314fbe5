"""The book of a VTN's events, and the reports that wait for it, in a file beside the VEN's outbox.

What is booked as filed and what waits change in one transaction: killed at any moment, the VEN owes a report
or it waits, never both and never neither. A report is marked before it is sent for the first time. One that
was marked, and whose answer nobody knows, is looked for at the VTN before it is sent again.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ven_twin.ven.openadr.book import BookOfEvents
from ven_twin.ven.openadr.reporting import DueReport
from ven_twin.ven.storage.side_file import SideFile, in_transaction

FILE = "openadr.sqlite"
ROWS_MAX = 500
"""So many reports wait at the most; then the oldest goes."""
AGE_MAX_S = 7 * 86_400.0
"""A report that has waited longer is not sent."""

_WAITING = """CREATE TABLE IF NOT EXISTS waiting (
  row_id INTEGER PRIMARY KEY AUTOINCREMENT, put_ts REAL NOT NULL, event_id TEXT NOT NULL, name TEXT NOT NULL,
  body BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0, UNIQUE (event_id, name))"""
_BOOK = "CREATE TABLE IF NOT EXISTS book (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL)"


class WaitingReport(NamedTuple):
    """A report that waits: its row, its event, its name and body, and whether it may have been filed."""

    row_id: int
    event_id: str
    name: str
    body: bytes
    sent: int


class VtnStore(SideFile):
    """The file in *folder*, as a `SideFile` is."""

    what = "the VTN's file"
    tables = (_WAITING, _BOOK)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE)

    def book(self, link: str) -> BookOfEvents | None:
        """The book of an earlier run with the same *link*; None without one, or where it cannot be read."""
        row = self._use(lambda db: db.execute("SELECT body FROM book").fetchone(), None)
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            book = None if row is None else msgspec.json.decode(row[0], type=BookOfEvents)
            if book is not None and book.link == link:
                return book
        self._use(lambda db: db.execute("DELETE FROM waiting"), None)
        return None

    def put(self, book: BookOfEvents, reports: Sequence[DueReport], now_ts: float) -> bool:
        """Have *reports* wait, after which the book is *book*; returns whether it is on the disk."""

        def write(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT OR IGNORE INTO waiting (put_ts, event_id, name, body) VALUES (?, ?, ?, ?)",
                [(now_ts, one.event_id, one.name, msgspec.json.encode(one.request)) for one in reports],
            )
            newest = "SELECT row_id FROM waiting ORDER BY row_id DESC LIMIT ?"
            db.execute(f"DELETE FROM waiting WHERE row_id NOT IN ({newest})", (ROWS_MAX,))  # noqa: S608
            db.execute("INSERT OR REPLACE INTO book (one, body) VALUES (1, ?)", (msgspec.json.encode(book),))

        def put(db: sqlite3.Connection) -> bool:
            in_transaction(db, write)
            return True

        return self._use(put, otherwise=False)

    def first(self, now_ts: float) -> WaitingReport | None:
        """The report that waits longest; what has waited longer than `AGE_MAX_S` is deleted."""

        def read(db: sqlite3.Connection) -> WaitingReport | None:
            db.execute("DELETE FROM waiting WHERE put_ts < ?", (now_ts - AGE_MAX_S,))
            columns = "row_id, event_id, name, body, sent"
            row = db.execute(f"SELECT {columns} FROM waiting ORDER BY row_id LIMIT 1").fetchone()  # noqa: S608
            return None if row is None else WaitingReport(*row)

        return self._use(read, None)

    def sending(self, row: WaitingReport) -> None:
        """Mark a report that is about to be sent."""
        self._use(lambda db: db.execute("UPDATE waiting SET sent = 1 WHERE row_id = ?", (row.row_id,)), None)

    def done(self, row: WaitingReport) -> None:
        """Delete a report that the VTN has, or that it never takes."""
        self._use(lambda db: db.execute("DELETE FROM waiting WHERE row_id = ?", (row.row_id,)), None)

    def count(self) -> int:
        """Count the reports that wait."""
        return self._use(lambda db: int(db.execute("SELECT count(*) FROM waiting").fetchone()[0]), 0)
