"""Whoever is told of changes: subscribers by one queue, and the stage's own VENs by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from contracts.openadr.objects import OadrEvent, OadrProgram, OadrReport, OadrSubscription, OadrVen
from contracts.store.oadr_events import DispatchOrder
from contracts.store.vtn_changes import VtnChange
from contracts.wire import codec
from lambdas.shared.message_queue import MessageQueue
from lambdas.shared.object_privacy import without_tokens


class Changes(Protocol):
    """Is told of changes that have been written."""

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Pass *changes* on, in their order. Errors of AWS pass through."""


@dataclass(frozen=True, slots=True)
class NobodyToTell:
    """Nobody is told, as there is no queue."""

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Pass nothing on."""


@dataclass(frozen=True, slots=True)
class QueueOfChanges:
    """The queue of changes at *url*, and at *orders_url*, if any, the queue of orders to dispatch.

    No bearer token goes into either: a dead letter is read by people.
    """

    url: str
    orders_url: str | None = None

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Send each change as one message, and before them an order for each that there is one for."""
        orders = [codec.encode(order).decode() for order in map(order_of, changes) if order is not None]
        try:
            if self.orders_url is not None and orders:
                MessageQueue(self.orders_url).send(orders)
        finally:  # an order that is lost, the next sweep makes up for
            MessageQueue(self.url).send([codec.encode(_tokenless(change)).decode() for change in changes])


def order_of(change: VtnChange) -> DispatchOrder | None:
    """The order that follows from *change*, or None."""
    match change.object:
        case OadrEvent():
            return DispatchOrder(object_type="EVENT", id=change.object.id)
        case OadrProgram() if change.operation != "DELETE":  # which has no events left
            return DispatchOrder(object_type="PROGRAM", id=change.object.id)
        case OadrReport() if change.operation != "DELETE":  # what was measured stays
            return DispatchOrder(object_type="REPORT", id=change.object.id, client_id=change.object.client_id)
        case OadrVen() if change.operation != "CREATE":  # which has said nothing yet
            return DispatchOrder(object_type="VEN", id=change.object.id, client_id=change.object.client_id)
        case _:
            return None


def _tokenless(change: VtnChange) -> VtnChange:
    if not isinstance(change.object, OadrSubscription):
        return change
    return msgspec.structs.replace(change, object=without_tokens(change.object))
