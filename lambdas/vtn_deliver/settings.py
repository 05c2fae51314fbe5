"""Settings of `vtn_deliver`."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.openadr.external_issuer import NO_ISSUER


@dataclass(frozen=True, slots=True)
class DeliverSettings:
    """The VTN's table, the queue that deliveries come from, and where callbacks may be.

    Attributes:
        vtn_table: the table.
        deliveries_queue: URL of the queue.
        delivery_attempts: attempts at a delivery before it is a dead letter, as the queue counts them.
        delivery_pause_s: the pause after the first; after each further one it is twice as long.
        external_issuer: whose tokens are taken, as JSON, or ``none`` for the stage's.
        callback_hosts: where callbacks may be: ``public`` or ``loopback``.
        callback_ca_pem: CAs of callbacks beside the system's; empty for none.
    """

    vtn_table: str
    deliveries_queue: str
    delivery_attempts: int
    delivery_pause_s: int
    external_issuer: str = NO_ISSUER
    callback_hosts: str = "public"
    callback_ca_pem: str = ""
