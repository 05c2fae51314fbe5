"""Subscriptions, their clients, and the queue of deliveries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from contracts.openadr.external_issuer import NO_ISSUER
from contracts.openadr.ids import ClientId
from contracts.openadr.objects import OadrResource, OadrVen
from contracts.openadr.scopes import ROLE_SCOPES, Client, Role, read_scopes
from contracts.store.items import Item
from contracts.store.vtn_changes import CallbackDelivery
from contracts.store.vtn_keys import (
    CLIENT_SORT_KEY,
    GRANTS,
    VTN,
    client_partition,
)
from contracts.wire import codec
from lambdas.shared import clients, parallel
from lambdas.shared.message_queue import MessageQueue
from lambdas.shared.object_privacy import GrantRow, VtnCaller, caller_of
from lambdas.shared.subscribers import Subscriber
from lambdas.shared.tables import Table
from lambdas.shared.vtn_bodies import VtnBodies
from lambdas.vtn_notify.mqtt_copies import MqttCopy, VenSight, sights_of
from lambdas.vtn_notify.settings import NotifySettings
from lambdas.vtn_notify.warm_subscribers import warm_subscribers

_vens = msgspec.json.Decoder(OadrVen)
_resources = msgspec.json.Decoder(OadrResource)


@dataclass(frozen=True, slots=True)
class NotifyAdapters:
    """The VTN's table as far as it says whom to tell, and the queue.

    *is_issued_here* is true where the stage issues tokens itself, so that each client has an item.
    """

    table: Table
    queue: MessageQueue
    is_issued_here: bool

    def subscribers(self) -> Collection[Subscriber]:
        """All subscriptions, in the order of their creation."""
        return warm_subscribers(self.table).now()

    def clients(self, client_ids: Collection[ClientId]) -> dict[ClientId, Client]:
        """The clients that may be told anything: neither removed nor disabled.

        Interpretation: an identity provider alone knows the scopes of its clients. Each is taken for a VEN,
        which is told of what is its own.
        """
        if not self.is_issued_here:
            return {client_id: Client(client_id, ROLE_SCOPES[Role.VEN]) for client_id in client_ids}
        partitions = {client_partition(client_id): client_id for client_id in client_ids}
        items = self.table.get_many(partitions, CLIENT_ATTRIBUTES, sort=CLIENT_SORT_KEY)
        present = {partitions[item[VTN.partition]]: item for item in items if not item.get("disabled")}
        return {client_id: _client(client_id, item) for client_id, item in present.items()}

    def callers(self, granted: Sequence[Client]) -> list[VtnCaller]:
        """The clients with their VENs and resources as they are now."""
        return parallel.over(granted, self._caller)

    def sights(self) -> list[VenSight]:
        """Each VEN with what it is granted."""
        vens = map(_vens.decode, VtnBodies(self.table).all("VEN"))
        return sights_of(vens, map(_resources.decode, VtnBodies(self.table).all("RESOURCE")))

    def publish(self, copies: Sequence[MqttCopy]) -> None:
        """Publish *copies*, several at a time. Errors of AWS pass through."""
        parallel.over(copies, self._publish)

    def _publish(self, copy: MqttCopy) -> None:
        clients.iot_data().publish(topic=copy.topic, qos=1, payload=copy.payload)

    def send(self, deliveries: Sequence[CallbackDelivery]) -> None:
        """Queue *deliveries*."""
        self.queue.send_at_once([codec.encode(delivery).decode() for delivery in deliveries])

    def _caller(self, client: Client) -> VtnCaller:
        return caller_of(client, self._grants(client.client_id), is_issued_here=False)

    def _grants(self, client_id: ClientId) -> Iterator[GrantRow]:
        for page in self.table.query_rows(GrantRow, client_partition(client_id), GRANTS):
            yield from page


CLIENT_ATTRIBUTES = (VTN.partition, "scopes", "disabled")


def _client(client_id: ClientId, item: Item) -> Client:
    return Client(client_id, read_scopes(item.get("scopes") or ""))


def open_adapters(settings: NotifySettings) -> NotifyAdapters:
    """Open the table and the queue that the settings name."""
    return NotifyAdapters(
        clients.table(settings.vtn_table, VTN),
        MessageQueue(settings.deliveries_queue),
        is_issued_here=settings.external_issuer in {"", NO_ISSUER},
    )
