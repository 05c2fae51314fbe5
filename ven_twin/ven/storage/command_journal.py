"""The journal of commands and the persisted state, in the outbox's file: both change in one transaction.

A command is kept before it is acknowledged. What it did, its answer and its ack are written together, and
with them it is crossed off: killed at any moment, the VEN has done it once and answers once, or does it when
it starts again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contracts.errors import MalformedError
from contracts.wire.ids import CorrelationId, LoadId, VenId
from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.sessions import VenSession
from ven_twin.ven.storage import schema
from ven_twin.ven.storage.memo import note
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.persisted_state import PersistedState, read_state, write_state
from ven_twin.ven.storage.rows import ANSWERS_MAX, JournalledAck, JournalledCommand, Message

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
            NotStoredError: the disk does not take it.
        """
        row_id: int

        def write(db: sqlite3.Connection) -> None:
            nonlocal row_id
            row = (payload, received_ts, schema.checksum(payload))
            db.execute("INSERT INTO inbox (payload, received_ts, tries, checksum) VALUES (?, ?, 1, ?)", row)
            (row_id,) = db.execute("SELECT last_insert_rowid()").fetchone()

        if not self._outbox.write(write, durable=True):
            raise NotStoredError("a command was not taken: the disk is full")
        return JournalledCommand(row_id, payload, received_ts)

    def unfinished(self) -> list[JournalledCommand]:
        """The commands that an earlier run began and did not finish, each counted as tried once more.

        One that was tried `TRIES` times is dropped and said.
        """
        read = self._outbox.read("SELECT id, payload, received_ts, tries, checksum FROM inbox ORDER BY id")
        rows = [row[:4] for row in read if schema.is_whole(row[4], row[1])]
        if len(rows) < len(read):
            logger.error("%d commands are damaged: dropped", len(read) - len(rows))
            self._outbox.damaged(len(read) - len(rows))
            self._done.update(row[0] for row in read if not schema.is_whole(row[4], row[1]))
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
        rows = self._outbox.read("SELECT checksum, correlation_id, ack FROM answers ORDER BY n")
        whole = [JournalledAck(CorrelationId(row[1]), row[2]) for row in rows if schema.is_whole(*row)]
        if len(whole) < len(rows):
            logger.error("%d answers are damaged: their commands may be done again", len(rows) - len(whole))
            self._outbox.damaged(len(rows) - len(whole))
        return whole

    def persisted(self) -> bytes | None:
        """The persisted state that was written last, or None. Raises MalformedError when it is damaged."""
        rows = self._outbox.read(f"SELECT checksum, value FROM memo WHERE key = '{_MEMORY}'")  # noqa: S608
        if not rows:
            return None
        if not schema.is_whole(*rows[0]):
            raise MalformedError("is damaged: its checksum is another")
        return str(rows[0][1]).encode()

    def set_aside(self, why: str) -> None:
        """Move a persisted state that cannot be used out of the way, with a log line and a count."""
        self._outbox.damaged(1)
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
                put = "INSERT OR REPLACE INTO answers (correlation_id, ack, checksum) VALUES (?, ?, ?)"
                db.execute(put, (*remembered, schema.checksum(*remembered)))
                db.execute("DELETE FROM answers WHERE n <= (SELECT max(n) FROM answers) - ?", (ANSWERS_MAX,))
            db.executemany("DELETE FROM inbox WHERE id = ?", [(row_id,) for row_id in self._done])

        return write

    def written(self) -> None:
        """The changes are on disk."""
        self._done.clear()


class StateStore:
    """Writes messages and persisted state together, so that nothing is announced twice or done unrecorded.

    Attributes:
        journal: the journal of commands beside it.
    """

    def __init__(self, journal: CommandJournal) -> None:
        self.journal = journal
        self._written: tuple[Any, Mapping[str, object], Any] | None = None

    def read(self, ven_id: VenId, load_ids: frozenset[LoadId]) -> PersistedState | None:
        """The state of an earlier run, or None; one that cannot be used is set aside."""
        try:
            raw = self.journal.persisted()
            return None if raw is None else read_state(raw, ven_id, load_ids)
        except MalformedError as error:
            self.journal.set_aside(str(error))
            return None

    def save(
        self,
        session: VenSession,
        persisted: PersistedState,
        messages: Sequence[Message],
        *,
        remembered: JournalledAck | None = None,
        done: JournalledCommand | None = None,
    ) -> None:
        """Enqueue *messages* and write *persisted* with them, when either is news.

        A change of settings, events or shadow is made durable against a power cut; meters alone are not.
        """
        now = (persisted.state, persisted.pending, persisted.last_event)
        news = now != self._written or remembered is not None or done is not None
        if not news and not messages:
            return
        changes = self.journal.changes(write_state(persisted), remembered=remembered, done=done)
        if session.publish_all(messages, also=changes, durable=news) is not None:
            self._written = now
            self.journal.written()
