"""Subscriptions and messages that SNS refuses are refused here, and who has to confirm has to confirm."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.receivers import receiving
from tests.support.waiting import GIVE_UP_S

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator


@pytest.fixture
def sns(emulator: Emulator) -> Iterator[Any]:
    """SNS with root's credentials."""
    client = emulator.client("sns")
    yield client
    client.close()


@pytest.fixture
def topic(sns: Any) -> Iterator[str]:
    """A topic."""
    arn = sns.create_topic(Name="told")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


def arns(sns: Any, topic: str) -> list[str]:
    """The ARNs of the topic's subscriptions, as they are listed."""
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [each["SubscriptionArn"] for each in listed]


def until(ready: Callable[[], Any]) -> None:
    """Wait for the thing."""
    begun_s = time.monotonic()
    while not ready():
        assert time.monotonic() - begun_s < GIVE_UP_S
        time.sleep(0.02)


def refusal(call: Any, **arguments: Any) -> str:
    """The code and message of a refusal."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("telegraph", "x"),
        ("http", "https://example.org/"),
        ("https", "http://127.0.0.1/"),
        ("email", "nobody"),
        ("sqs", "https://example.org/"),
    ],
)
def test_an_endpoint_is_one_of_its_protocol(sns: Any, topic: str, protocol: str, endpoint: str) -> None:
    """AWS takes no other, and the emulator would keep it."""
    text = refusal(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert text.startswith("InvalidParameter")
    assert arns(sns, topic) == []


@pytest.mark.parametrize(
    "policy",
    [
        "no JSON",
        "[]",
        '{"kind": "made"}',
        json.dumps({f"key{number}": ["x"] for number in range(6)}),
        json.dumps({"kind": [f"k{number}" for number in range(16)], "programId": list("abcdefghij")}),
    ],
)
def test_a_filter_is_a_policy_within_its_limits(sns: Any, topic: str, policy: str) -> None:
    """A filter is judged with the subscription, and when it is set later."""
    queue = "arn:aws:sqs:us-east-1:000000000000:any"
    subscribe = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue}
    assert "FilterPolicy" in refusal(sns.subscribe, **subscribe, Attributes={"FilterPolicy": policy})
    arn = sns.subscribe(**subscribe)["SubscriptionArn"]
    change = {"SubscriptionArn": arn, "AttributeName": "FilterPolicy", "AttributeValue": policy}
    assert "FilterPolicy" in refusal(sns.set_subscription_attributes, **change)


def test_an_endpoint_has_one_filter(sns: Any, topic: str) -> None:
    """The same again is the same; with another filter it is refused, and the first stays."""
    subscribe = {
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": "arn:aws:sqs:us-east-1:000000000000:any",
    }
    made = {"FilterPolicy": '{"kind": ["made"]}'}
    arn = sns.subscribe(**subscribe, Attributes=made)["SubscriptionArn"]
    assert sns.subscribe(**subscribe, Attributes=made)["SubscriptionArn"] == arn
    text = refusal(sns.subscribe, **subscribe, Attributes={"FilterPolicy": '{"kind": ["ended"]}'})
    assert "already exists with different attributes" in text
    assert (
        sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["FilterPolicy"]
        == made["FilterPolicy"]
    )


def test_a_mail_address_is_pending(sns: Any, topic: str) -> None:
    """Nobody has opened the mail's link, so it counts for nothing and has no ARN to be removed by."""
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.org")
    assert answer["SubscriptionArn"] == "pending confirmation"
    assert arns(sns, topic) == ["PendingConfirmation"]
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsPending"]) == ("0", "1")
    assert refusal(sns.unsubscribe, SubscriptionArn="PendingConfirmation").startswith("InvalidParameter")


def test_an_http_endpoint_is_told_nothing_until_its_link_is_opened(sns: Any, topic: str) -> None:
    """The link needs no signature, as AWS's needs none; another token does not do."""
    with receiving() as receiver:
        receiver.confirms = False
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
        until(lambda: receiver.received)
        assert arns(sns, topic) == ["PendingConfirmation"]
        sns.publish(TopicArn=topic, Message="too early")
        url = receiver.received[0].json()["SubscribeURL"]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{url}x")  # noqa: S310 - of the local cloud
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - likewise
            assert b"ConfirmSubscriptionResult" in answer.read()
        (arn,) = arns(sns, topic)
        assert arn.startswith(topic)
        sns.publish(TopicArn=topic, Message="now", Subject="S")
        until(lambda: len(receiver.received) > 1)
    assert [each.json()["Message"] for each in receiver.received[1:]] == ["now"]


@pytest.mark.parametrize(
    "message",
    [
        {"Message": "m", "Subject": "s" * 100},
        {"Message": "m", "Subject": "two\nlines"},
        {"Message": "no JSON", "MessageStructure": "json"},
        {"Message": '{"sqs": "x"}', "MessageStructure": "json"},
        {"Message": '{"default": {}}', "MessageStructure": "json"},
        {"Message": "m", "MessageStructure": "xml"},
        {"Message": ""},
    ],
)
def test_a_message_is_one_that_sns_takes(sns: Any, topic: str, message: dict[str, str]) -> None:
    """A message has a short subject on one line, and JSON has a default."""
    assert refusal(sns.publish, TopicArn=topic, **message).startswith("InvalidParameter")
