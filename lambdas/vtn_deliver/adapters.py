"""The subscriptions that deliveries go to, their callbacks, and the queue that deliveries come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import msgspec

from contracts.openadr.external_issuer import NO_ISSUER
from contracts.openadr.ids import ClientId
from contracts.openadr.objects import OadrSubscription
from contracts.store.keys import Key
from contracts.store.vtn_changes import CallbackDelivery
from contracts.store.vtn_keys import VTN, client_key, shared_key
from lambdas.shared import clients
from lambdas.shared.callback_urls import CallbackHosts
from lambdas.shared.callbacks import Callbacks
from lambdas.shared.tables import Condition, Table
from lambdas.vtn_deliver.logic import StoredCallbacks, broken_attribute
from lambdas.vtn_deliver.settings import DeliverSettings

_subscriptions = msgspec.json.Decoder(OadrSubscription)


@dataclass(frozen=True, slots=True)
class DeliverAdapters:
    """All that a delivery reaches.

    *is_issued_here* is true where the stage issues tokens itself, so that each client has an item.
    """

    table: Table
    callbacks: Callbacks
    queue_url: str
    is_issued_here: bool

    def find(self, delivery: CallbackDelivery) -> StoredCallbacks | None:
        """The subscription as it is now; None when it is gone, or its client is."""
        item = self.table.get(_key(delivery))
        if item is None or not self._is_client(delivery.client_id):
            return None
        broken = {name: value for name, value in item.items() if name.startswith("broken")}
        return StoredCallbacks(_subscriptions.decode(item["body"]), broken)

    def _is_client(self, client_id: ClientId) -> bool:
        """True of a client that is neither removed nor disabled."""
        if not self.is_issued_here:
            return True
        item = self.table.get(client_key(client_id))
        return item is not None and not item.get("disabled")

    def mark(self, delivery: CallbackDelivery, now: float, *, instead_of: float | None) -> bool:
        """Mark the callback as broken, tried at *now*; False when another attempt has done so."""
        name = broken_attribute(delivery.place)
        unchanged = Condition.unchanged(name, instead_of)
        there = Condition(
            f"attribute_exists(body) AND {unchanged.expression}", unchanged.names, unchanged.values
        )
        return self.table.update(_key(delivery), {name: now}, when=there)

    def mend(self, delivery: CallbackDelivery) -> None:
        """Take the mark away."""
        there = Condition("attribute_exists(body)")
        self.table.update(_key(delivery), {broken_attribute(delivery.place): None}, when=there)

    def postpone(self, receipt_handle: str, pause_s: int) -> None:
        """Have the queue hand the message out again after a pause."""
        clients.sqs().change_message_visibility(
            QueueUrl=self.queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=pause_s
        )


def _key(delivery: CallbackDelivery) -> Key:
    return shared_key("SUBSCRIPTION", delivery.subscription_id)


@cache
def callbacks_of(hosts: str, ca_pem: str) -> Callbacks:
    """Calls of callbacks; a warm function has read the CAs."""
    return Callbacks(CallbackHosts(hosts), ca_pem)


def open_adapters(settings: DeliverSettings) -> DeliverAdapters:
    """Open what the settings name."""
    return DeliverAdapters(
        clients.table(settings.vtn_table, VTN),
        callbacks_of(settings.callback_hosts, settings.callback_ca_pem),
        settings.deliveries_queue,
        is_issued_here=settings.external_issuer in {"", NO_ISSUER},
    )
