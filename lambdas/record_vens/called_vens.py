"""The VENs that events have called: a VEN writes into these events alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.wire.ids import EventId, VenId
from lambdas.shared.event_book import EventBook, PlanMissingError

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
        plan_id, ven_ids = self._called.get(event_id, ("", frozenset()))
        if ven_id in ven_ids:
            return True
        header = self.book.find(event_id)
        if header is None or header.plan_id == plan_id:
            return False
        try:
            plans = [self.book.plan(header)] if plan_id else self.book.plans(header)
        except PlanMissingError:
            return False
        called = ven_ids.union(*(plan.ven_ids for plan in plans))
        self._remember(event_id, header.plan_id, called)
        return ven_id in called

    def _remember(self, event_id: EventId, plan_id: str, ven_ids: Iterable[VenId]) -> None:
        self._called.pop(event_id, None)
        if len(self._called) >= MOST_EVENTS:
            del self._called[next(iter(self._called))]
        self._called[event_id] = (plan_id, frozenset(ven_ids))
