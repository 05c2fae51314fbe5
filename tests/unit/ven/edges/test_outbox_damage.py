"""Damage on the disk: what is whole goes on; what is not is set aside and counted, never in silence."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.outboxes import ROW, payloads
from ven_twin.ven.errors import OutboxLockedError
from ven_twin.ven.storage import mending_outbox, recovery, schema
from ven_twin.ven.storage.command_journal import CommandJournal, StateStore
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.outbox_file import DiskReserve
from ven_twin.ven.storage.rows import JournalledAck

ROWS = 60
PAYLOADS = [bytes([number]) * ROW for number in range(ROWS)]


def spoil(path: Path, change: str) -> None:
    """Change a row behind the VEN's back, as a bad block does."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()


@pytest.mark.parametrize(
    "change",
    ["payload = x'58'", "topic = 'other'", "kind = 'ack'", "payload = 'text'", "checksum = 1", "payload = 7"],
)
def test_a_message_that_is_not_whole_is_put_aside_and_counted(path: Path, change: str) -> None:
    """It is not sent as if it were; those around it are."""
    with Outbox(path) as outbox:
        for payload in (b"1", b"2", b"3"):
            outbox.put("telemetry", "t", payload)
    spoil(path, f"UPDATE outbox SET {change} WHERE id = 2")  # noqa: S608
    with MendingOutbox.open(path) as outbox:
        assert payloads(outbox) == [b"1", b"3"]
        assert (outbox.depth, outbox.counts.damaged, outbox.counts.lost) == (2, 1, 1)
        ((row_id, reason),) = [(row.id, row.reason) for row in outbox.quarantined()]
        assert (row_id, reason) == (2, "its checksum is another: it was damaged on the disk")
    with MendingOutbox.open(path) as outbox:
        assert (outbox.counts.damaged, outbox.depth) == (1, 2)


def test_a_byte_that_moves_between_two_columns_is_seen() -> None:
    """The lengths count, too."""
    assert schema.checksum("ab", b"c") != schema.checksum("a", b"bc")
    assert schema.is_whole(schema.checksum("a", b""), "a", b"")
    assert not schema.is_whole(schema.checksum("a", b""), "a", None)
    assert not schema.is_whole(None, 3), "a row of an older release, with a number where its text was"
    assert not schema.is_whole(1, "\ud800")


def test_damaged_commands_answers_and_state_are_counted(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A command that is not whole is not carried out; an answer is forgotten; a state is set aside."""
    with MendingOutbox.open(path) as outbox:
        journal = CommandJournal(outbox)
        for payload in (b"1", b"2"):
            journal.record(payload, 5.0)
        for name in ("c1", "c2"):
            outbox.write(journal.changes(b"{}", remembered=JournalledAck(name, b"ack")))  # type: ignore[arg-type]
    spoil(path, "UPDATE inbox SET payload = x'58' WHERE id = 1")
    spoil(path, "UPDATE answers SET ack = x'58' WHERE correlation_id = 'c1'")
    spoil(path, "UPDATE memo SET value = '{} ' WHERE key = 'memory'")
    with MendingOutbox.open(path) as outbox:
        journal = CommandJournal(outbox)
        assert [command.payload for command in journal.unfinished()] == [b"2"]
        assert journal.answers() == [("c2", b"ack")]
        assert StateStore(journal).read("ven-1", frozenset()) is None  # type: ignore[arg-type]
        assert outbox.counts.damaged == 3
        assert outbox.recall("memory set aside") == "{} "
    assert "is damaged: its checksum is another: set aside" in caplog.text
    assert "1 commands are damaged" in caplog.text
    assert "1 answers are damaged" in caplog.text


def fill(path: Path) -> None:
    """Make an outbox on disk with so many rows that they fill pages."""
    with Outbox(path) as outbox:
        for payload in PAYLOADS:
            outbox.put("telemetry", "t", payload)


def test_whole_rows_of_a_damaged_file_are_taken_over(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A page in the middle is lost: all other rows are sent, and those of the page are counted."""
    fill(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with MendingOutbox.open(path) as outbox:
        sent = payloads(outbox)
        assert 0 < len(sent) < ROWS
        assert [payload for payload in PAYLOADS if payload in sent] == sent, "in their order"
        assert (len(sent) + outbox.counts.damaged, outbox.counts.files_set_aside) == (ROWS, 1)
    assert "damaged" in caplog.text
    (aside,) = path.parent.glob("outbox.db.damaged-*")
    assert aside.read_bytes() == content, "what was damaged is kept as it was"


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is whole."""
    path = tmp_path_factory.mktemp("whole") / "outbox.db"
    fill(path)
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), min_size=1, max_size=30))
def test_no_damage_ends_a_ven_or_passes_in_silence(
    tmp_path: Path, whole_file: Path, flips: list[tuple[float, int]]
) -> None:
    """Any bytes of the file are others: what is sent is what was put, and what is missing is counted."""
    for file in tmp_path.iterdir():
        file.unlink()
    path = tmp_path / "outbox.db"
    content = bytearray(whole_file.read_bytes())
    for place, flip in flips:
        content[int(place * len(content))] ^= flip
    path.write_bytes(content)
    with MendingOutbox.open(path) as outbox:
        sent = payloads(outbox)
        outbox.tend()
        sent += payloads(outbox)
        assert set(sent) <= set(PAYLOADS)
        counts = outbox.counts
        assert set(sent) == set(PAYLOADS) or counts.damaged or counts.files_set_aside
        if outbox.put("ack", "t", b"x") is None:  # this showed the damage
            outbox.tend()
            assert outbox.put("ack", "t", b"x") is not None


def test_a_file_that_is_damaged_while_it_is_used_is_mended(path: Path) -> None:
    """It shows when a row is read; the next tick takes over what is whole, and in flight stays in flight."""
    fill(path)
    with MendingOutbox.open(path) as outbox:
        (first,) = outbox.window(1)
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2 // 4096 * 4096)
            file.write(b"\xff" * 4 * 4096)
        outbox._db.execute("PRAGMA shrink_memory")
        sent = payloads(outbox)
        assert len(sent) < ROWS - 1
        assert outbox._transactions.damaged
        outbox.tend()
        outbox.release()
        sent = payloads(outbox)
        assert sent[0] == PAYLOADS[0] == first.payload
        assert len(sent) + outbox.counts.damaged == ROWS
        assert outbox.put("ack", "t", b"x") is not None
        outbox.acked(first.id)
        assert outbox.depth == len(sent)
    with MendingOutbox.open(path) as outbox:
        assert len(payloads(outbox)) == len(sent)
        assert outbox.counts.files_set_aside == 1


@pytest.fixture
def obstacle(path: Path) -> Iterator[Path]:
    """A disk that takes no file for now."""
    obstacle = path.with_name("outbox.db-wal")
    obstacle.mkdir()
    yield obstacle
    if obstacle.is_dir():
        obstacle.rmdir()


def test_a_ven_starts_without_a_disk_and_goes_back_to_it(
    path: Path, obstacle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In memory it says so; a minute later, with nothing on its way, all is in the file, in its order."""
    now_s = [1_000.0]
    monkeypatch.setattr(mending_outbox.clock, "monotonic_s", lambda: now_s[0])
    with MendingOutbox.open(path) as outbox:
        assert outbox.counts.in_memory is not None
        assert "cannot be written" in outbox.counts.in_memory
        journal = CommandJournal(outbox)
        for payload in (b"1", b"2", b"3"):
            outbox.put("event", "t", payload)
        journal.record(b"cmd", 5.0)
        outbox.write(journal.changes(b"{}", remembered=JournalledAck("c1", b"ack")))  # type: ignore[arg-type]
        (first,) = outbox.window(1)
        obstacle.rmdir()
        now_s[0] += 61.0
        outbox.tend()
        assert outbox.counts.in_memory is not None, "a message is on its way: its number would be another's"
        outbox.acked(first.id)
        outbox.tend()
        assert outbox.counts.in_memory is None
        assert payloads(outbox) == [b"2", b"3"]
        outbox.release()
    with MendingOutbox.open(path) as outbox:
        assert payloads(outbox) == [b"2", b"3"]
        journal = CommandJournal(outbox)
        assert journal.persisted() == b"{}"
        assert journal.answers() == [("c1", b"ack")]
        assert [command.payload for command in journal.unfinished()] == [b"cmd"]
    assert "the disk is back" in caplog.text


def test_what_waited_in_a_file_joins_what_came_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that was away at the start has rows of an earlier run: both are sent, and both counts stand."""
    now_s = [1_000.0]
    monkeypatch.setattr(mending_outbox.clock, "monotonic_s", lambda: now_s[0])
    with MendingOutbox.open(path, cap_bytes=200) as before:
        for payload in (b"a" * 50, b"b" * 50, b"c" * 50):
            before.put("telemetry", "t", payload)
        assert before.counts.shed == {"telemetry": 2}
    wal = path.with_name("outbox.db-wal")
    wal.unlink(missing_ok=True)
    wal.mkdir()
    with MendingOutbox.open(path) as outbox:
        outbox.put("ack", "t", b"new")
        wal.rmdir()
        for _ in range(2):
            now_s[0] += 31.0
            outbox.tend()
        assert payloads(outbox) == [b"c" * 50, b"new"]
        assert outbox.counts.shed == {"telemetry": 2}


def test_a_file_that_another_process_uses_is_no_reason_for_memory(path: Path) -> None:
    """The same VEN twice would be two."""
    with Outbox(path), pytest.raises(OutboxLockedError):
        MendingOutbox.open(path)


def test_counts_that_are_damaged_count_as_damage(path: Path) -> None:
    """The file opens."""
    with Outbox(path) as outbox:
        outbox.remember("let go", '{"shed": 3}')
    with MendingOutbox.open(path) as outbox:
        assert outbox.counts.damaged == 1


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EROFS])
def test_a_reserve_that_cannot_be_given_up_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Nothing is raised; the write that wanted it fails."""
    reserve = DiskReserve(tmp_path / "reserve")

    def refuse(_path: Path, **_: object) -> None:
        raise OSError(code, "refused")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert reserve.give_up() is False


def test_a_disk_that_spoils_file_after_file_is_not_filled_by_them(path: Path) -> None:
    """The newest three damaged files stay, each with its companions; what is another's stays too."""
    others = path.with_name(f"{path.name}.damaged-by-hand")
    others.touch()
    for now_ts in (90, 100, 100, 1_000, 1_000, 1_001):
        path.write_bytes(b"no database, " * 100)
        Path(f"{path}-shm").write_bytes(b"shm")
        opened = recovery.open_or_recover(path, now_ts)
        assert (opened.files_set_aside, opened.in_memory) == (1, None)
        opened.db.close()
    asides = {aside.name.partition(".damaged-")[2] for aside in path.parent.glob(f"{path.name}.damaged-*")}
    assert asides >= {"1000", "1000.2", "1001", "by-hand"}
    assert {aside.removesuffix("-shm") for aside in asides} == {"1000", "1000.2", "1001", "by-hand"}
