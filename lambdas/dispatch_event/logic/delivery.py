"""What each VEN of a running event delivers, as far as its latest row can tell. Pure.

A row holds means over the time since the row before, so it says something about a call only when all of
that time lies after the call. Until then what is known of the VEN's performance is expected of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from contracts.api.requests import Assignment
from contracts.store.plans import Plan
from lambdas.dispatch_event.logic import eligibility
from lambdas.dispatch_event.logic.eligibility import W_PER_KW
from lambdas.shared.rows import EventRow, LatestRow, VenRow

REPORT_INTERVAL_S = 30.0
"""Between two rows of a VEN that has not said otherwise. Source: the wire document."""
SETTLING_ROWS = 2
"""A row counts from so many report intervals after a call: the first still has time from before in it."""
SILENT_ROWS = 4
SILENT_AT_LEAST_S = 5.0
"""Nothing heard for so many report intervals, or this long at the least, is silence."""
LEFT = "left the event"
SEEN_AT_LEAST, SEEN_AT_MOST = 0.5, 2.0
"""Within these a VEN's own part of its call is expected of its next call too."""
HELD_SHARE = 0.8
"""Who delivers less than this of what is expected of it is held to what it delivers."""


class Delivery(NamedTuple):
    """What one VEN is called for and delivers now, W. *judged* says that it was seen, not expected.

    *part* is what part of a call it can be expected to deliver: as seen in this event, else as known.
    """

    call_w: int
    delivers_w: float
    judged: bool
    part: float = 1.0
    why_not: str | None = None

    def short(self, performance: float) -> bool:
        """Whether it was seen to deliver clearly less than can be expected of it."""
        missing_w = self.call_w * performance - self.delivers_w
        return self.judged and missing_w > max((1.0 - HELD_SHARE) * self.call_w, eligibility.LEAST_CALL_W / 2)


@dataclass(frozen=True, slots=True)
class RunningEvent:
    """A running event now: its header, the plan in force, the interval in force and since when, UTC s."""

    row: EventRow
    plan: Plan
    index: int
    since_ts: float
    now_ts: float

    @property
    def remaining_s(self) -> float:
        """What is still to come of the event."""
        return self.row.end_ts - self.now_ts


def moment(row: EventRow, plan: Plan, now_ts: float) -> RunningEvent | None:
    """Where *row* stands at *now_ts*, before randomisation; None when none of its intervals is in force."""
    since_ts = float(row.start_ts)
    for index, interval in enumerate(row.intervals):
        if since_ts <= now_ts < since_ts + interval.duration_s:
            return RunningEvent(row, plan, index, since_ts, now_ts)
        since_ts += interval.duration_s
    return None


def deliveries(
    at: RunningEvent, fleet: Mapping[str, VenRow], latest: Mapping[str, LatestRow]
) -> dict[str, Delivery]:
    """Each VEN of the plan, by its id."""
    return {
        each.ven_id: _of(at, each, fleet.get(each.ven_id), latest.get(each.ven_id))
        for each in at.plan.assignments
    }


def why_silent(ven: VenRow, last: LatestRow | None, now_ts: float) -> str | None:
    """Why nothing can be known of what a VEN does now, or None when it is heard."""
    if last is None:
        return "no telemetry"
    interval_s = ven.report_interval_s or REPORT_INTERVAL_S
    quiet_s = now_ts - min(float(last.timestamp), last.received_ts)
    return (
        f"silent for {quiet_s:.0f} s" if quiet_s > max(SILENT_ROWS * interval_s, SILENT_AT_LEAST_S) else None
    )


def _of(at: RunningEvent, part: Assignment, ven: VenRow | None, last: LatestRow | None) -> Delivery:
    call_w = round(part.values[at.index] * W_PER_KW)
    if ven is None:
        return Delivery(call_w, 0.0, judged=True, why_not="is no VEN any more")
    why = eligibility.why_unavailable(ven, at.now_ts) or why_silent(ven, last, at.now_ts)
    if why is not None or last is None:
        return Delivery(call_w, 0.0, judged=True, why_not=why)
    offset_s = at.row.for_ven(part).start_offset_s(part.ven_id) if at.row.randomize_start_s else 0.0
    called_ts = max(float(part.since_ts or at.plan.from_ts), at.since_ts + offset_s)
    settled_ts = called_ts + SETTLING_ROWS * (ven.report_interval_s or REPORT_INTERVAL_S)
    if min(float(last.timestamp), last.received_ts) < settled_ts:
        expected = at.plan.seen.get(part.ven_id, eligibility.believed(ven.performance))
        return Delivery(call_w, call_w * expected, judged=False, part=expected)
    if last.event_id != at.row.event_id:
        why = LEFT if last.event_id is None else f"in event {last.event_id}"
        return Delivery(call_w, 0.0, judged=True, why_not=why)
    delivers_w = last.shed_power_kw * W_PER_KW
    seen = delivers_w / call_w if call_w else 1.0
    return Delivery(call_w, delivers_w, judged=True, part=min(SEEN_AT_MOST, max(SEEN_AT_LEAST, seen)))
