"""One chunk of an event's shadows: written, and written again when the event has moved on meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.api.requests import Assignment
from contracts.errors import VenTwinError
from contracts.store.keys import EVENTS
from contracts.wire import codec
from lambdas.shared import clients, clock, fan_out, settings
from lambdas.shared.event_book import EventBook, PlanMissingError
from lambdas.shared.fan_out import ShadowChunk
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows
from lambdas.shared.tables import Table

ROUNDS = 3
"""How often a chunk is written anew because the event has moved on while it was written."""


class MovedOnError(VenTwinError):
    """The event was changed again each time that the chunk was written. SQS delivers the message again."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Adapters of one invocation."""

    book: EventBook
    shadows: Shadows
    per_s: int

    def write(self, chunk: ShadowChunk) -> int:
        """Bring the shadows of *chunk*'s VENs up to date with its event; returns how many had no room.

        An event that is gone has nothing to write. What was overtaken while it was written, or before it was
        read, is replaced by what holds now: a change of a running event goes to the VENs that it changes
        alone, so the others wait for this very message.

        Raises:
            MovedOnError: the event would not keep still.
        """
        revision, parts = chunk.revision, chunk.parts
        full = 0
        for _ in range(ROUNDS):
            row = self.book.find(chunk.event_id)
            if row is None:
                return 0
            if row.revision != revision:
                try:
                    parts = tuple(
                        fan_out.parts_of(self.book.plan(row), [each.ven_id for each in chunk.parts])
                    )
                except PlanMissingError:
                    return 0
                revision = row.revision
            full = self._paced(row, parts)
            newest = self.book.find(chunk.event_id)
            if newest is None or newest.revision == revision:
                return full
        raise MovedOnError(chunk.event_id)

    def _paced(self, row: EventRow, parts: Sequence[Assignment]) -> int:
        """Write *parts*, no more than `per_s` of them each second."""
        full = 0
        for first in range(0, len(parts), self.per_s):
            began_s = clock.monotonic_s()
            full += len(fan_out.write(self.shadows, row, parts[first : first + self.per_s]))
            clock.sleep(max(0.0, 1.0 - (clock.monotonic_s() - began_s)))
        return full


def read_chunk(body: str) -> ShadowChunk:
    """The chunk in an SQS body. Raises WireError."""
    return codec.convert(ShadowChunk, codec.load_object(body, max_bytes=256 * 1024))


def open_writer(needs: settings.WriteShadows) -> Writer:
    """The writer of this sandbox."""
    return Writer(
        book=EventBook(Table(clients.dynamodb(), needs.events_table, EVENTS)),
        shadows=Shadows(clients.iot_data()),
        per_s=needs.shadow_writes_per_s,
    )
