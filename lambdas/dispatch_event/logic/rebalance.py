"""A running event shared out again, when the delivered power is not the requested power. Pure.

What VENs that are silent, offline, opted out or no longer of the event were called for is called of others.
Who delivers clearly less than expected is limited to that for a while; VENs that deliver too much together
are called for less, the last in merit order first. Within a tolerance nothing is changed, nor before a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from contracts.api.requests import UNSHARED, Assignment
from contracts.api.resources import TelemetryRow
from contracts.store.plans import Limit, Plan
from contracts.wire.ids import VenId
from lambdas.dispatch_event.logic import eligibility
from lambdas.dispatch_event.logic.bookings import NOTHING_BOOKED, Bookings
from lambdas.dispatch_event.logic.delivery import (
    Delivery,
    RunningEvent,
    believed_interval_s,
    deliveries,
    running_event,
    silence,
)
from lambdas.dispatch_event.logic.eligibility import (
    LEAST_CALL_W,
    W_PER_KW,
    Offer,
    RankedFleet,
    Reason,
    Unavailable,
)
from lambdas.dispatch_event.logic.merit import top_up
from lambdas.dispatch_event.logic.outcome import Outcome, Rebalanced
from lambdas.dispatch_event.logic.plan import (
    Calls,
    plan_id,
    requested_w,
    shares_only,
    values_of,
)
from lambdas.shared.rows import EventRow, VenRow

AIM = 1.02
"""The aim of making up, as a share of the request. Between two looks homes fall short of a call (a compressor
ends its cycle, a tank is hot) and hardly exceed one, so making up to the very kW ends below it."""
TOLERANCE = 0.02
TOLERANCE_ABOVE = 0.03
LEAST_TOLERANCE_W = 30.0
"""The share by which delivery may miss the request unchanged; half of what a program allows."""
LIMIT_ROWS = 20
"""For how many report intervals a VEN is limited to what it was seen to deliver, ten minutes by default."""
RECOVERED_KW = 0.5
"""A VEN that offers so much more than when it was limited is limited no longer: a car was plugged in."""


def rebalance(
    row: EventRow,
    plan: Plan,
    vens: Collection[VenRow],
    latest: Mapping[VenId, TelemetryRow],
    *,
    now: float,
    token: str,
    bookings: Bookings = NOTHING_BOOKED,
) -> Rebalanced:
    """Change *row*'s event at *now*, if need be, with the fleet *vens* and each VEN's latest row.

    Nobody is counted on for a time in which *bookings*, those of all other events, leave nothing of it.
    """
    at = running_event(row, plan, now, bookings)
    if at is None:
        return Rebalanced(Outcome.NOT_BEGUN if now < row.start_ts else Outcome.OVER, row)
    wanted_w = requested_w(row.intervals[at.index])
    if not wanted_w:
        return Rebalanced(Outcome.NO_POWER, row)
    if row.allocation == UNSHARED:
        return Rebalanced(Outcome.NOT_SHARED, row)
    loads_up = row.loads_up
    by_id = {ven.ven_id: ven.offering(loads_up=True) if loads_up else ven for ven in vens}
    seen = deliveries(at, by_id, latest)
    observed_w = sum(delivery.delivered_w for delivery in seen.values() if delivery.observed)
    gap_w = wanted_w - sum(delivery.delivered_w for delivery in seen.values())
    quiet = Rebalanced(
        Outcome.IN_TOLERANCE,
        row,
        delivered_kw=observed_w / W_PER_KW,
        expected_kw=(wanted_w - gap_w - observed_w) / W_PER_KW,
        requested_kw=wanted_w / W_PER_KW,
    )
    too_little = gap_w > max(TOLERANCE * wanted_w, LEAST_TOLERANCE_W)
    too_much = -gap_w > max(TOLERANCE_ABOVE * wanted_w, LEAST_TOLERANCE_W)
    if not (too_little or too_much):
        return quiet
    change = _Change(at, by_id, latest, seen)
    if too_little:
        change.make_up()
    else:
        change.trim(-gap_w)
    after = change.plan(token)
    changed = _differing(plan, after)
    if not changed:
        return quiet._replace(outcome=Outcome.EXHAUSTED) if too_little else quiet
    return quiet._replace(outcome=Outcome.CHANGED, row=change.header(after), plan=after, changed=changed)


class _Change:
    """A change of the plan in the making: the calls of each interval that is not over."""

    def __init__(
        self,
        at: RunningEvent,
        by_id: Mapping[VenId, VenRow],
        latest: Mapping[VenId, TelemetryRow],
        seen: Mapping[VenId, Delivery],
    ) -> None:
        self._at, self._seen, self.missing_w = at, seen, 0.0
        self._limits = {
            ven_id: limit
            for ven_id, limit in at.plan.limits.items()
            if ven_id in by_id and _holds(limit, by_id[ven_id], at.now_ts)
        }
        self._gone = dict.fromkeys(frozenset(at.row.full) - seen.keys(), Unavailable(Reason.SHADOW_FULL))
        self._gone |= {ven_id: gone.unavailable for ven_id, gone in seen.items() if gone.unavailable}
        self._note_limits(by_id)
        free = at.bookings.free_fleet(self._rank(by_id, latest), at.event, at.now_ts)
        self.fleet, self._offers, self._available_w = free.fleet, free.offers, free.available_w
        self._before = [_calls(at.plan.assignments, n) for n in range(len(at.row.intervals))]
        self._calls: list[Calls] = [dict(calls) for calls in self._before]

    @property
    def _open(self) -> list[int]:
        """The intervals that request power and are not over."""
        return [index for index in _shed_indices(self._at.row) if index >= self._at.index]

    def _note_limits(self, by_id: Mapping[VenId, VenRow]) -> None:
        """Limit the VENs that left to nothing until the end, those that fell short to what they deliver."""
        for ven_id, delivery in self._seen.items():
            if delivery.unavailable is not None:
                if delivery.unavailable.reason is Reason.LEFT:
                    self._limits[ven_id] = Limit(kw=0.0, until_ts=self._at.row.over_ts)
                continue
            ven = by_id.get(ven_id)
            if ven is not None and delivery.short(eligibility.believed(ven.performance)):
                self._limits[ven_id] = Limit(
                    kw=round(delivery.delivered_w) / W_PER_KW,
                    until_ts=self._at.now_ts + LIMIT_ROWS * believed_interval_s(ven),
                    offer_kw=ven.shed_availability_kw,
                )

    def _rank(self, by_id: Mapping[VenId, VenRow], latest: Mapping[VenId, TelemetryRow]) -> RankedFleet:
        """The fleet in merit order, without those that are silent, in another event or limited to nothing."""
        at = self._at
        fleet = eligibility.rank_fleet(
            by_id.values(),
            at.row.event_id,
            at_ts=at.now_ts,
            remaining_s=at.remaining_s,
            loads_up=at.row.loads_up,
        )
        offers: list[Offer] = []
        available_w, unavailable = 0.0, fleet.unavailable | self._gone
        for offer in fleet.offers:
            ven, limit = by_id[offer.ven_id], self._limits.get(offer.ven_id)
            seen = self._seen.get(offer.ven_id)
            reason = self._gone.get(offer.ven_id)
            if reason is None:
                reason = self._no_more(
                    ven, latest.get(offer.ven_id), heard=seen is not None and not seen.done
                )
            offer_w = offer.offer_w if limit is None else min(offer.offer_w, round(limit.kw * W_PER_KW))
            if reason is None and offer_w < LEAST_CALL_W:
                left = limit is not None and limit.offer_kw is None
                reason = Unavailable(Reason.LEFT if left else Reason.DELIVERS_NOTHING)
            if reason is None:
                # What a limit says was seen, so all of it can be expected.
                share = offer.performance if seen is None else seen.expected_share
                performance = share if limit is None else 1.0
                offers.append(Offer(offer.ven_id, offer_w, performance))
                available_w += offer_w * performance
            else:
                unavailable[offer.ven_id] = reason
        return fleet._replace(offers=offers, available_w=available_w, unavailable=unavailable)

    def _no_more(self, ven: VenRow, last: TelemetryRow | None, *, heard: bool) -> Unavailable | None:
        """The reason to call a VEN no more; of one that was *heard* its delivery has said so already."""
        other = ven.active_event_id
        if other is not None and other not in self._at.may_leave_for(ven.ven_id):
            return Unavailable(Reason.IN_OTHER_EVENT, other)
        return None if heard else silence(ven, last, self._at.now_ts)

    def make_up(self) -> None:
        """Call of others what is missing, in this interval and in those to come."""
        for index in self._open:
            offers = {offer.ven_id: offer for offer in self._offers[index]}
            calls, expected_w = self._calls[index], 0.0
            for ven_id, dispatched_w in list(calls.items()):
                calls[ven_id], brings_w = self._continued(index, ven_id, dispatched_w, offers.get(ven_id))
                expected_w += brings_w
            interval_w = requested_w(self._at.row.intervals[index])
            missing_w = top_up(calls, AIM * interval_w - expected_w, self._offers[index])
            self.missing_w = max(self.missing_w, missing_w - (AIM - 1.0) * interval_w)

    def _continued(
        self, index: int, ven_id: VenId, dispatched_w: int, offer: Offer | None
    ) -> tuple[int, float]:
        """The call that a VEN goes on with before anything is made up, and what that brings, W.

        Who was seen to deliver as expected goes on whatever it says that it offers, which may be a while ago.
        """
        seen = self._seen.get(ven_id)
        if seen is not None and seen.done:
            return dispatched_w, dispatched_w * seen.expected_share
        freedom = self._at.freedom(ven_id)
        if ven_id in self._gone or (freedom is not None and freedom.busy[index]):
            return 0, 0.0
        delivers = seen is not None and seen.observed and ven_id not in self._limits
        if seen is not None and delivers and index == self._at.index:
            return dispatched_w, seen.delivered_w
        if offer is None:
            return (dispatched_w, float(dispatched_w)) if delivers else (0, 0.0)
        continued_w = dispatched_w if delivers else min(dispatched_w, offer.offer_w)
        return continued_w, continued_w * offer.performance

    def trim(self, excess_w: float) -> None:
        """Call those for less that come last in merit order, as far as they were seen to deliver."""
        calls = self._calls[self._at.index]
        for offer in reversed(self.fleet.offers):
            seen = self._seen.get(offer.ven_id)
            if excess_w < 1.0:
                break
            if seen is None or not seen.observed or not seen.dispatched_w or seen.delivered_w <= 0.0:
                continue
            less_w = min(seen.dispatched_w, round(excess_w * seen.dispatched_w / seen.delivered_w))
            left_w = seen.dispatched_w - less_w
            if left_w < LEAST_CALL_W:
                left_w = 0 if seen.delivered_w <= excess_w + LEAST_CALL_W else LEAST_CALL_W
            calls[offer.ven_id] = left_w
            excess_w -= (seen.dispatched_w - left_w) * seen.delivered_w / seen.dispatched_w

    def plan(self, token: str) -> Plan:
        """The plan that comes of it; who is called as before keeps its assignment."""
        at = self._at
        after = {assignment.ven_id: assignment for assignment in at.plan.assignments}
        for index in self._open:
            for ven_id, _ in self._calls[index].items() ^ self._before[index].items():
                after[ven_id] = self._assignment(ven_id, after.get(ven_id))
        keeps_all = not shares_only(at.row.intervals)
        assignments = [
            after[ven_id] for ven_id in sorted(after) if keeps_all or any(after[ven_id].values[at.index :])
        ]
        revision = at.row.revision + 1
        called = frozenset(assignment.ven_id for assignment in assignments)
        return Plan(
            plan_id=plan_id(revision, token),
            previous=at.plan.plan_id,
            revision=revision,
            from_ts=at.now_ts,
            start_ts=at.plan.start_ts,
            intervals=at.plan.intervals,
            assignments=tuple(assignments),
            dropped=tuple(sorted(at.plan.ven_ids - called)),
            unavailable={k: out.text for k, out in self.fleet.unavailable.items() if k not in called},
            limits=self._limits,
            seen={
                ven_id: self._seen[ven_id].expected_share
                for ven_id in sorted(called & self._seen.keys() - self._limits.keys())
            },
        )

    def header(self, after: Plan) -> EventRow:
        """The event's header that commits to *after*."""
        row = self._at.row
        dispatched_w = max(sum(_calls(after.assignments, index).values()) for index in _shed_indices(row))
        return msgspec.structs.replace(
            row,
            revision=after.revision,
            plan_id=after.plan_id,
            dispatched_kw=dispatched_w / W_PER_KW,
            available_kw=round(min(self._available_w[index] for index in self._open)) / W_PER_KW,
            shortfall_kw=round(self.missing_w) / W_PER_KW,
        )

    def _assignment(self, ven_id: VenId, before: Assignment | None) -> Assignment:
        """The VEN's values; those of intervals that are over stay as they were."""
        at = self._at
        values = values_of(ven_id, at.row.intervals, self._calls)
        if before is not None:
            values = before.values[: at.index] + values[at.index :]
            if values == before.values:
                return before
            if values[at.index] == before.values[at.index]:
                return msgspec.structs.replace(before, values=values)
        return Assignment(ven_id=ven_id, values=values, since_ts=int(at.now_ts))


def _holds(limit: Limit, ven: VenRow, now_ts: float) -> bool:
    """Tell a limit that still holds: in time, and without a better offer since."""
    offer_kw, before_kw = ven.shed_availability_kw, limit.offer_kw
    recovered = offer_kw is not None and before_kw is not None and offer_kw >= before_kw + RECOVERED_KW
    return limit.until_ts > now_ts and not recovered


def _shed_indices(row: EventRow) -> list[int]:
    return [index for index, interval in enumerate(row.intervals) if requested_w(interval)]


def _calls(assignments: Iterable[Assignment], index: int) -> Calls:
    """The calls of one interval, W, without those of nothing."""
    calls = {assignment.ven_id: round(assignment.values[index] * W_PER_KW) for assignment in assignments}
    return {ven_id: dispatched_w for ven_id, dispatched_w in calls.items() if dispatched_w}


def _differing(before: Plan, after: Plan) -> frozenset[VenId]:
    """The VENs whose shadows are to be written."""
    old = {assignment.ven_id: assignment.values for assignment in before.assignments}
    new = {assignment.ven_id: assignment.values for assignment in after.assignments}
    return frozenset(ven_id for ven_id, _ in old.items() ^ new.items())
