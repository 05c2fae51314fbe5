"""The events table as the functions see it: headers, plans, what the VENs have reported.

A change is a new plan first, in chunks that nothing refers to, and then one conditional write of the header:
whoever is killed in between has changed nothing, and of two at once one wins.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from contracts.api.reports import EventResult
from contracts.errors import VenTwinError
from contracts.store.items import Item
from contracts.store.keys import (
    EVENT_SORT_KEY,
    EVENTS_BY_START,
    EVENTS_INDEX,
    PLAN_SORT_PREFIX,
    VEN_SORT_PREFIX,
    Key,
    plan_chunk_sort_key,
    sort_keys_below,
)
from contracts.store.plans import Plan, chunk_in, chunks_of, history, plans_in
from contracts.wire.ids import EventId, VenId
from lambdas.shared import parallel, rows
from lambdas.shared.rows import EventRow
from lambdas.shared.tables import Condition, Index, Put, Table

BY_START = Index(EVENTS_BY_START, EVENTS_INDEX, without="deletedTs")


class PlanMissingError(VenTwinError):
    """A header names a plan that is not there whole: it has expired with the event. Treat it as gone."""


@dataclass(frozen=True, slots=True)
class EventBook:
    """Events by id. Errors of AWS pass through: whoever invoked the function tries again."""

    table: Table

    def find(self, event_id: EventId) -> EventRow | None:
        """The event's header, or None. A deleted one has `deleted_ts`; to readers it is gone."""
        item = self.table.get(Key(event_id, EVENT_SORT_KEY))
        return None if item is None else rows.read(EventRow, item)

    def plan(self, row: EventRow) -> Plan:
        """The plan that *row* commits to. Raises PlanMissingError."""
        below = sort_keys_below(f"{PLAN_SORT_PREFIX}{row.plan_id}#")
        plans = plans_in(self.table.query(row.event_id, below))
        if row.plan_id not in plans:
            raise PlanMissingError(row.event_id)
        return plans[row.plan_id]

    def plan_chunk(self, event_id: EventId, plan_id: str, index: int) -> Plan | None:
        """A chunk of a plan that was ever in force, with its VENs alone; None when it has expired."""
        item = self.table.get(Key(event_id, plan_chunk_sort_key(plan_id, index)))
        return None if item is None else chunk_in(item)

    def plans(self, row: EventRow) -> tuple[Plan, ...]:
        """Every plan that was ever in force, the oldest first, *row*'s own last."""
        plans = plans_in(self.table.query(row.event_id, sort_keys_below(PLAN_SORT_PREFIX)))
        return history(plans, row.plan_id)

    def page(
        self, after: Item | None, limit: int, starts: tuple[int, int] | None = None
    ) -> tuple[tuple[EventRow, ...], Item | None]:
        """Headers by their start, the newest first, and the key to go on *after*; no deleted ones.

        *starts* are the first and the last start that count, UTC s.
        """
        if starts is not None and starts[0] > starts[1]:
            return (), None
        items, last = self.table.newest(BY_START, EVENT_SORT_KEY, after=after, limit=limit, between=starts)
        return rows.read_all(EventRow, items), last

    def ven_items(self, event_id: EventId) -> dict[VenId, Item]:
        """The VENs' own items of the event, by the VEN's id."""
        return {item["venId"]: item for item in self.table.query(event_id, sort_keys_below(VEN_SORT_PREFIX))}

    def write_plan(self, row: EventRow, plan: Plan) -> None:
        """Write *plan* in chunks; it is in force when a header commits to it, and not before."""
        parallel.over(chunks_of(plan, row.event_id, row.expires_ts), self.table.put_new)

    def commit(self, row: EventRow, *, instead_of: EventRow) -> bool:
        """Write *row* over the header that was read as *instead_of*; False when that has changed since."""
        return self.table.replace(_item(row), when=Condition.unchanged("revision", instead_of.revision))

    def mark_done(self, row: EventRow, full: frozenset[VenId] | None) -> None:
        """Note that all that follows from *row* is written, unless the header has moved on.

        *full* are the VENs without room for it; None where others write the shadows and note it themselves.
        """
        still = Condition.unchanged("revision", row.revision)
        done: dict[str, object] = {"doneRevision": row.revision}
        if full is not None:
            done["full"] = sorted(full)
        self.table.update(Key(row.event_id, EVENT_SORT_KEY), done, when=still)

    def mark_full(self, row: EventRow, ven_ids: Collection[VenId], full: Collection[VenId]) -> None:
        """Note which of *ven_ids* have no room for *row*, beside what is noted of others of the event."""
        latest: EventRow | None = row
        while latest is not None and latest.revision == row.revision:
            noted = sorted(frozenset(latest.full).difference(ven_ids).union(full))
            if noted == list(latest.full):
                return
            unchanged = Condition(
                "#r = :r AND #f = :f",
                {"#r": "revision", "#f": "full"},
                {":r": row.revision, ":f": list(latest.full)},
            )
            if self.table.update(Key(row.event_id, EVENT_SORT_KEY), {"full": noted}, when=unchanged):
                return
            latest = self.find(row.event_id)

    def close(self, row: EventRow, *, now: float) -> EventRow | None:
        """The event closed: whoever writes shadows takes it out. None when the header has moved on."""
        if row.closed_ts is not None:
            return row
        still = Condition.unchanged("revision", row.revision)
        if not self.table.update(Key(row.event_id, EVENT_SORT_KEY), {"closedTs": now}, when=still):
            return None
        return msgspec.structs.replace(row, closed_ts=now)

    def mark_cleared(self, row: EventRow, *, now: float) -> None:
        """Note that no shadow has *row*'s event any more, unless the header has moved on."""
        still = Condition.unchanged("revision", row.revision)
        self.table.update(Key(row.event_id, EVENT_SORT_KEY), {"clearedTs": now}, when=still)

    def note_result(self, row: EventRow, result: EventResult | None) -> None:
        """Note what *row*'s event delivered, for lists of events, unless the header has moved on."""
        still = Condition.unchanged("revision", row.revision)
        value = None if result is None else msgspec.to_builtins(result)
        self.table.update(Key(row.event_id, EVENT_SORT_KEY), {"result": value}, when=still)


def header_put(row: EventRow, when: Condition) -> Put:
    """The write of *row* as its event's header, for one of several that are all made or none."""
    return Put(_item(row), when)


def _item(row: EventRow) -> Item:
    value: Item = msgspec.to_builtins(row)
    return value
