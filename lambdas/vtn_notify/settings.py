"""Settings of `vtn_notify`."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.openadr.external_issuer import NO_ISSUER


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The VTN's table, and the queue of deliveries.

    Attributes:
        vtn_table: the table.
        deliveries_queue: URL of the queue.
        external_issuer: whose tokens are taken, as JSON, or ``none`` for the stage's.
        mqtt_root: the first levels of topics of MQTT; empty or ``none`` where nothing is published.
    """

    vtn_table: str
    deliveries_queue: str
    external_issuer: str = NO_ISSUER
    mqtt_root: str = ""
