"""The cloud's end: reads every row that the broker hands on, by the real function's own code.

It listens on the broker's plain listener with QoS 0: mosquitto writes to it before it acknowledges to the
VEN, so that what it acknowledged is here even when it is killed the moment after.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.errors import WireError
from contracts.store.envelopes import Envelope
from contracts.wire.telemetry_batch import TelemetryBatch
from harness.faults.frames import PUBLISH, SUBACK, Frames, connect, kind, published, subscribe
from harness.faults.oracle import MessageId
from lambdas.store_telemetry.logic import read_message

FILTERS = ("ven/telemetry/+", "ven/loads/+", "ven/ack/+")
RECEIVED_MS = 1_800_000_000_000


@dataclass
class Ingestion:
    """Every delivery, in order, duplicates and all.

    Attributes:
        port: the broker's plain listener.
        delivered: (bootId, seq) of the telemetry that could be read.
        malformed: raw bytes that could not, with why.
        acks: payloads of acks.
        acks_ts: when each came, UTC s by the machine's own clock.
    """

    port: int
    delivered: list[MessageId] = field(default_factory=list)
    malformed: list[tuple[bytes, str]] = field(default_factory=list)
    acks: list[bytes] = field(default_factory=list)
    acks_ts: list[float] = field(default_factory=list)
    on_delivery: Callable[[int], None] = lambda _count: None

    async def attach(self) -> None:
        """Connect and subscribe; returns once subscribed. What comes is read until the broker ends it."""
        while True:
            try:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
                break
            except OSError:
                await asyncio.sleep(0.01)
        self._writer.write(connect("ingestion") + subscribe(*FILTERS))
        subscribed = asyncio.Event()
        self._reading = asyncio.ensure_future(self._read(self._reader, subscribed))
        async with asyncio.timeout(5):
            await subscribed.wait()

    async def ended(self) -> None:
        """Wait until everything that the broker had written is read."""
        await self._reading
        self._writer.transport.abort()

    async def detach(self) -> None:
        """Leave."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, subscribed: asyncio.Event) -> None:
        frames = Frames()
        with contextlib.suppress(OSError):
            while received := await reader.read(64 * 1024):
                for packet in frames.feed(received):
                    if kind(packet) == SUBACK:
                        subscribed.set()
                    elif kind(packet) == PUBLISH:
                        self._take(*published(packet, 4)[:2])

    def _take(self, topic: str, payload: bytes) -> None:
        if topic.startswith("ven/ack/"):
            self.acks.append(payload)
            self.acks_ts.append(time.time())
            return
        try:
            rows = as_stored(topic, payload)
        except WireError as error:
            self.malformed.append((payload, str(error)))
            return
        if topic.startswith("ven/telemetry/"):
            self.delivered += rows
            self.on_delivery(len(self.delivered))


def as_stored(topic: str, payload: bytes) -> list[MessageId]:
    """The keys of the rows that the function stores for a message, as the topic rule hands it on."""
    envelope = Envelope(payload=base64.b64encode(payload).decode(), topic=topic, received_ms=RECEIVED_MS)
    message = read_message(envelope)
    seqs = message.samples.seq if isinstance(message, TelemetryBatch) else [message.seq]
    return [(message.boot_id, seq) for seq in seqs]
