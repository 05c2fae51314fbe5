"""The gate of a process with many VENs: how many open a connection at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.mqtt.connect_gate import ConnectGate


@given(
    at_once=st.integers(1, 4),
    vens=st.lists(st.sampled_from(("opens", "fails", "gives up", "is cancelled")), max_size=20),
)
def test_no_more_than_so_many_are_through_at_once_and_none_waits_for_ever(
    at_once: int, vens: list[str]
) -> None:
    """However a VEN's turn ends, or its waiting, the next one has it."""
    asyncio.run(_all_take_their_turn(at_once, vens))


async def _all_take_their_turn(at_once: int, vens: list[str]) -> None:
    gate, through, opened, most = ConnectGate(at_once), 0, 0, 0
    loop = asyncio.get_running_loop()
    lost: list[asyncio.Future[Any]] = [loop.create_future() for _ in vens]

    async def connect(number: int) -> None:
        nonlocal through, opened, most
        async with gate.turn(lost[number]) as is_ours:
            if not is_ours:
                return
            through += 1
            most = max(most, through)
            try:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                if vens[number] == "fails":
                    raise OSError
                opened += 1
            finally:
                through -= 1

    tasks = [asyncio.ensure_future(connect(number)) for number in range(len(vens))]
    await asyncio.sleep(0)
    for number, end in enumerate(vens):
        if end == "gives up":
            lost[number].set_result(None)
        elif end == "is cancelled":
            tasks[number].cancel()
    for task in tasks:
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.wait_for(task, GIVE_UP_S)
    assert most <= at_once
    assert opened >= vens.count("opens")
    async with asyncio.timeout(GIVE_UP_S):
        for _ in range(at_once):
            stack = gate.turn(loop.create_future())
            assert await stack.__aenter__(), "a turn was not given back"


async def test_a_ven_that_stops_while_it_waits_leaves_at_once() -> None:
    """It has no turn, and takes none from others."""
    gate = ConnectGate(1)
    never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    stopped: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    async with gate.turn(never) as first:
        assert first
        stopped.set_result("stopped")
        async with gate.turn(stopped) as second:
            assert not second
    async with gate.turn(never) as third:
        assert third
