"""The deliveries of changes: what the table is read for, once for all of a batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Client
from contracts.store.vtn_changes import CallbackDelivery, VtnChange
from lambdas.shared.object_privacy import VtnCaller
from lambdas.shared.subscribers import Subscriber
from lambdas.vtn_notify.adapters import NotifyAdapters
from lambdas.vtn_notify.logic import concerns, copy_for, deliveries, needs_grants
from lambdas.vtn_notify.mqtt_copies import MqttCopy, VenSight, copies_of, is_seen_by_vens


@dataclass
class Notices:
    """Subscribers as far as one batch needs them, read once."""

    adapters: NotifyAdapters
    clients: dict[ClientId, Client | None] = field(default_factory=dict)
    callers: dict[ClientId, VtnCaller] = field(default_factory=dict)

    @cached_property
    def subscribers(self) -> Collection[Subscriber]:
        """All of them, read after the first change was: one that was made before it is among them."""
        return self.adapters.subscribers()

    @cached_property
    def sights(self) -> list[VenSight]:
        """All VENs with what they are granted."""
        return self.adapters.sights()

    def copies(self, change: VtnChange, root: str) -> list[MqttCopy]:
        """The copies of *change* for topics of MQTT."""
        return list(copies_of(change, self.sights if is_seen_by_vens(change) else (), root))

    def of(self, change: VtnChange) -> Iterator[CallbackDelivery]:
        """The deliveries of *change*."""
        concerned = [record for record in self.subscribers if concerns(record, change)]
        callers = self._callers([record.client_id for record in concerned], change)
        for subscription in concerned:
            caller = callers.get(subscription.client_id)
            copy = None if caller is None else copy_for(caller, change)
            if copy is not None:
                yield from deliveries(subscription, change, copy)

    def _callers(self, client_ids: Sequence[ClientId], change: VtnChange) -> dict[ClientId, VtnCaller]:
        """The clients that are there, each with its grants where these count."""
        unread = dict.fromkeys(client_id for client_id in client_ids if client_id not in self.clients)
        if unread:
            self.clients |= dict.fromkeys(unread)
            self.clients |= self.adapters.clients(unread)
        present = {client_id: client for client_id in client_ids if (client := self.clients[client_id])}
        callers = {client_id: VtnCaller(client) for client_id, client in present.items()}
        if not needs_grants(change):
            return callers
        vens = [caller.client for client_id, caller in callers.items() if not caller.is_bl]
        lacking = [client for client in vens if client.client_id not in self.callers]
        for caller in self.adapters.callers(lacking):
            self.callers[caller.client.client_id] = caller
        return callers | {client.client_id: self.callers[client.client_id] for client in vens}
