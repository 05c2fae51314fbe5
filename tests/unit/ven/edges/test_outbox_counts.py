"""What the outbox let go is counted, and the counts outlive the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ven_twin.ven import clock
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import Message, OutboxCounts

KB = 1024
ROW = KB - 64 - 1  # payload that makes a row of 1 KB with a topic of one letter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the outbox is."""
    return tmp_path / "outbox.db"


def test_counts_outlive_the_process(path: Path) -> None:
    """Shed, refused and quarantined messages are still counted after a restart, each under its name."""
    with Outbox(path, cap_bytes=2 * KB) as first:
        for _ in range(4):
            first.put("telemetry", "t", bytes(ROW))
        (row,) = first.window(1)
        first.quarantine(row.id, "bad")
        assert first.counts.shed == {"telemetry": 2}
    with Outbox(path) as second:
        second._db.execute("PRAGMA max_page_count = 20")
        while second.put("telemetry", "t", bytes(ROW)) is not None:
            pass
        second._db.execute("PRAGMA max_page_count = 1000")
        second.put("ack", "t", b"x")
    with Outbox(path) as third:
        counts = third.counts
    assert (counts.shed, counts.refused, counts.quarantined) == ({"telemetry": 2}, 1, 1)


def test_lost_is_the_sum_of_what_will_not_arrive() -> None:
    """Shed by kind, refused and quarantined together; what waits is not lost."""
    assert OutboxCounts(7, 9, {"telemetry": 3, "ack": 1}, refused=10, quarantined=100).lost == 114


def test_counts_show_what_waits(path: Path) -> None:
    """Depth in messages and size in bytes: topic, payload and 64 for the row."""
    with Outbox(path) as outbox:
        outbox.put("ack", "ab", b"xyz")
        outbox.put("ack", "ab", b"xyz")
        assert (outbox.counts.depth, outbox.counts.size_bytes) == (2, 2 * (2 + 3 + 64))


def test_a_row_id_is_not_used_again_after_its_message_was_quarantined(path: Path) -> None:
    """The next message does not take the place of one that was put aside, also after a restart."""
    with Outbox(path) as first:
        first.put("event", "t", b"bad")
        (row,) = first.window(1)
        first.quarantine(row.id, "bad")
    with Outbox(path) as second:
        assert second.put("event", "t", b"good") == row.id + 1
        (row,) = second.window(1)
        second.quarantine(row.id, "worse")
        assert [aside.payload for aside in second.quarantined()] == [b"good", b"bad"]


def test_messages_put_together_find_room_one_after_another(path: Path) -> None:
    """Each sheds the oldest that the ones before have left; ids are in order, without gaps."""
    with Outbox(path, cap_bytes=3 * KB) as outbox:
        for n in (1, 2, 3):
            outbox.put("telemetry", "t", b"%d" % n + bytes(ROW - 1))
        messages = [Message(kind, "t", kind[:1].encode() + bytes(ROW - 1)) for kind in ("ack", "event")]
        assert outbox.put_all(messages) == [4, 5]
        assert [row.payload[:1] for row in outbox.window(9)] == [b"3", b"a", b"e"]
        assert (outbox.depth, outbox.size_bytes) == (3, 3 * KB)
        assert outbox.counts.shed == {"telemetry": 2}


def test_one_that_finds_no_room_leaves_the_others_theirs(path: Path) -> None:
    """Of messages put together only the one that is too large is shed; the others keep their order."""
    with Outbox(path, cap_bytes=2 * KB) as outbox:
        messages = [Message("ack", "t", b"1"), Message("ack", "t", bytes(3 * KB)), Message("ack", "t", b"2")]
        assert outbox.put_all(messages) == [1, None, 2]
        assert [(row.id, row.payload) for row in outbox.window(9)] == [(1, b"1"), (2, b"2")]


def test_a_message_may_fill_the_outbox_to_the_last_byte(path: Path) -> None:
    """The cap itself is allowed; one byte more is shed."""
    with Outbox(path, cap_bytes=KB) as outbox:
        assert outbox.put("ack", "t", bytes(ROW)) == 1
    with Outbox(path.with_name("other.db"), cap_bytes=KB) as outbox:
        assert outbox.put("ack", "t", bytes(ROW + 1)) is None


def test_a_damaged_file_is_set_aside_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file and its log get a name with the time, UTC s, and an empty outbox takes the place."""
    monkeypatch.setattr(clock, "now_ts", lambda: 1234.9)
    path.write_bytes(b"no database" * 1000)
    path.with_name("outbox.db-shm").write_bytes(b"shm")
    with MendingOutbox.open(path, cap_bytes=KB) as outbox:
        assert outbox.depth == 0
        assert outbox.put("ack", "t", bytes(2 * KB)) is None
        assert outbox.put("ack", "t", b"x") == 1
    assert path.with_name("outbox.db.damaged-1234").read_bytes().startswith(b"no database")
    assert path.with_name("outbox.db.damaged-1234-shm").read_bytes() == b"shm"
