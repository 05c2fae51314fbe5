"""The durable outbox."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.outboxes import KB, ROW, on_disk, payloads
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import Message


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
    with MendingOutbox.open(path) as outbox:
        assert outbox.put("telemetry", "t", bytes(most + 1)) is None
    with Outbox(":memory:") as outbox:
        assert outbox.put("telemetry", "t", bytes(most)) is not None


def test_a_change_is_made_with_messages_or_alone(outbox: Outbox) -> None:
    """What stands beside the messages is written when there are none, too."""
    for messages in ([], [Message("ack", "t", b"x")]):
        noted = len(messages)
        outbox.put_all(
            messages,
            also=lambda db, n=noted: db.execute("INSERT INTO memo (key, value) VALUES (?, 'x')", (f"n{n}",)),
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


def test_a_closed_outbox_refuses_messages_aloud(path: Path) -> None:
    """A put after the end is a fault of the program, and no full disk."""
    outbox = Outbox(path)
    outbox.close()
    with pytest.raises(sqlite3.ProgrammingError):
        outbox.put("ack", "t", b"x")


def test_a_fact_is_remembered(path: Path) -> None:
    """A small fact outlives the process."""
    with Outbox(path) as first:
        assert first.recall("subscribed") is None
        first.remember("subscribed", "a")
        first.remember("subscribed", "b")
    with Outbox(path) as second:
        assert second.recall("subscribed") == "b"
