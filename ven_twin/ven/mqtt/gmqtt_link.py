"""One MQTT connection by gmqtt, from before it opens until nothing is left of it, and the watch over it.

Nothing else imports gmqtt; the numbers of its pitfalls stand where each is met.
"""
# ruff: noqa: SLF001 - gmqtt 0.8.0, pinned, says what the guards need only in private attributes

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from asyncio import sslproto
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Protocol_

import gmqtt

from ven_twin.ven.mqtt.reason_codes import (
    MEANT,
    Loss,
    LossKind,
    Protocol,
    connack_loss,
    disconnect_loss,
    transport_loss,
)

SUBACK_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
SILENCE_KEEPALIVES = 1.5
ALPN = {443: ("x-amzn-mqtt-ca",)}
"""Protocols to negotiate, by port. Source: AWS IoT Core developer guide, device communication protocols."""

READ_BUFFER_BYTES = 16 * 1024
"""A TLS record has no more. asyncio gives each connection a buffer of 256 KiB, most of what a VEN's session
takes; its size stands in a class attribute alone."""
sslproto.SSLProtocol.max_size = READ_BUFFER_BYTES

logger = logging.getLogger(__name__)


class LinkMessage(Protocol_):
    """A message that the broker sends in our name when we are gone."""

    @property
    def topic(self) -> str:
        """The topic of the message."""

    @property
    def payload(self) -> bytes:
        """The payload of the message."""

    @property
    def retain(self) -> bool:
        """True where it stays for those who subscribe later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """A connection other than a VEN's to its cloud: a session that ends with it, a will, a password."""

    clean_session: bool = False
    will: LinkMessage | None = None
    username: str | None = None
    password: str | None = None


class Acknowledged(Protocol_):
    """A listener to acknowledgements, such as the outbox's pump."""

    @property
    def unacked_since_s(self) -> float | None:
        """The time of the oldest message without one, by the monotonic clock."""

    def puback(self, packet_id: int, reason_code: int) -> None:
        """A message was acknowledged."""


class NoOutbox:
    """Nobody, of a connection that sends with QoS 0 alone."""

    unacked_since_s: float | None = None

    def puback(self, packet_id: int, reason_code: int) -> None:
        """Nothing waits for it."""


class GmqttLink:
    """One gmqtt client for one connection, never used again: it leaks packet ids otherwise (guard 2)."""

    def __init__(
        self,
        client_id: str,
        protocol: Protocol,
        session_expiry_s: int,
        deliver: Callable[[str, bytes], Awaitable[bool]],
        pump: Acknowledged,
        *,
        options: LinkOptions = LinkOptions(),
    ) -> None:
        self.lost: asyncio.Future[Loss] = asyncio.get_running_loop().create_future()
        self.session_present = False
        self.receive_maximum: int | None = None
        self.packet_max_bytes: int | None = None
        self._protocol: Protocol = protocol
        self._deliver = deliver
        self._pump = pump
        self._connack_s: float | None = None
        self._lost_s = 0.0
        self._suback: asyncio.Future[list[int]] | None = None
        self._client = gmqtt.Client(
            client_id,
            clean_session=options.clean_session,
            optimistic_acknowledgement=False,  # guard 11
            logger=quiet_logger(),
            will_message=None
            if options.will is None
            else gmqtt.Message(options.will.topic, options.will.payload, retain=options.will.retain),
            session_expiry_interval=session_expiry_s,
        )
        if options.username is not None:
            self._client.set_auth_credentials(options.username, options.password)
        self._client.set_config({"reconnect_retries": -2})  # guards 6, 7: 0 would still reconnect
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._handler = self._client._package_handler
        self._gmqtt_connack = self._handler._handle_connack_packet
        self._gmqtt_puback = self._handler._handle_puback_packet
        self._handler._handle_connack_packet = self._on_connack
        self._handler._handle_puback_packet = self._on_puback

    @property
    def heard_s(self) -> float:
        """Time of the broker's last bytes, by the monotonic clock."""
        return float(self._handler.current_connection._last_data_in)

    @property
    def keepalive_s(self) -> float:
        """The keepalive in force; an MQTT 5 broker may have set its own."""
        return float(self._handler.current_connection.keepalive)

    def stood_s(self) -> float | None:
        """Seconds that the connection stood after CONNACK; None when it never did."""
        return None if self._connack_s is None else self._lost_s - self._connack_s

    def lose(self, loss: Loss) -> None:
        """The connection is over; the first reason stands."""
        if not self.lost.done():
            self._lost_s = time.monotonic()
            self.lost.set_result(loss)

    async def open(
        self, endpoint: str, port: int, context: ssl.SSLContext | None, keepalive_s: int, *, timeout_s: float
    ) -> None:
        """Connect and wait for CONNACK, at most *timeout_s* in all (guard 8); a failure is in ``lost``."""
        version = 5 if self._protocol == "5" else 4
        connect = asyncio.ensure_future(
            self._client.connect(endpoint, port, ssl=context, keepalive=keepalive_s, version=version)
        )
        try:
            await _first({connect, self.lost}, timeout_s)
            if not connect.done():
                self.lose(Loss(LossKind.SILENT, f"no CONNACK within {timeout_s:g} s"))
            elif (error := connect.exception()) is not None:
                self.lose(transport_loss(error, connected=False))
        finally:
            connect.cancel()
            await asyncio.gather(connect, return_exceptions=True)

    async def subscribe(self, filters: Sequence[str]) -> list[int]:
        """Send one SUBSCRIBE; the reason codes of its SUBACK, none when the connection was lost instead."""
        self._suback = asyncio.get_running_loop().create_future()
        self._client.subscribe([gmqtt.Subscription(topic, qos=1) for topic in filters])
        await _first({self._suback, self.lost}, SUBACK_TIMEOUT_S)
        if self._suback.done():
            return self._suback.result()
        self.lose(Loss(LossKind.SILENT, f"no SUBACK within {SUBACK_TIMEOUT_S:g} s"))
        return []

    @property
    def unsent_bytes(self) -> int:
        """The bytes that the broker has not taken yet."""
        return int(self._client._connection._transport.get_write_buffer_size())

    def send(self, topic: str, payload: bytes, qos: int, *, retain: bool = False) -> int | None:
        """Write a PUBLISH; its packet id. Not by ``Client.publish``, which keeps a second copy (guard 1)."""
        message = gmqtt.Message(topic, payload, qos=qos, retain=retain)
        packet_id, _ = self._client._connection.publish(message)
        return None if packet_id is None else int(packet_id)

    async def close(self) -> None:
        """Leave nothing behind: no reconnect, no transport, no timer (guard 7).

        DISCONNECT goes out only when we are the ones to leave; any other connection is cut off at once, since
        a TLS shutdown that nobody answers takes 30 s.
        """
        connection = self._handler.current_connection
        if connection is None:
            return
        if self.lost.done() and not self.lost.cancelled() and self.lost.result().kind not in MEANT:
            connection._transport.abort()
        ending = asyncio.ensure_future(self._client.disconnect())
        try:
            await asyncio.wait({ending}, timeout=CLOSE_TIMEOUT_S)
        finally:
            if not ending.done():
                connection._transport.abort()
            await asyncio.gather(ending, return_exceptions=True)

    def _on_connack(self, cmd: int, packet: bytes) -> None:
        if packet[1] != 0:  # read here, because gmqtt waits on for ever after rc=1
            self.lose(connack_loss(packet[1], self._protocol))
        self._gmqtt_connack(cmd, packet)

    def _on_connect(
        self, _client: object, session_present: int, _code: int, properties: dict[str, Any]
    ) -> None:
        self._connack_s = time.monotonic()
        self.session_present = bool(session_present)
        self.receive_maximum = next(iter(properties.get("receive_maximum", ())), None)
        self.packet_max_bytes = next(iter(properties.get("maximum_packet_size", ())), None)

    def _on_disconnect(self, _client: object, packet: bytes | Exception) -> None:
        closed = self._handler.current_connection._protocol.closed
        if closed.done():
            cause = None if closed.cancelled() else closed.exception()
            self.lose(transport_loss(cause, connected=self._connack_s is not None))
        elif isinstance(packet, bytes):
            self.lose(disconnect_loss(packet))  # guard 13: 0x8E arrives here
        else:
            self.lose(Loss(LossKind.CLOSED, f"the broker sent a malformed CONNACK: {packet}"))

    def _on_subscribe(
        self, _client: object, _packet_id: int, granted: Sequence[int], _properties: object
    ) -> None:
        if self._suback is not None and not self._suback.done():
            self._suback.set_result(list(granted))

    async def _on_message(
        self, _client: object, topic: str, payload: bytes, _qos: int, _properties: object
    ) -> int:
        try:
            stored = await self._deliver(topic, payload)
        except asyncio.CancelledError:
            stored = False
        if not stored:  # a connection that is cut off acknowledges nothing, so it will come again
            self.lose(Loss(LossKind.FAILED, "a message could not be kept"))
            self._handler.current_connection._transport.abort()
        return 0

    def _on_puback(self, cmd: int, packet: bytes) -> None:
        self._gmqtt_puback(cmd, packet)  # frees the packet id
        reason_code = packet[2] if len(packet) > 2 else 0  # guard 4
        self._pump.puback(int.from_bytes(packet[:2]), reason_code)


async def _first(futures: set[asyncio.Future[Any]], timeout_s: float) -> None:
    await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


async def watch(link: GmqttLink, pump: Acknowledged, puback_timeout_s: float) -> None:
    """Guard 9: end a connection that is silent for 1.5 keepalives, or that has stopped acknowledging.

    MQTT 5 forbids sending again on a live connection, so a PUBACK that stays away ends it, too.
    """
    while True:
        now_s = time.monotonic()
        silent_at_s = link.heard_s + SILENCE_KEEPALIVES * link.keepalive_s
        stalled_at_s = (pump.unacked_since_s or now_s) + puback_timeout_s
        if now_s >= silent_at_s:
            link.lose(Loss(LossKind.SILENT, f"nothing heard for {SILENCE_KEEPALIVES} × keepalive"))
            return
        if now_s >= stalled_at_s:
            link.lose(Loss(LossKind.SILENT, f"no PUBACK for {puback_timeout_s:g} s"))
            return
        await asyncio.sleep(min(silent_at_s, stalled_at_s) - now_s)


async def or_lose(link: GmqttLink, work: Awaitable[None]) -> None:
    """Do *work*; if it fails, which it should not, the connection is given up rather than left half alive."""
    try:
        await work
    except Exception as error:
        logger.exception("the session failed")
        link.lose(Loss(LossKind.FAILED, f"internal error: {type(error).__name__}"))


class _PayloadFree(logging.Filter):
    """Keeps packets out of records of any level, and gmqtt's complaint about a reconnect it is not to do."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                f"<{len(arg)} bytes>" if isinstance(arg, (bytes, bytearray)) else arg for arg in record.args
            )
        return "max number of failed connection" not in str(record.msg)


def quiet_logger() -> logging.Logger:
    """The logger to give to a gmqtt client; holds gmqtt's own at WARNING, for at DEBUG they log payloads."""
    logging.getLogger("gmqtt").setLevel(logging.WARNING)
    logging.getLogger("gmqtt.mqtt.protocol").setLevel(logging.ERROR)  # the session logs losses
    quiet = logging.getLogger("gmqtt.session")
    quiet.setLevel(logging.WARNING)
    if not any(isinstance(member, _PayloadFree) for member in quiet.filters):
        quiet.addFilter(_PayloadFree())
    return quiet
