"""The journal of commands and the persisted state, in the outbox's file: both change in one transaction.

A command is kept before it is acknowledged. What it did, its answer and its ack are written together, and
with them it is crossed off: killed at any moment, the VEN has done it once and answers once, or does it when
it starts again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import ANSWERS_MAX, JournalledAck, JournalledCommand
from ven_twin.ven.storage.transactions import note

TRIES = 2
"""How often a command is begun; one that ends the VEN each time is not tried for ever."""
_MEMORY = "memory"
_SET_ASIDE = "memory set aside"

logger = logging.getLogger(__name__)

Changes = Callable[[sqlite3.Connection], None]


class CommandJournal:
    """Commands, their acks and the state of a VEN on disk. Used from one thread; closed with its outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._done: set[int] = set()

    def record(self, payload: bytes, received_ts: float) -> JournalledCommand:
        """Write a command down until what it did is written.

        Raises:
            NotKeptError: the disk does not take it.
        """
        ids: list[int] = []

        def write(db: sqlite3.Connection) -> None:
            insert = "INSERT INTO inbox (payload, received_ts, tries) VALUES (?, ?, 1)"
            ids.append(int(db.execute(insert, (payload, received_ts)).lastrowid or 0))

        if not self._outbox.write(write, durable=True):
            raise NotStoredError("a command was not taken: the disk is full")
        return JournalledCommand(ids[-1], payload, received_ts)

    def unfinished(self) -> list[JournalledCommand]:
        """The commands that an earlier run began and did not finish, each counted as tried once more.

        One that was tried `TRIES` times is dropped and said.
        """
        rows = self._outbox.read("SELECT id, payload, received_ts, tries FROM inbox ORDER BY id")
        for row_id, payload, _, tries in rows:
            if tries >= TRIES:
                logger.error("a command of %d bytes ended the VEN %d times: dropped", len(payload), tries)
                self._done.add(row_id)
        counted = self.changes()

        def write(db: sqlite3.Connection) -> None:
            counted(db)
            db.execute("UPDATE inbox SET tries = tries + 1")

        if self._outbox.write(write, durable=True):
            self.written()
        return [JournalledCommand(*row[:3]) for row in rows if row[3] < TRIES]

    def answers(self) -> list[JournalledAck]:
        """The acks that are remembered, oldest first."""
        rows = self._outbox.read("SELECT correlation_id, ack FROM answers ORDER BY n")
        return [JournalledAck(str(correlation_id), bytes(ack)) for correlation_id, ack in rows]

    def persisted(self) -> bytes | None:
        """The persisted state that was written last, or None."""
        raw = self._outbox.recall(_MEMORY)
        return None if raw is None else raw.encode()

    def set_aside(self, why: str) -> None:
        """Move a persisted state that cannot be used out of the way, with a log line."""
        logger.error("what this VEN remembered %s: set aside; it goes on by its shadow", why)
        move = "UPDATE OR REPLACE memo SET key = ? WHERE key = ?"
        self._outbox.write(lambda db: db.execute(move, (_SET_ASIDE, _MEMORY)), durable=True)

    def changes(
        self,
        persisted: bytes | None = None,
        *,
        remembered: JournalledAck | None = None,
        done: JournalledCommand | None = None,
    ) -> Changes:
        """The change to write together with messages: the persisted state, an ack, a command crossed off."""
        if done is not None:
            self._done.add(done.id)

        def write(db: sqlite3.Connection) -> None:
            if persisted is not None:
                note(db, _MEMORY, persisted.decode())
            if remembered is not None:
                put = "INSERT OR REPLACE INTO answers (correlation_id, ack) VALUES (?, ?)"
                db.execute(put, remembered)
                db.execute("DELETE FROM answers WHERE n <= (SELECT max(n) FROM answers) - ?", (ANSWERS_MAX,))
            db.executemany("DELETE FROM inbox WHERE id = ?", [(row_id,) for row_id in self._done])

        return write

    def written(self) -> None:
        """The changes are on disk."""
        self._done.clear()
