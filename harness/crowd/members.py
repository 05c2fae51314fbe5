"""The VENs of a crowd in one process: ``python -m harness.crowd.members twins|plain FOLDER PORT COUNT``.

It prints a line of JSON when all are open, when all are connected, and when each twin has an offer, or as
many as have one when the time is up; then one for every line on standard input: ``rest SECONDS``,
``event SECONDS``; it ends with standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import gmqtt

from contracts.wire.ids import VenId
from contracts.wire.topics import Topics
from ven_twin.ven.event_loop import run_many
from ven_twin.ven.identity import identity_files
from ven_twin.ven.identity.identity_files import Identity, credentials
from ven_twin.ven.mqtt.connect_gate import ConnectGate
from ven_twin.ven.runtime import Twin
from ven_twin.ven.searches import VENS_IN_TICKS, Searches
from ven_twin.ven.settings import TwinSettings

HOUSES = ("standard", "flat", "leaky")
CONNECT_MAX_S = 180.0
OFFER_MAX_S = 900.0
INTERVAL_S = 30.0
ROW = b"x" * 700
"""A telemetry row has about so many bytes."""


def rss_kb() -> float:
    """Resident memory of this process, KB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(fields["VmRSS"].split()[0])


def tell(**figures: float) -> None:
    """Print a line of figures."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


class TwinCrowd:
    """Twins as ``ven-twin fleet run`` runs them."""

    def __init__(self, identities: dict[VenId, Identity], folder: Path, port: int) -> None:
        settings = [
            TwinSettings(
                ven_id=ven_id,
                endpoint="localhost",
                port=port,
                state_dir=folder / ven_id,
                house=HOUSES[number % len(HOUSES)],
                house_seed=number,
                vens=len(identities),
            )
            for number, ven_id in enumerate(identities)
        ]
        gate, searches = ConnectGate(), Searches() if len(settings) > VENS_IN_TICKS else None
        self.twins = [
            Twin.open(one, identities[one.ven_id], gate=gate, searches=searches) for one in settings
        ]
        self.acting_s: dict[VenId, float] = {}
        for one, twin in zip(settings, self.twins, strict=True):
            twin.watch(self._watcher(one.ven_id, twin))

    def _watcher(self, ven_id: VenId, twin: Twin) -> Callable[[], None]:
        def look() -> None:
            if twin.snapshot().house.acting is not None:
                self.acting_s.setdefault(ven_id, time.monotonic())

        return look

    def connected(self) -> int:
        """So many are connected."""
        return sum(twin.status.state == "connected" for twin in self.twins)

    def offering(self) -> int:
        """So many have searched for what they have to offer."""
        return sum(bool(twin.snapshot().house.offering.offer.levels) for twin in self.twins)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run them for as long as the block lasts."""
        tasks = [asyncio.ensure_future(twin.run()) for twin in self.twins]
        try:
            yield
        finally:
            for twin in self.twins:
                twin.stop()
            await asyncio.gather(*tasks)


class PlainSessions:
    """Sessions of gmqtt as it comes, each with a certificate, that send a row an interval."""

    def __init__(self, identities: dict[VenId, Identity], folder: Path, port: int) -> None:
        del folder
        self._identities, self._port = identities, port
        self._clients: list[gmqtt.Client] = []
        self.acting_s: dict[VenId, float] = {}

    def connected(self) -> int:
        """So many are connected."""
        return sum(client.is_connected for client in self._clients)

    def offering(self) -> int:
        """None of them searches."""
        return len(self._identities)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect all of them, twenty at once."""
        gate = asyncio.Semaphore(20)
        sending: list[asyncio.Task[None]] = []

        async def connect(number: int, ven_id: VenId, context: ssl.SSLContext) -> None:
            client = gmqtt.Client(ven_id, clean_session=False)
            async with gate:
                await client.connect("localhost", self._port, ssl=context, keepalive=60)
            client.subscribe([gmqtt.Subscription(topic, qos=1) for topic in Topics(ven_id).subscriptions])
            self._clients.append(client)
            sending.append(asyncio.ensure_future(send(number, ven_id, client)))

        async def send(number: int, ven_id: VenId, client: gmqtt.Client) -> None:
            await asyncio.sleep(INTERVAL_S * number / len(self._identities))
            while True:
                client.publish(Topics(ven_id).telemetry, ROW, qos=1)
                await asyncio.sleep(INTERVAL_S)

        contexts = {ven_id: credentials(identity)[0] for ven_id, identity in self._identities.items()}
        await asyncio.gather(*(connect(number, *item) for number, item in enumerate(contexts.items())))
        try:
            yield
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*(client.disconnect() for client in self._clients), return_exceptions=True)


async def orders() -> AsyncIterator[tuple[str, float]]:
    """The lines of standard input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        name, seconds = line.decode().split()
        yield name, float(seconds)


async def live(crowd: TwinCrowd | PlainSessions, count: int, begun_kb: float) -> None:
    """Connect, then measure what is ordered."""
    connecting_s, cpu_s = time.monotonic(), time.process_time()
    async with crowd.running():
        while crowd.connected() < count and time.monotonic() < connecting_s + CONNECT_MAX_S:  # noqa: ASYNC110 - gmqtt has none
            await asyncio.sleep(0.2)
        tell(
            connected=crowd.connected(),
            connected_s=time.monotonic() - connecting_s,
            cpu_s=time.process_time() - cpu_s,
            kb=(rss_kb() - begun_kb) / count,
        )
        offering_s, cpu_s = time.monotonic(), time.process_time()
        while crowd.offering() < count and time.monotonic() < offering_s + OFFER_MAX_S:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.2)
        tell(
            offering=crowd.offering(),
            after_s=time.monotonic() - offering_s,
            cpu_s=time.process_time() - cpu_s,
            kb=(rss_kb() - begun_kb) / count,
        )
        async for name, seconds in orders():
            begun_s, cpu_s = time.monotonic(), time.process_time()
            await asyncio.sleep(seconds)
            share = (time.process_time() - cpu_s) / (time.monotonic() - begun_s)
            figures = {"share": share, "kb": (rss_kb() - begun_kb) / count, "connected": crowd.connected()}
            if name == "event":
                after_s = sorted(acting_s - begun_s for acting_s in crowd.acting_s.values())
                figures |= {"acting": len(after_s), "last_s": after_s[-1] if after_s else -1.0}
            tell(**figures)


def main() -> None:
    """Run the crowd that the command line describes."""
    kind, folder, port, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    logging.basicConfig(level=logging.ERROR)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = [VenId(f"ven-{number:05}") for number in range(count)]
    identities = {ven_id: identity_files.load(folder / "tls" / ven_id) for ven_id in names}
    begun_kb, opening_s = rss_kb(), time.process_time()
    crowd = (TwinCrowd if kind == "twins" else PlainSessions)(identities, folder / "state", port)
    tell(opening_cpu_s=time.process_time() - opening_s, kb=(rss_kb() - begun_kb) / count)
    run_many(live(crowd, count, begun_kb))


if __name__ == "__main__":
    main()
