"""The messages that a broker takes: how large, how many under way at once, how many a second. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

IN_FLIGHT_MAX = 90
"""AWS IoT takes 100 unacknowledged publishes on a connection; the rest is its margin."""
PER_SECOND_MAX = 90
"""AWS IoT discards what exceeds 100 publishes a second on a connection."""

PAYLOAD_MAX_BYTES = 128 * 1024
TOPIC_MAX_BYTES = 256
TOPIC_MAX_SLASHES = 7
"""Source: AWS IoT Core quotas."""
_PACKET_OVERHEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class InFlight:
    """A message sent and not yet acknowledged; *row_ids* is empty when it did not come from the outbox."""

    row_ids: tuple[int, ...]
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


def payload_max_bytes(topic: str, packet_max_bytes: int | None = None) -> int:
    """The largest payload to *topic* that a broker takes whose packets have *packet_max_bytes* at most."""
    if packet_max_bytes is None:
        return PAYLOAD_MAX_BYTES
    return min(PAYLOAD_MAX_BYTES, packet_max_bytes - len(topic.encode()) - _PACKET_OVERHEAD_BYTES)


def unsendable(topic: str, payload: bytes, packet_max_bytes: int | None = None) -> str | None:
    """The broker's objection to this message, or None (guard 12)."""
    topic_bytes = len(topic.encode())
    if not topic or topic_bytes > TOPIC_MAX_BYTES or topic.count("/") > TOPIC_MAX_SLASHES:
        return f"its topic has {topic_bytes} bytes and {topic.count('/')} slashes"
    if "+" in topic or "#" in topic:
        return "its topic has a wildcard"
    payload_max = payload_max_bytes(topic, packet_max_bytes)
    if len(payload) > payload_max:
        return f"its payload has {len(payload)} bytes, at most {payload_max} are taken"
    return None
