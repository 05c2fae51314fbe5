"""Whom a change of the VTN is told: subscriptions, roles, grants, and the queue of deliveries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.openadr.ids import ObjectId
from contracts.openadr.scopes import ROLE_SCOPES, Role, Scope
from contracts.store.vtn_changes import VtnChange
from contracts.store.vtn_keys import VTN
from contracts.wire import codec
from lambdas.shared import clients
from lambdas.vtn_notify.handler import handler
from tests.support.vtn import CALLBACK, Vtn, VtnClient, subscription
from ven_twin.testing.function_world import Context, World, batch, failed

BL, VEN = ROLE_SCOPES[Role.BL], ROLE_SCOPES[Role.VEN]
EVENT = {"eventName": "peak"}


@dataclass
class Notified:
    """A VTN over the functions' own table, and the queue that `vtn_notify` fills."""

    vtn: Vtn
    queue_url: str

    def tell(self, *bodies: str) -> dict[str, Any]:
        """The answer to a batch of changes: all that the VTN has told since, or these *bodies*."""
        changes = [codec.encode(change).decode() for change in self.vtn.told.changes]
        self.vtn.told.changes.clear()
        answer: dict[str, Any] = handler(batch(*(bodies or changes)), Context())
        return answer

    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries that are in the queue, which is empty then."""
        got: list[dict[str, Any]] = []
        while (
            messages := clients.sqs()
            .receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            .get("Messages")
        ):
            for message in messages:
                got.append(json.loads(message["Body"]))
                clients.sqs().delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(got, key=lambda each: (each["clientId"], each["place"]))

    def told(self) -> dict[str, Any]:
        """By client, what it is told of the changes since; one delivery each."""
        assert failed(self.tell()) == []
        got = self.deliveries()
        assert len({each["clientId"] for each in got}) == len(got)
        return {each["clientId"]: each["body"] for each in got}

    def client(self, name: str, scopes: Sequence[Scope] | frozenset[Scope]) -> VtnClient:
        """A client."""
        return self.vtn.client(name, scopes)

    def subscribed(self, name: str, scopes: frozenset[Scope], **more: Any) -> VtnClient:
        """A client with a subscription to programs and events, or as *more* has it."""
        made = self.client(name, scopes)
        made.made("/subscriptions", **subscription(**more))
        self.vtn.told.changes.clear()
        return made


@pytest.fixture
def notified(world: World, monkeypatch: pytest.MonkeyPatch) -> Notified:
    """A VTN with nobody to tell yet."""
    url = clients.sqs().create_queue(QueueName="deliveries")["QueueUrl"]
    monkeypatch.setenv("DELIVERIES_QUEUE", url)

    def tick() -> None:
        world.now += 1e-5

    return Notified(Vtn(clients.table("vtn", VTN), tick=tick), url)


def everything(**more: Any) -> dict[str, Any]:
    """The operations of a subscription to all there is."""
    kinds = ["PROGRAM", "EVENT", "REPORT", "SUBSCRIPTION", "VEN", "RESOURCE"]
    return {"objects": kinds, "operations": ["CREATE", "UPDATE", "DELETE"], "callbackUrl": CALLBACK, **more}


def program(bl: VtnClient, **more: Any) -> ObjectId:
    """The id of a program."""
    return ObjectId(bl.made("/programs", programName="p", **more)["id"])


def test_an_event_is_told_to_whoever_has_subscribed(notified: Notified) -> None:
    """One JSON object: type, operation, and the event as it is read."""
    bl = notified.subscribed("utility", BL)
    notified.subscribed("house-1", VEN)
    made = bl.made("/events", programID=program(bl), **EVENT)
    notified.vtn.told.changes[:] = notified.vtn.told.changes[1:]
    assert notified.told() == {
        name: {"objectType": "EVENT", "operation": "CREATE", "object": made}
        for name in ("utility", "house-1")
    }


def test_a_ven_is_told_its_own_cut_copy_or_nothing(notified: Notified) -> None:
    """By the targets of its VENs and of their resources, as they are when the change is told."""
    bl = notified.subscribed("utility", BL)
    for name in ("house-1", "house-2", "house-3"):
        notified.subscribed(name, VEN)
    bl.made("/vens", objectType="BL_VEN_REQUEST", clientID="house-1", venName="v1", targets=["north"])
    ven = bl.made("/vens", objectType="BL_VEN_REQUEST", clientID="house-2", venName="v2")
    bl.made(
        "/resources",
        objectType="BL_RESOURCE_REQUEST",
        clientID="house-2",
        resourceName="r",
        venID=ven["id"],
        targets=["south"],
    )
    program_id = program(bl)
    notified.vtn.told.changes.clear()
    bl.made("/events", programID=program_id, targets=["north", "south", "secret"], **EVENT)
    told = notified.told()
    assert {name: (body["object"]["targets"], body["targets"]) for name, body in told.items()} == {
        "utility": (["north", "south", "secret"],) * 2,
        "house-1": (["north"], ["north"]),
        "house-2": (["south"], ["south"]),
    }


def test_an_owned_object_is_told_to_its_client_and_to_the_business_logic(notified: Notified) -> None:
    """And to nobody else, whatever that has subscribed to."""
    for name, scopes in (("utility", BL), ("house-1", VEN), ("house-2", VEN)):
        notified.subscribed(name, scopes, objectOperations=[everything()])
    house = notified.client("house-1", VEN)
    house.made("/vens", objectType="VEN_VEN_REQUEST", venName="v1")
    assert notified.told().keys() == {"utility", "house-1"}
    house.made("/subscriptions", **subscription())
    told = notified.told()
    assert told.keys() == {"utility", "house-1"}
    assert "secret-word" not in json.dumps(told)


def test_a_client_that_is_gone_disabled_or_has_lost_its_right_is_told_nothing(notified: Notified) -> None:
    """Its scopes are those that it has now, not those that it had when it subscribed."""
    bl = notified.client("utility", BL)
    for name in ("gone", "narrowed", "there"):
        notified.subscribed(name, VEN)
    notified.vtn.remove("gone")
    notified.client("narrowed", frozenset({Scope.READ_VEN_OBJECTS}))
    program(bl)
    assert notified.told().keys() == {"there"}


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, True),
        ({"targets": ["north"]}, True),
        ({"targets": ["south"]}, False),
        ({"programID": "other"}, False),
        ({"objectOperations": [everything(operations=["DELETE"])]}, False),
        ({"objectOperations": [everything(objects=["REPORT"])]}, False),
    ],
)
def test_a_subscription_is_told_what_it_asks_for(
    notified: Notified, more: dict[str, Any], is_told: bool
) -> None:
    """Types, operations, a program, targets: all of them count."""
    bl = notified.client("utility", BL)
    if "programID" in more:
        more = {"programID": program(bl)}
    notified.subscribed("utility", BL, **more)
    bl.made("/programs", programName="another", targets=["north"])
    assert bool(notified.told()) is is_told


def test_each_callback_of_a_subscription_gets_a_delivery_of_its_own(notified: Notified) -> None:
    """It names the callback by its place, and has neither its address nor its token."""
    operations = [everything(), everything(objects=["REPORT"]), everything(bearerToken="secret-word")]
    notified.subscribed("utility", BL, objectOperations=operations)
    program(notified.client("utility", BL))
    notified.tell()
    deliveries = notified.deliveries()
    assert [each["place"] for each in deliveries] == [0, 2]
    assert CALLBACK not in json.dumps(deliveries)
    assert "secret-word" not in json.dumps(deliveries)


def test_a_change_that_cannot_be_told_fails_alone(notified: Notified) -> None:
    """The others of its batch are told; the queue brings it again."""
    notified.subscribed("utility", BL)
    program(notified.client("utility", BL))
    (change,) = notified.vtn.told.changes
    assert isinstance(change, VtnChange)
    answer = notified.tell("{}", codec.encode(change).decode(), "no JSON")
    assert failed(answer) == ["m0", "m2"]
    assert len(notified.deliveries()) == 1


def test_no_ven_is_told_of_a_fleets_total(notified: Notified) -> None:
    """The business logic is; a VEN would take the total for its own value."""
    total = [{"type": "VEN_TWIN_ALLOCATION", "values": ["merit"]}]
    bl = notified.subscribed("utility", BL)
    notified.subscribed("house-1", VEN)
    made = program(bl, attributes=total)
    notified.vtn.told.changes.clear()
    shed = {"intervals": [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}]}
    bl.made("/events", programID=made, **EVENT, **shed)
    assert set(notified.told()) == {"utility"}
