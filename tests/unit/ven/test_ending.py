"""However a VEN ends, it lets go of its outbox: the next one on this host can open it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ven_stand import Stand
from ven_twin.ven import runtime as twin_module
from ven_twin.ven.runtime import Twin


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A VEN that has been started; at the end it is started once more, which the lock must allow."""
    stand = Stand(tmp_path / "ven")
    first = stand.start()
    yield stand
    assert stand.twin is first
    try:
        stand.start()
    finally:
        first.close()
        stand.twin.close()


def cut_off(twin: Twin, monkeypatch: pytest.MonkeyPatch, **methods: Any) -> None:
    """Give the session of *twin* other *methods*: there is no network here."""
    for name, method in methods.items():
        monkeypatch.setattr(twin._session, name, method)


def test_a_ven_that_cannot_be_set_up_lets_go(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails after the outbox was opened closes it again."""
    stand.kill()
    with monkeypatch.context() as broken:
        broken.setattr(twin_module, "MqttSession", _refuse)
        with pytest.raises(ValueError, match="too many"):
            stand.start()


async def test_a_ven_that_fails_before_it_connects_lets_go(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command of an earlier run that cannot be carried out ends the VEN, and closes its outbox."""
    monkeypatch.setattr(stand.twin._store.journal, "unfinished", _refuse)
    with pytest.raises(ValueError, match="too many"):
        await stand.twin.run()


async def test_a_ven_whose_session_fails_says_so_and_lets_go(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure of the session is that of the VEN."""

    async def fail() -> None:
        raise ValueError("too many")

    cut_off(stand.twin, monkeypatch, run=fail)
    with pytest.raises(ValueError, match="too many"):
        await stand.twin.run()


async def test_a_ven_that_is_stopped_before_it_runs_ends_in_order(stand: Stand) -> None:
    """A stop that comes first is a stop."""
    stand.twin.stop()
    ended = await stand.twin.run()
    assert ended.connects == 0


async def test_a_ven_that_is_killed_while_it_stops_lets_go(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second Ctrl-C does not wait for the outbox to drain: the session ends, then the outbox closes."""
    stopping, ended = asyncio.Event(), []

    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(stand.twin._outbox.depth)
            stand.twin._outbox.flush()

    async def stop(_drain_s: float) -> None:
        stopping.set()
        await asyncio.Event().wait()

    cut_off(stand.twin, monkeypatch, run=run, stop=stop)
    running = asyncio.create_task(stand.twin.run())
    await asyncio.sleep(0)
    stand.twin.stop()
    await stopping.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(ended) == 1


def _refuse(*_: object, **__: object) -> None:
    raise ValueError("too many")
