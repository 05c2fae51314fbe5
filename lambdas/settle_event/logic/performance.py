"""Performance of a VEN by its settled events, and the energy dispatched to it of late. Pure."""

from __future__ import annotations

from contracts.api.reports import Baseline, Delivered, VenReport
from contracts.store.items import Item
from contracts.wire.ids import EventId
from contracts.wire.units import LEAST_SHARE_KW

WEIGHT = 0.3
"""Of the latest event in a VEN's performance: three events back it still counts a third."""
MOST = 1.2
"""Above this a VEN is not thought better for delivering more than was dispatched to it."""
HALF_LIFE_S = 30 * 24 * 3600.0
"""After a month what a VEN was called for counts half."""
ENOUGH = 0.5
"""With less of the event covered nothing is concluded from it."""
REMEMBERED = 20
"""Ids of events that were counted, the latest last: settled again, they are not counted again."""


def counted(event_id: EventId, ven: VenReport, settled_by: Baseline | None, row: Item) -> Item | None:
    """The changes to a VEN's row; None when the event is counted already."""
    events = list(row.get("countedEvents") or [])
    if event_id in events:
        return None
    last_ts = row.get("lastCalledTs") or ven.start_ts
    latest_ts = max(last_ts, ven.start_ts)
    dispatched_kwh = _decayed(row.get("calledKwh") or 0.0, latest_ts - last_ts)
    dispatched_kwh += _decayed(ven.requested_kwh, latest_ts - ven.start_ts)
    values: Item = {
        "calledKwh": round(dispatched_kwh, 6),
        "lastCalledTs": latest_ts,
        "countedEvents": [*events, event_id][-REMEMBERED:],
    }
    share = _share(ven, settled_by)
    if share is not None:
        before = row.get("performance")
        values["performance"] = round(share if before is None else before + WEIGHT * (share - before), 4)
    return values


def best_delivery(ven: VenReport, settled_by: Baseline | None) -> Delivered | None:
    """The VEN's delivery by its clone where it has one, else by the baseline that settles.

    Interpretation: the clone is not wrong about a single home.
    """
    return ven.delivered.get("clone") or (ven.delivered.get(settled_by) if settled_by else None)


def _share(ven: VenReport, settled_by: Baseline | None) -> float | None:
    """Delivered of dispatched power; None when too little is known."""
    best = best_delivery(ven, settled_by)
    if best is None or ven.quality.coverage < ENOUGH or ven.requested_kw < LEAST_SHARE_KW:
        return None
    return min(max(best.delivered_kw / ven.requested_kw, 0.0), MOST)


def _decayed(dispatched_kwh: float, after_s: float) -> float:
    return dispatched_kwh * float(0.5 ** (after_s / HALF_LIFE_S))
