"""The rows of a VEN's file: messages that go out, commands that came in, and their acks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from contracts.wire.ids import CorrelationId

ANSWERS_MAX = 256
"""Acks that are remembered, so that a command that comes twice is carried out once and answered alike."""


class Message(NamedTuple):
    """A message for the outbox; *kind* ranks it when the outbox is full."""

    kind: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that waits or is in flight."""

    id: int
    kind: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A message that cannot be sent, with the reason and the first 128 KB of its payload at most."""

    id: int
    kind: str
    topic: str
    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """Messages in the outbox, and those that it lost since its file was made.

    Attributes:
        depth: messages not yet acknowledged.
        size_bytes: their size, by which the cap is counted.
        shed: by kind, messages dropped because the cap was reached.
        refused: messages that the disk would not take.
        quarantined: messages put aside because they cannot be sent.
    """

    depth: int
    size_bytes: int
    shed: Mapping[str, int]
    refused: int
    quarantined: int

    @property
    def lost(self) -> int:
        """Messages that will not arrive by themselves."""
        return sum(self.shed.values()) + self.refused + self.quarantined


class JournalledAck(NamedTuple):
    """The ack of a command, by its correlation id."""

    correlation_id: CorrelationId
    ack: bytes


class JournalledCommand(NamedTuple):
    """A command that is on disk and not carried out yet; *received_ts* is UTC s."""

    id: int
    payload: bytes
    received_ts: float
