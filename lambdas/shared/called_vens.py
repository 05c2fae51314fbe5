"""The VENs that events have called: a VEN writes into these events alone, and counts for these alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from contracts.wire.ids import EventId, VenId
from lambdas.shared.event_book import EventBook, PlanMissingError
from lambdas.shared.tables import Table

MOST_EVENTS = 64
"""So many events are remembered; those that were added first are forgotten."""


@dataclass(slots=True)
class CalledVens:
    """The VENs of events by their plans, remembered for as long as the sandbox is warm.

    An event of 100,000 VENs has as many acks: its plans are read once, and a new plan once more. A VEN that
    no plan has costs the look at the event's header.
    """

    book: EventBook
    _called: dict[EventId, tuple[str, frozenset[VenId]]] = field(default_factory=dict)

    def has(self, event_id: EventId, ven_id: VenId) -> bool:
        """Tell whether any plan of the event has called the VEN. Errors of AWS pass through."""
        _, ven_ids = self._called.get(event_id, ("", frozenset()))
        return ven_id in ven_ids or ven_id in (self.of(event_id) or frozenset())

    def of(self, event_id: EventId) -> frozenset[VenId] | None:
        """The VENs that any plan of the event has called; None when there is no such event."""
        plan_id, ven_ids = self._called.get(event_id, ("", frozenset()))
        header = self.book.find(event_id)
        if header is None:
            return None
        if header.plan_id == plan_id:
            return ven_ids
        try:
            plans = [self.book.plan(header)] if plan_id else self.book.plans(header)
        except PlanMissingError:
            return ven_ids
        called = ven_ids.union(*(plan.ven_ids for plan in plans))
        self._remember(event_id, header.plan_id, called)
        return called

    def _remember(self, event_id: EventId, plan_id: str, ven_ids: Iterable[VenId]) -> None:
        self._called.pop(event_id, None)
        if len(self._called) >= MOST_EVENTS:
            del self._called[next(iter(self._called))]
        self._called[event_id] = (plan_id, frozenset(ven_ids))


@cache
def called_vens(events: Table) -> CalledVens:
    """The VENs that events have called, remembered for as long as the sandbox is warm."""
    return CalledVens(EventBook(events))
