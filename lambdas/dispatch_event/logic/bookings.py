"""Bookings: the time that other events have of each VEN, and what that leaves for one event. Pure.

A VEN acts on one event at a time (`ven_twin/control/schedule.py`): of those that it has at an instant the one
with the lowest priority number, then with the newer start, then with the lesser id. An event binds the whole
VEN, not the kW that it was called for: two kW of a VEN that sheds three of its five for another event are
not there, and counting on them would promise power that nobody sheds.

    event A holds a VEN       ├───── 0 kW ─────┼───── 3 kW ─────┤
                              held from here ──────────────────▶ to here; needed only here: ├──────┤

| the VEN acts on                         | counted on for the new event                            |
|-----------------------------------------|---------------------------------------------------------|
| the new one, A has lower priority       | for all of it: taken from A, whose redispatch makes up  |
| the new one, same priority, A needs it  | for nothing: it would leave A, which was promised first |
| the new one, A never needs it meanwhile | for all of it                                           |
| A                                       | for its intervals in which A does not hold the VEN      |

An event needs a VEN in the intervals in which it is called for kW. A level or a limit promises no sum, so who
follows one is held by it and yet may be called away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from contracts.store.plans import Plan
from contracts.wire.events import DrEvent, Interval
from contracts.wire.ids import EventId, VenId
from lambdas.dispatch_event.logic.eligibility import W_PER_KW, Offer, RankedFleet, Reason, Unavailable
from lambdas.shared.rows import EventRow

Span = tuple[float, float]
"""From and to, UTC s; the end is not in it."""


class Booking(NamedTuple):
    """Another event's hold of one VEN: the *span* in which it has the VEN, *needed* for its calls."""

    event_id: EventId
    priority: int
    span: Span
    needed: tuple[Span, ...]

    def outranks(self, event: DrEvent, start_ts: float) -> bool:
        """Tell whether the VEN, where *event* starts at *start_ts*, acts on this one while it has both."""
        return (self.priority, -self.span[0], self.event_id) < (event.priority, -start_ts, event.event_id)


class Freedom(NamedTuple):
    """The time that is left of one VEN for an event.

    Of each interval *busy* says whether another event has the VEN in it, and *over* whether the VEN has had
    it before the others, by its share of the randomised start. A VEN that is *blocked* must not have the
    event at all. *bound_by* is an event that keeps the VEN, *losers* are those of lower priority that
    lose it.
    """

    busy: tuple[bool, ...]
    over: tuple[bool, ...]
    blocked: bool = False
    bound_by: EventId | None = None
    losers: tuple[EventId, ...] = ()

    def free(self, index: int) -> bool:
        """Tell whether the VEN can be counted on in an interval."""
        return not (self.busy[index] or self.over[index])

    @property
    def unavailable(self) -> Unavailable | None:
        """The reason not to count on the VEN in any interval, or None."""
        if any(self.free(index) for index in range(len(self.busy))):
            return None
        if self.bound_by is None:
            return Unavailable(Reason.DONE)
        return Unavailable(Reason.IN_OTHER_EVENT, self.bound_by)


class FreeFleet(NamedTuple):
    """A ranked fleet without what other events have of it, for each interval of an event.

    Of the *offers* those come first that no other event has, so many as *spare* says, and then those that
    are taken from events of lower priority. *available_w* counts all of them. *partial* are the events that
    have VENs in some of the intervals, with the number of these.
    """

    fleet: RankedFleet
    offers: tuple[Sequence[Offer], ...]
    spare: tuple[int, ...]
    available_w: tuple[float, ...]
    partial: Mapping[EventId, int] = MappingProxyType({})

    def enough(self, index: int, requested_kw: float) -> Sequence[Offer]:
        """The offers that nobody loses, when they are enough for *requested_kw*; else all."""
        offers, count = self.offers[index], self.spare[index]
        if count == len(offers) or _expected_w(offers[:count]) < requested_kw * W_PER_KW:
            return offers
        return offers[:count]


@dataclass(frozen=True, slots=True)
class Bookings:
    """The holds of all other events, by VEN."""

    holds: Mapping[VenId, Sequence[Booking]] = field(default_factory=dict)

    def freedom(self, event: DrEvent, ven_id: VenId, now_ts: float) -> Freedom | None:
        """The time that is left of a VEN for *event* from *now_ts* on; None when all of it is."""
        holds = self.holds.get(ven_id, ())
        if not holds and not event.randomize_start_s:
            return None
        start_ts = event.start_ts + event.start_offset_s(ven_id)
        if not holds and (start_ts >= event.start_ts or start_ts >= now_ts):
            return None
        spans = _spans(start_ts, event.intervals)
        past = [end_ts <= now_ts for _, end_ts in _spans(event.start_ts, event.intervals)]
        over = [end_ts <= now_ts and not was for (_, end_ts), was in zip(spans, past, strict=True)]
        busy, blocked, bound_by, losers = [False] * len(spans), False, None, []
        span = (max(start_ts, now_ts), spans[-1][1])
        for hold in holds:
            needed = any(_meet(needed, span) for needed in hold.needed)
            if not _meet(hold.span, span):
                continue
            if hold.priority > event.priority:
                losers += [hold.event_id] * needed
            elif hold.outranks(event, start_ts):
                meets = [_meet(hold.span, (max(from_ts, now_ts), end_ts)) for from_ts, end_ts in spans]
                busy = [was or now for was, now in zip(busy, meets, strict=True)]
                bound_by = hold.event_id
            elif needed:
                blocked, bound_by = True, hold.event_id
        if not (blocked or losers or any(busy) or any(over)):
            return None
        return Freedom(tuple(was or blocked for was in busy), tuple(over), blocked, bound_by, tuple(losers))

    def free_fleet(self, fleet: RankedFleet, event: DrEvent, now_ts: float) -> FreeFleet:
        """*fleet* without what other events have of it from *now_ts* on."""
        count = len(event.intervals)
        freedoms: dict[VenId, Freedom] = {}
        for ven_id in fleet.reachable if self.holds or event.randomize_start_s else ():
            freedom = self.freedom(event, ven_id, now_ts)
            if freedom is not None:
                freedoms[ven_id] = freedom
        if not freedoms:
            everybody = (len(fleet.offers),) * count
            return FreeFleet(fleet, (fleet.offers,) * count, everybody, (fleet.available_w,) * count)
        offers, spare = [], []
        for index in range(count):
            halves: tuple[list[Offer], list[Offer]] = [], []
            for offer in fleet.offers:
                freedom = freedoms.get(offer.ven_id)
                if freedom is None or freedom.free(index):
                    halves[freedom is not None and bool(freedom.losers)].append(offer)
            offers.append(halves[0] + halves[1])
            spare.append(len(halves[0]))
        bound = {ven_id: reason for ven_id, freedom in freedoms.items() if (reason := freedom.unavailable)}
        blocked = {ven_id for ven_id, freedom in freedoms.items() if freedom.blocked}
        ranked = fleet._replace(
            unavailable=bound | fleet.unavailable,
            reachable=[ven_id for ven_id in fleet.reachable if ven_id not in blocked],
        )
        partial = Counter(
            freedom.bound_by
            for freedom in freedoms.values()
            if freedom.bound_by is not None and not all(freedom.busy)
        )
        available_w = tuple(map(_expected_w, offers))
        return FreeFleet(ranked, tuple(offers), tuple(spare), available_w, partial)

    def losses(self, event: DrEvent, ven_ids: Iterable[VenId], now_ts: float) -> dict[EventId, int]:
        """The number of VENs that *event*, with *ven_ids* called, takes from each event of lower priority."""
        counts: dict[EventId, int] = {}
        for ven_id in ven_ids if self.holds else ():
            freedom = self.freedom(event, ven_id, now_ts)
            for event_id in () if freedom is None else freedom.losers:
                counts[event_id] = counts.get(event_id, 0) + 1
        return counts


NOTHING_BOOKED = Bookings()


def bookings_of(others: Iterable[tuple[EventRow, Plan]]) -> Bookings:
    """The bookings of *others*: events with the plan in force of each."""
    holds: dict[VenId, list[Booking]] = {}
    for row, plan in others:
        event = terms(row)
        for assignment in plan.assignments:
            spans = _spans(event.start_ts + event.start_offset_s(assignment.ven_id), event.intervals)
            needed = tuple(
                span
                for span, interval, value in zip(spans, event.intervals, assignment.values, strict=True)
                if interval.signal.is_shared and value > 0
            )
            hold = Booking(row.event_id, row.priority, (spans[0][0], spans[-1][1]), needed)
            holds.setdefault(assignment.ven_id, []).append(hold)
    return Bookings(holds)


def terms(row: EventRow) -> DrEvent:
    """The event of a header as the VENs have it, with the values that the operator requested."""
    return DrEvent(
        event_id=row.event_id,
        revision=row.revision,
        start_ts=row.start_ts,
        intervals=row.intervals,
        randomize_start_s=row.randomize_start_s,
        priority=row.priority,
    )


def losses_note(losses: Mapping[EventId, int]) -> str | None:
    """The words for events of lower priority that lose VENs; None when none does."""
    if not losses:
        return None
    lost = ", ".join(f"{count} VENs from event {event_id}" for event_id, count in sorted(losses.items()))
    return f"takes {lost}: what that lacks its next redispatch makes up, or shows as shortfall"


def partial_note(partial: Mapping[EventId, int]) -> str | None:
    """The words for VENs that other events have in some intervals; None when there are none."""
    if not partial:
        return None
    bound = ", ".join(f"{count} VENs in event {event_id}" for event_id, count in sorted(partial.items()))
    return f"for a part of the time there are {bound}"


def _spans(start_ts: float, intervals: Iterable[Interval]) -> list[Span]:
    spans = []
    for interval in intervals:
        spans.append((start_ts, start_ts + interval.duration_s))
        start_ts += interval.duration_s
    return spans


def _meet(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def _expected_w(offers: Iterable[Offer]) -> float:
    return sum(offer.offer_w * offer.performance for offer in offers)
