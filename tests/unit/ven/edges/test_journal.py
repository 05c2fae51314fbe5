"""The journal: commands are done once and answered once, over any restart."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from tests.support.ven_states import LOADS, NOW, VEN, desired, event, told, ven
from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.storage.command_journal import CommandJournal, StateStore
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.persisted_state import PersistedState
from ven_twin.ven.storage.rows import ANSWERS_MAX, JournalledAck, JournalledCommand, Message


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """An outbox in memory."""
    with Outbox(":memory:") as in_memory:
        yield in_memory


def watch_deletions(outbox: Outbox) -> list[str]:
    """The statements that delete commands, from now on."""
    deletions: list[str] = []
    outbox._db.set_trace_callback(
        lambda sql: deletions.append(sql) if sql.startswith("DELETE FROM inbox") else None
    )
    return deletions


def test_a_command_waits_until_what_it_did_is_written(outbox: Outbox) -> None:
    """It is there for the next run, with its receipt time, and crossed off with its answer."""
    journal = CommandJournal(outbox)
    first = journal.record(b"first", 10.5)
    second = journal.record(b"second", 11.5)
    assert (first, second.id) == (JournalledCommand(1, b"first", 10.5), 2)
    outbox.write(journal.changes(b"{}", remembered=JournalledAck("c-1", b"ack"), done=first))
    journal.written()
    following = CommandJournal(outbox)
    assert following.unfinished() == [JournalledCommand(2, b"second", 11.5)]
    assert following.answers() == [JournalledAck("c-1", b"ack")]
    assert following.persisted() == b"{}"


def test_a_command_that_ends_the_ven_each_time_is_dropped(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """It is begun twice in all; the third run leaves it out, says so, and the fourth knows nothing of it."""
    CommandJournal(outbox).record(b"deadly", 10.0)
    assert [waiting.payload for waiting in CommandJournal(outbox).unfinished()] == [b"deadly"]
    assert CommandJournal(outbox).unfinished() == []
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "a command of 6 bytes ended the VEN 2 times: dropped"
    ]
    assert outbox.read("SELECT count(*) FROM inbox") == [(0,)]


def test_a_command_that_the_disk_does_not_take_is_refused(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not be acknowledged, so that it comes again."""
    monkeypatch.setattr(outbox, "write", lambda *_, **__: False)
    with pytest.raises(NotStoredError):
        CommandJournal(outbox).record(b"x", 10.0)


def test_what_is_crossed_off_and_not_written_is_crossed_off_later(outbox: Outbox) -> None:
    """A full disk keeps the command; the next changes delete it, and those after them touch nothing."""
    journal = CommandJournal(outbox)
    waiting = journal.record(b"x", 10.0)
    journal.changes(done=waiting)  # never written
    outbox.write(journal.changes())
    journal.written()
    assert CommandJournal(outbox).unfinished() == []
    again = journal.record(b"y", 11.0)
    deletions = watch_deletions(outbox)
    outbox.write(journal.changes())
    assert (deletions, CommandJournal(outbox).unfinished()) == ([], [again])


@pytest.mark.parametrize("disk_full", [False, True])
def test_a_dropped_command_is_deleted_once(outbox: Outbox, disk_full: bool) -> None:
    """With the count of the tries when the disk takes that, and otherwise with the next change."""
    CommandJournal(outbox).record(b"deadly", 10.0)
    CommandJournal(outbox).unfinished()
    journal, deletions = CommandJournal(outbox), watch_deletions(outbox)
    with pytest.MonkeyPatch.context() as full:
        if disk_full:
            full.setattr(outbox, "write", lambda *_, **__: False)
        assert journal.unfinished() == []
    outbox.write(journal.changes())
    assert deletions == ["DELETE FROM inbox WHERE id = 1"]
    assert outbox.read("SELECT count(*) FROM inbox") == [(0,)]


def test_the_newest_answers_are_kept(outbox: Outbox) -> None:
    """Of more than 256 the oldest go; one that is given again counts as new."""
    journal = CommandJournal(outbox)
    for n in range(ANSWERS_MAX + 2):
        outbox.write(journal.changes(remembered=JournalledAck(f"c-{n}", b"%d" % n)))
    answers = journal.answers()
    assert len(answers) == ANSWERS_MAX
    assert (answers[0], answers[-1].correlation_id) == (JournalledAck("c-2", b"2"), f"c-{ANSWERS_MAX + 1}")
    outbox.write(journal.changes(remembered=JournalledAck("c-2", b"again")))
    assert journal.answers()[-1] == JournalledAck("c-2", b"again")


def test_a_memory_is_what_was_written_last(outbox: Outbox) -> None:
    """None before the first, then the newest; one that is set aside is no memory any more."""
    journal = CommandJournal(outbox)
    assert journal.persisted() is None
    outbox.write(journal.changes(b'{"n":1}'))
    outbox.write(journal.changes(b'{"n":2}'))
    outbox.write(journal.changes())
    assert journal.persisted() == b'{"n":2}'
    journal.set_aside("cannot be read")
    assert journal.persisted() is None
    assert outbox.recall("memory set aside") == '{"n":2}'


def test_what_must_outlive_a_power_cut_is_forced_to_disk(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command before its ack, the count of its tries before the next, a state that is set aside."""
    forced: list[bool] = []
    really_write = outbox.write

    def write(changes: Any, *, durable: bool = False) -> bool:
        forced.append(durable)
        return really_write(changes, durable=durable)

    monkeypatch.setattr(outbox, "write", write)
    journal = CommandJournal(outbox)
    journal.record(b"x", 10.0)
    journal.unfinished()
    journal.set_aside("cannot be read")
    assert forced == [True, True, True]


def test_256_answers_are_remembered() -> None:
    """As many commands as can be told from a repetition; a repeat of an older one is carried out anew."""
    assert ANSWERS_MAX == 256


class Publishing:
    """A session that puts into *outbox*, while the disk takes it, and notes what was to be durable."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.disk_full = False
        self.durable: list[bool] = []

    def publish_all(self, messages: Sequence[Message], **options: Any) -> list[int | None] | None:
        """Put messages into the outbox."""
        self.durable.append(options["durable"])
        return None if self.disk_full else self._outbox.put_all(messages, **options)


STATE = PersistedState(state=ven(), boot_id="b1", saved_ts=NOW)
TELEMETRY = [Message("telemetry", "t", b"x")]
ACK = JournalledAck("c-1", b"ack")


@pytest.mark.parametrize(
    ("change", "messages", "durable"),
    [
        ({}, [], []),
        ({"saved_ts": NOW + 1.0, "requested_kw": {"e1": 2.0}}, [], []),
        ({"saved_ts": NOW + 1.0, "requested_kw": {"e1": 2.0}}, TELEMETRY, [False]),
        ({"state": told(ven(), desired(event()))}, [], [True]),
        ({"state": told(ven(), desired(event()))}, TELEMETRY, [True]),
        ({"pending": {"enabled": False}}, [], [True]),
        ({"last_event": {"eventId": "e0"}}, [], [True]),
    ],
)
def test_a_state_is_written_when_it_changes_or_with_messages(
    outbox: Outbox, change: dict[str, Any], messages: list[Message], durable: list[bool]
) -> None:
    """A change is forced to disk; meters alone go with the next messages, and nothing goes with nothing."""
    store, session = StateStore(CommandJournal(outbox)), Publishing(outbox)
    store.save(session, STATE, [])  # type: ignore[arg-type]
    assert session.durable == [True]
    changed = msgspec.structs.replace(STATE, **change)
    store.save(session, changed, messages)  # type: ignore[arg-type]
    assert session.durable[1:] == durable
    assert store.read(VEN, LOADS) == (changed if durable else STATE)
    assert outbox.depth == len(messages)


@pytest.mark.parametrize("kinds", [("remembered",), ("done",), ("remembered", "done")])
def test_what_a_command_did_is_forced_to_disk(outbox: Outbox, kinds: tuple[str, ...]) -> None:
    """Also when it changed nothing: its ack is remembered, and it is crossed off."""
    store, session = StateStore(CommandJournal(outbox)), Publishing(outbox)
    command = store.journal.record(b"x", 10.0)
    store.save(session, STATE, [])  # type: ignore[arg-type]
    store.save(session, STATE, [], **{kind: {"remembered": ACK, "done": command}[kind] for kind in kinds})  # type: ignore[arg-type]
    assert session.durable == [True, True]
    following = CommandJournal(outbox)
    assert following.answers() == ([ACK] if "remembered" in kinds else [])
    assert following.unfinished() == ([] if "done" in kinds else [command])


def test_a_state_that_the_disk_refused_is_written_again(outbox: Outbox) -> None:
    """It stays news until it is on disk, and so does a command that is to be crossed off, once."""
    store, session = StateStore(CommandJournal(outbox)), Publishing(outbox)
    command = store.journal.record(b"x", 10.0)
    session.disk_full = True
    store.save(session, STATE, [], done=command)  # type: ignore[arg-type]
    session.disk_full = False
    deletions = watch_deletions(outbox)
    for _ in range(2):
        store.save(session, STATE, [])  # type: ignore[arg-type]
    store.save(session, STATE, TELEMETRY)  # type: ignore[arg-type]
    assert session.durable == [True, True, False]
    assert (command.id, deletions) == (1, ["DELETE FROM inbox WHERE id = 1"])
    assert store.read(VEN, LOADS) == STATE
