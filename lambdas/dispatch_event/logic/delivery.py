"""The delivery of each VEN of a running event, as far as its latest row can tell. Pure.

A row holds means over the time since the row before, so it says something about a call only when all of
that time lies after the call. Until then what is known of the VEN's performance is expected of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from contracts.api.requests import Assignment
from contracts.api.resources import TelemetryRow
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.store.plans import Plan
from contracts.wire.events import DrEvent
from contracts.wire.ids import EventId, VenId
from lambdas.dispatch_event.logic import eligibility
from lambdas.dispatch_event.logic.bookings import NOTHING_BOOKED, Bookings, Freedom, terms
from lambdas.dispatch_event.logic.eligibility import LEAST_CALL_W, W_PER_KW, Reason, Unavailable
from lambdas.shared.rows import EventRow, VenRow

REPORT_INTERVAL_S = 30.0
"""Between two rows of a VEN that reports no other interval. Source: docs/reference/wire.md."""
SLOWEST_INTERVAL_S = 300.0
"""A longer interval than this is not waited for. Interpretation: an event is shared out again by the minute,
and who is heard less often than every five minutes cannot be counted on in one."""
SETTLING_ROWS = 2
"""A row counts from so many report intervals after a call: the first still has time from before in it."""
SILENT_ROWS = 4
SILENT_AT_LEAST_S = 5.0
"""Nothing heard for so many report intervals, or this long at the least, is silence."""
SEEN_AT_LEAST, SEEN_AT_MOST = 0.5, 2.0
"""Within these the share of its call that a VEN delivers is expected of its next call too."""
SHORT_SHARE = 0.8
"""A VEN below this share of its expected delivery is limited to what it delivers."""


class Delivery(NamedTuple):
    """The power dispatched to one VEN and delivered by it now, W; *observed*: by a row, not expected.

    *expected_share* is the share of a call to expect of it: as seen in this event, else as performed before.
    *done* is a VEN that has had its own time of the event: what it was called for counts as delivered.
    """

    dispatched_w: int
    delivered_w: float
    observed: bool
    expected_share: float = 1.0
    unavailable: Unavailable | None = None
    done: bool = False

    def short(self, performance: float) -> bool:
        """Tell a VEN that was seen to deliver clearly less than can be expected of it."""
        missing_w = self.dispatched_w * performance - self.delivered_w
        return self.observed and missing_w > max((1.0 - SHORT_SHARE) * self.dispatched_w, LEAST_CALL_W / 2)


@dataclass(frozen=True)
class RunningEvent:
    """A running event now: its header, the plan in force, the interval in force and since when, UTC s.

    *bookings* are those of the other events.
    """

    row: EventRow
    plan: Plan
    index: int
    since_ts: float
    now_ts: float
    bookings: Bookings = NOTHING_BOOKED
    _freedoms: dict[VenId, Freedom | None] = field(default_factory=dict)

    @cached_property
    def is_alone(self) -> bool:
        """Tell an event that begins for all at once, while no other has any VEN."""
        return not (self.bookings.holds or self.row.randomize_start_s)

    @property
    def remaining_s(self) -> float:
        """The rest of the event, s."""
        return self.row.end_ts - self.now_ts

    @cached_property
    def event(self) -> DrEvent:
        """The event as requested of the fleet."""
        return terms(self.row)

    def freedom(self, ven_id: VenId) -> Freedom | None:
        """The time that is left of a VEN for the event; None when all of it is."""
        if self.is_alone:
            return None
        if ven_id not in self._freedoms:
            self._freedoms[ven_id] = self.bookings.freedom(self.event, ven_id, self.now_ts)
        return self._freedoms[ven_id]

    def may_leave_for(self, ven_id: VenId) -> tuple[EventId, ...]:
        """The events that the VEN may be in and yet be called: this one, and those of lower priority."""
        if self.is_alone:
            return (self.row.event_id,)
        freedom = self.freedom(ven_id)
        return (self.row.event_id, *(() if freedom is None else freedom.losers))


def running_event(
    row: EventRow, plan: Plan, now_ts: float, bookings: Bookings = NOTHING_BOOKED
) -> RunningEvent | None:
    """The event of *row* at *now_ts*, before randomisation; None when none of its intervals is in force."""
    since_ts = float(row.start_ts)
    for index, interval in enumerate(row.intervals):
        if since_ts <= now_ts < since_ts + interval.duration_s:
            return RunningEvent(row, plan, index, since_ts, now_ts, bookings)
        since_ts += interval.duration_s
    return None


def deliveries(
    at: RunningEvent, fleet: Mapping[VenId, VenRow], latest: Mapping[VenId, TelemetryRow]
) -> dict[VenId, Delivery]:
    """The deliveries of the VENs of the plan, by VEN id."""
    return {
        assignment.ven_id: _of(at, assignment, fleet.get(assignment.ven_id), latest.get(assignment.ven_id))
        for assignment in at.plan.assignments
    }


def believed_interval_s(ven: VenRow) -> float:
    """The report interval by which a VEN is judged, s: its own, as far as an event can wait for it."""
    return min(ven.report_interval_s or REPORT_INTERVAL_S, SLOWEST_INTERVAL_S)


def silence(
    ven: VenRow, last: TelemetryRow | None, now_ts: float, *, called_ts: float | None = None
) -> Unavailable | None:
    """The reason why nothing can be known of a VEN now, or None when it is heard.

    A VEN of OpenADR reports when it is asked to, which may be after the event: its silence says nothing. Of
    any other its rows' receipt counts, not what its clock says. In peace they may wait for each other: until
    the VEN has had its call since *called_ts* for some rows, or while it has none.
    """
    if is_oadr_ven(ven.ven_id):
        return None
    if last is None:
        return Unavailable(Reason.NO_TELEMETRY)
    interval_s = believed_interval_s(ven)
    quiet_s = now_ts - (last.timestamp if last.received_ts is None else last.received_ts)
    allowed_s = max(SILENT_ROWS * interval_s, SILENT_AT_LEAST_S)
    if called_ts is None or now_ts - called_ts < allowed_s:
        allowed_s += ven.batch_s or 0.0
    if quiet_s <= allowed_s:
        return None
    return Unavailable(Reason.SILENT, f"{quiet_s:.0f}")


def _of(at: RunningEvent, assignment: Assignment, ven: VenRow | None, last: TelemetryRow | None) -> Delivery:
    dispatched_w = round(assignment.values[at.index] * W_PER_KW)
    offset_s = at.row.start_offset_s(assignment.ven_id)
    performance = None if ven is None else ven.performance
    expected = at.plan.seen.get(assignment.ven_id, eligibility.believed(performance))
    if at.now_ts >= at.row.end_ts + offset_s:  # whatever it does now, it is done
        return Delivery(dispatched_w, dispatched_w * expected, False, expected, done=True)
    if ven is None:
        return Delivery(dispatched_w, 0.0, observed=True, unavailable=Unavailable(Reason.REMOVED))
    reason = _without_room(at, assignment.ven_id, last)
    if not at.is_alone:
        reason = reason or _bound(at, assignment.ven_id)
    called_ts = max(float(assignment.since_ts or at.plan.from_ts), at.since_ts + offset_s)
    reason = reason or eligibility.unavailability(ven, at.now_ts)
    reason = reason or silence(ven, last, at.now_ts, called_ts=called_ts)
    if reason is not None:
        return Delivery(dispatched_w, 0.0, observed=True, unavailable=reason)
    settled_ts = called_ts + SETTLING_ROWS * believed_interval_s(ven)
    in_next = at.now_ts >= at.since_ts + offset_s + at.row.intervals[at.index].duration_s
    if last is None or _measured_ts(last, ven) < settled_ts or in_next:
        return Delivery(dispatched_w, dispatched_w * expected, observed=False, expected_share=expected)
    if last.event_id != at.row.event_id and not (last.event_id is None and is_oadr_ven(ven.ven_id)):
        reason = _elsewhere(last.event_id)
        return Delivery(dispatched_w, 0.0, observed=True, unavailable=reason)
    more_kw = max(last.used_power_kw - last.baseline_power_kw, 0.0)
    delivered_w = (more_kw if at.row.loads_up else last.shed_power_kw) * W_PER_KW
    seen = delivered_w / dispatched_w if dispatched_w else 1.0
    return Delivery(
        dispatched_w, delivered_w, observed=True, expected_share=min(SEEN_AT_MOST, max(SEEN_AT_LEAST, seen))
    )


def _measured_ts(row: TelemetryRow, ven: VenRow) -> float:
    """The end of what a row measured, UTC s by the cloud's clock: no row is younger than its receipt."""
    measured_ts = row.timestamp + (ven.clock_skew_s or 0.0)
    return measured_ts if row.received_ts is None else min(measured_ts, row.received_ts)


def _without_room(at: RunningEvent, ven_id: VenId, last: TelemetryRow | None) -> Unavailable | None:
    """A shadow without room for the event, as a reason, unless the VEN's row is of the event all the same."""
    if ven_id not in at.row.full or (last is not None and last.event_id == at.row.event_id):
        return None
    return Unavailable(Reason.SHADOW_FULL)


def _bound(at: RunningEvent, ven_id: VenId) -> Unavailable | None:
    """The event that has the VEN in the interval in force, as a reason; its rows say so only later."""
    freedom = at.freedom(ven_id)
    if freedom is None or freedom.bound_by is None or not freedom.busy[at.index]:
        return None
    return Unavailable(Reason.IN_OTHER_EVENT, freedom.bound_by)


def _elsewhere(event_id: EventId | None) -> Unavailable:
    return Unavailable(Reason.LEFT) if event_id is None else Unavailable(Reason.IN_OTHER_EVENT, event_id)
