"""The faults of a link, drawn from a seed. Every class documents its change of the MQTT traffic."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from harness.faults.frames import CONNACK, DUP, PUBACK, PUBLISH, kind
from harness.faults.proxy import Fault, ProxyLink


class Strikes:
    """Strikes at random: on average once in *gap* calls, never twice within half of that."""

    def __init__(self, rng: random.Random, gap: float) -> None:
        self._rng, self._gap = rng, gap
        self._left = self._draw()

    def due(self) -> bool:
        """Count one call; true when the fault strikes now."""
        self._left -= 1.0
        if self._left > 0.0:
            return False
        self._left = self._draw()
        return True

    def _draw(self) -> float:
        return self._rng.uniform(0.5, 1.5) * self._gap


class CutMidPacket(Fault):
    """The link breaks in the middle of a PUBLISH."""

    def __init__(self, rng: random.Random, gap: float) -> None:
        self._rng, self._strikes = rng, Strikes(rng, gap)

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """Half a packet, then a reset."""
        if kind(packet) == PUBLISH and self._strikes.due():
            link.to_broker(packet[: self._rng.randrange(1, len(packet))])
            await asyncio.sleep(0)
            link.cut()
            return
        link.to_broker(packet)


class WithheldPubacks(Fault):
    """From a random time on a connection brings no PUBACK any more, although the broker took the messages."""

    def __init__(self, rng: random.Random, gap: float) -> None:
        self._strikes = Strikes(rng, gap)
        self._silent: set[int] = set()

    async def down(self, link: ProxyLink, packet: bytes) -> None:
        """Everything but the acknowledgements."""
        if kind(packet) == PUBACK:
            if self._strikes.due():
                self._silent.add(link.number)
            if link.number in self._silent:
                return
        link.to_ven(packet)


class WithheldConnacks(CutMidPacket):
    """After a cut, some connections are taken and never answered."""

    def __init__(self, rng: random.Random, gap: float) -> None:
        super().__init__(rng, gap)
        self._in_a_row = 0

    async def down(self, link: ProxyLink, packet: bytes) -> None:
        """No CONNACK, up to three times in a row."""
        if kind(packet) == CONNACK and link.number:
            if self._in_a_row < 3 and self._rng.random() < 0.6:
                self._in_a_row += 1
                return
            self._in_a_row = 0
        link.to_ven(packet)


class HalfOpen(Fault):
    """The other side is gone without a sign: nothing passes, no FIN, no reset."""

    def __init__(self, rng: random.Random, gap: float) -> None:
        self._strikes = Strikes(rng, gap)

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """Fall silent now and then."""
        if kind(packet) == PUBLISH and self._strikes.due():
            link.half_open()
        link.to_broker(packet)


class LateAndReordered(Fault):
    """Each message and each acknowledgement takes its own time, so that they overtake each other."""

    def __init__(self, rng: random.Random, longest_s: float = 0.05) -> None:
        self._rng, self._longest_s = rng, longest_s

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """Messages, later."""
        self._later(packet, PUBLISH, link.to_broker)

    async def down(self, link: ProxyLink, packet: bytes) -> None:
        """Messages and acknowledgements, later."""
        self._later(packet, PUBACK, link.to_ven)

    def _later(self, packet: bytes, what: int, send: Any) -> None:
        if kind(packet) in {what, PUBLISH}:
            asyncio.get_running_loop().call_later(self._rng.uniform(0.0, self._longest_s), send, packet)
        else:
            send(packet)


class Duplicates(Fault):
    """A tenth of the messages come twice: at once, or behind others; so do acknowledgements."""

    def __init__(self, rng: random.Random, share: float = 0.1) -> None:
        self._rng, self._share = rng, share

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """Twice, now and then."""
        link.to_broker(packet)
        if kind(packet) == PUBLISH and self._rng.random() < self._share:
            again = bytes([packet[0] | DUP]) + packet[1:]
            asyncio.get_running_loop().call_later(self._rng.choice((0.0, 0.02)), link.to_broker, again)

    async def down(self, link: ProxyLink, packet: bytes) -> None:
        """Twice, now and then."""
        link.to_ven(packet)
        if kind(packet) in {PUBACK, PUBLISH} and self._rng.random() < self._share:
            link.to_ven(packet)


class SlowLink(Fault):
    """Few bytes a second, and short standstills."""

    def __init__(self, rng: random.Random, bytes_per_s: float) -> None:
        self._rng, self._bytes_per_s = rng, bytes_per_s

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """As fast as the line is."""
        await asyncio.sleep(len(packet) / self._bytes_per_s * self._rng.uniform(0.0, 2.0))
        link.to_broker(packet)


class Everything(Fault):
    """All of the above by turns: each connection has its own, and is cut in the end."""

    def __init__(self, rng: random.Random, gap: float) -> None:
        self._rng = rng
        cut = CutMidPacket(rng, gap)
        self._cut = cut
        self._kinds: list[Fault] = [
            cut, WithheldPubacks(rng, gap), WithheldConnacks(rng, gap), HalfOpen(rng, gap),
            LateAndReordered(rng), Duplicates(rng),
        ]  # fmt: skip
        self._of: dict[int, Fault] = {}

    def begin(self, link: ProxyLink) -> None:
        """Draw the fault of this connection."""
        self._of[link.number] = self._rng.choice(self._kinds)

    async def up(self, link: ProxyLink, packet: bytes) -> None:
        """As its fault has it; those that never end a connection by themselves are cut, too."""
        fault = self._of[link.number]
        if isinstance(fault, LateAndReordered | Duplicates) and kind(packet) == PUBLISH:
            ends = Strikes.due(self._cut._strikes)
            if ends:
                link.cut()
                return
        await fault.up(link, packet)

    async def down(self, link: ProxyLink, packet: bytes) -> None:
        """As its fault has it."""
        await self._of[link.number].down(link, packet)
