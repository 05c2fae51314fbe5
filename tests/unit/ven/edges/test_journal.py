"""The journal: commands are done once and answered once, over any restart."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.storage.command_journal import CommandJournal
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import ANSWERS_MAX, JournalledAck, JournalledCommand


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """An outbox in memory."""
    with Outbox(":memory:") as in_memory:
        yield in_memory


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
    outbox.write(journal.changes())
    assert CommandJournal(outbox).unfinished() == [again]


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
