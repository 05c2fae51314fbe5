"""Connections to the broker: who may connect, and the topics that it may have. Pure.

    who             subscribes, receives
    business logic  <root>/*                with `read_all` and `read_bl`; without this programs, VENs
    VEN             <root>/vens/<id>/*      of each VEN of its client, with `read_ven_objects`
    anybody else    refused

Nobody may publish. The MQTT client id is ``oadr:<client's id>``, or that with a colon and any word behind it.
No VEN's id has a colon, so that nobody ends the connection of a VEN of the stage by taking its id. It has
nothing that a policy takes for more than itself: an identity provider's ids may be any.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import msgspec

from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Scope
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from lambdas.shared.object_privacy import VtnCaller

ID_PREFIX = "oadr:"
_PLAIN_ID = re.compile(r"[A-Za-z0-9._:@/-]{1,128}", re.ASCII)
REFRESH_S = 300
"""AWS asks again with the same token: a client that is disabled, or whose token ends, is cut off by then.
Source: AWS IoT Developer Guide, custom authentication: from 300 s on."""
CONNECTED_MAX_S = 86_400
POLICY_MAX_CHARACTERS, POLICIES_MAX = 2048, 10
"""Source: AWS IoT Developer Guide, custom authentication, policyDocuments."""


class MqttCredentials(msgspec.Struct, frozen=True, rename="camel"):
    """Credentials of a connection; *password* is base64."""

    client_id: str = ""
    username: str = ""
    password: str = ""


class ProtocolData(msgspec.Struct, frozen=True):
    """A connection by its protocols."""

    mqtt: MqttCredentials = MqttCredentials()


class AuthorizerEvent(msgspec.Struct, frozen=True, rename="camel"):
    """The question of AWS IoT."""

    protocol_data: ProtocolData = ProtocolData()

    @property
    def mqtt(self) -> MqttCredentials:
        """The credentials."""
        return self.protocol_data.mqtt


def is_connectable(mqtt: MqttCredentials, client_id: ClientId) -> bool:
    """True where a token's client connects under its own name and id.

    AWS leaves what names the authorizer behind a question mark of the user's name.
    """
    wanted = f"{ID_PREFIX}{client_id}"
    has_id = mqtt.client_id == wanted or mqtt.client_id.startswith(f"{wanted}:")
    is_plain = _PLAIN_ID.fullmatch(mqtt.client_id) is not None
    return mqtt.username.partition("?")[0] == client_id and has_id and is_plain


def topics_of(caller: VtnCaller, root: str) -> list[str]:
    """The topics that *caller* may have, each with all below it."""
    scopes = caller.client.scopes
    if caller.is_bl:
        if Scope.READ_ALL not in scopes:
            return []
        return [f"{root}/*"] if Scope.READ_BL in scopes else [f"{root}/programs/*", f"{root}/vens/*"]
    if Scope.READ_VEN_OBJECTS not in scopes:
        return []
    return [f"{root}/vens/{ven.id}/*" for ven in caller.vens]


def admitted(mqtt_client_id: str, client_id: ClientId, topics: Sequence[str], iot_arn: str) -> JsonDict:
    """The answer that lets a client in, to as many of *topics* as policies have room for."""
    connect = _statement("Connect", [f"{iot_arn}:client/{mqtt_client_id}"])
    documents = [_document([connect]), *_documents(topics, iot_arn)][:POLICIES_MAX]
    return {
        "isAuthenticated": True,
        "principalId": hashlib.sha256(client_id.encode()).hexdigest(),
        "disconnectAfterInSeconds": CONNECTED_MAX_S,
        "refreshAfterInSeconds": REFRESH_S,
        "policyDocuments": documents,
    }


def refused() -> JsonDict:
    """The answer that lets nobody in."""
    return {"isAuthenticated": False}


def _documents(topics: Sequence[str], iot_arn: str) -> Iterator[str]:
    """Policies for *topics*, each as full as it may be."""
    document, some = "", list[str]()
    for topic in topics:
        longer = _of_topics([*some, topic], iot_arn)
        if some and len(longer) > POLICY_MAX_CHARACTERS:
            yield document
            some, longer = [], _of_topics([topic], iot_arn)
        some.append(topic)
        document = longer
    if some:
        yield document


def _of_topics(topics: Sequence[str], iot_arn: str) -> str:
    return _document(
        [
            _statement("Subscribe", [f"{iot_arn}:topicfilter/{topic}" for topic in topics]),
            _statement("Receive", [f"{iot_arn}:topic/{topic}" for topic in topics]),
        ]
    )


def _statement(action: str, resources: Sequence[str]) -> JsonDict:
    return {"Effect": "Allow", "Action": f"iot:{action}", "Resource": list(resources)}


def _document(statements: Sequence[JsonDict]) -> str:
    return codec.encode({"Version": "2012-10-17", "Statement": list(statements)}).decode()
