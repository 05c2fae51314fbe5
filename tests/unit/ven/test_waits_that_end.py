"""A loop of the twin that waits for news ends when it is told to, also when news comes in that moment."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.wire import codec
from contracts.wire.ids import VenId
from tests.support.waiting import GIVE_UP_S
from ven_twin.ven import worker_process
from ven_twin.ven.home_assistant import worker as home
from ven_twin.ven.home_assistant.broker import HomeBroker
from ven_twin.ven.webhook import bridge
from ven_twin.webkit.listeners import Listeners

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("ven_twin", "lambdas", "local_cloud", "harness")


def test_no_wait_can_lose_its_end() -> None:
    """`wait_for` of Python 3.11 swallows an end that comes with what it waits for; `timeout` does not."""
    losing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.wait_for"
    ]
    assert losing == []


@pytest.mark.parametrize("turns", range(8))
async def test_a_webhook_that_is_ended_as_its_worker_answers_ends(turns: int) -> None:
    """Whichever turn of the loop the end comes in, nothing waits for a worker any more."""
    stdout = asyncio.StreamReader()
    waiting = asyncio.ensure_future(bridge._outcome(worker(stdout=stdout)))
    await asyncio.sleep(0)
    stdout.feed_data(b'{"status":200}\n')
    assert await is_ended(waiting, turns)


@pytest.mark.parametrize("turns", range(8))
async def test_a_worker_that_leaves_as_its_twin_ends_does_not_keep_it(turns: int) -> None:
    """An end that comes with the worker's exit is no less an end."""
    gone = asyncio.Event()
    waiting = asyncio.ensure_future(worker_process._end(worker(stdout=None, wait=gone.wait, returncode=0)))
    await asyncio.sleep(0)
    gone.set()
    assert await is_ended(waiting, turns)


async def test_a_worker_that_is_not_read_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has written more than a pipe and its reader hold, and does not end with its input."""
    program = "import sys, time; print('x\\n' * 50_000, flush=True); time.sleep(600)"
    monkeypatch.setattr(worker_process, "module_command", lambda _: [sys.executable, "-c", program])
    monkeypatch.setattr(worker_process, "END_S", 0.1)
    async with asyncio.timeout(GIVE_UP_S), worker_process.worker_process("any") as running:
        assert running.stdout is not None
        await running.stdout.readline()
    assert running.returncode == -signal.SIGKILL


async def test_a_stream_that_is_ended_stays_ended() -> None:
    """A state that comes before a page has read of its stream's end does not take that end's place."""
    pages = Listeners()
    page = pages.listen(lambda: b"first")
    assert await anext(page) == b"first"
    pages.close()
    pages.put(b"late")
    async with asyncio.timeout(GIVE_UP_S):
        assert [message async for message in page] == []


async def test_a_worker_that_fails_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Home Assistant's worker ends with its connection's loop: the twin starts another, once it is gone."""

    async def fail(_: home.HomeLink) -> None:
        raise RuntimeError("a fault")

    task = home.Task(ven_id=VenId("ven-1"), version="1", broker=HomeBroker(host="127.0.0.1", port=1))
    read_end, write_end = os.pipe()
    monkeypatch.setattr(home.HomeLink, "run", fail)
    with os.fdopen(read_end) as twin, os.fdopen(write_end, "wb") as goes_on:
        monkeypatch.setattr(sys, "stdin", twin)
        goes_on.write(codec.encode(task) + b"\n")
        goes_on.flush()
        async with asyncio.timeout(GIVE_UP_S):
            await home._serve()


async def is_ended(waiting: asyncio.Future[Any], turns: int) -> bool:
    """The wait is cancelled after *turns* of the loop: it was over by then, or it tells of its end."""
    for _ in range(turns):
        await asyncio.sleep(0)
    was_over = waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])
    return was_over or waiting.cancelled()


def worker(**attributes: Any) -> Any:
    """A process as far as it is waited for."""
    return SimpleNamespace(stdin=None, **attributes)
