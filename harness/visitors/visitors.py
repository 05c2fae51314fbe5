"""Visitors that spoil a page, and a machine that has no descriptor or disk left, while an event runs.

The twin is a process of its own with its page, over mutual TLS to a broker, as in the faults. Meanwhile an
event runs, and the page's health is asked for again and again on connections of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.faults.session_scenarios import small_disk
from harness.faults.twin_scenarios import TwinRig, event, untimely_events
from tests.support.mosquitto import free_port
from ven_twin.ven.mqtt.session import CONNECT_TIMEOUT_S, PUBACK_TIMEOUT_S

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
LIVE_WITHIN_S = 1.0
AGAIN_S = 1.0
FEW_DESCRIPTORS = 128
EVENT_MARGIN_S = 8.0


@dataclass(slots=True)
class Visit:
    """The figures of one run.

    Attributes:
        live_s: seconds until each answer of the page's health.
        live_failed: reasons why an answer was none.
        visits: connections that visitors made.
        descriptors: the most that the twin had open.
        links: MQTT connections of the twin.
        links_expected: those that this scenario cuts, and one.
        rows: telemetry that reached the cloud.
        untimely: events that did not start and end in time.
        note: anything else that a reader should know.
    """

    live_s: list[float] = field(default_factory=list)
    live_failed: list[str] = field(default_factory=list)
    visits: int = 0
    descriptors: int = 0
    links: int = 0
    links_expected: int = 1
    rows: int = 0
    untimely: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def objections(self) -> list[str]:
        """The reasons why this run fails; empty when it passes."""
        reasons = [f"/live: {reason}" for reason in self.live_failed[:3]] + self.untimely
        if not self.live_s:
            reasons.append("/live never answered")
        elif max(self.live_s) >= LIVE_WITHIN_S:
            reasons.append(f"/live took {max(self.live_s):.2f} s")
        if self.links != self.links_expected:
            reasons.append(f"{self.links} MQTT connections, not {self.links_expected}")
        return reasons


@dataclass(slots=True)
class Siege:
    """A twin with its page, and those before it."""

    rig: TwinRig
    port: int
    visitors: int
    seconds: float
    visit: Visit = field(default_factory=Visit)

    @property
    def pid(self) -> int:
        """The twin's process."""
        return self.rig.runs[-1].pid

    def opened(self) -> list[int]:
        """The descriptors that the twin has open."""
        return [int(entry.name) for entry in Path(f"/proc/{self.pid}/fd").iterdir()]

    async def crowd(self, visitor: Callable[[Siege, int], Awaitable[None]], count: int | None = None) -> None:
        """Let so many visitors come again and again until the time is over."""

        async def come_again(number: int) -> None:
            while True:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    await visitor(self, number)
                await asyncio.sleep(AGAIN_S)

        tasks = [asyncio.create_task(come_again(number)) for number in range(count or self.visitors)]
        try:
            await asyncio.sleep(self.seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """One connection to the page."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.visit.visits += 1
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def watch_health(self) -> None:
        """Note the answers of the page's health, and the twin's descriptors, until cancelled."""
        probe = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "harness.visitors.probe", str(self.port)), stdout=asyncio.subprocess.PIPE
        )
        assert probe.stdout is not None
        try:
            while line := (await probe.stdout.readline()).decode().strip():
                if line[0].isdigit():
                    self.visit.live_s.append(float(line))
                else:
                    self.visit.live_failed.append(line)
                self.visit.descriptors = max(self.visit.descriptors, len(self.opened()))
        finally:
            probe.kill()
            await probe.wait()


async def _slow_head(siege: Siege, number: int) -> None:
    """Half a head, and then a byte every two seconds for as long as it is suffered."""
    async with siege.connection() as (reader, writer):
        writer.write(HALF_A_HEAD if number % 2 else b"")
        while not reader.at_eof():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await reader.read(1024)
            if number % 2:
                writer.write(b"x")


async def _stream(siege: Siege, number: int) -> None:
    """The page's stream, which every other visitor does not read."""
    async with siege.connection() as (reader, writer):
        writer.write(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{siege.port}\r\n\r\n".encode())
        if number % 2:
            await asyncio.Event().wait()
        while await reader.read(64 * 1024):
            pass


async def slow_heads(siege: Siege) -> None:
    """1,500 connections that never finish a head."""
    await siege.crowd(_slow_head)


async def open_streams(siege: Siege) -> None:
    """1,500 that want the stream, half of whom read nothing."""
    await siege.crowd(_stream)


async def few_descriptors(siege: Siege) -> None:
    """All of that before a twin that may have 128 descriptors; its MQTT link is cut twice, and comes back."""
    siege.visit.links_expected = 3

    async def cut() -> None:
        for _ in range(2):
            await asyncio.sleep(siege.seconds / 3)
            siege.rig.proxy.cut()

    async with asyncio.TaskGroup() as group:
        group.create_task(cut())
        group.create_task(siege.crowd(_slow_head))


async def no_descriptors(siege: Siege) -> None:
    """The limit is set down to what is open: nothing can be opened that was not given up before."""
    _, hard = resource.prlimit(siege.pid, resource.RLIMIT_NOFILE)
    limit = max(siege.opened()) + 1
    resource.prlimit(siege.pid, resource.RLIMIT_NOFILE, (limit, hard))
    siege.visit.note = f"limit {limit}"
    await siege.crowd(_slow_head, 100)


async def full_disk(siege: Siege) -> None:
    """Not a byte is left on the disk of the outbox."""
    folder = siege.rig.folder / "disk"
    with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
    await asyncio.sleep(siege.seconds)
    files = {file.name: file.stat().st_size // 1024 for file in folder.iterdir() if file.is_file()}
    siege.visit.note = ", ".join(f"{name} {size} KB" for name, size in sorted(files.items()))


SIEGES: dict[str, Callable[[Siege], Awaitable[None]]] = {
    "slow heads": slow_heads,
    "open streams": open_streams,
    "128 descriptors": few_descriptors,
    "no descriptors": no_descriptors,
    "disk full": full_disk,
}


async def run_siege(name: str, folder: Path, *, seconds: float, visitors: int, seed: int = 1) -> Visit:
    """One run: a twin, an event over nearly all of the time, and what is before it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
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
            siege = Siege(rig, int(str(options["page_port"])), visitors, seconds)
            await rig.start(**options)
            await rig.reporting()
            body = event(2, max(2, int(seconds - EVENT_MARGIN_S)), 1.0)
            rig.cloud.desire(drEvents={"e1": body})
            health = asyncio.create_task(siege.watch_health())
            try:
                await SIEGES[name](siege)
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
