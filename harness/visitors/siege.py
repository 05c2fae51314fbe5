"""Those before a page, and the figures of what they came to."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
LIVE_WITHIN_S = 1.0
AGAIN_S = 1.0


@dataclass(slots=True)
class Visit:
    """The figures of one run.

    Attributes:
        live_s: seconds until each answer of the page's health.
        live_failed: reasons why an answer was none.
        visits: connections that visitors made.
        descriptors: the most that the page's process had open.
        links: MQTT connections of the twin; of the operator's page those of its reader's stream.
        links_expected: those that this scenario cuts, and one.
        rows: telemetry that reached the cloud; messages that reached the reader.
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
            reasons.append(f"{self.links} connections to MQTT, or of the reader, not {self.links_expected}")
        return reasons


@dataclass(slots=True)
class Siege:
    """A process with a page, and those before it."""

    pid: int
    port: int
    visitors: int
    seconds: float
    visit: Visit = field(default_factory=Visit)

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
        """Note the answers of the page's health, and the process's descriptors, until cancelled."""
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


async def slow_head(siege: Siege, number: int) -> None:
    """Half a head, and then a byte every two seconds for as long as it is suffered."""
    async with siege.connection() as (reader, writer):
        writer.write(HALF_A_HEAD if number % 2 else b"")
        while not reader.at_eof():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await reader.read(1024)
            if number % 2:
                writer.write(b"x")


async def stream(siege: Siege, number: int) -> None:
    """The page's stream, which every other visitor does not read."""
    async with siege.connection() as (reader, writer):
        writer.write(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{siege.port}\r\n\r\n".encode())
        if number % 2:
            await asyncio.Event().wait()
        while await reader.read(64 * 1024):
            pass


def let_open_many() -> None:
    """Let this process open as many descriptors as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
