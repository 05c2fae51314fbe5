"""The VTN's events at the stage's own VENs, in the events table, as functions read and write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.openadr.ids import ObjectId
from contracts.store.oadr_events import (
    OADR_EVENTS,
    OADR_PARTITION,
    OadrEventRow,
    oadr_event_item,
    oadr_event_key,
    read_oadr_event,
)
from contracts.wire.ids import VenId
from lambdas.shared.tables import Condition, Table


@dataclass(frozen=True, slots=True)
class OadrEventBook:
    """Rows by the VTN's ids of events. Errors of AWS pass through."""

    table: Table

    def find(self, object_id: ObjectId) -> OadrEventRow | None:
        """The row of an event, or None."""
        item = self.table.get(oadr_event_key(object_id))
        return None if item is None else read_oadr_event(item)

    def all(self) -> Iterator[OadrEventRow]:
        """Every row, in the order in which the VTN's events were made."""
        return map(read_oadr_event, self.table.query(OADR_PARTITION, OADR_EVENTS))

    def page(self, below: ObjectId | None, limit: int) -> tuple[list[OadrEventRow], bool]:
        """Up to *limit* rows, of the event that was made last first, and whether there are more.

        They go on below the event *below*.
        """
        first, last = OADR_EVENTS
        between = (first, last) if below is None else (first, oadr_event_key(below).sort or "")
        more = limit + 1 + (below is not None)  # both ends of a range are in it
        items, _ = self.table.first_items(OADR_PARTITION, between, (), more, newest_first=True)
        rows = [row for row in map(read_oadr_event, items) if row.oadr_event_id != below]
        return rows[:limit], len(rows) > limit

    def put(self, row: OadrEventRow, *, instead_of: OadrEventRow | None) -> bool:
        """Write *row* over what was read as *instead_of*; False when another was faster."""
        before = None if instead_of is None else instead_of.changed_ts
        return self.table.replace(oadr_event_item(row), when=Condition.unchanged("changedTs", before))

    def note_reported(self, row: OadrEventRow, reached: VenId | None) -> bool:
        """Note that the stage has reported on *row*'s event, up to a VEN or whole.

        False where the row has changed since it was read.
        """
        return self.table.update(
            oadr_event_key(row.oadr_event_id),
            {"reportedTag": row.tag, "reportedTo": reached},
            when=Condition.unchanged("changedTs", row.changed_ts),
        )
