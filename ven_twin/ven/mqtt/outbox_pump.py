"""From the outbox through the send window to the wire and, by PUBACK, out of the outbox."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ven_twin.ven.mqtt.reason_codes import describe, is_refusal, is_retryable
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import OutboxRow

IN_FLIGHT_MAX = 90
"""AWS IoT takes 100 unacknowledged publishes on a connection; the rest is its margin."""
PER_SECOND_MAX = 90
"""AWS IoT discards what exceeds 100 publishes a second on a connection."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A message sent and not yet acknowledged; *row_id* is None when it did not come from the outbox."""

    row_id: int | None
    topic: str
    sent_at_s: float


class SendWindow:
    """At most 90 messages in flight and 90 in any second, and less when the broker says so (guards 3, 15)."""

    def __init__(self, in_flight_max: int = IN_FLIGHT_MAX, per_second: int = PER_SECOND_MAX) -> None:
        self._limit = in_flight_max
        self._open = in_flight_max
        self._per_second = per_second
        self._sent_at_s: deque[float] = deque(maxlen=per_second)
        self._in_flight: dict[int, InFlight] = {}

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def oldest(self) -> InFlight | None:
        """The message that has waited longest for its acknowledgement."""
        return next(iter(self._in_flight.values()), None)

    def reopen(self, receive_maximum: int | None) -> None:
        """Start a connection: nothing in flight. Two ids stay free for gmqtt, which counts SUBSCRIBE too."""
        self._in_flight.clear()
        self._open = self._limit if receive_maximum is None else min(self._limit, max(1, receive_maximum - 2))

    def room(self, now_s: float) -> int:
        """The number of messages that may be sent now."""
        while self._sent_at_s and now_s - self._sent_at_s[0] >= 1.0:
            self._sent_at_s.popleft()
        return min(self._open - len(self._in_flight), self._per_second - len(self._sent_at_s))

    def opens_at_s(self) -> float | None:
        """The time at which the rate lets the next message through; None when an acknowledgement has to."""
        if len(self._in_flight) >= self._open or len(self._sent_at_s) < self._per_second:
            return None
        return self._sent_at_s[0] + 1.0

    def sent(self, packet_id: int | None, message: InFlight) -> None:
        """Count a message; without a packet id (QoS 0) it is never in flight."""
        self._sent_at_s.append(message.sent_at_s)
        if packet_id is not None:
            self._in_flight[packet_id] = message

    def acked(self, packet_id: int) -> InFlight | None:
        """Take a message out of flight."""
        return self._in_flight.pop(packet_id, None)


PAYLOAD_MAX_BYTES = 128 * 1024
TOPIC_MAX_BYTES = 256
TOPIC_MAX_SLASHES = 7
"""Source: AWS IoT Core quotas."""
_PACKET_OVERHEAD_BYTES = 16
RETRY_PAUSE_S = 1.0
_REFUSALS_MAX = 5
_SUSPECT_LOSSES_MAX = 5
_SUSPECT_WITHIN_S = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Urgent:
    topic: str
    payload: bytes
    qos: int
    sent: asyncio.Future[bool]


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


class OutboxPump:
    """Sends what waits as far as the window allows, and settles each message by its PUBACK.

    A row whose sending ends the connection again and again is sent alone, and put aside after five times
    (guard 12): the rows behind it are not to wait for ever.
    """

    def __init__(self, outbox: Outbox, on_progress: Callable[[], None]) -> None:
        self._outbox = outbox
        self._on_progress = on_progress
        self._window = SendWindow()
        self._urgent: deque[_Urgent] = deque()
        self._wake = asyncio.Event()
        self._not_before_s = 0.0
        self._refusals: Counter[int] = Counter()
        self._suspect: int | None = None
        self._suspect_losses = 0
        self._one_at_a_time = False
        self.last_puback_s: float | None = None

    @property
    def in_flight(self) -> int:
        """Messages sent and not yet acknowledged."""
        return len(self._window)

    @property
    def unacked_since_s(self) -> float | None:
        """Send time of the oldest message in flight, by the monotonic clock."""
        return None if self._window.oldest is None else self._window.oldest.sent_at_s

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    async def run(self, wire: Wire) -> None:
        """Send until cancelled; idle, it waits for ``wake`` and does nothing else."""
        self._window.reopen(wire.receive_maximum)
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            resume_at_s = self._send_what_may_go(wire)
            delay_s = None if resume_at_s is None else max(0.0, resume_at_s - time.monotonic())
            timer = None if delay_s is None else loop.call_later(delay_s, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    async def send_now(self, topic: str, payload: bytes, qos: int) -> bool:
        """Send ahead of the outbox, within the window; False when the connection went before it could go."""
        urgent = _Urgent(topic, payload, qos, asyncio.get_running_loop().create_future())
        self._urgent.append(urgent)
        self.wake()
        return await urgent.sent

    def puback(self, packet_id: int, code: int) -> None:
        """Settle a message: delete, retry or put aside, as the reason code says (guards 1, 4)."""
        message = self._window.acked(packet_id)
        if message is None:
            return
        self.last_puback_s = time.monotonic()
        if message.row_id is None:
            if is_refusal(code):
                logger.warning("publish to %s refused: %s", message.topic, describe(code))
        else:
            self._settle(message.row_id, message.topic, code)
        self.wake()
        self._on_progress()

    def connection_lost(self, *, by_peer: bool) -> bool:
        """Take everything out of flight; True when a message was put aside as the likely cause."""
        convicted = self._suspicion(by_peer=by_peer)
        self._window.reopen(None)
        self._outbox.release()
        while self._urgent:
            sent = self._urgent.popleft().sent
            if not sent.done():
                sent.set_result(False)
        return convicted

    def _suspicion(self, *, by_peer: bool) -> bool:
        oldest = self._window.oldest
        if not by_peer or oldest is None or time.monotonic() - oldest.sent_at_s > _SUSPECT_WITHIN_S:
            return False
        self._one_at_a_time = True
        if oldest.row_id is None:
            return False
        self._suspect_losses = self._suspect_losses + 1 if oldest.row_id == self._suspect else 1
        self._suspect = oldest.row_id
        if self._suspect_losses < _SUSPECT_LOSSES_MAX:
            return False
        self._put_aside(
            oldest.row_id, oldest.topic, f"the connection ended {self._suspect_losses} times as it was sent"
        )
        self._suspect = None
        return True

    def _send_what_may_go(self, wire: Wire) -> float | None:
        """Fill the window; when to look again, or None when an event will say so."""
        while True:
            now_s = time.monotonic()
            if now_s < self._not_before_s:
                return self._not_before_s
            room = self._window.room(now_s)
            if self._one_at_a_time:
                room = min(room, 1 - len(self._window))
            if room <= 0:
                return self._window.opens_at_s()
            if self._urgent:
                self._send_urgent(wire, self._urgent.popleft(), now_s)
                continue
            rows = self._outbox.window(room)
            if not rows:
                return None
            for row in rows:
                self._send_row(wire, row, now_s)

    def _send_urgent(self, wire: Wire, urgent: _Urgent, now_s: float) -> None:
        if urgent.sent.done():  # its sender no longer waits
            return
        packet_id = wire.send(urgent.topic, urgent.payload, urgent.qos)
        self._window.sent(packet_id, InFlight(None, urgent.topic, now_s))
        urgent.sent.set_result(True)

    def _send_row(self, wire: Wire, row: OutboxRow, now_s: float) -> None:
        objection = unsendable(row.topic, row.payload, wire.packet_max_bytes)
        if objection is not None:
            self._put_aside(row.id, row.topic, objection)
            return
        self._window.sent(wire.send(row.topic, row.payload, 1), InFlight(row.id, row.topic, now_s))

    def _settle(self, row_id: int, topic: str, code: int) -> None:
        self._one_at_a_time = False
        if row_id == self._suspect:
            self._suspect = None
        if not is_refusal(code):
            self._refusals.pop(row_id, None)
            self._outbox.acked(row_id)
            return
        self._refusals[row_id] += 1
        refusals = self._refusals[row_id]
        if is_retryable(code) and refusals < _REFUSALS_MAX:
            self._outbox.release(row_id)
            self._not_before_s = time.monotonic() + RETRY_PAUSE_S * 2 ** (refusals - 1)
            return
        self._put_aside(row_id, topic, f"the broker refused it: {describe(code)}")

    def _put_aside(self, row_id: int, topic: str, reason: str) -> None:
        self._refusals.pop(row_id, None)
        self._outbox.quarantine(row_id, reason)
        logger.warning("message %d to %s put aside: %s", row_id, topic, reason)
        self._on_progress()


def unsendable(topic: str, payload: bytes, packet_max_bytes: int | None = None) -> str | None:
    """The broker's objection to this message, or None (guard 12)."""
    topic_bytes = len(topic.encode())
    if not topic or topic_bytes > TOPIC_MAX_BYTES or topic.count("/") > TOPIC_MAX_SLASHES:
        return f"its topic has {topic_bytes} bytes and {topic.count('/')} slashes"
    if "+" in topic or "#" in topic:
        return "its topic has a wildcard"
    payload_max = PAYLOAD_MAX_BYTES
    if packet_max_bytes is not None:
        payload_max = min(payload_max, packet_max_bytes - topic_bytes - _PACKET_OVERHEAD_BYTES)
    if len(payload) > payload_max:
        return f"its payload has {len(payload)} bytes, at most {payload_max} are taken"
    return None
