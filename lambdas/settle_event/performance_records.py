"""The VENs' performance, in their rows of the VENs table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from contracts.api.reports import Baseline, VenReport
from contracts.store.items import Item
from contracts.store.keys import Key
from contracts.wire.ids import EventId
from lambdas.settle_event.logic.performance import counted, nobody_heard
from lambdas.shared import parallel
from lambdas.shared.tables import Condition, Table

TRIES = 5
"""Attempts to update a VEN's row that changes in between."""
ATTRIBUTES = ("venId", "performance", "calledKwh", "lastCalledTs", "countedEvents", "absentEvents")


@dataclass(frozen=True, slots=True)
class PerformanceRecords:
    """VENs' performance and dispatched energy, in their rows of the VENs table."""

    vens: Table

    def count(self, event_id: EventId, reports: Sequence[VenReport], settled_by: Baseline | None) -> None:
        """Count the event for each VEN in it, once however often this is called."""
        called = [report for report in reports if report.requested_kwh > 0]
        rows_by_ven = {
            item["venId"]: item for item in self.vens.get_many([ven.ven_id for ven in called], ATTRIBUTES)
        }
        changes = partial(counted, event_id, settled_by=settled_by, absence_counts=not nobody_heard(called))
        parallel.over(
            [ven for ven in called if ven.ven_id in rows_by_ven],
            lambda ven: self._count(ven, rows_by_ven[ven.ven_id], changes),
        )

    def _count(self, ven: VenReport, row: Item, changes: Callable[..., Item | None]) -> None:
        for _ in range(TRIES):
            values = changes(ven, row=row)
            if values is None:
                return
            if self.vens.update(Key(ven.ven_id), values, when=_unchanged(row)):
                return
            row = self.vens.get(Key(ven.ven_id)) or {}
            if not row:
                return
        raise TimeoutError(f"the row of {ven.ven_id} changed {TRIES} times while an event was counted")


def _unchanged(row: Item) -> Condition:
    names = {"#ven": "venId", "#counted": "countedEvents"}
    if "countedEvents" not in row:
        return Condition("attribute_exists(#ven) AND attribute_not_exists(#counted)", names)
    expression = "attribute_exists(#ven) AND #counted = :before"
    return Condition(expression, names, {":before": row["countedEvents"]})
