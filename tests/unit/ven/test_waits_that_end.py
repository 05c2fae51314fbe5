"""A loop of the twin that waits for news ends when it is told to, also when news comes in that moment."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ven_twin.ven import worker_process
from ven_twin.ven.webhook import bridge

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
    waiting = asyncio.ensure_future(worker_process._end(worker(wait=gone.wait, returncode=0)))
    await asyncio.sleep(0)
    gone.set()
    assert await is_ended(waiting, turns)


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
