"""Performance of a VEN by its settled events, and the energy dispatched to it of late. Pure."""

from __future__ import annotations

from collections.abc import Sequence

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
"""With less of the event covered a VEN was absent: it counts as if it had delivered nothing. Interpretation:
what cannot be heard cannot be counted on. Rows that come later put that right when the report is final."""
REMEMBERED = 20
"""Ids of events that were counted, the latest last: settled again, they are not counted again."""


def counted(
    event_id: EventId, ven: VenReport, settled_by: Baseline | None, row: Item, *, absence_counts: bool = True
) -> Item | None:
    """The changes to a VEN's row; None when the event is counted already.

    Absence counts as nothing delivered, unless *absence_counts* is false; an event that was counted as
    absence is counted by its rows when there are enough of them after all.
    """
    events, absent = list(row.get("countedEvents") or []), list(row.get("absentEvents") or [])
    share = _share(ven, settled_by)
    if event_id in events:
        return _heard_after_all(event_id, share, absent, row)
    last_ts = row.get("lastCalledTs") or ven.start_ts
    latest_ts = max(last_ts, ven.start_ts)
    dispatched_kwh = _decayed(row.get("calledKwh") or 0.0, latest_ts - last_ts)
    dispatched_kwh += _decayed(ven.requested_kwh, latest_ts - ven.start_ts)
    values: Item = {
        "calledKwh": round(dispatched_kwh, 6),
        "lastCalledTs": latest_ts,
        "countedEvents": [*events, event_id][-REMEMBERED:],
    }
    if share is None and absence_counts and _absent(ven):
        share = 0.0
        values["absentEvents"] = [*absent, event_id][-REMEMBERED:]
    if share is not None:
        # A single absence says little of a VEN that nothing else is known of.
        before = row.get("performance", 1.0 if "absentEvents" in values else None)
        values["performance"] = round(share if before is None else before + WEIGHT * (share - before), 4)
    return values


def best_delivery(ven: VenReport, settled_by: Baseline | None) -> Delivered | None:
    """The VEN's delivery by its clone where it has one, else by the baseline that settles.

    Interpretation: the clone is not wrong about a single home.
    """
    return ven.delivered.get("clone") or (ven.delivered.get(settled_by) if settled_by else None)


def _heard_after_all(event_id: EventId, share: float | None, absent: list[str], row: Item) -> Item | None:
    """The changes when an event that was counted as absence has its rows by now; None when it has not."""
    if event_id not in absent or share is None:
        return None
    left = [other for other in absent if other != event_id]
    return {
        "countedEvents": row["countedEvents"],
        "absentEvents": left or None,
        "performance": round(min(row.get("performance", 0.0) + WEIGHT * share, MOST), 4),
    }


def _absent(ven: VenReport) -> bool:
    return ven.quality.coverage < ENOUGH and ven.requested_kw >= LEAST_SHARE_KW


def nobody_heard(reports: Sequence[VenReport]) -> bool:
    """True when none of several VENs was heard: then it is the cloud that was deaf."""
    return len(reports) > 1 and all(map(_absent, reports))


def _share(ven: VenReport, settled_by: Baseline | None) -> float | None:
    """Delivered of dispatched power; None when too little is known."""
    best = best_delivery(ven, settled_by)
    if best is None or ven.quality.coverage < ENOUGH or ven.requested_kw < LEAST_SHARE_KW:
        return None
    return min(max(best.delivered_kw / ven.requested_kw, 0.0), MOST)


def _decayed(dispatched_kwh: float, after_s: float) -> float:
    return dispatched_kwh * float(0.5 ** (after_s / HALF_LIFE_S))
