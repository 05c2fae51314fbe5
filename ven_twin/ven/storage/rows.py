"""The rows of a VEN's file: messages that go out, commands that came in, and their acks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class PlacedRows:
    """Rows to insert for messages, the rows that make room for them, and a row id for each message."""

    size_bytes: int
    rows: list[tuple[int, str, int, str, bytes, int, int]] = field(default_factory=list)
    victims: dict[int, tuple[str, int]] = field(default_factory=dict)
    row_ids: list[int | None] = field(default_factory=list)


SHED_RANK: Mapping[str, int] = {"telemetry": 0, "ack": 2, "event": 2}
"""Order of shedding, lowest first; a kind that is not named stands between."""
OTHER_RANK = 1


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """Messages in the outbox, and those that it lost since its file was made.

    Attributes:
        depth: messages not yet acknowledged.
        size_bytes: their size, by which the cap is counted.
        shed: by kind, messages dropped because the cap was reached.
        refused: messages that the disk would not take.
        quarantined: messages put aside because they cannot be sent.
        damaged: rows that were not whole when they were read again.
        files_set_aside: files that could not be used as they were, and are kept beside it.
        in_memory: why nothing of it is on disk; None when all of it is.
    """

    depth: int
    size_bytes: int
    shed: Mapping[str, int]
    refused: int
    quarantined: int
    damaged: int = 0
    files_set_aside: int = 0
    in_memory: str | None = None

    @property
    def lost(self) -> int:
        """Messages that will not arrive by themselves."""
        return sum(self.shed.values()) + self.refused + self.quarantined + self.damaged


class JournalledAck(NamedTuple):
    """The ack of a command, by its correlation id."""

    correlation_id: CorrelationId
    ack: bytes


class JournalledCommand(NamedTuple):
    """A command that is on disk and not carried out yet; *received_ts* is UTC s."""

    id: int
    payload: bytes
    received_ts: float
