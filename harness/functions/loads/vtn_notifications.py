"""Loads of the functions that tell subscribers of changes, and that post to their callbacks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache

import msgspec

from cdk.vtn_notifications import NOTIFY_S
from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrEvent, OadrObject, OadrSubscription, OadrVen
from contracts.openadr.scopes import ROLE_SCOPES, Role, scopes_text
from contracts.store.vtn_changes import CallbackDelivery, VtnChange
from contracts.store.vtn_clients import ClientRow, client_item
from contracts.store.vtn_keys import VTN, owned_key, shared_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from harness.functions.account import CannedAccount
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.loads.openadr import SETTINGS as OADR_SETTINGS
from harness.functions.loads.openadr import public_key
from harness.functions.loads.vtn import token_for
from harness.functions.server import PORT
from harness.functions.tables import CannedTable

SUBSCRIBERS, AGENT_VENS = 5_000, 100
BATCH, CHANGES = 10, 5
"""Of the feeds of the two functions."""
LARGE_INTERVALS = 2_000
STAMPS = {"createdDateTime": "2026-01-01T00:00:00Z", "modificationDateTime": "2026-01-01T00:00:00Z"}
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/deliveries"
SETTINGS = {"DELIVERIES_QUEUE": QUEUE, "EXTERNAL_ISSUER": "none"}


def _client(number: int) -> ClientId:
    return ClientId(f"house-{number:05d}")


def _items(number: int) -> Iterator[JsonDict]:
    """A client, its VEN that is granted a target, and its subscription."""
    client_id = _client(number)
    scopes = scopes_text(ROLE_SCOPES[Role.VEN])
    yield client_item(ClientRow(client_id=client_id, scopes=scopes, secrets=(), created_ts=fleet.NOW))
    yield _ven_item(number, number)
    key, record = shared_key("VEN", ObjectId(f"ven-{number:022d}")), _ven_item(number, number)
    yield {**record, VTN.partition: key.partition, str(VTN.sort): key.sort}
    key = shared_key("SUBSCRIPTION", _subscription_id(number))
    body = codec.encode(_subscription(number)).decode()
    yield {VTN.partition: key.partition, str(VTN.sort): key.sort, "body": body}


def _ven_item(client: int, ven: int) -> JsonDict:
    """A VEN of a client, with the client."""
    body = {**STAMPS, "objectType": "VEN", "id": f"ven-{ven:022d}", "clientID": _client(client)}
    record = msgspec.convert({**body, "venName": f"ven-{ven}", "targets": ["north"]}, OadrVen)
    key = owned_key(_client(client), "VEN", record.id)
    return {VTN.partition: key.partition, str(VTN.sort): key.sort, "body": codec.encode(record).decode()}


def _subscription_id(number: int) -> ObjectId:
    return ObjectId(f"subscription-{number:05d}")


def _subscription(number: int) -> OadrSubscription:
    operations = {
        "objects": ["PROGRAM", "EVENT"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "callbackUrl": f"{PORT}/callback",
        "bearerToken": "t" * 40,
    }
    return msgspec.convert(
        {
            **STAMPS,
            "objectType": "SUBSCRIPTION",
            "id": _subscription_id(number),
            "clientID": _client(number),
            "clientName": "house",
            "objectOperations": [operations],
        },
        OadrSubscription,
    )


@cache
def _stock() -> tuple[JsonDict, ...]:
    return tuple(item for number in range(SUBSCRIBERS) for item in _items(number))


def _account() -> CannedAccount:
    return CannedAccount({"vtn": CannedTable(VTN).add(_stock())})


def _event(intervals: int) -> OadrObject:
    payloads = [{"type": "PRICE", "values": [0.17]}]
    return msgspec.convert(
        {
            **STAMPS,
            "objectType": "EVENT",
            "id": "event-1",
            "programID": "program-1",
            "targets": ["north", "south"],
            "intervals": [{"id": number, "payloads": payloads} for number in range(intervals)],
        },
        OadrEvent,
    )


def _connection() -> JsonDict:
    """A connection to the broker by a token."""
    client_id = _client(0)
    password = base64.b64encode(token_for(client_id, Role.VEN).encode()).decode()
    mqtt = {"username": client_id, "password": password, "clientId": f"oadr:{client_id}"}
    return {"protocols": ["tls", "mqtt"], "protocolData": {"mqtt": mqtt}}


def _agent_account() -> CannedAccount:
    """A client with as many VENs as policies have room for, and more."""
    row = ClientRow(
        client_id=_client(0), scopes=scopes_text(ROLE_SCOPES[Role.VEN]), secrets=(), created_ts=fleet.NOW
    )
    table = CannedTable(VTN).add([client_item(row)]).add(_ven_item(0, ven) for ven in range(AGENT_VENS))
    return CannedAccount({"vtn": table}, public_key=public_key())


def _is_let_in(answer: JsonDict, _: Calls) -> bool:
    return answer["isAuthenticated"] is True and len(answer["policyDocuments"]) == 10


def _changes(count: int = CHANGES) -> JsonDict:
    change = VtnChange(operation="CREATE", object=_event(24), program_id=ObjectId("program-1"))
    return fleet.sqs(*[codec.encode(change).decode()] * count)


def _all_queued(answer: JsonDict, calls: Calls, changes: int = CHANGES) -> bool:
    return fleet.all_done(answer) and calls["sqs SendMessageBatch"] * BATCH == SUBSCRIBERS * changes


def _all_published(answer: JsonDict, calls: Calls, changes: int = CHANGES) -> bool:
    """To each VEN, to the collection, and to the program's."""
    published = sum(count for name, count in calls.items() if name.startswith("iotdata"))
    return _all_queued(answer, calls, changes) and published == changes * (SUBSCRIBERS + 2)


def _deliveries() -> JsonDict:
    """Ten notifications of a large event, each for another callback."""
    body = codec.encode({"objectType": "EVENT", "operation": "CREATE", "object": _event(LARGE_INTERVALS)})
    batch = fleet.sqs(
        *(
            codec.encode(
                CallbackDelivery(
                    client_id=_client(number),
                    subscription_id=_subscription_id(number),
                    place=0,
                    body=msgspec.Raw(body),
                )
            ).decode()
            for number in range(BATCH)
        )
    )
    for record in batch["Records"]:
        record |= {"receiptHandle": "handle", "attributes": {"ApproximateReceiveCount": "1"}}
    return batch


def _all_posted(answer: JsonDict, calls: Calls) -> bool:
    return fleet.all_done(answer) and calls[" POST /callback"] == BATCH


BY_MQTT = {**SETTINGS, "MQTT_ROOT": "oadr/dev"}
ONE_BY_MQTT = WorstLoad(
    "vtn_notify",
    f"one of {CHANGES} events, by MQTT as well",
    lambda: _changes(1),
    _account,
    lambda answer, calls: _all_published(answer, calls, 1),
    environment=BY_MQTT,
    limit_s=NOTIFY_S / CHANGES,
)

LOADS = (
    WorstLoad(
        "vtn_authorizer",
        f"a connection of a client with {AGENT_VENS} VENs, the first that the sandbox meets",
        _connection,
        _agent_account,
        _is_let_in,
        environment={**OADR_SETTINGS, "IOT_ARN": "arn:aws:iot:us-east-1:123456789012"},
    ),
    WorstLoad(
        "vtn_notify",
        f"{CHANGES} events that {SUBSCRIBERS:,} VENs are told of, each by its own targets",
        _changes,
        _account,
        _all_queued,
        environment=SETTINGS,
    ),
    WorstLoad(
        "vtn_notify",
        "the same by MQTT as well",
        _changes,
        _account,
        _all_published,
        environment=BY_MQTT,
        in_gate=ONE_BY_MQTT,
    ),
    WorstLoad(
        "vtn_deliver",
        f"{BATCH} notifications of {LARGE_INTERVALS:,} intervals, each to another callback by TLS",
        _deliveries,
        _account,
        _all_posted,
        environment={
            **SETTINGS,
            "CALLBACK_HOSTS": "loopback",
            "CALLBACK_CA_PEM": "",
            "DELIVERY_ATTEMPTS": "6",
            "DELIVERY_PAUSE_S": "5",
        },
    ),
)
