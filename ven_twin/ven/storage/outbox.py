"""The durable outbox: what the VEN says is kept in SQLite until the broker has acknowledged it (guard 1)."""

from __future__ import annotations

import bisect
import contextlib
import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ven_twin.ven import clock
from ven_twin.ven.errors import OutboxDamagedError
from ven_twin.ven.storage.disk_reserve import DiskReserve
from ven_twin.ven.storage.outbox_file import closed_on_failure, open_database, set_aside
from ven_twin.ven.storage.rows import Message, OutboxCounts, OutboxRow, QuarantinedRow

DEFAULT_CAP_BYTES = 64 * 1024 * 1024
_ROW_OVERHEAD_BYTES = 64
_DELETE_BATCH = 50
_QUARANTINE_ROWS = 64
_QUARANTINE_PAYLOAD_BYTES = 128 * 1024

_SHED_RANK: Mapping[str, int] = {"telemetry": 0, "ack": 2, "event": 2}
"""Order of shedding, lowest first; a kind that is not named stands between."""
_OTHER_RANK = 1
_COUNTS = "let go"

logger = logging.getLogger(__name__)


def open_outbox(path: Path, *, cap_bytes: int = DEFAULT_CAP_BYTES) -> Outbox:
    """The outbox in *path*; a damaged file is set aside, and an empty one takes its place.

    Raises:
        OutboxError: another process uses it, or it cannot be written.
    """
    try:
        return Outbox(path, cap_bytes=cap_bytes)
    except OutboxDamagedError as error:
        logger.error("%s: set aside as %s", error, set_aside(path, clock.now_ts()).name)  # noqa: TRY400
        return Outbox(path, cap_bytes=cap_bytes)


class Outbox:
    """A queue of publishes in the order they were put; a row goes only when it is acknowledged.

    It is used from one thread. A put is committed before it returns; deletions go in batches, because a
    deletion that is lost in a crash only means that a message is sent twice.

    Raises:
        OutboxError: the file is locked by another process, damaged, or cannot be written.
    """

    def __init__(self, path: str | Path, *, cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        self._cap_bytes = cap_bytes
        self._db = open_database(str(path))
        with closed_on_failure(self._db, str(path)):
            self._take_up(path)

    def _take_up(self, path: str | Path) -> None:
        """Go on with the rows and counts that an earlier run left."""
        self._reserve = DiskReserve(None if str(path) == ":memory:" else Path(f"{path}-reserve"))
        depth, held, last = self._db.execute(
            "SELECT count(*), ifnull(sum(bytes), 0), max(id) FROM outbox"
        ).fetchone()
        (last_quarantined,) = self._db.execute("SELECT max(id) FROM quarantine").fetchone()
        self._depth: int = depth
        self._bytes: int = held
        self._last_id: int = max(last or 0, last_quarantined or 0)
        self._handed_out = 0  # rows up to this id have been taken by window()
        self._again: list[int] = []  # rows below it that are to be taken once more, in order
        self._in_flight: dict[int, int] = {}  # row id -> bytes
        self._done: set[int] = set()  # acknowledged, still to be deleted
        let_go = json.loads(self.recall(_COUNTS) or "{}")
        self._shed: Counter[str] = Counter(let_go.get("shed", {}))
        self._refused: int = let_go.get("refused", 0)
        self._quarantined: int = let_go.get("quarantined", 0)
        self._uncounted = False

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
        return OutboxCounts(self._depth, self._bytes, dict(self._shed), self._refused, self._quarantined)

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

        Each message finds its room as if it came alone. With *durable* it stands against a power cut, too;
        a crash of the process alone loses nothing in any case.
        """
        victims: dict[int, tuple[str, int]] = {}
        rows: list[tuple[int, Message, int, int] | None] = []
        held = self._bytes
        for message in messages:
            size = len(message.topic) + len(message.payload) + _ROW_OVERHEAD_BYTES
            rank = _SHED_RANK.get(message.kind, _OTHER_RANK)
            more = self._victims(held + size - self._cap_bytes, rank, victims)
            if more is None:
                self._let_go(shed=message.kind)
                rows.append(None)
                continue
            victims |= more
            held += size - sum(freed for _, freed in more.values())
            rows.append((self._last_id + 1 + sum(row is not None for row in rows), message, rank, size))
        kept = [row for row in rows if row is not None]
        if not kept and also is None:
            return [None for _ in rows]

        def write(db: sqlite3.Connection) -> None:
            self._delete(victims)
            for row_id, (kind, topic, payload), rank, size in kept:
                insert = "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?)"
                db.execute(insert, (row_id, kind, rank, topic, payload, size))
            if also is not None:
                also(db)

        for victim_kind, _ in victims.values():
            self._let_go(shed=victim_kind)
        matters = also is not None or any(rank > 0 for _, _, rank, _ in kept)
        if not self._committed(write, may_use_reserve=matters, durable=durable):
            for victim_kind, _ in victims.values():
                self._shed[victim_kind] -= 1
            self._refused += len(kept)
            self._uncounted = True
            return None
        self._depth += len(kept) - len(victims)
        self._bytes = held
        self._last_id += len(kept)
        return [None if row is None else row[0] for row in rows]

    def write(self, change: Callable[[sqlite3.Connection], object], *, durable: bool = False) -> bool:
        """Make a change to what is kept beside the messages; whether it is on disk."""
        return self._committed(change, may_use_reserve=True, durable=durable)

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """What is kept beside the messages; nothing when the disk cannot be read."""
        with contextlib.suppress(sqlite3.Error):
            return list(self._db.execute(query))
        return []

    def window(self, limit: int) -> list[OutboxRow]:
        """Up to *limit* rows, oldest first, that are not in flight; they are in flight from now on."""
        rows: list[OutboxRow] = []
        with contextlib.suppress(sqlite3.Error):  # an unreadable disk yields nothing now, perhaps later
            while self._again and len(rows) < limit:
                rows += self._take("id = ?", self._again[0], 1)
                del self._again[0]
            if len(rows) < limit and self._handed_out < self._last_id:
                rows += self._take("id > ?", self._handed_out, limit - len(rows))
        return rows

    def acked(self, row_id: int) -> None:
        """Delete a row that the broker acknowledged. One that is not in flight is left alone."""
        if self._settle(row_id):
            self._done.add(row_id)
            if len(self._done) >= _DELETE_BATCH or not self._in_flight:
                self.flush()

    def quarantine(self, row_id: int, reason: str) -> None:
        """Put a row in flight aside because it cannot be sent; only the newest such rows are kept."""
        self._settle(row_id)
        self._quarantined += 1
        self._uncounted = True

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

        if not self._committed(write, may_use_reserve=True):
            self._done.add(row_id)

    def release(self, row_id: int | None = None) -> None:
        """Take a row, or all of them, out of flight, to be sent again in order."""
        if row_id is None:
            self.flush()
            self._in_flight.clear()
            self._again.clear()
            self._handed_out = 0
        elif self._in_flight.pop(row_id, None) is not None:
            bisect.insort(self._again, row_id)

    def quarantined(self) -> list[QuarantinedRow]:
        """What was put aside, newest first."""
        rows = self._db.execute("SELECT id, kind, topic, payload, reason FROM quarantine ORDER BY id DESC")
        return [QuarantinedRow(*row) for row in rows]

    def remember(self, key: str, value: str) -> None:
        """Keep a small fact beside the messages, such as what the session has subscribed to."""
        self.write(lambda db: db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", (key, value)))

    def recall(self, key: str) -> str | None:
        """The fact last remembered under *key*."""
        with contextlib.suppress(sqlite3.Error):
            row = self._db.execute("SELECT value FROM memo WHERE key = ?", (key,)).fetchone()
            return None if row is None else str(row[0])
        return None

    def flush(self) -> None:
        """Delete what has been acknowledged; what the disk refuses to delete is not sent again either."""
        if self._done and self._committed(lambda _: self._delete(self._done), may_use_reserve=True):
            self._done.clear()
            self._reserve.retake()

    def close(self) -> None:
        """Delete what has been acknowledged and close the file; safe to repeat."""
        with contextlib.closing(self._db), contextlib.suppress(sqlite3.ProgrammingError):  # closed before
            self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, condition: str, value: int, limit: int) -> list[OutboxRow]:
        query = f"SELECT id, kind, topic, payload, bytes FROM outbox WHERE {condition} ORDER BY id LIMIT ?"  # noqa: S608 - both conditions are above
        taken: list[OutboxRow] = []
        for row_id, kind, topic, payload, size in self._db.execute(query, (value, limit + len(self._done))):
            if len(taken) == limit:
                break
            self._handed_out = max(self._handed_out, row_id)
            if row_id not in self._done:
                self._in_flight[row_id] = size
                taken.append(OutboxRow(row_id, kind, topic, payload))
        return taken

    def _settle(self, row_id: int) -> bool:
        size = self._in_flight.pop(row_id, None)
        if size is None:
            return False
        self._depth -= 1
        self._bytes -= size
        return True

    def _victims(
        self, excess: int, rank: int, taken: Mapping[int, object]
    ) -> dict[int, tuple[str, int]] | None:
        """Rows to shed for *excess* bytes: none of a rank above *rank*; None when that is not enough."""
        victims: dict[int, tuple[str, int]] = {}
        if excess <= 0:
            return victims
        query = "SELECT id, kind, bytes FROM outbox WHERE rank <= ? ORDER BY rank, id"
        with contextlib.suppress(sqlite3.Error):
            for row_id, kind, held in self._db.execute(query, (rank,)):
                if row_id not in self._in_flight and row_id not in self._done and row_id not in taken:
                    victims[row_id] = (kind, held)
                    excess -= held
                    if excess <= 0:
                        return victims
        return None

    def _let_go(self, *, shed: str) -> None:
        self._shed[shed] += 1
        self._uncounted = True

    def _delete(self, row_ids: Mapping[int, object] | set[int] | list[int]) -> None:
        self._db.executemany("DELETE FROM outbox WHERE id = ?", [(row_id,) for row_id in row_ids])

    def _committed(
        self,
        write: Callable[[sqlite3.Connection], object],
        *,
        may_use_reserve: bool,
        durable: bool = False,
    ) -> bool:
        """Whether *write* went to the disk, if need be into the space held back; nothing is raised."""
        if self._try(write, durable=durable):
            return True
        return may_use_reserve and self._reserve.give_up() and self._try(write, durable=durable)

    def _try(self, write: Callable[[sqlite3.Connection], object], *, durable: bool) -> bool:
        try:
            if durable:
                self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN IMMEDIATE")
            write(self._db)
            if self._uncounted:  # what was let go is counted in the transaction that lets it go
                counts = {"shed": self._shed, "refused": self._refused, "quarantined": self._quarantined}
                self._db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", (_COUNTS, json.dumps(counts)))
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
        self._uncounted = False
        return True
