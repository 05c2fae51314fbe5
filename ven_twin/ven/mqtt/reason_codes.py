"""Reason codes and failed connections, and their meaning for the session: pure tables."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Protocol = Literal["5", "3.1.1"]

SESSION_TAKEN_OVER = 0x8E
NOT_AUTHORIZED = 0x87

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


class LossKind(StrEnum):
    """The end of a connection, as the supervisor decides by it."""

    CLOSED = "closed"
    """The peer's doing."""
    TAKEN_OVER = "taken_over"
    """Another client has this id."""
    REFUSED = "refused"
    """Someone has to change something."""
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    """Our doing: the peer does not answer."""
    FAILED = "failed"
    STOPPED = "stopped"
    RENEWED = "renewed"
    """Our doing: to connect again at once with another certificate."""


MEANT = frozenset({LossKind.STOPPED, LossKind.RENEWED})
"""We are the ones to leave, in good order."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The end of a connection, or of an attempt at one.

    Attributes:
        kind: the supervisor decides by it.
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
    """True when the broker did not take the message. 0x10, no subscribers, is a success."""
    return puback_code >= 0x80


def is_retryable(puback_code: int) -> bool:
    """True when a message so refused may be taken later."""
    return puback_code in _RETRYABLE_PUBACK


def connack_loss(code: int, protocol: Protocol) -> Loss:
    """The loss that a CONNACK other than success means; rc=5 and 0x87 are refusals (guard 14)."""
    meaning = _CONNACK_311.get(code, code) if code < 0x80 else code
    text = f"CONNACK rc={code}: {REASONS.get(meaning, 'unknown reason')}"
    if meaning == 0x84:
        text = f"CONNACK rc={code}: the broker does not speak MQTT {protocol}"
    return Loss(LossKind.REFUSED if meaning in _REFUSALS else LossKind.CLOSED, text)


def disconnect_loss(packet: bytes) -> Loss:
    """The loss by the broker's DISCONNECT packet; without a code it is a normal disconnection."""
    code = packet[0] if packet else 0
    if code == SESSION_TAKEN_OVER:
        return Loss(LossKind.TAKEN_OVER, f"the broker says: {describe(code)}")
    return Loss(LossKind.CLOSED, f"the broker disconnected: {describe(code) if code else 'no reason given'}")


def transport_loss(cause: BaseException | None, *, connected: bool) -> Loss:
    """The loss by the end of the byte stream. A TLS alert is a refusal, whenever it arrives."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Loss(LossKind.REFUSED, f"the broker's certificate is not trusted: {cause.verify_message}")
    if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
        return Loss(LossKind.REFUSED, f"the broker refused the TLS handshake: {cause.reason}")
    if cause is None:
        when = "" if connected else " before CONNACK (AWS does so when no policy allows this client id)"
        return Loss(LossKind.CLOSED, f"the broker closed the connection{when}", clean=True)
    if isinstance(cause, (ConnectionError, EOFError)):
        return Loss(LossKind.CLOSED, _broken(cause))
    return Loss(LossKind.UNREACHABLE, f"no connection: {_os_text(cause)}")


def _broken(cause: BaseException) -> str:
    if isinstance(cause, ConnectionRefusedError):
        return "no connection: no broker answers at its address"
    if isinstance(cause, ConnectionResetError | ConnectionAbortedError | BrokenPipeError | EOFError):
        return "the connection broke: the other side ended it"
    return "the connection broke"


def _os_text(cause: BaseException) -> str:
    text = getattr(cause, "strerror", None) or getattr(cause, "reason", None) or str(cause)
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
