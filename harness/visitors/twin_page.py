"""Visitors that spoil a twin's page, and a machine that has no descriptor or disk left, while an event runs.

The twin is a process of its own with its page, over mutual TLS to a broker, as in the faults. Meanwhile an
event runs, and the page's health is asked for again and again on connections of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from harness.faults.session_scenarios import small_disk
from harness.faults.twin_scenarios import TwinRig, event, untimely_events
from harness.visitors.siege import Siege, Visit, let_open_many, slow_head, stream
from tests.support.mosquitto import free_port
from ven_twin.ven.mqtt.session import CONNECT_TIMEOUT_S, PUBACK_TIMEOUT_S

FEW_DESCRIPTORS = 128
EVENT_MARGIN_S = 8.0


@dataclass(slots=True, kw_only=True)
class TwinSiege(Siege):
    """A twin with its page, and those before it."""

    rig: TwinRig


async def slow_heads(siege: TwinSiege) -> None:
    """1,500 connections that never finish a head."""
    await siege.crowd(slow_head)


async def open_streams(siege: TwinSiege) -> None:
    """1,500 that want the stream, half of whom read nothing."""
    await siege.crowd(stream)


async def few_descriptors(siege: TwinSiege) -> None:
    """All of that before a twin that may have 128 descriptors; its MQTT link is cut twice, and comes back."""
    siege.visit.links_expected = 3

    async def cut() -> None:
        for _ in range(2):
            await asyncio.sleep(siege.seconds / 3)
            siege.rig.proxy.cut()

    async with asyncio.TaskGroup() as group:
        group.create_task(cut())
        group.create_task(siege.crowd(slow_head))


async def no_descriptors(siege: TwinSiege) -> None:
    """The limit is set down to what is open: nothing can be opened that was not given up before."""
    _, hard = resource.prlimit(siege.pid, resource.RLIMIT_NOFILE)
    limit = max(siege.opened()) + 1
    resource.prlimit(siege.pid, resource.RLIMIT_NOFILE, (limit, hard))
    siege.visit.note = f"limit {limit}"
    await siege.crowd(slow_head, 100)


async def full_disk(siege: TwinSiege) -> None:
    """Not a byte is left on the disk of the outbox."""
    folder = siege.rig.folder / "disk"
    with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
    await asyncio.sleep(siege.seconds)
    files = {file.name: file.stat().st_size // 1024 for file in folder.iterdir() if file.is_file()}
    siege.visit.note = ", ".join(f"{name} {size} KB" for name, size in sorted(files.items()))


TWIN_SIEGES: dict[str, Callable[[TwinSiege], Awaitable[None]]] = {
    "slow heads": slow_heads,
    "open streams": open_streams,
    "128 descriptors": few_descriptors,
    "no descriptors": no_descriptors,
    "disk full": full_disk,
}


async def run_twin_siege(name: str, folder: Path, *, seconds: float, visitors: int, seed: int = 1) -> Visit:
    """One run: a twin, an event over nearly all of the time, and what is before it."""
    let_open_many()
    options: dict[str, object] = {
        "page_port": free_port(),
        "puback_timeout_s": PUBACK_TIMEOUT_S,
        "connect_timeout_s": CONNECT_TIMEOUT_S,
    }
    if name == "128 descriptors":
        options["descriptors"] = FEW_DESCRIPTORS
    with contextlib.ExitStack() as stack:
        if name == "disk full":
            disk, kind = stack.enter_context(small_disk(folder / "disk"))
            options["state"] = str(disk)
        async with TwinRig(folder, random.Random(f"{name}{seed}"), messages=0) as rig:
            await rig.start(**options)
            siege = TwinSiege(rig.runs[-1].pid, int(str(options["page_port"])), visitors, seconds, rig=rig)
            await rig.reporting()
            body = event(2, max(2, int(seconds - EVENT_MARGIN_S)), 1.0)
            rig.cloud.desire(drEvents={"e1": body})
            health = asyncio.create_task(siege.watch_health())
            try:
                await TWIN_SIEGES[name](siege)
            finally:
                health.cancel()
                await asyncio.gather(health, return_exceptions=True)
            end_ts = body["startTs"] + body["intervals"][0]["durationS"]
            siege.visit.untimely = untimely_events(rig, {"e1": (body["startTs"], end_ts)}, {})
            siege.visit.links, siege.visit.rows = len(rig.proxy.links), len(set(rig.ingestion.delivered))
            if name == "disk full":
                siege.visit.note = f"{kind}: {siege.visit.note}"
            await rig.end()
    return siege.visit
