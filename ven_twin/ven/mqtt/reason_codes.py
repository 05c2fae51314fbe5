"""What reason codes and failed connections mean for the session: pure tables and their readings."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Protocol = Literal["5", "3.1.1"]

SESSION_TAKEN_OVER = 0x8E

REASONS: Mapping[int, str] = {
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "implementation specific error",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8C: "bad authentication method",
    0x8D: "keep alive timeout",
    0x8E: "session taken over",
    0x8F: "topic filter invalid",
    0x90: "topic name invalid",
    0x91: "packet identifier in use",
    0x93: "receive maximum exceeded",
    0x94: "topic alias invalid",
    0x95: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload format invalid",
    0x9A: "retain not supported",
    0x9B: "QoS not supported",
    0x9C: "use another server",
    0x9D: "server moved",
    0x9E: "shared subscriptions not supported",
    0x9F: "connection rate exceeded",
    0xA1: "subscription identifiers not supported",
    0xA2: "wildcard subscriptions not supported",
}
"""Source: MQTT 5.0, section 2.4."""

_CONNACK_311: Mapping[int, int] = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
"""MQTT 3.1.1 CONNACK codes as their MQTT 5 equals. Source: MQTT 3.1.1, table 3.1."""

_REFUSALS = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})
"""CONNACK codes that a retry seldom cures: someone has to change something."""

_RETRYABLE_PUBACK = frozenset({0x83, 0x91, 0x97})
"""PUBACK codes that say "not now". Interpretation: MQTT leaves it open which refusals are worth a retry."""

LossKind = Literal["closed", "taken_over", "refused", "unreachable", "silent", "failed", "stopped", "renewed"]

MEANT: frozenset[LossKind] = frozenset({"stopped", "renewed"})
"""We are the ones to leave, in good order."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a connection ended or never came about.

    Attributes:
        kind: what the supervisor decides by; "closed" is the peer's doing, "silent" is ours; "stopped" and
            "renewed" are meant, the latter to connect again at once with another certificate.
        reason: one line for the user.
        clean: the peer closed in good order, as a broker does that has given the session to another client.
    """

    kind: LossKind
    reason: str
    clean: bool = False


def describe(code: int) -> str:
    """The name and number of a reason code, ``not authorized (0x87)``."""
    return f"{REASONS.get(code, 'unknown reason')} (0x{code:02X})"


def is_refusal(puback_code: int) -> bool:
    """Whether the broker did not take the message. 0x10, no subscribers, is a success."""
    return puback_code >= 0x80


def is_retryable(puback_code: int) -> bool:
    """Whether a message so refused may be taken later."""
    return puback_code in _RETRYABLE_PUBACK


def connack_loss(code: int, protocol: Protocol) -> Loss:
    """What a CONNACK other than success means; rc=5 and 0x87 are refusals (guard 14)."""
    meaning = _CONNACK_311.get(code, code) if code < 0x80 else code
    text = f"CONNACK rc={code}: {REASONS.get(meaning, 'unknown reason')}"
    if meaning == 0x84:
        text = f"CONNACK rc={code}: the broker does not speak MQTT {protocol}"
    return Loss("refused" if meaning in _REFUSALS else "closed", text)


def disconnect_loss(packet: bytes) -> Loss:
    """What the broker's DISCONNECT packet says; without a code it is a normal disconnection."""
    code = packet[0] if packet else 0
    if code == SESSION_TAKEN_OVER:
        return Loss("taken_over", f"the broker says: {describe(code)}")
    return Loss("closed", f"the broker disconnected: {describe(code) if code else 'no reason given'}")


def transport_loss(cause: BaseException | None, *, connected: bool) -> Loss:
    """What the end of the byte stream means. A TLS alert is a refusal, whenever it arrives."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Loss("refused", f"the broker's certificate is not trusted: {cause.verify_message}")
    if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
        return Loss("refused", f"the broker refused the TLS handshake: {cause.reason}")
    if cause is None:
        when = "" if connected else " before CONNACK (AWS does so when no policy allows this client id)"
        return Loss("closed", f"the broker closed the connection{when}", clean=True)
    if isinstance(cause, (ConnectionError, EOFError)):
        return Loss("closed", f"the connection broke: {type(cause).__name__}")
    return Loss("unreachable", f"no connection: {_os_text(cause)}")


def _os_text(cause: BaseException) -> str:
    text = getattr(cause, "strerror", None) or getattr(cause, "reason", None) or str(cause)
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
