"""Visitors that spoil the operator's page, while an event runs in its fleet.

The page is a process of its own against a local cloud with twins. A reader has its stream open from before
the visitors come, as an operator has; an event that is made in their midst is to be on the reader's screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from harness.visitors.siege import Siege, Visit, let_open_many, slow_head, stream
from tests.support.browser_fleet import Fleet

EVENT_ID = "besieged"
EVENT_AFTER_S = 5.0
EVENT = ("--event-id", EVENT_ID, "--shed-kw", "2")
SHOWN_WITHIN_S = 15.0
"""From the answer to whoever made it to the reader's screen; the page polls the cloud every two seconds."""
FLEET_SIEGES: dict[str, Callable[[Siege, int], Awaitable[None]]] = {
    "operator, heads": slow_head,
    "operator, streams": stream,
}


async def run_fleet_siege(name: str, folder: Path, *, seconds: float, visitors: int) -> Visit:
    """One run: a fleet, an event over nearly all of the time, and those before the operator's page."""
    let_open_many()
    fleet = Fleet(folder)
    try:
        await asyncio.to_thread(fleet.start)
        siege = Siege(fleet.server.pid, int(fleet.url.rpartition(":")[2]), visitors, seconds)
        shown: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        reading = asyncio.Event()
        reader = asyncio.create_task(_read(siege, reading, shown))
        await reading.wait()
        beside = (reader, asyncio.create_task(siege.watch_health()))
        made = asyncio.create_task(_dispatch(fleet, seconds))
        try:
            await siege.crowd(FLEET_SIEGES[name])
            made_s = await made
        finally:
            for task in (*beside, made):
                task.cancel()
            await asyncio.gather(*beside, made, return_exceptions=True)
        if not shown.done() or shown.result() - made_s > SHOWN_WITHIN_S:
            siege.visit.untimely.append(f"the reader did not see the event within {SHOWN_WITHIN_S:g} s")
        else:
            siege.visit.note = f"event on the screen after {shown.result() - made_s:.1f} s"
        return siege.visit
    finally:
        await asyncio.to_thread(fleet.stop)


async def _dispatch(fleet: Fleet, seconds: float) -> float:
    """Make an event in the midst of the visitors; when that was answered, monotonic s."""
    await asyncio.sleep(EVENT_AFTER_S)
    made = ("event", "create", *EVENT, "--duration", f"{max(10, int(seconds))}s")
    await asyncio.to_thread(fleet.system.json, *made)
    return time.monotonic()


async def _read(siege: Siege, reading: asyncio.Event, shown: asyncio.Future[float]) -> None:
    """Read the page's stream as an operator does, over as many connections as it takes."""
    while True:
        siege.visit.links += 1
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", siege.port)
            try:
                writer.write(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{siege.port}\r\n\r\n".encode())
                while line := await reader.readline():
                    if not line.startswith(b"data:"):
                        continue
                    siege.visit.rows += 1
                    reading.set()
                    events = json.loads(line.removeprefix(b"data:")).get("events", ())
                    if any(event["eventId"] == EVENT_ID for event in events) and not shown.done():
                        shown.set_result(time.monotonic())
            finally:
                writer.transport.abort()
        await asyncio.sleep(1.0)
