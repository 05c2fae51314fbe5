"""Other users of the account: their clients start no rule of ours, and their names are no VENs of ours."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from cdk.rules import SQL_VERSION, VEN_TOPICS
from contracts.store.envelopes import read_envelope, rule_sql
from contracts.wire.topics import claim_client_id
from local_cloud import deploy
from local_cloud.runtime import HOST, MQTT_NAME, DeployError

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator

STRANGERS = (claim_client_id("ven-9"), "sdk:device:1", "-probe", "v" * 65)
CONNACK_BYTES = 4


@pytest.fixture
def queue(emulator: Emulator) -> Iterator[str]:
    """A queue that every rule for the VENs' news leads to."""
    sqs, iot, iam = (emulator.client(service) for service in ("sqs", "iot", "iam"))
    url = sqs.create_queue(QueueName="news")["QueueUrl"]
    role = {"Version": "2012-10-17", "Statement": []}
    arn = iam.create_role(RoleName="rules-to-strangers", AssumeRolePolicyDocument=json.dumps(role))
    action = {"sqs": {"queueUrl": url, "roleArn": arn["Role"]["Arn"], "useBase64": False}}
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    iam.put_role_policy(
        RoleName="rules-to-strangers",
        PolicyName="send",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    for name, topic in VEN_TOPICS.items():
        iot.create_topic_rule(
            ruleName=name,
            topicRulePayload={
                "sql": rule_sql(topic),
                "awsIotSqlVersion": SQL_VERSION,
                "actions": [action],
            },
        )
    yield url
    for name in VEN_TOPICS:
        iot.delete_topic_rule(ruleName=name)
    sqs.delete_queue(QueueUrl=url)
    iam.delete_role_policy(RoleName="rules-to-strangers", PolicyName="send")
    iam.delete_role(RoleName="rules-to-strangers")


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()


async def _come_and_go(emulator: Emulator, client_id: str) -> None:
    """Connect as *client_id*, and take leave."""
    reader, writer = await asyncio.open_connection(
        HOST, emulator.runtime.mqtt_port, ssl=emulator.tls(), server_hostname=MQTT_NAME
    )
    body = _text("MQTT") + bytes([4, 2]) + struct.pack(">H", 60) + _text(client_id)
    writer.write(bytes([0x10, len(body)]) + body)
    assert (await reader.readexactly(CONNACK_BYTES))[3] == 0
    writer.write(b"\xe0\x00")
    await writer.drain()
    await reader.read()
    writer.close()


def _topics_until(emulator: Emulator, queue: str, last: str) -> list[str]:
    """The topics of what arrives in *queue*, up to *last*."""
    topics: list[str] = []
    while last not in topics:
        answer: dict[str, Any] = emulator.client("sqs").receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5
        )
        assert answer.get("Messages"), f"{last} did not arrive; there came {topics}"
        topics += [read_envelope(message["Body"]).topic for message in answer["Messages"]]
    return topics


async def test_only_vens_are_heard_of(emulator: Emulator, queue: str) -> None:
    """A claim, an SDK's device and whatever else connects start no action; a VEN that comes later does."""
    for client_id in (*STRANGERS, "ven-1"):
        await _come_and_go(emulator, client_id)
    last = "$aws/events/presence/disconnected/ven-1"
    topics = await asyncio.to_thread(_topics_until, emulator, queue, last)
    assert {topic.rpartition("/")[2] for topic in topics} == {"ven-1"}


def test_only_vens_shadows_are_heard_of(emulator: Emulator, queue: str) -> None:
    """A thing whose name no VEN can have is somebody else's, and its documents go nowhere."""
    iot, data = emulator.client("iot"), emulator.client("iot-data")
    for thing in ("boiler:7", "ven-1"):
        if thing != "ven-1":
            iot.create_thing(thingName=thing)
        data.update_thing_shadow(thingName=thing, payload=b'{"state": {"reported": {"a": 1}}}')
    last = "$aws/things/ven-1/shadow/update/documents"
    assert _topics_until(emulator, queue, last) == [last]


def test_a_ven_id_that_somebody_has_is_refused_in_one_line(emulator: Emulator) -> None:
    """The deployment ends with the VEN's name and what to do, and leaves the thing as it was."""
    before = _thing(emulator)
    reason = _refusal(emulator)
    assert "vens: ven-1 is a thing of this account that is no stage's: take another id" in reason
    assert "\n" not in reason
    assert _thing(emulator) == before


def _refusal(emulator: Emulator) -> str:
    with pytest.raises(DeployError) as refused:
        deploy.deploy(emulator.runtime, ["ven-1"])
    return str(refused.value)


def _thing(emulator: Emulator) -> tuple[str, list[str]]:
    """The id of the thing ven-1, and its certificates."""
    iot = emulator.client("iot")
    thing_id = iot.describe_thing(thingName="ven-1")["thingId"]
    return thing_id, iot.list_thing_principals(thingName="ven-1")["principals"]
