"""Notifications on their way to callbacks: retries, dead letters, broken callbacks, and what is withdrawn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.scopes import ROLE_SCOPES, Role
from contracts.store.vtn_changes import CallbackDelivery
from contracts.store.vtn_keys import VTN, shared_key
from contracts.wire import codec
from lambdas.shared import clients
from lambdas.shared.callback_urls import CallbackUrl
from lambdas.shared.callbacks import CallbackError, CallbackFault
from lambdas.vtn_deliver import adapters
from lambdas.vtn_deliver.handler import handler
from lambdas.vtn_deliver.logic import REST_S, pause_s
from tests.support.vtn import CALLBACK, Vtn, VtnClient, subscription
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.function_world import Context, World, failed

ATTEMPTS = 3
NOTIFICATION = b'{"objectType":"EVENT","operation":"CREATE","object":{"id":"e1"}}'


@dataclass
class PostedCallbacks:
    """Callbacks that take what is posted, as long as *answers* has no fault for their path."""

    posted: list[tuple[str, bytes, str | None]] = field(default_factory=list)
    answers: dict[str, CallbackFault] = field(default_factory=dict)
    before: Callable[[], object] = int

    def post(self, url: CallbackUrl, body: bytes, *, bearer_token: str | None) -> int:
        """Note it, or fail."""
        self.before()
        self.posted.append((url.path, body, bearer_token))
        if url.path in self.answers:
            raise CallbackError(self.answers[url.path], 503)
        return 200


@dataclass
class Deliverer:
    """A VTN with one subscriber, and the queue that feeds `vtn_deliver`."""

    world: World
    client: VtnClient
    queue_url: str
    callbacks: PostedCallbacks
    subscription_id: str = ""

    def delivery(self, place: int = 0, **more: Any) -> str:
        """A delivery to the subscriber's callback."""
        made = CallbackDelivery(
            client_id=ClientId("house-1"),
            subscription_id=ObjectId(self.subscription_id),
            place=place,
            body=msgspec.Raw(NOTIFICATION),
        )
        return codec.encode(msgspec.structs.replace(made, **more)).decode()

    def deliver(self, *bodies: str, receives: int = 1) -> list[str]:
        """The messages of a batch that fail, by number."""
        records = []
        for number, body in enumerate(bodies or (self.delivery(),)):
            clients.sqs().send_message(QueueUrl=self.queue_url, MessageBody=body)
            (message,) = clients.sqs().receive_message(QueueUrl=self.queue_url)["Messages"]
            records.append(
                {
                    "messageId": f"m{number}",
                    "receiptHandle": message["ReceiptHandle"],
                    "body": body,
                    "attributes": {"ApproximateReceiveCount": str(receives)},
                }
            )
        return failed(handler({"Records": records}, Context()))

    def item(self) -> dict[str, Any]:
        """The subscription's item."""
        key = shared_key("SUBSCRIPTION", ObjectId(self.subscription_id))
        return clients.table("vtn", VTN).get(key) or {}

    def is_broken(self) -> bool:
        """True when the first callback is marked."""
        return "broken0" in self.item()


@pytest.fixture
def deliverer(world: World, monkeypatch: pytest.MonkeyPatch) -> Deliverer:
    """A subscriber with two callbacks."""
    url = clients.sqs().create_queue(QueueName="deliveries")["QueueUrl"]
    environment = {"DELIVERIES_QUEUE": url, "DELIVERY_ATTEMPTS": str(ATTEMPTS), "DELIVERY_PAUSE_S": "5"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    callbacks = PostedCallbacks()
    monkeypatch.setattr(adapters, "callbacks_of", lambda *_: callbacks)
    vtn = Vtn(clients.table("vtn", VTN))
    client = vtn.client("house-1", ROLE_SCOPES[Role.VEN])
    made = Deliverer(world, client, url, callbacks)
    made.subscription_id = client.made("/subscriptions", **two_callbacks())["id"]
    return made


def two_callbacks() -> dict[str, Any]:
    """The body of a subscription with two callbacks."""
    body = subscription()
    (first,) = body["objectOperations"]
    return {**body, "objectOperations": [first, {**first, "callbackUrl": f"{CALLBACK}/two"}]}


def test_a_notification_is_posted_with_the_token_of_its_callback(deliverer: Deliverer) -> None:
    """As it was queued, to where the subscription says now."""
    assert deliverer.deliver() == []
    assert deliverer.callbacks.posted == [("/openadr", NOTIFICATION, "secret-word")]


def test_a_failed_one_comes_again_after_a_pause(
    deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pause is twice the last; the others of the batch are not tried again."""
    pauses: list[int] = []
    change = clients.sqs().change_message_visibility

    def noted(**named: Any) -> Any:
        pauses.append(named["VisibilityTimeout"])
        return change(**named)

    monkeypatch.setattr(clients.sqs(), "change_message_visibility", noted)
    deliverer.callbacks.answers["/openadr"] = CallbackFault.WRONG_STATUS
    assert deliverer.deliver(deliverer.delivery(), deliverer.delivery(1)) == ["m0"]
    assert deliverer.deliver(receives=2) == ["m0"]
    assert pauses == [5, 10]
    assert not deliverer.is_broken()
    assert [pause_s(receives, 5) for receives in (3, 4, 5, 50)] == [20, 40, 80, 6 * 3600]


def test_a_callback_that_fails_to_the_end_is_broken_and_the_message_a_dead_letter(
    deliverer: Deliverer,
) -> None:
    """The message is at once to be received once more, at which the queue puts it aside."""
    deliverer.callbacks.answers["/openadr"] = CallbackFault.NO_ANSWER
    assert deliverer.deliver(receives=ATTEMPTS) == ["m0"]
    assert deliverer.is_broken()
    assert "broken1" not in deliverer.item()
    again = clients.sqs().receive_message(QueueUrl=deliverer.queue_url).get("Messages", [])
    assert len(again) == 1


def test_a_broken_callback_is_tried_once_a_minute_and_nothing_waits_for_it(deliverer: Deliverer) -> None:
    """What comes meanwhile is dropped; one attempt alone is made, and no message fails."""
    deliverer.callbacks.answers["/openadr"] = CallbackFault.NO_ANSWER
    deliverer.deliver(receives=ATTEMPTS)
    deliverer.callbacks.posted.clear()
    assert deliverer.deliver(deliverer.delivery(), deliverer.delivery()) == []
    assert not deliverer.callbacks.posted
    deliverer.world.now += REST_S
    assert deliverer.deliver(deliverer.delivery(), deliverer.delivery()) == []
    assert len(deliverer.callbacks.posted) == 1
    assert deliverer.is_broken()


def test_a_success_mends_a_broken_callback(deliverer: Deliverer) -> None:
    """From then on failures are repeated again."""
    deliverer.callbacks.answers["/openadr"] = CallbackFault.NO_ANSWER
    deliverer.deliver(receives=ATTEMPTS)
    deliverer.callbacks.answers.clear()
    deliverer.world.now += REST_S
    assert deliverer.deliver() == []
    assert not deliverer.is_broken()


def test_a_put_of_the_subscription_mends_its_callbacks(deliverer: Deliverer) -> None:
    """It has been checked by echo."""
    deliverer.callbacks.answers["/openadr"] = CallbackFault.NO_ANSWER
    deliverer.deliver(receives=ATTEMPTS)
    answer = deliverer.client.put(f"/subscriptions/{deliverer.subscription_id}", **two_callbacks())
    assert answer.status == 200
    assert not deliverer.is_broken()


@pytest.mark.parametrize("gone", ["subscription", "client", "callback", "interest", "owner"])
def test_what_nobody_wants_any_more_is_withdrawn(deliverer: Deliverer, gone: str) -> None:
    """The subscription counts as it is when its turn comes."""
    path, body = f"/subscriptions/{deliverer.subscription_id}", two_callbacks()
    delivery = deliverer.delivery(1)
    if gone == "subscription":
        deliverer.client.delete(path)
    elif gone == "client":
        deliverer.client.vtn.remove("house-1")
    elif gone == "callback":
        deliverer.client.put(path, **{**body, "objectOperations": body["objectOperations"][:1]})
    elif gone == "interest":
        body["objectOperations"][1]["operations"] = ["DELETE"]
        deliverer.client.put(path, **body)
    else:
        delivery = deliverer.delivery(1, client_id=ClientId("house-2"))
    assert deliverer.deliver(delivery) == []
    assert not deliverer.callbacks.posted


def test_a_message_that_cannot_be_read_fails_alone(deliverer: Deliverer) -> None:
    """It is a dead letter in the end."""
    assert deliverer.deliver("{}", deliverer.delivery()) == ["m0"]
    assert len(deliverer.callbacks.posted) == 1


def test_the_callbacks_of_a_batch_are_called_at_one_time(deliverer: Deliverer) -> None:
    """Ten that hang take as long as one: each is called before any has answered."""
    meeting = threading.Barrier(10)
    deliverer.callbacks.before = lambda: meeting.wait(GIVE_UP_S)
    assert deliverer.deliver(*[deliverer.delivery()] * 10) == []
    assert len(deliverer.callbacks.posted) == 10


def test_no_log_has_the_address_or_the_token_of_a_callback(
    deliverer: Deliverer, caplog: pytest.LogCaptureFixture
) -> None:
    """An address may have a key in it; the client, the subscription and the callback's place say which."""
    deliverer.callbacks.answers["/openadr"] = CallbackFault.WRONG_STATUS
    deliverer.deliver()
    lines = [vars(record) for record in caplog.records]
    (line,) = (line for line in lines if line["msg"] == "callback failed")
    assert (line["client_id"], line["subscription_id"]) == ("house-1", deliverer.subscription_id)
    assert (line["fault"], line["status"], line["callback"]) == ("WRONG_STATUS", 503, 0)
    assert not [line for line in lines if "secret-word" in str(line) or CALLBACK in str(line)]
