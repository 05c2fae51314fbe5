"""The fault proxy: stands between a VEN and its broker, and applies its fault to the passing packets.

In its usual form it ends TLS on both sides, so that it sees packets; with *server* None it hands bytes on,
and broker and VEN see each other's certificates.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from contracts.wire.codec import JsonDict
from harness.faults.frames import Frames

READ_BYTES = 64 * 1024
CLOSES_WITHIN_S = 0.5


class ProxyLink:
    """One connection through the proxy."""

    def __init__(self, number: int, ven: asyncio.StreamWriter, broker: asyncio.StreamWriter) -> None:
        self.number = number
        self.over = asyncio.Event()
        self.deaf = False
        self._ven, self._broker = ven, broker

    def to_broker(self, packet: bytes) -> None:
        """Hand *packet* on upwards."""
        if not self.over.is_set() and not self.deaf:
            self._broker.write(packet)

    def to_ven(self, packet: bytes) -> None:
        """Hand *packet* on downwards."""
        if not self.over.is_set() and not self.deaf:
            self._ven.write(packet)

    def cut(self) -> None:
        """End both sides as a broken link does, with a reset."""
        for writer in (self._ven, self._broker):
            _reset(writer)
        self.over.set()

    def half_open(self) -> None:
        """Let nothing pass either way from now on, without a sign to either side."""
        self.deaf = True


class Fault:
    """No fault: everything passes. Subclasses change what they are about."""

    def begin(self, link: ProxyLink) -> None:
        """A connection has been made."""

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """A packet of the VEN's."""
        link.to_broker(packet)

    async def down(self, link: ProxyLink, packet: bytes) -> None:
        """A packet of the broker's."""
        link.to_ven(packet)


@dataclass
class Proxy:
    """Listens on a free loopback port and connects each that comes to the broker.

    Attributes:
        upstream_port: the broker's.
        server: how the proxy shows itself to the VEN; None to be blind.
        client: how it shows itself to the broker; None to be blind.
        ready: nobody is let through until it is set.
    """

    upstream_port: int
    server: ssl.SSLContext | None
    client: ssl.SSLContext | None
    fault: Fault = field(default_factory=Fault)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    links: list[ProxyLink] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[Any]] = set()
        options: JsonDict = {"ssl": self.server} if self.server else {}
        if self.server:
            options["ssl_shutdown_timeout"] = 0.2
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0, **options)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection that stands."""
        for link in self.links:
            if not link.over.is_set():
                link.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            if not self.ready.is_set():
                raise ConnectionRefusedError
            options: JsonDict = {}
            if self.client:
                options = {"ssl": self.client, "server_hostname": "localhost", "ssl_shutdown_timeout": 0.2}
            below, above = await asyncio.open_connection("127.0.0.1", self.upstream_port, **options)
        except OSError:
            _reset(writer)
            return
        link = ProxyLink(len(self.links), writer, above)
        self.links.append(link)
        self.fault.begin(link)
        ways = (
            self._pass(link, reader, self.fault.up, link.to_broker),
            self._pass(link, below, self.fault.down, link.to_ven),
        )
        passing = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(
                {*passing, over := asyncio.ensure_future(link.over.wait())},
                return_when=asyncio.FIRST_COMPLETED,
            )
            if link.deaf:
                await link.over.wait()
        finally:
            for future in (*passing, over):
                future.cancel()
            await asyncio.gather(*passing, over, return_exceptions=True)
            if not link.over.is_set():  # one side ended in good order, and so does the other
                link.over.set()
                await asyncio.gather(*map(_close, (writer, above)))
            for open_writer in (writer, above):
                open_writer.transport.abort()

    async def _pass(
        self,
        link: ProxyLink,
        reader: asyncio.StreamReader,
        fault: Callable[[ProxyLink, bytes], Awaitable[None]],
        plainly: Callable[[bytes], None],
    ) -> None:
        """Hand on what *reader* gives until it ends; a deaf link passes no end on."""
        frames = Frames()
        with contextlib.suppress(OSError):
            while received := await reader.read(READ_BYTES):
                if self.server is None:
                    plainly(received)
                    continue
                for packet in frames.feed(received):
                    await fault(link, packet)
        if link.deaf and fault == self.fault.up:
            link.over.set()  # the VEN has noticed


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CLOSES_WITHIN_S):
            await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
