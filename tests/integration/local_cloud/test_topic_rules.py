"""Topic rules: SQL is evaluated as on AWS or refused, and every MQTT client has lifecycle events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.mqtt_by_hand import connected

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator

ROLE = "arn:aws:iam::000000000000:role/rules"
CONNECTED = "SELECT topic(5) AS client FROM '$aws/events/presence/connected/+'"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT get(a, 1) AS x FROM 'a'",
        "SELECT a[0] FROM 'a'",
        "SELECT CASE x WHEN 1 THEN 2 ELSE 3 END AS y FROM 'a'",
        "SELECT upper(topic(1)) AS x FROM 'a'",
        "SELECT encode(*, 'hex') AS x FROM 'a'",
        "SELECT topic(1, 2) AS x FROM 'a'",
        "SELECT encode(lower(a), 'base64') AS x FROM 'a'",
        "SELECT * FROM 'a' WHERE startswith(topic(2), 'ven-')",
        "SELECT * FROM 'a' WHERE x = 1 AND NOT (substring(y, 1) = 'a' OR z = 2)",
        "SELECT * FROM 'a' WHERE topic(2) IN ('a', lower('B'))",
        "SELECT * FROM 'a' WHERE regexp_matches(topic(2), '[')",
    ],
)
def test_sql_that_cannot_be_evaluated_is_refused(emulator: Emulator, sql: str) -> None:
    """A rule that AWS would run and the local cloud would not is never taken in silence."""
    with pytest.raises(ClientError) as refused:
        _create(emulator, "refused", sql)
    assert refused.value.response["Error"]["Code"] == "SqlParseException"


def test_an_action_that_is_not_carried_out_is_refused(emulator: Emulator) -> None:
    """Neither as an action nor as the action on an error."""
    stream = {"kinesis": {"roleArn": ROLE, "streamName": "any"}}
    for payload in ({"actions": [stream]}, {"actions": [], "errorAction": stream}):
        with pytest.raises(ClientError, match="action kinesis"):
            emulator.client("iot").create_topic_rule(
                ruleName="refused", topicRulePayload={"sql": "SELECT * FROM 'a'", **payload}
            )


def _create(emulator: Emulator, name: str, sql: str, queue: str | None = None) -> None:
    action = {"sqs": {"queueUrl": queue, "roleArn": ROLE, "useBase64": False}}
    emulator.client("iot").create_topic_rule(
        ruleName=name, topicRulePayload={"sql": sql, "actions": [action] if queue else []}
    )


async def test_every_client_has_lifecycle_events_and_a_rule_chooses_among_them(emulator: Emulator) -> None:
    """A claim's and a foreign device's client id are announced too; WHERE keeps those of VENs alone."""
    trust = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
    emulator.client("iam").create_role(
        RoleName="rules",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    conditions = {
        "all": "",
        "vens": " WHERE regexp_matches(topic(5), '^ven-[0-9]+$')",
        "vens_compared": " WHERE regexp_matches(topic(5), '^ven-[0-9]+$') = true AND topic(4) = 'connected'",
        "others": " WHERE NOT regexp_matches(topic(5), '^ven-')",
    }
    sqs = emulator.client("sqs")
    queues = {name: sqs.create_queue(QueueName=f"rule-{name}")["QueueUrl"] for name in conditions}
    for name, where in conditions.items():
        _create(emulator, name, CONNECTED + where, queues[name])
    clients = ["claim.ven-9", "sdk:device:1", "xven-1", "ven-1", "last"]
    for client_id in clients:
        async with connected(emulator, client_id=client_id):
            pass
    assert _received(sqs, queues["all"], until="last") == clients
    assert _received(sqs, queues["others"], until="last") == ["claim.ven-9", "sdk:device:1", "xven-1", "last"]
    # Each event went by every rule before the next, so these have all that they will have.
    assert _received(sqs, queues["vens"], until="ven-1") == ["ven-1"]
    assert _received(sqs, queues["vens_compared"], until="ven-1") == ["ven-1"]
    for name, queue in queues.items():
        emulator.client("iot").delete_topic_rule(ruleName=name)
        sqs.delete_queue(QueueUrl=queue)


def _received(sqs: Any, queue: str, until: str) -> list[str]:
    """The client ids in *queue* in their order, waiting for that of *until*."""
    received: list[str] = []
    for _ in range(20):
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2, MaxNumberOfMessages=10)
        received += [json.loads(message["Body"])["client"] for message in answer.get("Messages", [])]
        if until in received:
            break
    return received
