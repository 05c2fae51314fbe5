"""The durable outbox: messages stay in SQLite until the broker has acknowledged them (guard 1)."""

from __future__ import annotations

import bisect
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from ven_twin.ven.storage import schema
from ven_twin.ven.storage.memo import note
from ven_twin.ven.storage.outbox_file import DiskReserve, Transactions, closed_on_failure, open_database
from ven_twin.ven.storage.recovery import Opened
from ven_twin.ven.storage.rows import (
    OTHER_RANK,
    SHED_RANK,
    Message,
    OutboxCounts,
    OutboxRow,
    PlacedRows,
    QuarantinedRow,
)

DEFAULT_CAP_BYTES = 64 * 1024 * 1024
_ROW_OVERHEAD_BYTES = 64
_INSERT = "INSERT INTO outbox (id, kind, rank, topic, payload, bytes, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE_BATCH = 50
_QUARANTINE_ROWS = 64
_QUARANTINE_PAYLOAD_BYTES = 128 * 1024

logger = logging.getLogger(__name__)


class Outbox:
    """A queue of publishes in the order they were put; a row goes only when it is acknowledged.

    One thread uses it. A put is committed before it returns; deletions go in batches, because a deletion that
    is lost in a crash only means that a message is sent twice.

    Raises:
        OutboxError: the file is locked by another process, damaged, or cannot be written.

    Attributes:
        path: the file, or None.
    """

    def __init__(
        self, path: str | Path, *, cap_bytes: int = DEFAULT_CAP_BYTES, opened: Opened | None = None
    ) -> None:
        self.path = None if str(path) == ":memory:" else Path(path)
        self._cap_bytes = cap_bytes
        self._handed_out = 0  # rows up to this id have been taken by window()
        self._again: list[int] = []  # rows below it that are to be taken once more, in order
        self._passed_over: list[int] = []  # rows below it that were passed over, in order
        self._in_flight: dict[int, int] = {}  # row id -> bytes
        self._done: set[int] = set()  # acknowledged, still to be deleted
        self._last_id = 0
        opened = opened or Opened(open_database(str(path)))
        with closed_on_failure(opened.db, str(path)):
            self._take_up(opened)

    def _take_up(self, opened: Opened) -> None:
        """Go on with the rows and counts of a file: an earlier run's, or what is whole of this one's."""
        self._db = opened.db
        self._in_memory = opened.in_memory
        on_disk = self.path is not None and opened.in_memory is None
        reserve = DiskReserve(Path(f"{self.path}-reserve") if on_disk else None)
        self._transactions = Transactions(self._db, reserve)
        opened.count_in(self._transactions.lost)
        sizes: dict[int, int] = dict(self._db.execute("SELECT id, bytes FROM outbox").fetchall())
        waiting = [size for row_id, size in sizes.items() if row_id not in self._done]
        self._depth, self._bytes = len(waiting), sum(waiting)
        self._in_flight = {row_id: size for row_id, size in self._in_flight.items() if row_id in sizes}
        ids = "SELECT id FROM outbox UNION ALL SELECT id FROM quarantine"
        query = f"SELECT ifnull(max(id), 0) FROM ({ids})"  # noqa: S608 - as it stands above
        self._last_id = max(self._last_id, *self._db.execute(query).fetchone())

    @property
    def depth(self) -> int:
        """Messages not yet acknowledged."""
        return self._depth

    @property
    def size_bytes(self) -> int:
        """Their size, by which the cap is counted."""
        return self._bytes

    @property
    def counts(self) -> OutboxCounts:
        """Everything a health page shows."""
        return self._transactions.lost.counts(self._depth, self._bytes, self._in_memory)

    def put(self, kind: str, topic: str, payload: bytes) -> int | None:
        """Keep a message until it is acknowledged; its row id, or None when it was shed or not written."""
        row_ids = self.put_all([Message(kind, topic, payload)])
        return row_ids[0] if row_ids else None

    def put_all(
        self,
        messages: Sequence[Message],
        *,
        also: Callable[[sqlite3.Connection], object] | None = None,
        durable: bool = False,
    ) -> list[int | None] | None:
        """Keep *messages* and write *also*, all in one transaction, or nothing of it.

        Returns a row id each, None for one that was shed; None for all when the disk took nothing.
        Each message finds its room as if it came alone. With *durable* it stands against a power cut, too; a
        crash of the process alone loses nothing in any case.
        """
        placed = self._placed(messages)
        if not placed.rows and also is None:
            return placed.row_ids

        def write(db: sqlite3.Connection) -> None:
            self._delete(placed.victims)
            db.executemany(_INSERT, placed.rows)
            if also is not None:
                also(db)

        for kind, _ in placed.victims.values():
            self._transactions.lost.add(shed=kind)
        matters = also is not None or any(rank > 0 for _, _, rank, *_ in placed.rows)
        if not self._transactions.commit(write, may_use_reserve=matters, durable=durable):
            for kind, _ in placed.victims.values():
                self._transactions.lost.shed[kind] -= 1
            self._transactions.lost.add(refused=len(placed.rows))
            return None
        self._depth += len(placed.rows) - len(placed.victims)
        self._bytes = placed.size_bytes
        self._last_id += len(placed.rows)
        return placed.row_ids

    def _placed(self, messages: Sequence[Message]) -> PlacedRows:
        """Find room for *messages* in turn; one that finds none is shed."""
        placed = PlacedRows(size_bytes=self._bytes)
        for kind, topic, payload in messages:
            size = len(topic) + len(payload) + _ROW_OVERHEAD_BYTES
            rank = SHED_RANK.get(kind, OTHER_RANK)
            victims = self._victims(placed.size_bytes + size - self._cap_bytes, rank, placed.victims)
            if victims is None:
                self._transactions.lost.add(shed=kind)
                placed.row_ids.append(None)
                continue
            placed.victims |= victims
            placed.size_bytes += size - sum(freed for _, freed in victims.values())
            row_id = self._last_id + 1 + len(placed.rows)
            crc = schema.checksum(kind, topic, payload)
            placed.rows.append((row_id, kind, rank, topic, payload, size, crc))
            placed.row_ids.append(row_id)
        return placed

    def write(self, change: Callable[[sqlite3.Connection], object], *, durable: bool = False) -> bool:
        """Make a change beside the messages. Returns whether it is on disk."""
        return self._transactions.commit(change, may_use_reserve=True, durable=durable)

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Rows beside the messages; none when the disk cannot be read."""
        rows: list[tuple[Any, ...]] = []
        with self._transactions.readable():
            rows += self._db.execute(query)
        return rows

    def damaged(self, rows: int) -> None:
        """Count rows that were read and are not whole."""
        self._transactions.lost.add(damaged=rows)

    @property
    def waiting(self) -> int:
        """Rows that `window` has passed over, and that wait for `let_go`; with those that were shed since."""
        return len(self._passed_over)

    def let_go(self) -> None:
        """Have `window` return the rows that it has passed over, each at its place."""
        self._again = sorted([*self._again, *self._passed_over])
        self._passed_over.clear()

    def window(self, limit: int, *, without: str | None = None) -> list[OutboxRow]:
        """Up to *limit* rows, oldest first, that are not in flight; they are in flight from now on.

        New rows of the kind *without* are passed over. Where there are many of them it may return fewer
        rows than there are: it is to be called again as long as `waiting` grows.
        """
        rows: list[OutboxRow] = []
        if self._depth <= len(self._in_flight):  # none waits, and the file need not be read for that
            return rows
        with self._transactions.readable():  # an unreadable disk yields nothing now, perhaps later
            while self._again and len(rows) < limit:
                rows += self._take("id = ?", self._again[0], 1)
                del self._again[0]
            rows += self._take("id > ?", self._handed_out, limit - len(rows), without)
        return rows

    def acked(self, row_id: int) -> None:
        """Delete a row that the broker acknowledged. One that is not in flight is left alone."""
        if self._settle(row_id):
            self._done.add(row_id)
            if len(self._done) >= _DELETE_BATCH or not self._in_flight:
                self.flush()

    def quarantine(self, row_id: int, reason: str, *, damaged: bool = False) -> None:
        """Put a row in flight aside because it cannot be sent; only the newest such rows are kept."""
        self._settle(row_id)
        self._transactions.lost.add(quarantined=not damaged, damaged=damaged)

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR REPLACE INTO quarantine"
                " SELECT id, kind, topic, substr(payload, 1, ?), ? FROM outbox WHERE id = ?",
                (_QUARANTINE_PAYLOAD_BYTES, reason, row_id),
            )
            self._delete([row_id])
            db.execute(
                "DELETE FROM quarantine WHERE id NOT IN (SELECT id FROM quarantine ORDER BY id DESC LIMIT ?)",
                (_QUARANTINE_ROWS,),
            )

        if not self._transactions.commit(write, may_use_reserve=True):
            self._done.add(row_id)

    def release(self, row_id: int | None = None) -> None:
        """Take a row, or all of them, out of flight, to be sent again in order."""
        if row_id is None:
            self.flush()
            self._in_flight.clear()
            self._again.clear()
            self._passed_over.clear()
            self._handed_out = 0
        elif self._in_flight.pop(row_id, None) is not None:
            bisect.insort(self._again, row_id)

    def quarantined(self) -> list[QuarantinedRow]:
        """The rows that were put aside, newest first."""
        rows = self._db.execute("SELECT id, kind, topic, payload, reason FROM quarantine ORDER BY id DESC")
        return [QuarantinedRow(*row) for row in rows]

    def remember(self, key: str, value: str) -> None:
        """Write a note beside the messages, such as the acknowledged subscriptions."""
        self.write(lambda db: note(db, key, value))

    def recall(self, key: str) -> str | None:
        """The note that was last written under *key*."""
        return self._transactions.recall(key)

    def flush(self) -> None:
        """Delete what has been acknowledged; what the disk refuses to delete is not sent again either."""
        if not self._done:
            return
        if self._transactions.commit(lambda _: self._delete(self._done), may_use_reserve=True):
            self._done.clear()
            self._transactions.reserve.retake()

    def close(self) -> None:
        """Delete what has been acknowledged and close the file; safe to repeat."""
        with contextlib.closing(self._db), contextlib.suppress(sqlite3.ProgrammingError):  # closed before
            self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, condition: str, value: int, limit: int, without: str | None = None) -> list[OutboxRow]:
        columns = "id, bytes, checksum, kind, topic, payload"
        query = f"SELECT {columns} FROM outbox WHERE {condition} ORDER BY id LIMIT ?"  # noqa: S608 - both conditions are above
        rows: list[OutboxRow] = []
        damaged: list[int] = []
        for row_id, size, crc, *row in self._db.execute(query, (value, limit + len(self._done))):
            if len(rows) == limit:
                break
            self._handed_out = max(self._handed_out, row_id)
            if row_id in self._done:
                continue
            if row[0] == without:
                self._passed_over.append(row_id)
                continue
            self._in_flight[row_id] = size
            if schema.is_whole(crc, *row):
                rows.append(OutboxRow(row_id, *row))
            else:
                damaged.append(row_id)
        for row_id in damaged:
            logger.error("message %d is damaged: put aside", row_id)
            self.quarantine(row_id, "its checksum is another: it was damaged on the disk", damaged=True)
        return rows

    def _settle(self, row_id: int) -> bool:
        size = self._in_flight.pop(row_id, None)
        if size is not None:
            self._depth -= 1
            self._bytes -= size
        return size is not None

    def _victims(
        self, excess: int, rank: int, chosen: Mapping[int, object]
    ) -> dict[int, tuple[str, int]] | None:
        """Rows to shed for *excess* bytes: none of a rank above *rank*; None when that is not enough."""
        victims: dict[int, tuple[str, int]] = {}
        if excess <= 0:
            return victims
        query = "SELECT id, kind, bytes FROM outbox WHERE rank <= ? ORDER BY rank, id"
        with contextlib.suppress(sqlite3.Error):
            for row_id, kind, size in self._db.execute(query, (rank,)):
                if row_id not in self._in_flight and row_id not in self._done and row_id not in chosen:
                    victims[row_id] = (kind, size)
                    excess -= size
                    if excess <= 0:
                        return victims
        return None

    def _delete(self, row_ids: Mapping[int, object] | set[int] | list[int]) -> None:
        self._db.executemany("DELETE FROM outbox WHERE id = ?", [(row_id,) for row_id in row_ids])
