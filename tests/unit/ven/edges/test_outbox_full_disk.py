"""The outbox on a disk that is full: nothing is raised, all is counted, and some space is kept back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.outboxes import KB, ROW, on_disk, payloads
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.outbox_file import RESERVE_BYTES
from ven_twin.ven.storage.rows import Message


class DiskFull:
    """A connection on a disk that takes no more writes, for as long as *full* says."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.full = True
        self.full_while: Callable[[], bool] = lambda: True

    def execute(self, sql: str, *args: Any) -> Any:
        """Refuse what writes."""
        if self.full and self.full_while() and sql.startswith(("INSERT", "COMMIT")):
            raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(sql, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def fill_disk(outbox: Outbox) -> DiskFull:
    """Let the disk under *outbox* be full."""
    full = DiskFull(outbox._db)
    outbox._db = outbox._transactions._db = full  # type: ignore[assignment]
    return full


def test_a_full_disk_is_counted_and_not_raised(outbox: Outbox) -> None:
    """What the disk refuses returns None and is counted; when there is room again, it goes on."""
    outbox.put("event", "t", b"before")
    disk = fill_disk(outbox)
    assert outbox.put("event", "t", b"refused") is None
    assert outbox.put("telemetry", "t", b"refused") is None
    assert (outbox.counts.refused, outbox.depth) == (2, 1)
    disk.full = False
    assert outbox.put("event", "t", b"after") is not None
    assert payloads(outbox) == [b"before", b"after"]


def test_a_disk_too_full_to_delete_sends_nothing_twice(outbox: Outbox) -> None:
    """What is acknowledged while deleting fails is not sent again, and deleted later."""
    for payload in (b"0", b"1"):
        outbox.put("event", "t", payload)
    first, second = outbox.window(2)
    outbox.put("event", "t", b"2")
    disk = fill_disk(outbox)
    outbox.acked(first.id)
    outbox.quarantine(second.id, "bad")
    outbox.release()
    for limit in (1, 3, 1000):
        assert payloads(outbox, limit) == [b"2"]
        outbox.release()
    assert outbox.depth == 1
    disk.full = False
    outbox.flush()
    assert on_disk(outbox) == 1


def test_nothing_of_a_batch_that_the_disk_refuses_counts(path: Path) -> None:
    """Neither the new messages nor what was to make room for them: all that was there stays."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        for letter in (b"1", b"2"):
            outbox.put("telemetry", "t", letter * ROW)
        disk = fill_disk(outbox)
        for _ in range(2):
            assert outbox.put_all([Message("ack", "t", bytes(ROW)), Message("ack", "t", bytes(ROW))]) is None
        assert outbox.write(lambda db: db.execute("INSERT INTO memo (key, value) VALUES ('a', 'b')")) is False
        counts = outbox.counts
        assert (set(counts.shed.values()), counts.refused) == ({0}, 4)
        assert (outbox.depth, outbox.size_bytes) == (2, 2 * KB)
        disk.full = False
        assert outbox.put("ack", "t", b"3") == 3
        assert [payload[:1] for payload in payloads(outbox)] == [b"2", b"3"]


def test_a_database_that_cannot_grow_refuses_and_recovers(outbox: Outbox) -> None:
    """SQLite's own "database or disk is full" leaves every row intact, and deleting makes room."""
    outbox._db.execute("PRAGMA max_page_count = 80")
    stored = 0
    while outbox.put("event", "t", bytes(ROW)) is not None:
        stored += 1
    assert stored > 10
    assert outbox.counts.refused == 1
    rows = outbox.window(1000)
    assert len(rows) == stored
    for row in rows:
        outbox.acked(row.id)
    assert outbox.put("event", "t", bytes(ROW)) is not None


def no_change(_: sqlite3.Connection) -> None:
    """Write nothing beside the messages."""


USES_OF_THE_RESERVE: Mapping[str, tuple[Callable[[Outbox], object], bool]] = {
    "telemetry": (lambda outbox: outbox.put("telemetry", "t", b"x"), False),
    "loads": (lambda outbox: outbox.put("loads", "t", b"x"), True),
    "an ack": (lambda outbox: outbox.put("ack", "t", b"x"), True),
    "telemetry and an ack": (
        lambda outbox: outbox.put_all([Message("telemetry", "t", b"x"), Message("ack", "t", b"x")]),
        True,
    ),
    "telemetry and a state": (
        lambda outbox: outbox.put_all([Message("telemetry", "t", b"x")], also=no_change),
        True,
    ),
    "a note": (lambda outbox: outbox.remember("key", "value"), True),
    "deleting what was acknowledged": (lambda outbox: outbox.acked(1), True),
    "putting a row aside": (lambda outbox: outbox.quarantine(1, "bad"), True),
}


@pytest.mark.parametrize("use", USES_OF_THE_RESERVE)
def test_space_is_held_back_for_what_matters(path: Path, outbox: Outbox, use: str) -> None:
    """On a full disk all but telemetry alone may use the reserve of 256 KB."""
    reserve = path.with_name("outbox.db-reserve")
    assert reserve.stat().st_size == 256 * KB
    outbox.put("telemetry", "t", b"sent")
    outbox.window(1)
    fill_disk(outbox)
    act, gives_up = USES_OF_THE_RESERVE[use]
    act(outbox)
    assert reserve.exists() is not gives_up


def sizes_bytes(path: Path) -> dict[str, int]:
    """The sizes of an outbox's files, by what stands behind the path."""
    return {
        file.name.removeprefix(path.name): file.stat().st_size for file in path.parent.glob(f"{path.name}*")
    }


def test_an_empty_outbox_is_not_stopped_by_its_own_log(path: Path, outbox: Outbox) -> None:
    """On a disk that takes no more, the log is emptied into the database before anything is refused."""
    outbox._db.execute("PRAGMA wal_autocheckpoint = 0")
    while sizes_bytes(path)["-wal"] < 8 * RESERVE_BYTES:
        row_id = outbox.put("ack", "t", bytes(ROW))
        assert row_id is not None
        assert outbox.window(1)
        outbox.acked(row_id)
    assert outbox.depth == 0
    disk, full_bytes = fill_disk(outbox), sum(sizes_bytes(path).values())
    disk.full_while = lambda: sum(sizes_bytes(path).values()) >= full_bytes
    for kind in ("telemetry", "ack"):
        assert outbox.put(kind, "t", b"x") is not None
    assert sizes_bytes(path)["-wal"] < RESERVE_BYTES
    assert sizes_bytes(path)["-reserve"] == RESERVE_BYTES, "the reserve is for what comes after"
    assert outbox.counts.refused == 0


def test_an_outbox_that_is_empty_leaves_no_long_log(path: Path) -> None:
    """Once a tick a log above 256 KB is emptied, if nothing waits; a short one is left alone."""
    with MendingOutbox.open(path) as outbox:
        outbox._db.execute("PRAGMA wal_autocheckpoint = 0")
        statements: list[str] = []
        outbox._db.set_trace_callback(statements.append)
        for _ in range(300):
            row_id = outbox.put("telemetry", "t", bytes(ROW))
            assert row_id is not None
            outbox.window(1)
            outbox.tend()
            outbox.acked(row_id)
            outbox.tend()
        outbox._db.set_trace_callback(None)
        assert sizes_bytes(path)["-wal"] < RESERVE_BYTES + 16 * KB
        emptied = sum("wal_checkpoint" in statement for statement in statements)
        assert 0 < emptied < 50


def test_a_log_is_emptied_before_the_reserve_is_given_up_and_after(path: Path, outbox: Outbox) -> None:
    """Both make room; a disk that refuses even that refuses the row, which is counted."""
    disk = fill_disk(outbox)
    statements: list[str] = []
    outbox._db.set_trace_callback(statements.append)
    assert outbox.put("ack", "t", b"x") is None
    outbox._db.set_trace_callback(None)
    assert [statement for statement in statements if "wal_checkpoint" in statement] == [
        "PRAGMA wal_checkpoint(TRUNCATE)"
    ] * 2
    assert "-reserve" not in sizes_bytes(path)
    assert outbox.counts.refused == 1
    disk.full = False
    assert outbox.put("ack", "t", b"x") is not None


def test_what_the_reserve_has_room_for_is_written(path: Path, outbox: Outbox) -> None:
    """Given up, it makes the write that needed it succeed; once rows are deleted it is held again."""
    disk, reserve = fill_disk(outbox), path.with_name("outbox.db-reserve")
    disk.full_while = reserve.exists
    row_id = outbox.put("ack", "t", b"x")
    assert row_id is not None
    assert payloads(outbox) == [b"x"]
    outbox._transactions.reserve._released_at -= 60.0  # a minute ago
    outbox.acked(row_id)
    assert reserve.exists()
    assert outbox.counts.refused == 0
