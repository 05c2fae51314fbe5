"""The VEN's file over releases: an older one is carried forward, a newer one is left to its own release."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.outboxes import payloads
from ven_twin.ven.errors import OutboxNewerError
from ven_twin.ven.storage import schema
from ven_twin.ven.storage.command_journal import CommandJournal
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.outbox import Outbox

FIRST_RELEASE = """
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, rank INTEGER NOT NULL,
  topic TEXT NOT NULL, payload BLOB NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_by_rank ON outbox (rank, id);
CREATE TABLE IF NOT EXISTS quarantine (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, topic TEXT NOT NULL,
  payload BLOB NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS memo (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB NOT NULL, received_ts REAL NOT NULL,
  tries INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  n INTEGER PRIMARY KEY AUTOINCREMENT, correlation_id TEXT NOT NULL UNIQUE, ack BLOB NOT NULL);
INSERT INTO outbox VALUES (7, 'telemetry', 0, 't', x'6f6c64', 68);
INSERT INTO quarantine VALUES (3, 'ack', 't', x'626164', 'refused');
INSERT INTO memo VALUES ('let go', '{"shed": {"telemetry": 2}, "refused": 1, "quarantined": 1}');
INSERT INTO memo VALUES ('memory', '{"format":1}');
INSERT INTO inbox (payload, received_ts, tries) VALUES (x'636d64', 5.0, 1);
INSERT INTO answers (correlation_id, ack) VALUES ('c1', x'61636b');
"""
"""A file as the first release wrote it, which said no version and had no checksums."""


@pytest.fixture
def older(path: Path) -> Path:
    """A file of the first release."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(FIRST_RELEASE)
    return path


def check_carried_forward(path: Path) -> None:
    """Everything of the first release's file is there, and new rows have checksums."""
    with MendingOutbox.open(path) as outbox:
        journal = CommandJournal(outbox)
        assert outbox.counts.lost == 4
        assert outbox.counts.files_set_aside == 0
        assert [row.payload for row in outbox.quarantined()] == [b"bad"]
        assert journal.persisted() == b'{"format":1}'
        assert journal.answers() == [("c1", b"ack")]
        assert [command.payload for command in journal.unfinished()] == [b"cmd"]
        assert outbox.put("telemetry", "t", b"new") == 8
        assert payloads(outbox) == [b"old", b"new"]
        assert schema.version_of(outbox._db) == schema.VERSION
        sealed = outbox.read("SELECT checksum FROM outbox ORDER BY id")
        assert sealed == [(None,), (schema.checksum("telemetry", "t", b"new"),)]


def test_a_file_of_the_first_release_is_carried_forward(older: Path) -> None:
    """Messages, commands, answers, state and counts are those that it had."""
    check_carried_forward(older)


@pytest.mark.parametrize("statement", range(4))
def test_an_upgrade_that_is_cut_off_goes_on_at_the_next_start(older: Path, statement: int) -> None:
    """Killed at any of its statements, the file is that of before, and is carried forward later."""

    class Cut(sqlite3.Connection):
        left = statement

        def execute(self, sql: str, *args: object) -> sqlite3.Cursor:  # type: ignore[override]
            """Refuse an ALTER, sooner or later."""
            if sql.startswith("ALTER"):
                if not self.left:
                    raise KeyboardInterrupt
                self.left -= 1
            return super().execute(sql, *args)  # type: ignore[arg-type]

    with (
        closing(sqlite3.connect(older, factory=Cut, isolation_level=None)) as db,
        pytest.raises(KeyboardInterrupt),
    ):
        schema.carry_forward(db)
    check_carried_forward(older)


def test_a_newer_file_is_refused_by_its_version(path: Path) -> None:
    """The message has both versions."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(OutboxNewerError, match="has version 99, and this release reads up to 2") as refused:
        Outbox(path)
    assert refused.value.version == 99


def test_a_newer_file_is_set_aside_and_not_touched(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The VEN goes on with a new one, says so in one line, and counts it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE of_tomorrow (x)")
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for _ in range(2):
        with MendingOutbox.open(path) as outbox:
            outbox.put("ack", "t", b"x")
            assert (outbox.counts.files_set_aside, outbox.counts.in_memory) == (1, None)
    assert path.with_name("outbox.db.version-99").read_bytes() == before
    assert caplog.text.count("set aside as outbox.db.version-99") == 1


def test_what_a_newer_release_left_is_sent_once_it_is_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A VEN that goes back a release and then forward again loses no message and no command."""
    with MendingOutbox.open(path) as new:
        for payload in (b"1", b"2"):
            new.put("event", "t", payload)
        CommandJournal(new).record(b"cmd", 5.0)
        new.remember("subscribed", "before")
    with monkeypatch.context() as older_release:
        older_release.setattr(schema, "VERSION", 1)
        older_release.setattr(schema, "_STEPS", schema._STEPS[:1])
        older_release.setattr(schema, "_columns_by_table", schema._columns_by_table.__wrapped__)
        with MendingOutbox.open(path) as old:
            assert (old.depth, old.counts.files_set_aside) == (0, 1)
            old._db.execute("INSERT INTO outbox VALUES (1, 'ack', 2, 't', x'33', 66)")
            old._db.execute("INSERT INTO memo VALUES ('subscribed', 'meanwhile')")
    with MendingOutbox.open(path) as again:
        assert payloads(again) == [b"3", b"1", b"2"]
        assert [command.payload for command in CommandJournal(again).unfinished()] == [b"cmd"]
        assert again.recall("subscribed") == "meanwhile", "what is newer stays"
    assert list(path.parent.glob("*.version-*")) == []


def test_a_file_that_cannot_be_taken_back_stays(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line says why; it is tried again at the next start."""
    aside = path.with_name("outbox.db.version-2")
    aside.write_bytes(b"no database" * 100)
    with MendingOutbox.open(path) as outbox:
        assert outbox.put("ack", "t", b"x") == 1
    assert "cannot be taken back" in caplog.text
    assert aside.exists()
