"""What a settled event says of a VEN for the next: how it performs, how much it was called for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.api.reports import Baseline, VenReport
from contracts.store.keys import Key
from lambdas.shared import parallel
from lambdas.shared.tables import Condition, Table

WEIGHT = 0.3
"""Of the latest event in a VEN's performance: three events back it still counts a third."""
MOST = 1.2
"""Above this a VEN is not thought better for delivering more than it was asked for."""
HALF_LIFE_S = 30 * 24 * 3600.0
"""After a month what a VEN was called for counts half."""
ENOUGH = 0.5
"""With less of the event covered nothing is concluded from it."""
REMEMBERED = 20
"""Ids of events that were counted, the latest last: settled again, they are not counted again."""
TRIES = 5
ATTRIBUTES = ("venId", "performance", "calledKwh", "lastCalledTs", "countedEvents")


@dataclass(frozen=True, slots=True)
class Standings:
    """The standing of VENs, in their rows."""

    vens: Table

    def count(self, event_id: str, reports: Sequence[VenReport], settled_by: Baseline | None) -> None:
        """Count the event for each VEN in it, once however often this is called."""
        called = [report for report in reports if report.requested_kwh > 0]
        known = {
            item["venId"]: item for item in self.vens.get_many([ven.ven_id for ven in called], ATTRIBUTES)
        }
        parallel.over(
            [ven for ven in called if ven.ven_id in known],
            lambda ven: self._count(event_id, ven, settled_by, known[ven.ven_id]),
        )

    def _count(
        self, event_id: str, ven: VenReport, settled_by: Baseline | None, row: Mapping[str, Any]
    ) -> None:
        for _ in range(TRIES):
            values = counted(event_id, ven, settled_by, row)
            if values is None:
                return
            if self.vens.update(Key(ven.ven_id), values, when=_unchanged(row)):
                return
            row = self.vens.get(Key(ven.ven_id)) or {}
            if not row:
                return
        raise TimeoutError(f"the row of {ven.ven_id} changed {TRIES} times while an event was counted")


def counted(
    event_id: str, ven: VenReport, settled_by: Baseline | None, row: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What changes in a VEN's row; None when the event is counted already. Pure."""
    events = list(row.get("countedEvents") or [])
    if event_id in events:
        return None
    last_ts = row.get("lastCalledTs") or ven.start_ts
    latest_ts = max(last_ts, ven.start_ts)
    dispatched_kwh = _decayed(row.get("calledKwh") or 0.0, latest_ts - last_ts)
    dispatched_kwh += _decayed(ven.requested_kwh, latest_ts - ven.start_ts)
    values: dict[str, Any] = {
        "calledKwh": round(dispatched_kwh, 6),
        "lastCalledTs": latest_ts,
        "countedEvents": [*events, event_id][-REMEMBERED:],
    }
    share = _share(ven, settled_by)
    if share is not None:
        before = row.get("performance")
        values["performance"] = round(share if before is None else before + WEIGHT * (share - before), 4)
    return values


def _share(ven: VenReport, settled_by: Baseline | None) -> float | None:
    """Delivered of asked; None when too little is known.

    Interpretation: by the clone where the VEN has one, which is not wrong about a single home; else by the
    baseline that settles.
    """
    best = ven.delivered.get("clone") or (ven.delivered.get(settled_by) if settled_by else None)
    if best is None or ven.quality.coverage < ENOUGH or ven.requested_kw <= 0:
        return None
    return min(max(best.delivered_kw / ven.requested_kw, 0.0), MOST)


def _decayed(dispatched_kwh: float, after_s: float) -> float:
    return dispatched_kwh * float(0.5 ** (after_s / HALF_LIFE_S))


def _unchanged(row: Mapping[str, Any]) -> Condition:
    names = {"#ven": "venId", "#counted": "countedEvents"}
    if "countedEvents" not in row:
        return Condition("attribute_exists(#ven) AND attribute_not_exists(#counted)", names)
    expression = "attribute_exists(#ven) AND #counted = :before"
    return Condition(expression, names, {":before": row["countedEvents"]})
