"""The VEN policy and the topic rules cover exactly the topics that contracts.wire.topics gives a VEN."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from contracts.store.envelopes import RULE_SELECT
from contracts.wire.topics import Topics, rules_name
from tests.support.template_rules import BELOW_ITS_SHADOW, OWN_THING, Template, flat, many, of_type

VEN = Topics("ven-1")
INLETS = {
    VEN.telemetry: "TelemetryInlet",
    VEN.loads: "TelemetryInlet",
    VEN.ack: "VenInlet",
    "$aws/events/presence/connected/ven-1": "VenInlet",
    "$aws/events/presence/disconnected/ven-1": "VenInlet",
    VEN.shadow("update/documents"): "VenInlet",
}
"""What is listened to, and where it goes."""


def _allowed(template: Template, action: str, kind: str) -> set[str]:
    """Names that a VEN called ven-1 may do *action* on."""
    (policy,) = (
        policy
        for policy in of_type(template, "AWS::IoT::Policy").values()
        if policy["PolicyName"].endswith("-ven")
    )
    found = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow" and action in many(statement["Action"]):
            for arn in map(flat, many(statement["Resource"])):
                prefix, _, name = arn.partition(f":{kind}/")
                assert prefix == "arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>"
                found.add(name.replace(OWN_THING, "ven-1"))
    return found


def test_a_ven_connects_as_its_own_thing_only(dev: Template) -> None:
    """The client id is the thing's name, so one VEN cannot throw another off."""
    assert _allowed(dev, "iot:Connect", "client") == {"ven-1"}


def test_a_ven_publishes_what_the_wire_says_and_no_more(dev: Template) -> None:
    """Telemetry and loads, by the broker and to their rules; acks, and its own shadow's get and update."""
    own = {VEN.telemetry, VEN.loads, VEN.ack, VEN.shadow("get"), VEN.shadow("update")}
    own |= set(VEN.ingest(rules_name("dev")).values())
    assert _allowed(dev, "iot:Publish", "topic") == own


def test_a_ven_hears_what_it_subscribes_to_and_no_more(dev: Template) -> None:
    """Subscribe is judged by filter and Receive by topic; what is not subscribed to is not received."""
    filters = _allowed(dev, "iot:Subscribe", "topicfilter")
    assert _matched(filters, VEN.subscriptions) == set(VEN.subscriptions)
    assert filters - set(VEN.subscriptions) == {VEN.shadow("get/*")}
    assert _allowed(dev, "iot:Receive", "topic") == {VEN.command, VEN.shadow("*")}


def test_a_ven_made_with_awss_own_sdk_may_subscribe_as_that_does(dev: Template) -> None:
    """The shadow client of the AWS IoT Device SDKs v2 subscribes to both answers to a get at once."""
    filters = _allowed(dev, "iot:Subscribe", "topicfilter")
    assert _matched(filters, [VEN.shadow("get/+")])


@pytest.mark.parametrize(
    "beyond",
    ["#", "$aws/things/+/shadow/get/+", VEN.shadow("#"), VEN.shadow("+"), VEN.shadow("update/+"),
     Topics("ven-2").shadow("get/+"), Topics("ven-2").command, "ven/cmd/+"],
)  # fmt: skip
def test_a_ven_may_not_subscribe_beyond(beyond: str, dev: Template) -> None:
    """The wildcard is below the answers to one's own get, and opens nothing else."""
    assert not _matched(_allowed(dev, "iot:Subscribe", "topicfilter"), [beyond])


def test_every_topic_that_vens_send_on_has_one_rule_into_its_queue(dev: Template) -> None:
    """Nothing that a VEN sends is lost for want of a rule, and nothing is stored twice."""
    for topic, inlet in INLETS.items():
        (payload,) = [payload for payload in _payloads(dev) if _matches(_filter(payload), topic)]
        assert inlet in json.dumps(payload["Actions"]), topic


def test_no_rule_listens_to_more(dev: Template) -> None:
    """A rule on a wider filter would cost an action for each message that is then thrown away."""
    heard = {filter_.replace("+", "ven-1") for filter_ in map(_filter, _payloads(dev))}
    assert heard == set(INLETS)


def test_every_rule_hands_on_what_the_functions_read(dev: Template) -> None:
    """Functions decode one envelope, whatever the topic: payload, topic, client id and receipt time."""
    assert {payload["Sql"].split(" FROM ")[0] for payload in _payloads(dev)} == {RULE_SELECT}
    assert {payload["AwsIotSqlVersion"] for payload in _payloads(dev)} == {"2016-03-23"}


def _payloads(template: Template) -> list[dict[str, Any]]:
    return [rule["TopicRulePayload"] for rule in of_type(template, "AWS::IoT::TopicRule").values()]


def _filter(payload: dict[str, Any]) -> str:
    return str(payload["Sql"]).split(" FROM ")[1].split(" WHERE ")[0].strip("'")


def _matched(patterns: set[str], names: Sequence[str]) -> set[str]:
    """Those of *names* that a pattern of a policy matches, in which ``*`` alone stands for something else."""
    regexes = [re.escape(pattern).replace(r"\*", ".*") for pattern in patterns]
    return {name for name in names if any(re.fullmatch(regex, name) for regex in regexes)}


def _matches(filter_: str, topic: str) -> bool:
    return re.fullmatch(re.escape(filter_).replace(r"\+", "[^/]+"), topic) is not None


def test_Security_Device_Policies(dev: Template) -> None:  # noqa: N802 - AWS's name of the case
    """AWS IoT Device Advisor: a device's policy has no wildcard, but below its own thing's shadow."""
    policies = of_type(dev, "AWS::IoT::Policy").values()
    (device,) = [policy for policy in policies if "ven/telemetry/" in json.dumps(policy)]
    for statement in device["PolicyDocument"]["Statement"]:
        for text in (*many(statement["Action"]), *map(flat, many(statement["Resource"]))):
            assert not set(BELOW_ITS_SHADOW.sub("", text)) & set("*?+#"), text
