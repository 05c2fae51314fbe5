"""Copies of changes for topics of MQTT, and that they are published."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.openadr.scopes import ROLE_SCOPES, Role
from contracts.store.vtn_keys import VTN
from contracts.wire import codec
from lambdas.shared import clients
from lambdas.vtn_notify.handler import handler
from lambdas.vtn_notify.mqtt_copies import PAYLOAD_MAX_BYTES
from tests.support.vtn import Vtn, VtnClient, subscription
from ven_twin.testing.function_world import Context, World, batch, failed

ROOT = "oadr/dev"


class Published:
    """A VTN, and what is published of its changes."""

    def __init__(self, vtn: Vtn) -> None:
        self.vtn = vtn
        self.bl = vtn.client("utility", ROLE_SCOPES[Role.BL])
        self.house = vtn.client("house", ROLE_SCOPES[Role.VEN])
        self.messages: list[tuple[str, Any]] = []
        self.error: Exception | None = None

    def publish(self, *, topic: str, qos: int, payload: bytes) -> None:
        """Take a message, or fail."""
        assert qos == 1
        if self.error is not None:
            raise self.error
        self.messages.append((topic, json.loads(payload)))

    def ven(self, name: str, *targets: str) -> Any:
        """A VEN of the house."""
        ven = {"objectType": "BL_VEN_REQUEST", "clientID": "house", "venName": name, "targets": targets}
        return self.bl.made("/vens", **ven)

    def tell(self) -> dict[str, Any]:
        """By topic, what is published of the changes since."""
        self.messages.clear()
        changes = [codec.encode(change).decode() for change in self.vtn.told.changes]
        self.vtn.told.changes.clear()
        assert failed(handler(batch(*changes), Context())) == []
        published = dict(self.messages)
        assert len(published) == len(self.messages)
        return published


@pytest.fixture
def published(world: World, monkeypatch: pytest.MonkeyPatch) -> Published:
    """A VTN of which clients are told by MQTT."""
    queue = clients.sqs().create_queue(QueueName="deliveries")["QueueUrl"]
    monkeypatch.setenv("DELIVERIES_QUEUE", queue)
    monkeypatch.setenv("MQTT_ROOT", ROOT)

    def tick() -> None:
        world.now += 1e-5

    made = Published(Vtn(clients.table("vtn", VTN), tick=tick))
    monkeypatch.setattr(clients.iot_data(), "publish", made.publish)
    return made


def program(bl: VtnClient) -> str:
    """A program's id."""
    return str(bl.made("/programs", programName="p")["id"])


def test_an_event_goes_whole_to_its_collection_and_cut_to_each_ven(published: Published) -> None:
    """By the targets of the VEN itself and of its resources, and not by those of its client's other VENs."""
    north, south, none = published.ven("n", "north"), published.ven("s"), published.ven("x")
    resource = {"objectType": "BL_RESOURCE_REQUEST", "clientID": "house", "resourceName": "r"}
    published.bl.made("/resources", **resource, venID=south["id"], targets=["south"])
    program_id = program(published.bl)
    published.vtn.told.changes.clear()
    event = published.bl.made("/events", programID=program_id, targets=["north", "south", "secret"])
    copies = published.tell()
    assert {topic: copy["object"]["targets"] for topic, copy in copies.items()} == {
        f"{ROOT}/events/create": ["north", "south", "secret"],
        f"{ROOT}/programs/{program_id}/events/create": ["north", "south", "secret"],
        f"{ROOT}/vens/{north['id']}/events/create": ["north"],
        f"{ROOT}/vens/{south['id']}/events/create": ["south"],
    }
    published.bl.put(f"/events/{event['id']}", programID=program_id)
    assert f"{ROOT}/vens/{none['id']}/events/update" in published.tell()


def test_each_topic_is_one_that_the_vtn_names(published: Published) -> None:
    """What `/notifiers/mqtt/topics` answers is where it comes; nothing of one object's creation."""
    published.vtn.restart(mqtt_uri="wss://broker.example/mqtt", mqtt_root=ROOT)
    ven = published.ven("v")
    assert published.tell().keys() == {f"{ROOT}/vens/create"}
    program_id = program(published.bl)
    assert published.tell().keys() == {f"{ROOT}/programs/create", f"{ROOT}/vens/{ven['id']}/programs/create"}
    published.bl.put(f"/programs/{program_id}", programName="q")
    told = published.tell().keys()
    named = {
        published.bl.get(f"/notifiers/mqtt/topics{path}").json["topics"]["UPDATE"]
        for path in ("/programs", f"/programs/{program_id}", f"/vens/{ven['id']}/programs")
    }
    assert told == named


def test_a_token_of_a_callback_is_in_no_copy(published: Published) -> None:
    """Whoever reads all subscriptions reads no token."""
    published.house.made("/subscriptions", **subscription())
    (copy,) = published.tell().values()
    assert "secret-word" not in json.dumps(copy)


def test_what_is_too_large_or_fails_does_not_keep_webhooks_waiting(published: Published) -> None:
    """MQTT tells who is there; the change is not told again for it."""
    program_id = program(published.bl)
    published.tell()
    payload = {"type": "X", "values": ["x" * PAYLOAD_MAX_BYTES]}
    published.bl.made("/events", programID=program_id, intervals=[{"id": 0, "payloads": [payload]}])
    assert published.tell() == {}
    published.error = RuntimeError("no broker")
    published.bl.made("/events", programID=program_id)
    assert published.tell() == {}


def test_no_ven_is_told_of_a_fleets_total(published: Published) -> None:
    """The business logic's topics have it, whoever else would see its targets."""
    total = [{"type": "VEN_TWIN_ALLOCATION", "values": ["proportional"]}]
    program = published.bl.made("/programs", programName="total", attributes=total)
    published.ven("v1", "a")
    published.tell()
    shed = [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}]
    published.bl.made("/events", programID=program["id"], targets=["a"], intervals=shed)
    assert set(published.tell()) == {
        f"{ROOT}/events/create",
        f"{ROOT}/programs/{program['id']}/events/create",
    }
