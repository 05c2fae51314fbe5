"""Events and shadows for `write_shadows`; a chunk is written anew while its event changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.api.requests import Assignment
from contracts.store.keys import EVENTS
from contracts.wire.ids import VenId
from lambdas.shared import clients, clock, fan_out
from lambdas.shared.event_book import EventBook, PlanMissingError
from lambdas.shared.fan_out import PlanSlice, ShadowChunk
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows
from lambdas.write_shadows.logic import MovedOnError, seconds_of
from lambdas.write_shadows.settings import ShadowSettings

ROUNDS = 3
"""Attempts at a chunk whose event moves on while it is written."""


class WrittenChunk(NamedTuple):
    """A chunk that was written: its VENs, and how many of them had no room."""

    vens: int
    full: int


@dataclass(frozen=True, slots=True)
class ShadowAdapters:
    """The events' table, the shadows, and how many are written a second."""

    book: EventBook
    shadows: Shadows
    per_s: int

    def write(self, chunk: ShadowChunk | PlanSlice) -> WrittenChunk:
        """Bring the shadows of the chunk's VENs up to date with its event. Raises MovedOnError."""
        whole = chunk.read(self.book) if isinstance(chunk, PlanSlice) else chunk
        return WrittenChunk(len(whole.assignments), self._write(whole))

    def _write(self, chunk: ShadowChunk) -> int:
        """Bring the shadows of *chunk*'s VENs up to date with its event; returns how many had no room.

        These are noted in the event's header, so that nobody counts on them.

        An event that is gone has nothing to write. A chunk that was overtaken while it was written, or before
        it was read, is replaced by the plan in force: a change of a running event goes to the VENs that it
        changes alone, so the others wait for this very message.

        Raises:
            MovedOnError: the event would not keep still.
        """
        revision, assignments = chunk.revision, chunk.assignments
        for _ in range(ROUNDS):
            row = self.book.find(chunk.event_id)
            if row is None:
                return 0
            if row.revision != revision:
                ven_ids = [assignment.ven_id for assignment in chunk.assignments]
                try:
                    assignments = tuple(fan_out.assignments_of(self.book.plan(row), ven_ids))
                except PlanMissingError:
                    return 0
                revision = row.revision
            full = self._write_paced(row, assignments)
            newest = self.book.find(chunk.event_id)
            if newest is None:
                return len(full)
            if newest.revision == revision and newest.gone == row.gone:
                if not row.gone:
                    self.book.mark_full(newest, [assignment.ven_id for assignment in assignments], full)
                return len(full)
        raise MovedOnError(chunk.event_id)

    def _write_paced(self, row: EventRow, assignments: Sequence[Assignment]) -> frozenset[VenId]:
        """Write *assignments*, no more than `per_s` of them each second; returns the VENs without room."""
        full: frozenset[VenId] = frozenset()
        for second in seconds_of(assignments, self.per_s):
            began_s = clock.monotonic_s()
            full |= fan_out.write(self.shadows, row, second)
            clock.sleep(max(0.0, 1.0 - (clock.monotonic_s() - began_s)))
        return full


def open_adapters(settings: ShadowSettings) -> ShadowAdapters:
    """Open the table that the settings name."""
    return ShadowAdapters(
        book=EventBook(clients.table(settings.events_table, EVENTS)),
        shadows=Shadows(clients.iot_data()),
        per_s=settings.shadow_writes_per_s,
    )
