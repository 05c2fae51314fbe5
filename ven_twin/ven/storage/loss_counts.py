"""The count of messages that an outbox lost, and why."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Self

import msgspec

from ven_twin.ven.storage.memo import recall
from ven_twin.ven.storage.rows import OutboxCounts

COUNTS = "let go"
"""The key of the note that they are."""


class _StoredCounts(msgspec.Struct, frozen=True):
    shed: dict[str, int] = {}
    refused: int = 0
    quarantined: int = 0
    damaged: int = 0
    files_set_aside: int = msgspec.field(name="filesSetAside", default=0)


class LossCounts:
    """Messages that were lost since the file was made; they are written with the write that loses them.

    Attributes:
        shed: dropped because the cap was reached, by kind.
        refused: not taken by the disk.
        quarantined: put aside because they cannot be sent.
        damaged: rows that were not whole when they were read again.
        files_set_aside: files that could not be used as they were.
        unwritten: True while a count is not on disk yet.
    """

    @classmethod
    def of(cls, db: sqlite3.Connection) -> Self:
        """The counts that a file has."""
        return cls(recall(db, COUNTS))

    def __init__(self, document: str | None) -> None:
        try:
            stored = msgspec.json.decode(document or "{}", type=_StoredCounts)
        except (msgspec.DecodeError, UnicodeError):
            stored = _StoredCounts(damaged=1)
        self.shed: Counter[str] = Counter(stored.shed)
        self.refused = stored.refused
        self.quarantined = stored.quarantined
        self.damaged = stored.damaged
        self.files_set_aside = stored.files_set_aside
        self.unwritten = False

    def add(
        self,
        *,
        shed: str | None = None,
        refused: int = 0,
        quarantined: int = 0,
        damaged: int = 0,
        files_set_aside: int = 0,
    ) -> None:
        """Count messages that are lost."""
        if shed is not None:
            self.shed[shed] += 1
        self.refused += refused
        self.quarantined += quarantined
        self.damaged += damaged
        self.files_set_aside += files_set_aside
        self.unwritten = True

    def counts(self, depth: int, size_bytes: int, in_memory: str | None) -> OutboxCounts:
        """The counts beside what waits."""
        return OutboxCounts(
            depth,
            size_bytes,
            dict(self.shed),
            self.refused,
            self.quarantined,
            self.damaged,
            self.files_set_aside,
            in_memory,
        )

    def absorb(self, other: LossCounts) -> None:
        """Add the counts of another file."""
        self.shed.update(other.shed)
        self.add(
            refused=other.refused,
            quarantined=other.quarantined,
            damaged=other.damaged,
            files_set_aside=other.files_set_aside,
        )

    def document(self) -> str:
        """The counts as they are stored."""
        stored = _StoredCounts(
            dict(self.shed), self.refused, self.quarantined, self.damaged, self.files_set_aside
        )
        return msgspec.json.encode(stored).decode()
