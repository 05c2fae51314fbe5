"""The meter of the local cloud: AWS's own steps of messages, and DynamoDB's units of whole items."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local_cloud.metered_units import consumed_units, read_units, whole_read
from local_cloud.metering import CloudMeter

SMALL = {"venId": {"S": "ven-1"}}
LARGE = {"venId": {"S": "ven-2"}, "text": {"S": "x" * 5000}}


@pytest.mark.parametrize(("size", "steps"), [(0, 1), (1, 1), (5120, 1), (5121, 2), (131_072, 26)])
def test_a_message_is_metered_by_5_kb(size: int, steps: int) -> None:
    """One at the least, and another for each 5 KB that are begun."""
    meter = CloudMeter()
    meter.steps("mqtt.up.telemetry", size)
    assert meter.counts()["mqtt.up.telemetry"] == steps


def test_a_read_is_metered_by_the_items_and_not_by_what_was_asked_of_them() -> None:
    """By 4 KB, half where eventually consistent; a key without an item is one, a query is rounded once."""
    keys = [{"venId": {"S": name}} for name in ("ven-1", "ven-2", "ven-3")]
    request = {"RequestItems": {"vens": {"Keys": keys, "ConsistentRead": True}}}
    answer = {"Responses": {"vens": [SMALL, LARGE]}}
    assert read_units("BatchGetItem", request, answer) == 1 + 2 + 1
    assert read_units("GetItem", {"ConsistentRead": True}, {"Item": LARGE}) == 2
    assert read_units("GetItem", {}, {}) == 0.5
    assert read_units("Query", {"ConsistentRead": True}, {"Items": [SMALL] * 50}) == 1


def test_a_read_is_done_again_without_filter_and_projection() -> None:
    """Names and values that only these used go with them: DynamoDB refuses what nobody uses."""
    query = {
        "TableName": "vens",
        "KeyConditionExpression": "#p = :p",
        "FilterExpression": "#absent = :x",
        "ProjectionExpression": "#name",
        "ExpressionAttributeNames": {"#p": "part", "#absent": "gone", "#name": "name"},
        "ExpressionAttributeValues": {":p": {"S": "a"}, ":x": {"S": "b"}},
    }
    assert whole_read("Query", query) == {
        "TableName": "vens",
        "KeyConditionExpression": "#p = :p",
        "ExpressionAttributeNames": {"#p": "part"},
        "ExpressionAttributeValues": {":p": {"S": "a"}},
    }


def test_units_of_a_write_are_those_that_dynamodb_says() -> None:
    """Of one table or of several."""
    assert consumed_units({"ConsumedCapacity": {"CapacityUnits": 2.0}}) == 2.0
    assert consumed_units({"ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": 1.0}]}) == 3.0


def test_a_disabled_rule_is_not_metered_and_others_by_their_actions() -> None:
    """A rule that a message has met counts, with each of its actions."""
    meter = CloudMeter()

    async def nothing(*_: Any) -> None:
        """Run no action."""

    run = meter.rules(nothing)
    rule = {"ruleName": "ven_twin_local_telemetry", "actions": [{"sqs": {}}, {"sqs": {}}]}
    asyncio.run(run("1", "us-east-1", rule, b"x"))
    asyncio.run(run("1", "us-east-1", {**rule, "ruleDisabled": True}, b"x"))
    asyncio.run(run("1", "us-east-1", None, b"x"))
    counts = meter.counts()
    assert (counts["rule.telemetry"], counts["rule_action.telemetry"]) == (1, 2)


def test_basic_ingest_is_no_message() -> None:
    """AWS has no price for a message to a rule itself: it is counted apart from what goes to the broker."""
    meter = CloudMeter()

    async def nothing(*_: Any) -> None:
        """Dispatch no packet."""

    dispatch = meter.packets_in(nothing)
    for topic in (b"ven/telemetry/ven-1", b"$aws/rules/ven_twin_local_telemetry/ven/telemetry/ven-1"):
        asyncio.run(dispatch(None, 3, 0, len(topic).to_bytes(2) + topic + bytes(100)))
    counts = meter.counts()
    assert (counts["mqtt.up.telemetry"], counts["mqtt.basic_ingest.telemetry"]) == (1, 1)
