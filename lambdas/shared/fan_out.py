"""An event into the shadows of many VENs: written at once for few, by messages in chunks for many.

A chunk names VENs whose shadows are to be brought up to date with an event. It carries what they are called
for as of a revision; when the event has moved on by the time it is read, what holds then is written instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contracts.api.requests import Assignment
from contracts.store.plans import Plan
from contracts.wire import codec
from lambdas.shared import parallel
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

DIRECT_VENS = 200
"""Up to so many shadows are written by whoever dispatches: a second or two, within every region's quota."""
CHUNK_VENS = 200
"""VENs a message: 24 intervals of each are some 60 KB. Source: SQS takes 256 KB."""


class ShadowChunk(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What goes into the shadows of some VENs; whoever has no values is told that nothing is left to do."""

    event_id: str
    revision: int
    parts: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class ShadowQueue:
    """The queue that feeds `write_shadows`."""

    client: SQSClient
    url: str

    def send(self, row: EventRow, parts: Sequence[Assignment]) -> None:
        """Have the shadows of *parts* written. Chunks that are sent twice are written twice, to no harm."""
        chunks = [
            ShadowChunk(event_id=row.event_id, revision=row.revision, parts=tuple(parts[n : n + CHUNK_VENS]))
            for n in range(0, len(parts), CHUNK_VENS)
        ]
        parallel.over(
            chunks,
            lambda chunk: self.client.send_message(
                QueueUrl=self.url, MessageBody=codec.encode(chunk).decode()
            ),
        )


def parts_of(plan: Plan, ven_ids: Iterable[str] | None = None) -> list[Assignment]:
    """What goes to each VEN of *plan*, or to *ven_ids* of them; without values to those that were dropped."""
    called = {each.ven_id: each for each in plan.assignments}
    wanted = sorted(plan.ven_ids) if ven_ids is None else sorted(ven_ids)
    return [called.get(ven_id) or Assignment(ven_id=ven_id, values=()) for ven_id in wanted]


def write(shadows: Shadows, row: EventRow, parts: Sequence[Assignment]) -> frozenset[str]:
    """Write *row*'s event into the shadows of *parts*; returns the VENs whose shadows had no room for it."""

    def one(part: Assignment) -> bool:
        return shadows.set_event(part.ven_id, row.event_id, row.for_ven(part).to_shadow())

    written = parallel.over(parts, one)
    return frozenset(part.ven_id for part, done in zip(parts, written, strict=True) if not done)
