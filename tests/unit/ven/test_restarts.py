"""A VEN whose process is killed goes on where it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.wire.events import Phase
from tests.support.ven_stand import START_TS, VEN, Stand
from ven_twin.ven import reported_state
from ven_twin.ven.storage.persisted_state import FORMAT, PersistedState, lasting, read_state, write_state


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A VEN that has been started for the first time."""
    stand = Stand(tmp_path / "ven")
    stand.start()
    yield stand
    stand.twin.close()


def event(start_ts: float, duration_s: int, kw: float = 2.0) -> dict[str, Any]:
    """An event as it stands in the shadow."""
    interval = {"durationS": duration_s, "signal": "shedKw", "value": kw}
    return {"startTs": int(start_ts), "intervals": [interval]}


async def test_an_event_in_the_shadow_starts_and_ends_on_time_without_the_cloud(stand: Stand) -> None:
    """Read once, killed before the start, started with the cloud gone: active and completed in time."""
    await stand.desire(drEvents={"e1": event(START_TS + 100, 60)})
    stand.live(5)
    stand.kill()
    stand.live_nowhere(30)
    stand.start()
    stand.live(64)
    assert stand.phases("e1") == ["near"]
    stand.live(2)
    assert (stand.event_id, stand.phases("e1")) == ("e1", ["near", "active"])
    stand.live(60)
    assert (stand.event_id, stand.phases("e1")) == (None, ["near", "active", "completed"])


async def test_an_event_goes_on_after_a_kill_and_is_announced_once(stand: Stand) -> None:
    """Its rest is shed, no phase is said twice, and what was delivered before the kill is in the figures."""
    await stand.command(op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=120)
    stand.live(90)
    before_kwh = stand.twin._engine.house.delivered["e1"].reduction_kwh
    assert before_kwh > 0.005
    stand.kill()
    stand.live_nowhere(20)
    stand.start()
    stand.live(2)
    assert stand.event_id == "e1"
    stand.live(20)
    assert stand.phases("e1") == ["active", "completed"]
    (end,) = [said for said in stand.sent if said.get("phase") == "completed"]
    assert before_kwh < end["data"]["deliveredKwh"] < 1.3 * before_kwh
    assert stand.twin._engine.last_event is not None
    assert stand.twin._engine.last_event["endTs"] == START_TS + 120


async def test_an_event_that_ended_while_the_ven_was_dead_is_announced_once(stand: Stand) -> None:
    """Its end is said when the VEN is back, with what is known of it."""
    await stand.command(op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=60)
    stand.live(10)
    stand.kill()
    stand.live_nowhere(600)
    for _ in range(2):
        stand.start()
        stand.live(3)
        stand.kill()
    assert [s["phase"] for s in stand.sent if s.get("event_id") == "e1" and "phase" in s] == [
        "active",
        "completed",
    ]


@pytest.mark.parametrize("left", [Phase.CANCELLED, Phase.OPTED_OUT])
async def test_an_event_that_was_left_is_not_started_again(stand: Stand, left: Phase) -> None:
    """Restored or opted out before the kill, it stays so after it."""
    await stand.command(op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=600)
    stand.live(5)
    if left is Phase.CANCELLED:
        await stand.command(op="restore", correlationId="c2", event_id="e1")
    else:
        stand.twin.opt_out("guests")
        stand.live(1)
        stand.twin.opt_in()
    stand.live(1)
    stand.kill()
    stand.start()
    stand.live(5)
    assert (stand.event_id, stand.phases("e1")) == (None, ["active", left.value])


async def test_settings_that_came_by_command_outlive_the_process(stand: Stand) -> None:
    """Disabled is disabled still, and the patch that the cloud has not confirmed is still wanted."""
    await stand.command(op="set", correlationId="c1", data={"enabled": False, "report_interval_seconds": 7})
    await stand.command(op="shedLoad", correlationId="c2", loadId="ev1", reduceKw=3, durationS=500)
    stand.kill()
    twin = stand.start(report_interval_s=1)
    assert (twin._engine.state.settings.enabled, twin._engine.state.settings.report_interval_s) == (False, 7)
    assert twin._shadow.pending == {"enabled": False, "report_interval_seconds": 7}
    assert twin._engine.state.load_sheds.keys() == {"ev1"}
    await stand.desire(enabled=True)
    assert stand.twin._engine.state.settings.enabled is False


async def test_a_command_that_comes_again_after_a_restart_is_done_once(stand: Stand) -> None:
    """The broker repeats what it holds unacknowledged; the answer is the same, and nothing is done."""
    await stand.command(op="shedPanel", correlationId="c1", requestedReductionKw=2, durationS=60)
    await stand.command(op="restore", correlationId="c2")
    stand.kill()
    stand.start()
    await stand.command(op="shedPanel", correlationId="c1", requestedReductionKw=2, durationS=60)
    stand.live(2)
    assert stand.event_id is None
    first, again = stand.acks("c1")
    assert first == again


@pytest.mark.parametrize("written", [False, True])
async def test_a_command_is_done_once_whenever_the_kill_comes(
    stand: Stand, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after it was kept: it is done when the VEN starts again; after it was done: not again."""
    save = stand.twin._store.save

    def killed(*given: Any, **named: Any) -> None:
        if written:
            save(*given, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(stand.twin._store, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        await stand.command(op="shedPanel", correlationId="c1", requestedReductionKw=2, durationS=60)
    stand.kill()
    stand.live_nowhere(10)
    twin = stand.start()
    (scheduled,) = twin._engine.state.schedule.events.values()
    assert scheduled.event.start_ts == START_TS
    assert len(stand.acks("c1")) == 1
    assert twin._store.journal.unfinished() == []


async def test_a_command_that_ends_the_ven_is_not_tried_for_ever(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Begun twice and never finished, it is dropped with one line."""
    monkeypatch.setattr(type(stand.twin), "_carry_out", _power_cut)
    with pytest.raises(KeyboardInterrupt):
        await stand.command(op="ping", correlationId="c1")
    stand.kill()
    with pytest.raises(KeyboardInterrupt):
        stand.start()
    stand.kill()
    stand.start()
    assert "ended the VEN 2 times" in caplog.text


async def test_runs_of_the_ven_sort_by_their_boot_ids_whatever_the_clock_says(stand: Stand) -> None:
    """(bootId, seq) is the order in which rows were made, also when the host's clock was set back."""
    stand.live(2)
    stand.kill()
    stand.system_ts -= 7200
    stand.start()
    stand.live(2)
    boots = [said["bootId"] for said in stand.collect() if "usedPowerKw" in said]
    assert boots == sorted(boots)
    assert len(set(boots)) == 2


def test_a_damaged_file_is_set_aside_and_the_ven_starts(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says where it is now; nothing of it is deleted."""
    stand.live(2)
    stand.kill()
    path = stand.folder / "outbox.sqlite"
    path.write_bytes(b"no database" * 1000)
    Path(f"{path}-wal").unlink(missing_ok=True)
    stand.start()
    stand.live(2)
    (kept,) = stand.folder.glob("outbox.sqlite.damaged-*")
    assert kept.read_bytes().startswith(b"no database")
    assert kept.name in caplog.text


@pytest.mark.parametrize("memory", ["{}", "[", '{"format":99}', '{"format":1,"state":3}', '{"format":1}'])
def test_a_memory_that_cannot_be_read_is_set_aside_and_the_ven_starts(
    stand: Stand, caplog: pytest.LogCaptureFixture, memory: str
) -> None:
    """Also one of another release; what it was is kept in the file."""
    stand.live(2)
    stand.kill()
    db = sqlite3.connect(stand.folder / "outbox.sqlite")
    db.execute("UPDATE memo SET value = ? WHERE key = 'memory'", (memory,))
    db.commit()
    db.close()
    twin = stand.start()
    assert twin._engine.state.schedule.events == {}
    assert "set aside" in caplog.text
    assert twin._outbox.recall("memory set aside") == memory


def test_a_memory_comes_back_as_it_was_written(stand: Stand) -> None:
    """Nothing of what a VEN decides by is lost on the way to the disk; the circuits are those of now."""
    state = stand.twin._engine.state
    memory = PersistedState(state=lasting(state), boot_id="b", saved_ts=1.0)
    assert read_state(write_state(memory), VEN, state.load_ids) == memory
    assert read_state(write_state(memory), VEN, frozenset({"ev1"})).state.load_ids == {"ev1"}
    assert memory.format == FORMAT


async def test_what_came_in_is_not_acknowledged_when_the_disk_does_not_take_it(stand: Stand) -> None:
    """A command that is not kept comes again; nothing of it is done."""
    from ven_twin.ven.errors import NotStoredError  # noqa: PLC0415 - beside its only use

    stand.twin._outbox._db.execute("PRAGMA query_only = ON")
    with pytest.raises(NotStoredError):
        await stand.command(op="disable", correlationId="c1")
    assert stand.twin._engine.state.settings.enabled is True


async def test_what_was_shed_is_counted_over_restarts_and_reported(stand: Stand) -> None:
    """A VEN that was cut off for long says how many messages it had to let go."""
    stand.kill()
    stand.start(outbox_mb=1.0, report_interval_s=1)
    stand.live(1500)
    shed = stand.twin._outbox.counts.shed["telemetry"]
    assert shed > 0
    stand.kill_unread()
    twin = stand.start(outbox_mb=1.0)
    assert twin._outbox.counts.shed["telemetry"] >= shed
    assert reported_state.reported(twin.snapshot())["ven"]["messagesLost"] >= shed
    await stand.command(op="get", correlationId="c1")
    assert stand.acks("c1")[0]["data"]["messagesShed"]["telemetry"] >= shed


def _power_cut(*_: Any) -> None:
    raise KeyboardInterrupt
