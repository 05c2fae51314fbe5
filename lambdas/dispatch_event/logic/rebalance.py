"""A running event shared out again, when what is delivered is not what was asked. Pure.

What VENs that are silent, offline, opted out or no longer of the event were called for is called of others.
Who delivers clearly less than expected is held to what it delivers for a while; who delivers too much
together is called for less, the last in merit order first. Within a tolerance nothing is changed, and a call
is not judged before a row can tell of it, so that the fleet is not chased to and fro.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from contracts.api.requests import Assignment
from contracts.store.plans import Limit, Plan
from lambdas.dispatch_event.logic import eligibility
from lambdas.dispatch_event.logic.delivery import (
    LEFT,
    REPORT_INTERVAL_S,
    Delivery,
    RunningEvent,
    deliveries,
    moment,
    why_silent,
)
from lambdas.dispatch_event.logic.eligibility import LEAST_CALL_W, W_PER_KW, Offer
from lambdas.dispatch_event.logic.merit import top_up
from lambdas.dispatch_event.logic.plan import Calls, asked_w, plan_id, sheds_only, values_of
from lambdas.shared.rows import EventRow, LatestRow, VenRow

AIM = 1.02
"""What is made up to, as a part of what is asked. Between two looks homes fall short of a call (a compressor
ends its cycle, a tank is hot) and hardly exceed one, so making up to the very kW ends below it."""
TOLERANCE = 0.02
TOLERANCE_ABOVE = 0.03
LEAST_TOLERANCE_W = 30.0
"""How far delivery may be from what is asked before anything is changed; half of what a program allows."""
HELD_ROWS = 20
"""For how many report intervals a VEN is held to what it was seen to deliver, ten minutes by default."""
RECOVERED_KW = 0.5
"""A VEN that offers so much more than when it was held is held no longer: a car was plugged in."""


class Rebalanced(NamedTuple):
    """The outcome: a plan in place of the one in force and the VENs that it changes, or neither."""

    note: str
    row: EventRow
    plan: Plan | None = None
    changed: frozenset[str] = frozenset()
    delivered_kw: float | None = None


def rebalance(
    row: EventRow,
    plan: Plan,
    vens: Collection[VenRow],
    latest: Mapping[str, LatestRow],
    *,
    now: float,
    token: str,
) -> Rebalanced:
    """What there is to change in *row*'s event at *now*, with the fleet *vens* and each VEN's latest row."""
    at = moment(row, plan, now)
    if at is None:
        return Rebalanced(_outside(row, now), row)
    wanted_w = asked_w(row.intervals[at.index])
    if not wanted_w:
        return Rebalanced("the interval in force asks for no power to be shed", row)
    by_id = {ven.ven_id: ven for ven in vens}
    seen = deliveries(at, by_id, latest)
    delivered_w = sum(each.delivers_w for each in seen.values())
    gap_w = wanted_w - delivered_w
    said = f"delivers {delivered_w / W_PER_KW:.3f} of {wanted_w / W_PER_KW:.3f} kW"
    quiet = Rebalanced(f"{said}: nothing to change", row, delivered_kw=delivered_w / W_PER_KW)
    if (
        -max(TOLERANCE_ABOVE * wanted_w, LEAST_TOLERANCE_W)
        <= gap_w
        <= max(TOLERANCE * wanted_w, LEAST_TOLERANCE_W)
    ):
        return quiet
    change = _Change(at, by_id, latest, seen)
    if gap_w > 0:
        change.make_up()
    else:
        change.trim(-gap_w)
    after = change.plan(token)
    changed = _differing(plan, after)
    if not changed:
        return quiet._replace(note=f"{said}: nobody has more to give" if gap_w > 0 else quiet.note)
    called_w = max(sum(_calls(after.assignments, index).values()) for index in _shed_indices(row))
    header = msgspec.structs.replace(
        row,
        revision=after.revision,
        plan_id=after.plan_id,
        dispatched_kw=called_w / W_PER_KW,
        available_kw=round(change.fleet.available_w) / W_PER_KW,
        shortfall_kw=round(change.missing_w) / W_PER_KW,
    )
    note = f"{said}: {len(changed)} VENs are called for another share"
    return Rebalanced(note, header, after, changed, delivered_w / W_PER_KW)


class _Change:
    """A change of the plan in the making: the calls of each interval that is not over."""

    def __init__(
        self,
        at: RunningEvent,
        by_id: Mapping[str, VenRow],
        latest: Mapping[str, LatestRow],
        seen: Mapping[str, Delivery],
    ) -> None:
        self._at, self._seen = at, seen
        self._limits = {
            ven_id: limit
            for ven_id, limit in at.plan.limits.items()
            if ven_id in by_id and _holds(limit, by_id[ven_id], at.now_ts)
        }
        self._gone = {ven_id: each.why_not for ven_id, each in seen.items() if each.why_not}
        self.missing_w = 0.0
        self._note_limits(by_id)
        self.fleet = self._sort_out(by_id, latest)
        self._calls: list[Calls] = [_calls(at.plan.assignments, n) for n in range(len(at.row.intervals))]

    @property
    def _open(self) -> list[int]:
        """The intervals that ask for power and are not over."""
        return [index for index in _shed_indices(self._at.row) if index >= self._at.index]

    def _note_limits(self, by_id: Mapping[str, VenRow]) -> None:
        """Who left is out until the end; who fell short is held to what it was seen to deliver."""
        for ven_id, each in self._seen.items():
            if each.why_not == LEFT:
                self._limits[ven_id] = Limit(kw=0.0, until_ts=self._at.row.over_ts)
            elif each.why_not is None and each.short(eligibility.believed(by_id[ven_id].performance)):
                ven = by_id[ven_id]
                self._limits[ven_id] = Limit(
                    kw=round(each.delivers_w) / W_PER_KW,
                    until_ts=self._at.now_ts + HELD_ROWS * (ven.report_interval_s or REPORT_INTERVAL_S),
                    offer_kw=ven.shed_availability_kw,
                )

    def _sort_out(self, by_id: Mapping[str, VenRow], latest: Mapping[str, LatestRow]) -> eligibility.Fleet:
        """The fleet in merit order, without those that are silent, in another event or held to nothing."""
        at = self._at
        fleet = eligibility.sort_out(
            by_id.values(), at.row.event_id, at_ts=at.now_ts, remaining_s=at.remaining_s
        )
        offers: list[Offer] = []
        available_w, unavailable = 0.0, fleet.unavailable
        unavailable |= self._gone
        for each in fleet.offers:
            ven, limit = by_id[each.ven_id], self._limits.get(each.ven_id)
            why = self._gone.get(each.ven_id) or self._why_not_more(ven, latest.get(each.ven_id))
            offer_w = each.offer_w if limit is None else min(each.offer_w, round(limit.kw * W_PER_KW))
            if why is None and offer_w < LEAST_CALL_W:
                why = LEFT if limit is not None and limit.offer_kw is None else "delivers nothing"
            if why is None:
                # What a limit says was seen, so all of it can be expected.
                seen = self._seen.get(each.ven_id)
                known = each.performance if seen is None else seen.part
                performance = known if limit is None else 1.0
                offers.append(Offer(each.ven_id, offer_w, performance))
                available_w += offer_w * performance
            else:
                unavailable[each.ven_id] = why
        return fleet._replace(offers=offers, available_w=available_w, unavailable=unavailable)

    def _why_not_more(self, ven: VenRow, last: LatestRow | None) -> str | None:
        other = ven.active_event_id
        if other is not None and other != self._at.row.event_id:
            return f"in event {other}"
        return why_silent(ven, last, self._at.now_ts)

    def make_up(self) -> None:
        """Call of others what is missing, in this interval and in those to come."""
        offers = {each.ven_id: each for each in self.fleet.offers}
        for index in self._open:
            calls, expected_w = self._calls[index], 0.0
            for ven_id, call_w in list(calls.items()):
                calls[ven_id], brings_w = self._kept(index, ven_id, call_w, offers.get(ven_id))
                expected_w += brings_w
            asked = asked_w(self._at.row.intervals[index])
            gap_w = AIM * asked - expected_w
            missing_w = top_up(calls, gap_w, self.fleet.offers) if gap_w > 0 else 0.0
            self.missing_w = max(self.missing_w, missing_w - (AIM - 1.0) * asked)

    def _kept(self, index: int, ven_id: str, call_w: int, offer: Offer | None) -> tuple[int, float]:
        """What a VEN goes on being called for before anything is made up, and what that brings, W.

        Who was seen to deliver as expected goes on whatever it says that it offers, which may be a while ago.
        """
        seen = self._seen.get(ven_id)
        if ven_id in self._gone:
            return 0, 0.0
        delivers = seen is not None and seen.judged and ven_id not in self._limits
        if seen is not None and delivers and index == self._at.index:
            return call_w, seen.delivers_w
        if offer is None:
            return (call_w, float(call_w)) if delivers else (0, 0.0)
        kept_w = call_w if delivers else min(call_w, offer.offer_w)
        return kept_w, kept_w * offer.performance

    def trim(self, excess_w: float) -> None:
        """Call those for less that come last in merit order, as far as they were seen to deliver."""
        calls = self._calls[self._at.index]
        for offer in reversed(self.fleet.offers):
            seen = self._seen.get(offer.ven_id)
            if excess_w < 1.0:
                break
            if seen is None or not seen.judged or not seen.call_w or seen.delivers_w <= 0.0:
                continue
            less_w = min(seen.call_w, round(excess_w * seen.call_w / seen.delivers_w))
            left_w = seen.call_w - less_w
            if left_w < LEAST_CALL_W:
                left_w = 0 if seen.delivers_w <= excess_w + LEAST_CALL_W else LEAST_CALL_W
            calls[offer.ven_id] = left_w
            excess_w -= (seen.call_w - left_w) * seen.delivers_w / seen.call_w

    def plan(self, token: str) -> Plan:
        """The plan that comes of it; who is called as before keeps its assignment."""
        at = self._at
        before = {each.ven_id: each for each in at.plan.assignments}
        part = before.keys() | set().union(*(self._calls[index] for index in self._open))
        found = []
        for ven_id in sorted(part):
            each = self._assignment(ven_id, before.get(ven_id))
            if any(each.values[at.index :]) or not sheds_only(at.row.intervals):
                found.append(each)
        revision = at.row.revision + 1
        called = frozenset(each.ven_id for each in found)
        return Plan(
            plan_id=plan_id(revision, token),
            previous=at.plan.plan_id,
            revision=revision,
            from_ts=at.now_ts,
            start_ts=at.plan.start_ts,
            intervals=at.plan.intervals,
            assignments=tuple(found),
            dropped=tuple(sorted(at.plan.ven_ids - called)),
            unavailable={k: why for k, why in self.fleet.unavailable.items() if k not in called},
            limits=self._limits,
            seen={
                ven_id: self._seen[ven_id].part
                for ven_id in sorted(called & self._seen.keys() - self._limits.keys())
            },
        )

    def _assignment(self, ven_id: str, before: Assignment | None) -> Assignment:
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
    """Whether a VEN is still held to what it was seen to deliver."""
    recovered = (
        limit.offer_kw is not None and (ven.shed_availability_kw or 0.0) >= limit.offer_kw + RECOVERED_KW
    )
    return limit.until_ts > now_ts and not recovered


def _outside(row: EventRow, now: float) -> str:
    if now < row.start_ts:
        return f"has not begun: it starts at {row.start_ts}"
    return f"is over since {row.end_ts}"


def _shed_indices(row: EventRow) -> list[int]:
    return [index for index, interval in enumerate(row.intervals) if asked_w(interval)]


def _calls(assignments: Iterable[Assignment], index: int) -> Calls:
    """What is called in one interval, W, of those that are called."""
    calls = {each.ven_id: round(each.values[index] * W_PER_KW) for each in assignments}
    return {ven_id: call_w for ven_id, call_w in calls.items() if call_w}


def _differing(before: Plan, after: Plan) -> frozenset[str]:
    """The VENs whose shadows are to be written."""
    old = {each.ven_id: each.values for each in before.assignments}
    new = {each.ven_id: each.values for each in after.assignments}
    return frozenset(ven_id for ven_id in old.keys() | new.keys() if old.get(ven_id) != new.get(ven_id))
