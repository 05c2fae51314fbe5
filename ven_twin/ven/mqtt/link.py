"""The interface of one MQTT connection, whatever library makes it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Protocol

from ven_twin.ven.mqtt.reason_codes import Loss


class Wire(Protocol):
    """The connection as the pump uses it."""

    @property
    def receive_maximum(self) -> int | None:
        """The number of unacknowledged messages that the broker takes, if it said so."""

    @property
    def packet_max_bytes(self) -> int | None:
        """The largest packet that the broker takes, if it said so."""

    def send(self, topic: str, payload: bytes, qos: int) -> int | None:
        """Write a PUBLISH; its packet id, None for QoS 0."""


class Link(Wire, Protocol):
    """One connection, from before it opens until nothing is left of it."""

    @property
    def lost(self) -> asyncio.Future[Loss]:
        """Done when the connection is over or never came about."""

    @property
    def session_present(self) -> bool:
        """True when the broker still had our session."""

    @property
    def heard_s(self) -> float:
        """Time of the broker's last bytes, by the monotonic clock."""

    @property
    def keepalive_s(self) -> float:
        """The keepalive in force."""

    def stood_s(self) -> float | None:
        """Seconds that the connection stood after CONNACK; None when it never did."""

    def lose(self, loss: Loss) -> None:
        """The connection is over; the first reason stands."""

    async def open(
        self, endpoint: str, port: int, context: ssl.SSLContext, keepalive_s: int, *, timeout_s: float
    ) -> None:
        """Connect and wait for CONNACK; a failure is in ``lost``."""

    async def subscribe(self, filters: Sequence[str]) -> list[int]:
        """Send one SUBSCRIBE; the reason codes of its SUBACK, none when the connection was lost instead."""

    async def close(self) -> None:
        """Leave nothing behind."""
