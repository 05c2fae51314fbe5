"""An event's plans: the kW dispatched to each VEN from a time on, in chunks of the events table.

A plan is written before the event's header commits to it, and never changed. The plans of an event,
walked from the header's back through *previous*, are its history; one that no header ever committed to
is in no such walk and goes with its time to live.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts.api.requests import Assignment
from contracts.store.keys import plan_chunk_sort_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.events import Interval
from contracts.wire.ids import EventId, VenId

CHUNK_VENS = 1_000
"""VENs a chunk. Source: a DynamoDB item holds 400 KB; a VEN of 24 intervals takes some 310 bytes at most."""


class Limit(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN was seen to deliver no more than *kw*; until *until_ts* (UTC s) it is called for no more.

    *offer_kw* is what it said then that it offers; when it says clearly more, the limit is off. None holds
    it whatever it offers.
    """

    kw: float
    until_ts: float
    offer_kw: float | None = None


class Plan(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The VENs' assignments from *from_ts* (UTC s, when it was made) on, until the next plan.

    *previous* is the id of the plan that it took the place of. *assignments* are of the intervals of this
    plan, in order of the VENs' ids. *dropped* are VENs that an earlier plan called and this one does not:
    their shadows hold a revision without intervals. *unavailable* says who is not counted on, and why;
    *limits* who is called for no more than it was seen to deliver, *seen* what part of its call each was seen
    to deliver when this plan was made. *note* is what there was to say of it besides.
    """

    plan_id: str
    previous: str | None = None
    revision: int
    from_ts: float
    start_ts: int
    intervals: tuple[Interval, ...]
    assignments: tuple[Assignment, ...] = ()
    dropped: tuple[VenId, ...] = ()
    unavailable: dict[VenId, str] = {}
    limits: dict[VenId, Limit] = {}
    seen: dict[VenId, float] = {}
    note: str | None = None

    @property
    def ven_ids(self) -> frozenset[VenId]:
        """Every VEN whose shadow has, or had, the event."""
        return frozenset(assignment.ven_id for assignment in self.assignments) | frozenset(self.dropped)


class _Chunk(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A part of a plan, as text in its item: `startTs` must not stand on it, which the index is by."""

    chunks: int
    plan: Plan


def chunks_of(plan: Plan, event_id: EventId, expires_ts: int) -> list[JsonDict]:
    """*plan* as items of the events table, the first with what there is but once."""
    unavailable, limits = list(plan.unavailable.items()), list(plan.limits.items())
    seen = list(plan.seen.items())
    most = max(map(len, (plan.assignments, plan.dropped, unavailable, limits, seen)))
    count = max(1, -(-most // CHUNK_VENS))
    items = []
    for index in range(count):
        share = slice(index * CHUNK_VENS, (index + 1) * CHUNK_VENS)
        chunk_plan = msgspec.structs.replace(
            plan,
            assignments=plan.assignments[share],
            dropped=plan.dropped[share],
            unavailable=dict(unavailable[share]),
            limits=dict(limits[share]),
            seen=dict(seen[share]),
        )
        items.append(
            {
                "eventId": event_id,
                "part": plan_chunk_sort_key(plan.plan_id, index),
                "chunk": codec.encode(_Chunk(chunks=count, plan=chunk_plan)).decode(),
                "expiresTs": expires_ts,
            }
        )
    return items


def chunk_in(item: JsonObject) -> Plan:
    """The part of a plan in one item, with the VENs of that chunk alone."""
    return msgspec.json.decode(item["chunk"], type=_Chunk).plan


def plans_in(items: Iterable[JsonObject]) -> dict[str, Plan]:
    """The plans that are whole among the chunks *items*, which come in the order of their keys, by id."""
    chunks_by_plan: dict[str, list[_Chunk]] = {}
    for item in items:
        chunk = msgspec.json.decode(item["chunk"], type=_Chunk)
        chunks_by_plan.setdefault(chunk.plan.plan_id, []).append(chunk)
    return {
        plan_id: _joined([chunk.plan for chunk in chunks])
        for plan_id, chunks in chunks_by_plan.items()
        if len(chunks) == chunks[0].chunks
    }


def history(plans: Mapping[str, Plan], plan_id: str) -> tuple[Plan, ...]:
    """The plans that led to *plan_id*, the oldest first, that one last."""
    walked = []
    at: str | None = plan_id
    while at is not None and at in plans:
        walked.append(plans[at])
        at = plans[at].previous
    return tuple(reversed(walked))


def _joined(plans: list[Plan]) -> Plan:
    if len(plans) == 1:
        return plans[0]
    unavailable: dict[VenId, str] = {}
    limits: dict[VenId, Limit] = {}
    seen: dict[VenId, float] = {}
    for chunk_plan in plans:
        unavailable |= chunk_plan.unavailable
        limits |= chunk_plan.limits
        seen |= chunk_plan.seen
    return msgspec.structs.replace(
        plans[0],
        assignments=tuple(assignment for chunk_plan in plans for assignment in chunk_plan.assignments),
        dropped=tuple(ven_id for chunk_plan in plans for ven_id in chunk_plan.dropped),
        unavailable=unavailable,
        limits=limits,
        seen=seen,
    )
