"""One run: broker, fault proxy, the cloud's end and the producer's process; then the oracle."""

from __future__ import annotations

import asyncio
import random
import signal
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec

from contracts.wire.codec import JsonDict
from harness.faults.broker import Broker, path
from harness.faults.ingestion import Ingestion
from harness.faults.oracle import MessageId, OracleVerdict, ProducerJournal, judge
from harness.faults.producer import VEN, Config, Result
from harness.faults.proxy import Proxy
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity import identity_files
from ven_twin.ven.mqtt.send_window import IN_FLIGHT_MAX

ENDS_WITHIN_S = 240.0


@dataclass
class Rig:
    """Everything that one scenario needs for one seed.

    Attributes:
        folder: its files.
        rng: everything that is left to chance.
        messages: how many rows there are to be.
        options: of the producer.
        blind: whether the proxy hands bytes on, so that VEN and broker see each other's certificates.
    """

    folder: Path
    rng: random.Random
    messages: int
    options: JsonDict = field(default_factory=dict)
    blind: bool = False
    policy: str | None = None

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.authority = Authority()
        self.identity = self.authority.identity(self.folder / "tls")
        server = self.authority.issue("localhost")
        self.broker = Broker(path(self.folder), self.authority, server, policy=self.policy)
        await self.broker.start()
        self._stack.push_async_callback(self.broker.kill)
        self.ingestion = Ingestion(self.broker.plain_port)
        self.ingestion.on_delivery = self._on_delivery
        await self.ingestion.attach()
        self._stack.push_async_callback(self.ingestion.detach)
        shown = None if self.blind else self._server_context(server.certificate + server.key)
        client = None if self.blind else identity_files.ssl_context(self.identity)
        self.proxy = await self._stack.enter_async_context(Proxy(self.broker.port, shown, client))
        self.proxy.ready.set()
        self._waiting: list[tuple[int, asyncio.Event]] = []
        self.runs: list[asyncio.subprocess.Process] = []
        self.began_s = time.monotonic()
        return self

    async def __aexit__(self, *_: object) -> None:
        for run in self.runs:
            if run.returncode is None:
                run.kill()
                await run.wait()
        await self._stack.aclose()

    @property
    def journal(self) -> Path:
        """The file in which the producer notes offered and accepted messages."""
        return self.folder / "journal"

    @property
    def outbox(self) -> Path:
        """The system's own file; a scenario may put it elsewhere."""
        return Path(self.options.get("outbox", self.folder / "outbox.db"))

    async def start(self, **options: Any) -> asyncio.subprocess.Process:
        """Start the producer's process."""
        defaults: JsonDict = {
            "port": self.proxy.port,
            "identity": str(self.folder / "tls"),
            "outbox": str(self.outbox),
            "journal": str(self.journal),
            "result": str(self.folder / "result.json"),
            "messages": self.messages,
        }
        config = msgspec.convert(defaults | self.options | options, Config)
        self.journal.touch()
        (self.folder / "config.json").write_bytes(msgspec.json.encode(config))
        with (self.folder / "producer.log").open("ab") as log:
            run = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "harness.faults.producer", str(self.folder / "config.json")),
                stdout=log,
                stderr=log,
            )
        self.runs.append(run)
        return run

    async def ended(self, run: asyncio.subprocess.Process | None = None) -> int:
        """Wait for the producer to end by itself; -1 when it does not."""
        run = run or self.runs[-1]
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                return await run.wait()
        except TimeoutError:
            run.kill()
            await run.wait()
            return -1

    async def kill_producer(self) -> None:
        """End its process as a crash would."""
        run = self.runs[-1]
        if run.returncode is None:
            run.send_signal(signal.SIGKILL)
        await run.wait()

    async def broker_down(self) -> None:
        """SIGKILL the broker; what it had written to the cloud's end is read first."""
        self.proxy.ready.clear()
        await self.broker.kill()
        await self.ingestion.ended()

    async def broker_up(self) -> None:
        """Start it again; the VEN is let in once the cloud's end listens."""
        await self.broker.start()
        await self.ingestion.attach()
        self.proxy.ready.set()

    async def delivered(self, count: int) -> None:
        """Wait until so many rows have come to the cloud, or the producer has ended."""
        if len(self.ingestion.delivered) >= count:
            return
        event = asyncio.Event()
        self._waiting.append((count, event))
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait())]
        if self.runs:
            waits.append(asyncio.ensure_future(self.runs[-1].wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def at_random_times(self, count: int, act: Callable[[int], Awaitable[None]]) -> None:
        """Call *act* at *count* times in the run, drawn from the seed over its middle."""
        shares = sorted(self.rng.uniform(0.08, 0.85) for _ in range(count))
        for number, share in enumerate(shares):
            await self.delivered(round(share * self.messages))
            await act(number)

    def verdict(self) -> tuple[OracleVerdict, Result | None]:
        """The oracle's verdict up to now, and the producer's result."""
        result = self.result()
        aside: list[MessageId] = [(boot, seq) for boot, seq, _ in result.put_aside] if result else []
        shed = result.shed if result else 0
        in_doubt_max = IN_FLIGHT_MAX * len(self.proxy.links)
        journal = ProducerJournal.read(self.journal)
        return judge(journal, self.ingestion.delivered, aside, shed, in_doubt_max), result

    def result(self) -> Result | None:
        """The result of the producer's last run; None when it did not end by itself."""
        file = self.folder / "result.json"
        return msgspec.json.decode(file.read_bytes(), type=Result) if file.exists() else None

    def _on_delivery(self, count: int) -> None:
        for wanted, event in self._waiting:
            if count >= wanted:
                event.set()

    def _server_context(self, pem: str) -> ssl.SSLContext:
        file = self.folder / "proxy.pem"
        file.touch(mode=0o600)
        file.write_text(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        context.load_verify_locations(cadata=self.authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


__all__ = ["VEN", "Rig"]
