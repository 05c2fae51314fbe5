"""Notifications that wait for their receiver, and what was told, in a file beside the VEN's outbox.

What is told and what waits change in one transaction: whenever the process is killed, a moment is owing or
waits, never both and never neither. A row goes when the receiver has taken it, so that one whose answer was
lost is sent again, under its id.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from contracts.wire import codec
from contracts.wire.notifications import Notification
from ven_twin.ven.storage.side_file import SideFile, in_transaction
from ven_twin.ven.webhook.changes import NotifiedState

FILE = "notifications.sqlite"
ROWS_MAX = 200
"""So many wait at the most; then the oldest goes. Interpretation: a month of a busy program."""
AGE_MAX_S = 86_400.0
"""A notification that has waited longer is not sent. Interpretation: after a day it is no news."""

_WAITING = """CREATE TABLE IF NOT EXISTS waiting (
  row_id INTEGER PRIMARY KEY AUTOINCREMENT, put_ts REAL NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL)"""
_NOTIFIED = "CREATE TABLE IF NOT EXISTS told (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL)"


class WaitingRow(NamedTuple):
    """A notification that waits: its row, when it was put there, its id and its body."""

    row_id: int
    put_ts: float
    id: str
    body: bytes


class NotificationStore(SideFile):
    """The file in *folder*, as a `SideFile` is."""

    what = "the webhook's file"
    tables = (_WAITING, _NOTIFIED)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE)

    def notified(self) -> NotifiedState | None:
        """The state that an earlier run has told of; None without one, or where the file cannot be read."""
        row = self._use(lambda db: db.execute("SELECT body FROM told").fetchone(), None)
        with contextlib.suppress(msgspec.MsgspecError):
            return None if row is None else msgspec.json.decode(row[0], type=NotifiedState)
        return None

    def put(self, notified: NotifiedState, notifications: Sequence[Notification], now_ts: float) -> bool:
        """Have *notifications* wait, after which all is *notified*; returns whether it is on the disk."""

        def write(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO waiting (put_ts, id, body) VALUES (?, ?, ?)",
                [(now_ts, notification.id, codec.encode(notification)) for notification in notifications],
            )
            newest = "SELECT row_id FROM waiting ORDER BY row_id DESC LIMIT ?"
            db.execute(f"DELETE FROM waiting WHERE row_id NOT IN ({newest})", (ROWS_MAX,))  # noqa: S608
            db.execute("INSERT OR REPLACE INTO told (one, body) VALUES (1, ?)", (codec.encode(notified),))

        def put(db: sqlite3.Connection) -> bool:
            in_transaction(db, write)
            return True

        return self._use(put, otherwise=False)

    def first(self, now_ts: float) -> WaitingRow | None:
        """The notification that waits longest; what has waited longer than `AGE_MAX_S` is deleted."""

        def read(db: sqlite3.Connection) -> WaitingRow | None:
            db.execute("DELETE FROM waiting WHERE put_ts < ?", (now_ts - AGE_MAX_S,))
            columns = "row_id, put_ts, id, body"
            row = db.execute(f"SELECT {columns} FROM waiting ORDER BY row_id LIMIT 1").fetchone()  # noqa: S608
            return None if row is None else WaitingRow(*row)

        return self._use(read, None)

    def done(self, row: WaitingRow) -> None:
        """Delete a notification that was taken, or that is given up."""
        self._use(lambda db: db.execute("DELETE FROM waiting WHERE row_id = ?", (row.row_id,)), None)

    def count(self) -> int:
        """Count those that wait."""
        return self._use(lambda db: int(db.execute("SELECT count(*) FROM waiting").fetchone()[0]), 0)
