"""MQTT packets in a stream of bytes: just their boundaries, and what a fault reads of them. Sans-IO."""

from __future__ import annotations

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    0x10, 0x20, 0x30, 0x40, 0x80, 0x90, 0xC0, 0xD0, 0xE0,
)  # fmt: skip
DUP = 0x08


class Frames:
    """Cuts a stream into packets; what is not complete yet waits for the rest."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """The packets that *received* completes, whole, in order."""
        self._buffer += received
        packets = []
        while (end := _end(self._buffer)) is not None and end <= len(self._buffer):
            packets.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
        return packets


def _end(buffer: bytearray) -> int | None:
    """The end of the first packet in *buffer*; None while its length is incomplete."""
    length = shift = 0
    for index in range(1, min(len(buffer), 5)):
        length |= (buffer[index] & 0x7F) << shift
        shift += 7
        if not buffer[index] & 0x80:
            return index + 1 + length
    return None


def kind(packet: bytes) -> int:
    """The packet's type, one of the constants here."""
    return packet[0] & 0xF0


def body(packet: bytes) -> bytes:
    """The packet without its fixed header."""
    start = 1
    while packet[start] & 0x80:
        start += 1
    return packet[start + 1 :]


def published(packet: bytes, level: int) -> tuple[str, bytes, int]:
    """Topic, payload and packet id (0 with QoS 0) of a PUBLISH in MQTT *level* 4 or 5."""
    rest = body(packet)
    end = 2 + int.from_bytes(rest[:2])
    topic, rest, packet_id = rest[2:end].decode(), rest[end:], 0
    if packet[0] & 0x06:
        packet_id, rest = int.from_bytes(rest[:2]), rest[2:]
    if level == 5:
        rest = rest[1 + rest[0] :]  # none here has properties of 128 bytes
    return topic, rest, packet_id


def framed(first: int, content: bytes) -> bytes:
    """A packet of these contents."""
    length, header = len(content), bytearray([first])
    while True:
        length, byte = divmod(length, 128)
        header.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(header) + content


def text(value: str) -> bytes:
    """A string as MQTT writes it."""
    raw = value.encode()
    return len(raw).to_bytes(2) + raw


def connect(client_id: str, *, keepalive_s: int = 0, clean: bool = True) -> bytes:
    """A CONNECT of MQTT 3.1.1."""
    return framed(
        CONNECT, text("MQTT") + bytes([4, 2 if clean else 0]) + keepalive_s.to_bytes(2) + text(client_id)
    )


def subscribe(*filters: str, qos: int = 0, packet_id: int = 1) -> bytes:
    """A SUBSCRIBE of MQTT 3.1.1."""
    return framed(
        SUBSCRIBE | 2, packet_id.to_bytes(2) + b"".join(text(one) + bytes([qos]) for one in filters)
    )


def publish(topic: str, payload: bytes, *, packet_id: int = 0) -> bytes:
    """A PUBLISH of MQTT 3.1.1; QoS 1 with a packet id."""
    if packet_id:
        return framed(PUBLISH | 2, text(topic) + packet_id.to_bytes(2) + payload)
    return framed(PUBLISH, text(topic) + payload)
