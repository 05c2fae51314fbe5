"""The outbox's file: what waits for the disk, who may open it, and what is done when it is damaged."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from tests.support.outboxes import ROW, payloads
from ven_twin.ven.errors import OutboxDamagedError, OutboxError
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.outbox_file import PAGE_BYTES, Transactions


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


def test_a_file_that_cannot_be_read_has_no_rows_now(outbox: Outbox) -> None:
    """Nothing is raised: there may be some again later."""
    assert outbox.read("SELECT * FROM nowhere") == []


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
    page = PAGE_BYTES
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
    with MendingOutbox.open(path) as outbox:
        assert outbox.depth == 0
    assert len(list(path.parent.glob("outbox.db.damaged-*"))) == 1


def test_an_outbox_that_cannot_be_taken_up_lets_go_of_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted while it is opened, it leaves the file to the next."""
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Transactions, "__init__", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            Outbox(path)
    with Outbox(path) as outbox:
        assert outbox.depth == 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_with_larger_pages_is_taken_up_as_it_is(path: Path) -> None:
    """One of before: its messages wait, and others come behind them."""
    with Outbox(path) as before:
        before.put("telemetry", "t", b"1")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA page_size = 4096")
    db.execute("VACUUM")
    db.close()
    with Outbox(path) as outbox:
        assert outbox._db.execute("PRAGMA page_size").fetchone() == (4096,)
        outbox.put("telemetry", "t", b"2")
        assert payloads(outbox) == [b"1", b"2"]


def test_an_outbox_from_which_nothing_waits_is_not_read(outbox: Outbox) -> None:
    """What is in flight is known; the file is asked for what is not."""
    outbox.put("telemetry", "t", b"1")
    assert len(outbox.window(10)) == 1
    statements: list[str] = []
    outbox._db.set_trace_callback(statements.append)
    assert outbox.window(10) == []
    assert statements == []
    outbox.put("telemetry", "t", b"2")
    assert [row.payload for row in outbox.window(10)] == [b"2"]
