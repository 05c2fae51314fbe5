"""Plain MQTT 3.1.1 by hand, so that what no library sends can be sent to the local cloud."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from local_cloud.runtime import HOST, MQTT_NAME
from tests.support.waiting import GIVE_UP_S

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator

CONNACK, SUBACK, PUBACK, PUBLISH, PINGRESP = 2, 9, 4, 3, 13
PING = bytes([0xC0, 0])


def text(value: str) -> bytes:
    """A string as MQTT has it, after its length."""
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A packet of *kind*, with its length."""
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([kind << 4 | flags]) + bytes(digits) + body


def publish(topic: str, payload: bytes, qos: int = 1) -> bytes:
    """A PUBLISH whose packet id is 7, when it has one."""
    return packet(PUBLISH, text(topic) + (struct.pack(">H", 7) if qos else b"") + payload, flags=qos << 1)


class Link:
    """Plain MQTT 3.1.1 by hand, so that what no library sends can be sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, sent: bytes) -> None:
        """Write one packet."""
        self._writer.write(sent)
        await self._writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """The next packet's kind and body; (0, b"") when the broker has closed."""
        try:
            first = await self._reader.readexactly(1)
            length, shift = 0, 0
            while True:
                digit = (await self._reader.readexactly(1))[0]
                length, shift = length | (digit & 0x7F) << shift, shift + 7
                if not digit & 0x80:
                    return first[0] >> 4, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return 0, b""

    async def until(self, kind: int) -> bytes:
        """The body of the next packet of *kind*, passing over others."""
        while True:
            seen, body = await asyncio.wait_for(self.receive(), GIVE_UP_S)
            assert seen, "the broker closed the connection"
            if seen == kind:
                return body

    async def closed(self, within_s: float = GIVE_UP_S) -> bool:
        """Whether the broker closes the connection in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    if (await self.receive())[0] == 0:
                        return True
        return False


@contextlib.asynccontextmanager
async def connected(
    emulator: Emulator, keep_alive_s: int = 60, client_id: str = "ven-1"
) -> AsyncIterator[Link]:
    """A connection as *client_id*, accepted by the broker."""
    reader, writer = await asyncio.open_connection(
        HOST, emulator.runtime.mqtt_port, ssl=emulator.tls(), server_hostname=MQTT_NAME
    )
    try:
        link = Link(reader, writer)
        body = text("MQTT") + bytes([4, 2]) + struct.pack(">H", keep_alive_s) + text(client_id)
        await link.send(packet(1, body))
        assert (await link.until(CONNACK))[1] == 0
        yield link
    finally:
        writer.transport.abort()
