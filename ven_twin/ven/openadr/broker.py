"""The MQTT broker that a VTN offers to its VENs, as this VEN can use it. Pure.

A token goes over TLS, or to this machine. Brokers that ask for a certificate, or speak WebSockets, are left
out.

Source: OpenADR 3.1.0, ``MQTTNotifierBindingObject``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from contracts.openadr.external_issuer import LOOPBACK

WITH_TLS = frozenset({"mqtts", "ssl", "tls"})
WITHOUT_TLS = frozenset({"mqtt", "tcp"})
PORT, PLAIN_PORT = 8883, 1883
ANONYMOUS, BY_TOKEN = "ANONYMOUS", "OAUTH2_BEARER_TOKEN"
CLIENT_ID = "{clientID}"
FILTER_MAX_BYTES = 1024


class BrokerAuthentication(msgspec.Struct, frozen=True):
    """The way to say who connects."""

    method: str
    username: str | None = None


class OfferedBroker(msgspec.Struct, frozen=True):
    """A broker's addresses."""

    uris: tuple[str, ...] = msgspec.field(name="URIS")
    authentication: BrokerAuthentication


class OfferedNotifiers(msgspec.Struct, frozen=True):
    """The ways in which a VTN tells of changes, as far as a broker is one."""

    mqtt: OfferedBroker | None = msgspec.field(name="MQTT", default=None)


class OperationFilters(msgspec.Struct, frozen=True, rename="upper"):
    """The topics of a collection by operation, and one that is of all."""

    all: str | None = None
    create: str | None = None
    update: str | None = None
    delete: str | None = None


class TopicsOfOperations(msgspec.Struct, frozen=True):
    """The answer of a topics operation."""

    topics: OperationFilters


class VtnBroker(NamedTuple):
    """A broker that this VEN can use; *username* is None where nobody is asked who they are."""

    host: str
    port: int
    tls: bool
    username: str | None

    @property
    def place(self) -> str:
        """The address, for a log."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def read_broker(notifiers: OfferedNotifiers, client_id: str) -> VtnBroker | str:
    """The first broker that can be used, or the reason that none can."""
    offered = notifiers.mqtt
    if offered is None:
        return "the VTN has none"
    method, username = offered.authentication.method, None
    if method == BY_TOKEN:
        username = (offered.authentication.username or CLIENT_ID).replace(CLIENT_ID, client_id)
    elif method != ANONYMOUS:
        return f"it authenticates by {method[:40]!r}, and this VEN by a token"
    for uri in offered.uris:
        address = _address(uri)
        if address is not None:
            return VtnBroker(*address, username)
    return "it has no address as mqtts://host, nor mqtt:// on this machine"


def read_filters(topics: TopicsOfOperations) -> Sequence[str]:
    """The filters to subscribe to: that of all operations, or each operation's."""
    named = topics.topics
    filters = (named.all,) if named.all is not None else (named.create, named.update, named.delete)
    return [text for text in filters if text and "\0" not in text and len(text.encode()) <= FILTER_MAX_BYTES]


def _address(uri: str) -> tuple[str, int, bool] | None:
    try:
        address = urlsplit(uri)
        host, port, scheme = address.hostname, address.port, address.scheme.lower()
    except ValueError:
        return None
    if not host or port == 0 or not (scheme in WITH_TLS or (scheme in WITHOUT_TLS and host in LOOPBACK)):
        return None
    tls = scheme in WITH_TLS
    return host, port or (PORT if tls else PLAIN_PORT), tls
