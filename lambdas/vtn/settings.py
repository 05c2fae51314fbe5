"""Settings of `vtn`."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.openadr.external_issuer import NO_ISSUER
from contracts.openadr.notifiers import TOPIC_ROOT

NONE = "none"


@dataclass(frozen=True, slots=True)
class VtnSettings:
    """The table, the VTN's own address, and who is told of changes. Others are read by the tokens' reader.

    Attributes:
        vtn_table: the table.
        vtn_url: base URL, with the base path and without a slash at its end.
        external_issuer: whose tokens are taken, as JSON, or ``none`` for the stage's.
        changes_queue: URL of the queue of changes; empty or ``none`` for none.
        orders_queue: URL of the queue of orders to dispatch events to the stage's own VENs; likewise.
        callback_hosts: where callbacks may be: ``public`` or ``loopback``.
        callback_ca_pem: CAs of callbacks beside the system's; empty or ``none`` for none.
        mqtt_uri: URI of the MQTT broker; empty or ``none`` where there is none.
        mqtt_username: what a client connects as, its token being the password: ``{clientID}`` is its own id.
            Empty or ``none`` where the broker asks for nothing.
        mqtt_root: the first levels of its topics.
        token_key: id of the KMS key that signs tokens.
    """

    vtn_table: str
    vtn_url: str
    external_issuer: str = NO_ISSUER
    changes_queue: str = NONE
    orders_queue: str = NONE
    callback_hosts: str = "public"
    callback_ca_pem: str = NONE
    mqtt_uri: str = NONE
    mqtt_username: str = NONE
    mqtt_root: str = TOPIC_ROOT
    token_key: str = ""


def is_set(value: str) -> bool:
    """True of a setting that says something."""
    return value not in {"", NONE}
