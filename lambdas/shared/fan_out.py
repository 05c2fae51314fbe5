"""An event into the shadows of many VENs.

    up to DIRECT_VENS         written at once by whoever dispatches
    beyond                    in messages of CHUNK_VENS, by the queue that feeds `write_shadows`
    beyond *map_above_vens*   slice by slice of the plan, by a map run of Step Functions over `write_shadows`

A chunk names VENs whose shadows are to be brought up to date with an event. It carries their assignments as
of a revision, or is a slice of a stored plan that has them. When the event has moved on by the time it is
read, the plan in force is written instead. An event that is over is taken out of them. VENs of OpenADR have
no shadow: `vtn_dispatch` brings them their shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from contracts.api.requests import Assignment
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.store.plans import CHUNK_VENS as PLAN_CHUNK_VENS
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.ids import EventId, VenId
from lambdas.shared import parallel
from lambdas.shared.event_book import EventBook, PlanMissingError
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_stepfunctions import SFNClient

DIRECT_VENS = 200
"""Up to so many shadows are written by whoever dispatches: a second or two, within every region's quota."""
CHUNK_VENS = 200
"""VENs a message: 24 intervals of each are some 60 KB. Source: SQS takes 256 KB."""


class ShadowChunk(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event for the shadows of some VENs; an assignment without values has nothing left to shed."""

    event_id: EventId
    revision: int
    assignments: tuple[Assignment, ...] = msgspec.field(name="parts")


class PlanSlice(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A chunk that stands in a stored plan: *place* is the plan's own chunk, and which `CHUNK_VENS` of it."""

    event_id: EventId
    revision: int
    plan_id: str
    place: tuple[int, int]

    def read(self, book: EventBook) -> ShadowChunk:
        """The chunk itself; of an event whose plan has expired, one without VENs."""
        index, number = self.place
        stored = book.plan_chunk(self.event_id, self.plan_id, index)
        assignments = [] if stored is None else assignments_of(stored)
        return ShadowChunk(
            event_id=self.event_id,
            revision=self.revision,
            assignments=tuple(assignments[number * CHUNK_VENS : (number + 1) * CHUNK_VENS]),
        )


@dataclass(frozen=True, slots=True)
class MapRuns:
    """The state machine whose map runs `write_shadows` for plans of more than *above_vens*; 0 for none."""

    client: Callable[[], SFNClient]
    machine: str
    above_vens: int

    def takes(self, vens: int) -> bool:
        """True of so many VENs that the queue is not the way."""
        return 0 < self.above_vens < vens

    def start(self, row: EventRow, plan: Plan) -> None:
        """Have the shadows of all VENs of *plan*, as *row* commits to it, written. Twice does no harm."""
        request = {
            "eventId": row.event_id,
            "revision": row.revision,
            "planId": plan.plan_id,
            "slices": slices_of(plan),
        }
        self.client().start_execution(stateMachineArn=self.machine, input=codec.encode(request).decode())


def slices_of(plan: Plan) -> list[tuple[int, int]]:
    """The places of the slices of *plan*, by its chunks: of those that are called and of those dropped."""
    places = []
    chunks = range(-(-max(len(plan.assignments), len(plan.dropped)) // PLAN_CHUNK_VENS))
    for index in chunks:
        share = slice(index * PLAN_CHUNK_VENS, (index + 1) * PLAN_CHUNK_VENS)
        vens = len(plan.assignments[share]) + len(plan.dropped[share])
        places += [(index, number) for number in range(-(-vens // CHUNK_VENS))]
    return places


@dataclass(frozen=True, slots=True)
class ShadowQueue:
    """The queue that feeds `write_shadows`."""

    client: SQSClient
    url: str

    def send(self, row: EventRow, assignments: Sequence[Assignment]) -> None:
        """Have the shadows of *assignments* written. A chunk that is sent twice does no harm."""
        chunks = [
            ShadowChunk(
                event_id=row.event_id,
                revision=row.revision,
                assignments=tuple(assignments[n : n + CHUNK_VENS]),
            )
            for n in range(0, len(assignments), CHUNK_VENS)
        ]
        parallel.over(
            chunks,
            lambda chunk: self.client.send_message(
                QueueUrl=self.url, MessageBody=codec.encode(chunk).decode()
            ),
        )


def assignments_of(plan: Plan, ven_ids: Iterable[VenId] | None = None) -> list[Assignment]:
    """The assignment of each VEN of *plan* with a shadow, or of *ven_ids* of them.

    It is without values for those dropped.
    """
    dispatched = {assignment.ven_id: assignment for assignment in plan.assignments}
    wanted = sorted(plan.ven_ids if ven_ids is None else ven_ids)
    return [
        dispatched.get(ven_id) or Assignment(ven_id=ven_id, values=())
        for ven_id in wanted
        if not is_oadr_ven(ven_id)
    ]


def write(shadows: Shadows, row: EventRow, assignments: Sequence[Assignment]) -> frozenset[VenId]:
    """Write *row*'s event into the VENs' shadows; returns the VENs whose shadows had no room for it.

    An event that is gone is taken out. So is an earlier revision where there is no room for this one: nobody
    counts on that VEN, so it must not act on what was dispatched before.
    """

    def one(assignment: Assignment) -> bool:
        value = None if row.gone else row.for_ven(assignment).to_shadow()
        if shadows.set_event(assignment.ven_id, row.event_id, value):
            return True
        shadows.set_event(assignment.ven_id, row.event_id, None)
        return False

    written = parallel.over(assignments, one)
    return frozenset(
        assignment.ven_id for assignment, done in zip(assignments, written, strict=True) if not done
    )


def clear(book: EventBook, shadows: Shadows, event: EventRow, *, now: float) -> None:
    """Take *event*, which is over, out of the shadows of all VENs that it ever reached. May be repeated.

    It is closed first: from then on whoever writes it into a shadow, however late, takes it out instead.
    """
    closed: EventRow | None = None
    latest: EventRow | None = event
    while closed is None:
        if latest is None or latest.over_ts > now:
            return
        closed = book.close(latest, now=now)
        latest = latest if closed else book.find(event.event_id)
    with suppress(PlanMissingError):  # it has expired with its event
        vens = sorted(ven_id for ven_id in book.plan(closed).ven_ids if not is_oadr_ven(ven_id))
        parallel.over(vens, partial(_take_out, shadows, closed))
    book.mark_cleared(closed, now=now)


def _take_out(shadows: Shadows, row: EventRow, ven_id: VenId) -> None:
    """Take *row*'s event out of a VEN's shadow.

    A cancellation that was not written to its end is written first: a removed key is in no delta.
    """
    if row.cancelled_ts is not None and row.done_revision < row.revision:
        cancelled = row.for_ven(Assignment(ven_id=ven_id, values=()))
        shadows.set_event(ven_id, row.event_id, cancelled.to_shadow())
    shadows.set_event(ven_id, row.event_id, None)
