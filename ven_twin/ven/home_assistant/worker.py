"""The process that speaks to the home's broker, until its standard input ends.

The first line of its input is its `Task`, each other the state to show. Its output has a line for each order
of the switch, and for what there is to log.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import ssl
import sys
from collections.abc import Awaitable
from typing import Any

import msgspec

from contracts.wire import codec
from contracts.wire.ids import VenId
from ven_twin.ven.home_assistant.broker import HomeBroker
from ven_twin.ven.home_assistant.discovery import (
    OFFLINE,
    ONLINE,
    HomeMessage,
    HomeTopics,
    announcements,
    wants_opt_out,
)
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.gmqtt_link import GmqttLink, LinkOptions, NoOutbox, watch

MEMORY_MAX_BYTES = 512 * 1024 * 1024
"""The memory that a broker can make this process take; then it ends, and another is started."""
CONNECT_TIMEOUT_S = 10.0
KEEPALIVE_S = 30
ORDER_EVERY_S = 2.0
NICER_BY = 10
"""The twin goes first where the two want the same processor."""
LINE_MAX_BYTES = 64 * 1024


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """The VEN to show, and where."""

    ven_id: VenId
    version: str
    broker: HomeBroker


class WorkerLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of output: the order of the switch, or what to log."""

    opt_out: bool | None = None
    log: str | None = None


class HomeLink:
    """Shows the latest state on one connection after the other."""

    def __init__(self, task: Task) -> None:
        self._task = task
        broker = task.broker
        self._context = ssl.create_default_context(cafile=broker.ca_file) if broker.tls else None
        self._topics = HomeTopics(task.ven_id)
        self._state: bytes | None = None
        self._changed = asyncio.Event()
        self._logged = ""
        self._order: bool | None = None
        self._ordered = asyncio.Event()

    def show(self, state: bytes) -> None:
        """Have *state* published, now or when there is a connection."""
        self._state = state
        self._changed.set()

    async def run(self) -> None:
        """Connect, show, and connect again when that is lost; never ends by itself."""
        backoff = Backoff(random.Random())  # noqa: S311 - spreads reconnects
        while True:
            link = self._link()
            try:
                await self._connected(link)
            finally:
                await link.close()
            self._say(f"{self._where} is not reached: {link.lost.result().reason}")
            backoff.connection_stood(link.stood_s() or 0.0)
            await asyncio.sleep(backoff.next_delay_s())

    async def hand_orders_on(self) -> None:
        """Hand the latest order of the switch to the twin, and no more than one in `ORDER_EVERY_S`."""
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            _write(WorkerLine(opt_out=self._order))
            self._changed.set()  # the switch shows what is so, also when the order changes nothing
            await asyncio.sleep(ORDER_EVERY_S)

    @property
    def _where(self) -> str:
        return f"Home Assistant's broker at {self._task.broker.host}:{self._task.broker.port}"

    def _link(self) -> GmqttLink:
        options = LinkOptions(
            clean_session=True,
            will=HomeMessage(self._topics.availability, OFFLINE),
            username=self._task.broker.username,
            password=self._task.broker.password,
        )
        return GmqttLink(
            f"ven-twin-{self._task.ven_id}", "3.1.1", 0, self._deliver, NoOutbox(), options=options
        )

    async def _connected(self, link: GmqttLink) -> None:
        """Announce the VEN and show its states, until the connection is lost or this is cancelled."""
        broker = self._task.broker
        await link.open(broker.host, broker.port, self._context, KEEPALIVE_S, timeout_s=CONNECT_TIMEOUT_S)
        if link.lost.done() or not await link.subscribe([self._topics.opt_out]):
            return
        self._say(f"{self._where} shows {self._task.ven_id}")
        for message in announcements(self._task.ven_id, self._task.version):
            link.send(message.topic, message.payload, 0, retain=message.retain)
        link.send(self._topics.availability, ONLINE, 0, retain=True)
        try:
            await _first_of(self._publish(link), watch(link, NoOutbox(), CONNECT_TIMEOUT_S), link.lost)
        except asyncio.CancelledError:
            link.send(self._topics.availability, OFFLINE, 0, retain=True)
            raise

    async def _publish(self, link: GmqttLink) -> None:
        while True:
            self._changed.clear()
            if self._state is not None and link.unsent_bytes < LINE_MAX_BYTES:
                link.send(self._topics.state, self._state, 0, retain=True)
            await self._changed.wait()

    async def _deliver(self, topic: str, payload: bytes) -> bool:
        order = wants_opt_out(payload) if topic == self._topics.opt_out else None
        if order is not None:
            self._order = order
            self._ordered.set()
        return True

    def _say(self, text: str) -> None:
        """Log *text*, unless it was the last that was logged."""
        if text != self._logged:
            self._logged = text
            _write(WorkerLine(log=text))


async def _first_of(*work: Awaitable[Any]) -> None:
    """Wait for the first of *work*, and end the rest of it."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _write(report: WorkerLine) -> None:
    """One line to the twin; if that does not read any more it is gone, and so are we."""
    sys.stdout.buffer.write(codec.encode(report) + b"\n")
    sys.stdout.buffer.flush()


async def _serve() -> None:
    reader = asyncio.StreamReader(limit=LINE_MAX_BYTES)
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with contextlib.closing(pipe):
        home = HomeLink(msgspec.json.decode(await reader.readline(), type=Task))
        await _first_of(home.run(), home.hand_orders_on(), _show_all(home, reader))


async def _show_all(home: HomeLink, reader: asyncio.StreamReader) -> None:
    """Show each state that the twin writes, until it writes none any more."""
    while line := await reader.readline():
        home.show(line.rstrip(b"\n"))


def main() -> None:
    """Speak to the broker until the input ends, or until something fails: the twin starts another then."""
    os.nice(NICER_BY)
    with contextlib.suppress(OSError, ValueError):  # where the system knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(_serve())
