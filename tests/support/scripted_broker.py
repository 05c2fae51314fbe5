"""A broker that does what a script says: for what a real one cannot be made to do.

It speaks just enough MQTT 5 and 3.1.1, over mutual TLS, to be wrong in interesting ways.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from tests.support.waiting import GIVE_UP_S

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    0x10, 0x20, 0x30, 0x40, 0x80, 0x90, 0xC0, 0xD0, 0xE0,
)  # fmt: skip


@dataclass(frozen=True)
class Packet:
    """One packet from the client; what its kind does not have stays at its default."""

    kind: int
    at_s: float
    mid: int = 0
    topic: str = ""
    payload: bytes = b""
    filters: tuple[str, ...] = ()
    flags: int = 0
    level: int = 0


def _granted(packet: Packet) -> list[int]:
    return [1] * len(packet.filters)


@dataclass
class Script:
    """What the broker does; each test changes what it is about. None as an answer means silence."""

    session_present: Callable[[int], bool] = lambda _attempt: False
    connack: Callable[[int], int | None] = lambda _attempt: 0
    receive_maximum: int | None = None
    suback: Callable[[Packet], list[int] | None] = _granted
    puback: Callable[[Packet], int | None] = lambda _packet: 0
    pingresp: bool = True


class Peer:
    """One client connection, as the broker sees it."""

    def __init__(self, broker: ScriptedBroker, attempt: int, writer: asyncio.StreamWriter) -> None:
        self.attempt = attempt
        self.packets: list[Packet] = []
        self.over = False
        self.level = 5
        self._broker = broker
        self._writer = writer
        self._socket = writer.get_extra_info("socket")

    def of(self, kind: int) -> list[Packet]:
        """What has come of one kind."""
        return [packet for packet in self.packets if packet.kind == kind]

    async def received(self, kind: int, count: int = 1) -> list[Packet]:
        """Wait for *count* packets of one kind."""
        await self._broker.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    async def gone(self) -> None:
        """Wait until the client has ended the connection, or it was cut."""
        await self._broker.until(lambda: self.over)

    def send(self, kind: int, body: bytes) -> None:
        """Write one packet."""
        self._writer.write(bytes([kind]) + _varint(len(body)) + body)

    def publish(self, topic: str, payload: bytes, mid: int = 1) -> None:
        """Send a message with QoS 1."""
        properties = b"\0" if self.level == 5 else b""
        self.send(PUBLISH | 2, _text(topic) + mid.to_bytes(2) + properties + payload)

    def ack(self, packet: Packet, code: int = 0) -> None:
        """Acknowledge a message of the client's."""
        self.send(PUBACK, packet.mid.to_bytes(2) + (bytes([code, 0]) if self.level == 5 else b""))

    def disconnect(self, code: int) -> None:
        """Send an MQTT 5 DISCONNECT and close."""
        self.send(DISCONNECT, bytes([code, 0]))
        self._writer.close()

    def close(self) -> None:
        """Close in good order."""
        self._writer.close()

    def cut(self) -> None:
        """End the connection as a broken link does, with a reset."""
        with contextlib.suppress(OSError):  # closed already
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def stop_reading(self) -> None:
        """Be half open: nothing is read any more, nothing answered."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]


@dataclass
class ScriptedBroker:
    """Listens on a free loopback port, over mutual TLS, and follows its script."""

    context: ssl.SSLContext
    script: Script = field(default_factory=Script)
    port: int = 0

    async def __aenter__(self) -> Self:
        self.peers: list[Peer] = []
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.context, ssl_shutdown_timeout=0.2
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for peer in self.peers:
            peer.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def peer(self, attempt: int) -> Peer:
        """Wait for the client's connection number *attempt*, counted from 0, and its CONNECT."""
        await self.until(lambda: len(self.peers) > attempt and bool(self.peers[attempt].of(CONNECT)))
        return self.peers[attempt]

    async def until(self, holds: Callable[[], bool], give_up_s: float = GIVE_UP_S) -> None:
        """Wait for something that the arrival of a packet, or the end of a connection, brings about."""
        async with asyncio.timeout(give_up_s):
            while not holds():
                await self._changed.wait()

    def notify(self) -> None:
        """Wake those who wait."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        peer = Peer(self, len(self.peers), writer)
        self.peers.append(peer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    packet = await _read(reader, peer.level)
                    peer.level = packet.level or peer.level
                    peer.packets.append(packet)
                    self._answer(peer, packet)
                    self.notify()
        finally:
            peer.over = True
            self.notify()
            writer.transport.abort()
            self._tasks.discard(task)

    def _answer(self, peer: Peer, packet: Packet) -> None:
        script = self.script
        if packet.kind == CONNECT and (code := script.connack(peer.attempt)) is not None:
            present = code == 0 and script.session_present(peer.attempt)
            peer.send(CONNACK, bytes([present, code]) + self._connack_properties(peer.level))
        elif packet.kind == SUBSCRIBE and (codes := script.suback(packet)) is not None:
            peer.send(SUBACK, packet.mid.to_bytes(2) + (b"\0" if peer.level == 5 else b"") + bytes(codes))
        elif packet.kind == PUBLISH and packet.mid and (code := script.puback(packet)) is not None:
            peer.ack(packet, code)
        elif packet.kind == PINGREQ and script.pingresp:
            peer.send(PINGRESP, b"")

    def _connack_properties(self, level: int) -> bytes:
        if level != 5:
            return b""
        if self.script.receive_maximum is None:
            return b"\0"
        return b"\x03\x21" + self.script.receive_maximum.to_bytes(2)


async def _read(reader: asyncio.StreamReader, level: int) -> Packet:
    first = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    body = await reader.readexactly(length)
    kind, at_s = first & 0xF0, time.monotonic()
    if kind == CONNECT:
        return Packet(kind, at_s, level=body[6], flags=body[7])
    if kind == PUBLISH:
        return _publish(first, body, level, at_s)
    if kind == SUBSCRIBE:
        return Packet(kind, at_s, mid=int.from_bytes(body[:2]), filters=tuple(_filters(body[2:], level)))
    if kind == PUBACK:
        return Packet(kind, at_s, mid=int.from_bytes(body[:2]))
    return Packet(kind, at_s)


def _publish(first: int, body: bytes, level: int, at_s: float) -> Packet:
    end = 2 + int.from_bytes(body[:2])
    topic, rest, mid = body[2:end].decode(), body[end:], 0
    if first & 0x06:
        mid, rest = int.from_bytes(rest[:2]), rest[2:]
    if level == 5:
        rest = rest[1 + rest[0] :]
    return Packet(PUBLISH, at_s, mid=mid, topic=topic, payload=rest, flags=first & 0x0F)


def _filters(rest: bytes, level: int) -> Iterator[str]:
    if level == 5:
        rest = rest[1 + rest[0] :]
    while rest:
        end = 2 + int.from_bytes(rest[:2])
        yield rest[2:end].decode()
        rest = rest[end + 1 :]


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, byte = divmod(value, 128)
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2) + text.encode()
