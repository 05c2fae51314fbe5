"""The VEN's own history of power: bounded, over restarts, damage and clocks that were wrong."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ven_twin.ven.storage import power_store
from ven_twin.ven.storage.power_store import MINUTE_S, QUARTER_S, ActedEvent, PowerMean, PowerStore

TS = 1_800_000_000


def minute(ts: int, kw: float, *, measured_s: float = 60.0, target_kw: float | None = None) -> PowerMean:
    """A minute of a house with one circuit."""
    target_s = 0.0 if target_kw is None else measured_s
    return PowerMean(ts, measured_s, kw, kw + 1.0, target_s, target_kw, {"ev1": kw})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file."""
    return tmp_path / "history.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[PowerStore]:
    """A store that is empty."""
    store = PowerStore(path)
    yield store
    store.close()


def used_kw(store: PowerStore, width_s: int = MINUTE_S) -> dict[int, float]:
    """The means of *width_s* by their time."""
    return {mean.ts: mean.used_kw for mean in store.between(width_s, 0, 4e9)}


def test_what_was_lived_is_there_after_a_restart(store: PowerStore, path: Path) -> None:
    """Minutes with baseline, target and circuits, and the events that were acted on."""
    stored = minute(TS, 2.0, target_kw=1.5)
    store.add(stored, [ActedEvent("e1", TS + 5.0, TS + 55.0)])
    store.add(minute(TS + 60, 3.0), [ActedEvent("e1", TS + 60.0, TS + 70.0)])
    store.close()
    with contextlib.closing(PowerStore(path)) as again:
        assert again.between(MINUTE_S, TS, TS + 60) == [stored]
        assert again.events(TS, TS + 3600) == [ActedEvent("e1", TS + 5.0, TS + 70.0)]
        assert again.events(TS + 70, TS + 3600) == []


def test_a_quarter_hour_is_the_mean_of_its_minutes(store: PowerStore) -> None:
    """Weighted by the time that each was measured; its target is that of the time in which there was one."""
    store.add(minute(TS, 1.0))
    store.add(minute(TS + 60, 4.0, measured_s=30.0, target_kw=0.5))
    store.add(minute(TS + QUARTER_S, 9.0))
    first, second = store.between(QUARTER_S, 0, 4e9)
    assert (first.ts, first.measured_s, first.used_kw, first.target_kw) == (TS, 90.0, 2.0, 0.5)
    assert first.circuits_kw == {"ev1": 2.0}
    assert second.used_kw == 9.0


def test_a_minute_in_two_parts_is_their_mean(store: PowerStore) -> None:
    """The VEN was restarted in it."""
    store.add(minute(TS, 1.0, measured_s=20.0))
    store.add(minute(TS, 4.0, measured_s=40.0))
    assert used_kw(store) == {TS: 3.0}


def test_a_minute_that_is_lived_twice_is_the_one_lived_last(store: PowerStore) -> None:
    """The clock was set back: in the quarter hour, too, there is nothing of the first."""
    for n in range(5):
        store.add(minute(TS + 60 * n, 1.0))
    for n in range(5):
        store.add(minute(TS + 60 * n, 7.0))
    assert set(used_kw(store).values()) == {7.0}
    assert used_kw(store, QUARTER_S) == {TS: 7.0}


def test_the_file_is_bounded(store: PowerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the number of minutes, quarter hours and events; the newest stay."""
    monkeypatch.setattr(power_store, "ROWS_MAX", {MINUTE_S: 20, QUARTER_S: 3})
    monkeypatch.setattr(power_store, "EVENTS_MAX", 4)
    for n in range(100):
        ts = TS + 60 * n
        store.add(minute(ts, float(n)), [ActedEvent(f"e{n}", ts, ts + 60)])
    assert list(used_kw(store)) == [TS + 60 * n for n in range(80, 100)]
    assert list(used_kw(store, QUARTER_S)) == [TS + QUARTER_S * n for n in (4, 5, 6)]
    assert [event.event_id for event in store.events(0, 4e9)] == ["e96", "e97", "e98", "e99"]


def test_a_clock_that_was_far_ahead_drives_out_no_more_than_it_wrote(
    store: PowerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when it is right again, the minutes of the right time are kept again."""
    monkeypatch.setattr(power_store, "ROWS_MAX", {MINUTE_S: 20, QUARTER_S: 20})
    for n in range(20):
        store.add(minute(TS + 60 * n, 1.0))
    for n in range(3):
        store.add(minute(3_900_000_000 + 60 * n, 2.0))
    assert len(store.between(MINUTE_S, TS, TS + 3600)) == 17
    for n in range(20, 40):
        store.add(minute(TS + 60 * n, 1.0))
    assert list(used_kw(store)) == [TS + 60 * n for n in range(20, 40)]


def test_a_row_that_is_damaged_is_left_out(store: PowerStore, path: Path) -> None:
    """A bit that flipped on the disk is no power."""
    store.add(minute(TS, 1.0))
    store.add(minute(TS + 60, 2.0))
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE means SET body = replace(body, '1.0', '9.0') WHERE ts = ? AND width_s = 60", (TS,))
    assert used_kw(store) == {TS + 60: 2.0}


@pytest.mark.parametrize("damage", ["bytes", "table"])
def test_a_damaged_file_is_set_aside_and_begun_anew(
    store: PowerStore, path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The VEN goes on, one line says so, and no more than one damaged file stays."""
    for _ in range(2):
        store.add(minute(TS, 1.0))
        store.close()
        if damage == "bytes":
            path.write_bytes(b"no database at all" * 500)
        else:
            with contextlib.closing(sqlite3.connect(path)) as db, db:
                db.execute("ALTER TABLE means RENAME COLUMN body TO something")
        assert used_kw(store) == {}
        store.add(minute(TS + 60, 2.0))
        assert used_kw(store) == {TS + 60: 2.0}
        store.close()
    assert "begun anew" in caplog.text
    assert (
        len(
            [
                aside
                for aside in path.parent.iterdir()
                if ".damaged" in aside.name and "-wal" not in aside.name
            ]
        )
        == 1
    )


def test_a_disk_that_refuses_disturbs_nobody(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line says so however often it refuses; when it takes rows again they are kept."""
    path.mkdir()
    store = PowerStore(path)
    for n in range(3):
        store.add(minute(TS + 60 * n, 1.0))
        assert used_kw(store) == {}
    assert caplog.text.count("is not kept for now") == 1
    path.rmdir()
    store.add(minute(TS, 1.0))
    assert used_kw(store) == {TS: 1.0}
    store.close()
