"""The durable outbox."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ven_twin.ven.errors import OutboxDamagedError, OutboxError
from ven_twin.ven.storage.outbox import Outbox, open_outbox
from ven_twin.ven.storage.outbox_file import Transactions
from ven_twin.ven.storage.rows import Message

KB = 1024
ROW = KB - 64 - 1  # payload that makes a row of 1 KB with a topic of one letter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the outbox is."""
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    """An outbox on disk."""
    with Outbox(path) as on_disk:
        yield on_disk


def payloads(outbox: Outbox, limit: int = 1000) -> list[bytes]:
    """What the next window holds."""
    return [row.payload for row in outbox.window(limit)]


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


def on_disk(outbox: Outbox) -> int:
    """Rows that are not deleted yet."""
    ((rows,),) = outbox.read("SELECT count(*) FROM outbox")
    return int(rows)


def fill_disk(outbox: Outbox) -> DiskFull:
    """Let the disk under *outbox* be full."""
    full = DiskFull(outbox._db)
    outbox._db = outbox._transactions._db = full  # type: ignore[assignment]
    return full


def test_messages_leave_in_the_order_they_came(outbox: Outbox) -> None:
    """A window holds the oldest messages that are not in flight, once."""
    for n in range(5):
        outbox.put("telemetry", "t", b"%d" % n)
    assert payloads(outbox, 3) == [b"0", b"1", b"2"]
    assert payloads(outbox, 3) == [b"3", b"4"]
    assert payloads(outbox, 3) == []


def test_only_an_acknowledgement_deletes(outbox: Outbox) -> None:
    """A message in flight still counts; one acknowledged does not."""
    row_id = outbox.put("ack", "t", b"x")
    assert row_id is not None
    outbox.window(1)
    assert outbox.depth == 1
    outbox.acked(row_id)
    assert (outbox.depth, outbox.size_bytes) == (0, 0)


def test_an_acknowledgement_of_what_is_not_in_flight_deletes_nothing(outbox: Outbox) -> None:
    """A late or repeated PUBACK is harmless."""
    row_id = outbox.put("ack", "t", b"x")
    assert row_id is not None
    outbox.acked(row_id)
    outbox.acked(row_id + 1)
    assert payloads(outbox) == [b"x"]


def test_a_window_of_what_is_sent_again_is_no_larger_than_its_limit(outbox: Outbox) -> None:
    """Rows that were put back come before those that have waited, as many as there is room for."""
    for n in range(4):
        outbox.put("telemetry", "t", b"%d" % n)
    for row in outbox.window(3):
        outbox.release(row.id)
    assert payloads(outbox, 2) == [b"0", b"1"]
    assert payloads(outbox, 2) == [b"2", b"3"]


def test_a_lost_connection_puts_everything_back_in_order(outbox: Outbox) -> None:
    """What was in flight comes again, before what has waited; what was acknowledged does not."""
    ids = [outbox.put("telemetry", "t", b"%d" % n) for n in range(4)]
    outbox.window(3)
    assert ids[1] is not None
    outbox.acked(ids[1])
    outbox.release()
    assert payloads(outbox) == [b"0", b"2", b"3"]


def test_what_was_to_be_sent_again_keeps_its_place_over_a_lost_connection(outbox: Outbox) -> None:
    """A message that was put back alone before does not come ahead of the older ones."""
    for n in range(4):
        outbox.put("telemetry", "t", b"%d" % n)
    outbox.release(outbox.window(3)[2].id)
    outbox.release()
    assert payloads(outbox) == [b"0", b"1", b"2", b"3"]
    assert payloads(outbox) == []


def test_nothing_is_in_flight_on_a_lost_connection(path: Path) -> None:
    """A PUBACK of before means nothing then, and the message may be shed again."""
    with Outbox(path, cap_bytes=KB) as outbox:
        outbox.put("telemetry", "t", bytes(ROW))
        (sent,) = outbox.window(1)
        outbox.release()
        outbox.acked(sent.id)
        assert outbox.depth == 1
        assert outbox.put("telemetry", "t", bytes(ROW)) is not None
        assert outbox.counts.shed == {"telemetry": 1}


def test_one_message_can_be_put_back(outbox: Outbox) -> None:
    """A message to be retried comes before those that have not been sent."""
    for n in range(4):
        outbox.put("telemetry", "t", b"%d" % n)
    rows = outbox.window(3)
    outbox.release(rows[2].id)
    outbox.release(rows[0].id)
    assert payloads(outbox) == [b"0", b"2", b"3"]


def test_a_crash_loses_no_message(path: Path) -> None:
    """A process that is killed right after put leaves the message to the next, in flight or not."""
    program = (
        "import os, sys; from ven_twin.ven.storage.outbox import Outbox; outbox = Outbox(sys.argv[1])\n"
        "[outbox.put('event', 't', b'%d' % n) for n in range(3)]; outbox.window(1); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -9
    with Outbox(path) as reopened:
        assert reopened.depth == 3
        assert payloads(reopened) == [b"0", b"1", b"2"]


def test_reopening_knows_what_is_there(path: Path) -> None:
    """Depth and size are read back, acknowledged rows are gone, and ids go on."""
    with Outbox(path) as first:
        ids = [first.put("ack", "t", bytes(ROW)) for _ in range(3)]
        rows = first.window(2)
        first.acked(rows[0].id)
    with Outbox(path) as second:
        assert (second.depth, second.size_bytes) == (2, 2 * KB)
        following = second.put("ack", "t", b"x")
        assert following is not None
        assert following > max(row_id for row_id in ids if row_id is not None)


def test_telemetry_is_shed_first_and_oldest_first(path: Path) -> None:
    """At the cap the oldest telemetry makes room, whatever comes, and is counted."""
    with Outbox(path, cap_bytes=4 * KB) as outbox:
        outbox.put("ack", "t", b"a" * ROW)
        outbox.put("telemetry", "t", b"1" * ROW)
        outbox.put("event", "t", b"e" * ROW)
        outbox.put("telemetry", "t", b"2" * ROW)
        outbox.put("telemetry", "t", b"3" * ROW)
        outbox.put("ack", "t", b"b" * ROW)
        assert [payload[:1] for payload in payloads(outbox)] == [b"a", b"e", b"3", b"b"]
        assert outbox.counts.shed == {"telemetry": 2}
        assert outbox.size_bytes == 4 * KB


def test_kinds_between_are_shed_before_acks_and_events(path: Path) -> None:
    """A kind without a rank of its own goes after telemetry and before acks."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        outbox.put("ack", "t", b"a" * ROW)
        outbox.put("loads", "t", b"l" * ROW)
        outbox.put("event", "t", b"e" * ROW)
        assert [payload[:1] for payload in payloads(outbox)] == [b"a", b"e"]
        assert outbox.counts.shed == {"loads": 1}


def test_telemetry_does_not_displace_acks(path: Path) -> None:
    """When only acks and events are left, new telemetry is what is shed; new acks displace the oldest."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        outbox.put("ack", "t", b"a" * ROW)
        outbox.put("event", "t", b"e" * ROW)
        assert outbox.put("telemetry", "t", b"1" * ROW) is None
        assert outbox.put("ack", "t", b"b" * ROW) is not None
        assert [payload[:1] for payload in payloads(outbox)] == [b"e", b"b"]
        assert outbox.counts.shed == {"telemetry": 1, "ack": 1}


SHED_ORDER = {"telemetry": 1, "loads": 2, "status": 2, "ack": 3, "event": 3}


@pytest.mark.parametrize("kind", SHED_ORDER)
@pytest.mark.parametrize("other", SHED_ORDER)
def test_each_kind_makes_room_for_its_equals_and_betters(kind: str, other: str) -> None:
    """Of two that wait the lesser is shed, or the older of equals; a lesser one that comes is shed itself."""
    with Outbox(":memory:", cap_bytes=KB) as outbox:
        outbox.put(kind, "t", bytes(ROW))
        stays = outbox.put(other, "t", bytes(ROW)) is not None
        assert stays is (SHED_ORDER[other] >= SHED_ORDER[kind])
    with Outbox(":memory:", cap_bytes=2 * KB) as outbox:
        for waiting in (kind, other):
            outbox.put(waiting, "t", bytes(ROW))
        outbox.put("event", "t", bytes(ROW))
        assert outbox.counts.shed == {other if SHED_ORDER[other] < SHED_ORDER[kind] else kind: 1}


def test_what_is_in_flight_is_not_shed(path: Path) -> None:
    """A message whose PUBACK may be on its way stays."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        outbox.put("telemetry", "t", b"1" * ROW)
        outbox.put("telemetry", "t", b"2" * ROW)
        (sent,) = outbox.window(1)
        outbox.put("telemetry", "t", b"3" * ROW)
        outbox.acked(sent.id)
        assert [payload[:1] for payload in payloads(outbox)] == [b"3"]


def test_what_was_acknowledged_is_not_shed(path: Path) -> None:
    """A row that waits to be deleted makes no room a second time, and is not counted as lost."""
    with Outbox(path, cap_bytes=3 * KB) as outbox:
        for letter in (b"1", b"2", b"3"):
            outbox.put("telemetry", "t", letter * ROW)
        first, _ = outbox.window(2)
        outbox.acked(first.id)
        outbox.put("telemetry", "t", b"4" * ROW)
        assert outbox.counts.shed == {}
        outbox.put("telemetry", "t", b"5" * ROW)
        assert (outbox.counts.shed, outbox.depth, outbox.size_bytes) == ({"telemetry": 1}, 3, 3 * KB)
        outbox.release()
        assert [payload[:1] for payload in payloads(outbox)] == [b"2", b"4", b"5"]


def test_a_message_larger_than_the_cap_is_shed_alone(path: Path) -> None:
    """It takes nothing else with it."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        outbox.put("telemetry", "t", b"1")
        assert outbox.put("event", "t", bytes(3 * KB)) is None
        assert payloads(outbox) == [b"1"]


def test_room_that_lacks_one_byte_is_no_room() -> None:
    """As many make room as are needed, and not one byte less."""
    for size, shed in ((ROW, 1), (ROW + 1, 2)):
        with Outbox(":memory:", cap_bytes=2 * KB) as outbox:
            for letter in (b"1", b"2"):
                outbox.put("telemetry", "t", letter * ROW)
            outbox.put("ack", "t", bytes(size))
            assert outbox.counts.shed == {"telemetry": shed}


def test_a_reader_beside_it_is_waited_for_a_moment(outbox: Outbox) -> None:
    """For 0.2 s: the VEN's house stands still meanwhile."""
    assert outbox.read("PRAGMA busy_timeout") == [(200,)]


def test_a_quarantined_message_is_kept_with_its_reason(outbox: Outbox) -> None:
    """It is neither waiting nor in flight, but can be looked at."""
    outbox.put("event", "t", b"bad")
    (row,) = outbox.window(1)
    outbox.quarantine(row.id, "not authorized (0x87)")
    outbox.release()
    assert outbox.depth == 0
    assert payloads(outbox) == []
    (aside,) = outbox.quarantined()
    assert (aside.kind, aside.topic, aside.payload) == ("event", "t", b"bad")
    assert aside.reason == "not authorized (0x87)"
    assert outbox.counts.quarantined == 1


def test_the_quarantine_does_not_grow_for_ever(outbox: Outbox) -> None:
    """The newest 64 are kept, and of each at most 128 KB."""
    for n in range(70):
        outbox.put("event", "t", b"%d" % n)
    outbox.put("event", "t", bytes(200 * KB))
    for row in outbox.window(100):
        outbox.quarantine(row.id, "bad")
    aside = outbox.quarantined()
    assert len(aside) == 64
    assert len(aside[0].payload) == 128 * KB
    assert outbox.counts.quarantined == 71


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


def test_acknowledged_rows_are_deleted_fifty_at_a_time(outbox: Outbox) -> None:
    """One transaction serves many; a connection that is lost, or nothing left in flight, deletes the rest."""
    outbox.put_all([Message("telemetry", "t", b"x")] * 60)
    for row in outbox.window(49):
        if row.id > 1:
            outbox.acked(row.id)
    assert on_disk(outbox) == 60
    for row in outbox.window(3):
        outbox.acked(row.id)
    assert on_disk(outbox) == 60 - 50
    outbox.release()
    assert on_disk(outbox) == 60 - 51
    for row in outbox.window(100):
        outbox.acked(row.id)
    assert on_disk(outbox) == 0


def test_an_outbox_takes_64_mb_unless_told_otherwise(path: Path) -> None:
    """The last byte of them is used, and not one more."""
    most = 64 * 1024 * KB - 64 - 1
    with open_outbox(path) as outbox:
        assert outbox.put("telemetry", "t", bytes(most + 1)) is None
    with Outbox(":memory:") as outbox:
        assert outbox.put("telemetry", "t", bytes(most)) is not None


@pytest.mark.parametrize("durable", [True, False])
def test_a_write_that_must_outlive_a_power_cut_waits_for_the_disk(outbox: Outbox, durable: bool) -> None:
    """Only such a one, for each wait wears the disk; what is not called durable is not."""
    levels: list[int] = []

    def level(db: sqlite3.Connection) -> None:
        levels.append(db.execute("PRAGMA synchronous").fetchone()[0])

    chosen = {"durable": True} if durable else {}
    outbox.put_all([], also=level, **chosen)
    outbox.write(level, **chosen)
    level(outbox._db)
    full, normal = 2, 1
    assert levels == [full if durable else normal] * 2 + [normal]


def test_what_is_only_cleared_away_does_not_wait_for_the_disk(outbox: Outbox) -> None:
    """A message that was acknowledged, or put aside, and is there again after a power cut does no harm."""
    for letter in (b"1", b"2"):
        outbox.put("telemetry", "t", letter)
    first, second = outbox.window(2)
    statements: list[str] = []
    outbox._db.set_trace_callback(statements.append)
    outbox.quarantine(first.id, "refused")
    outbox.acked(second.id)
    outbox._db.set_trace_callback(None)
    assert outbox.depth == 0
    assert any(statement.startswith("DELETE FROM outbox") for statement in statements)
    assert not any("synchronous" in statement for statement in statements)


def test_nothing_of_a_batch_that_the_disk_refuses_counts(path: Path) -> None:
    """Neither the new messages nor what was to make room for them: all that was there stays."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        for letter in (b"1", b"2"):
            outbox.put("telemetry", "t", letter * ROW)
        disk = fill_disk(outbox)
        for _ in range(2):
            assert outbox.put_all([Message("ack", "t", bytes(ROW)), Message("ack", "t", bytes(ROW))]) is None
        assert outbox.write(lambda db: db.execute("INSERT INTO memo VALUES ('a', 'b')")) is False
        counts = outbox.counts
        assert (set(counts.shed.values()), counts.refused) == ({0}, 4)
        assert (outbox.depth, outbox.size_bytes) == (2, 2 * KB)
        disk.full = False
        assert outbox.put("ack", "t", b"3") == 3
        assert [payload[:1] for payload in payloads(outbox)] == [b"2", b"3"]


def test_a_change_is_made_with_messages_or_alone(outbox: Outbox) -> None:
    """What stands beside the messages is written when there are none, too."""
    for messages in ([], [Message("ack", "t", b"x")]):
        noted = len(messages)
        outbox.put_all(
            messages, also=lambda db, n=noted: db.execute("INSERT INTO memo VALUES (?, 'x')", (f"n{n}",))
        )
    assert outbox.read("SELECT key FROM memo ORDER BY key") == [("n0",), ("n1",)]


def test_no_count_is_written_while_nothing_is_lost(outbox: Outbox) -> None:
    """A message that arrives costs its row; a count is written once, with what it counts."""
    outbox.put("telemetry", "t", b"x")
    assert outbox.read("SELECT count(*) FROM memo") == [(0,)]
    (row,) = outbox.window(1)
    outbox.quarantine(row.id, "bad")
    outbox.write(lambda db: db.execute("DELETE FROM memo"))
    outbox.put("telemetry", "t", b"x")
    assert outbox.read("SELECT count(*) FROM memo") == [(0,)]


def test_a_file_that_cannot_be_read_has_no_rows_now(outbox: Outbox) -> None:
    """Nothing is raised: there may be some again later."""
    assert outbox.read("SELECT * FROM nowhere") == []


def test_a_closed_outbox_refuses_messages_aloud(path: Path) -> None:
    """A put after the end is a fault of the program, and no full disk."""
    outbox = Outbox(path)
    outbox.close()
    with pytest.raises(sqlite3.ProgrammingError):
        outbox.put("ack", "t", b"x")


def test_a_database_that_cannot_grow_refuses_and_recovers(outbox: Outbox) -> None:
    """SQLite's own "database or disk is full" leaves every row intact, and deleting makes room."""
    outbox._db.execute("PRAGMA max_page_count = 20")
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


def test_a_fact_is_remembered(path: Path) -> None:
    """A small fact outlives the process."""
    with Outbox(path) as first:
        assert first.recall("subscribed") is None
        first.remember("subscribed", "a")
        first.remember("subscribed", "b")
    with Outbox(path) as second:
        assert second.recall("subscribed") == "b"


def test_memory_is_enough_for_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ":memory:" nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)
    with Outbox(":memory:") as memory:
        memory.put("telemetry", "t", b"x")
        assert payloads(memory) == [b"x"]
    assert list(tmp_path.iterdir()) == []


def test_one_process_at_a_time(path: Path, outbox: Outbox) -> None:
    """The same VEN started twice on one host is told so."""
    outbox.put("telemetry", "t", b"x")
    with pytest.raises(OutboxError, match="another process uses it; is this VEN already running"):
        Outbox(path)


def test_a_damaged_file_is_named(path: Path) -> None:
    """A file that is no database is left as it is, and the message says which."""
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(OutboxDamagedError, match=r"outbox\.db: is damaged"):
        Outbox(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A path that cannot be opened is an error with the path in it."""
    with pytest.raises(OutboxError, match="cannot be opened"):
        Outbox(tmp_path / "nowhere" / "outbox.db")


def test_a_file_that_cannot_be_written_is_named(path: Path) -> None:
    """One whose log cannot be made is neither damaged nor in use, and the message tells why."""
    path.with_name("outbox.db-wal").mkdir()
    with pytest.raises(OutboxError, match=r"outbox\.db: cannot be written \(") as caught:
        Outbox(path)
    assert not isinstance(caught.value, OutboxDamagedError)


def test_others_cannot_read_it(path: Path, outbox: Outbox) -> None:
    """What a house does is nobody's business: the file and its log are 0600."""
    outbox.put("telemetry", "t", b"x")
    for file in (path, path.with_name("outbox.db-wal")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_closing_twice_is_harmless(path: Path) -> None:
    """A second close does nothing."""
    outbox = Outbox(path)
    outbox.close()
    outbox.close()


def damage_rows(path: Path) -> None:
    """Spoil all but the first pages of the file: it opens, and its rows cannot be read."""
    with Outbox(path) as whole:
        for _ in range(100):
            whole.put("telemetry", "t", bytes(ROW))
    page = 4096
    content = path.read_bytes()
    spoilt = len(content) - 10 * page
    path.write_bytes(content[: 10 * page] + b"\xff" * spoilt)


def test_damage_among_the_rows_is_named_and_lets_go_of_the_file(path: Path) -> None:
    """A file that is damaged where its rows are is refused as a damaged one, and left closed."""
    damage_rows(path)
    for _ in range(2):  # one that were still open would be in the way of the next
        with pytest.raises(OutboxDamagedError, match="is damaged"):
            Outbox(path)


def test_damage_among_the_rows_is_set_aside(path: Path) -> None:
    """A VEN whose rows are damaged starts with an empty outbox."""
    damage_rows(path)
    with open_outbox(path) as outbox:
        assert outbox.depth == 0
    assert len(list(path.parent.glob("outbox.db.damaged-*"))) == 1


def test_an_outbox_that_cannot_be_taken_up_lets_go_of_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted while it is opened, it leaves the file to the next."""
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Transactions, "recall", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            Outbox(path)
    with Outbox(path) as outbox:
        assert outbox.depth == 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
