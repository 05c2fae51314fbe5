"""The rights of a VEN: only its own thing and topics, by policy variables, so that one policy serves all."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iot as iot
from constructs import Construct

from contracts.wire.topics import Topics

THING = "${iot:Connection.Thing.ThingName}"
"""The policy variable for the thing that the connection's certificate is attached to."""


class VenPolicy(Construct):
    """The IoT policy of every VEN of the stage.

    Attributes:
        name: by which a certificate is attached to it.
    """

    def __init__(self, scope: Construct, *, name: str) -> None:
        super().__init__(scope, "VenPolicy")
        self.policy = iot.CfnPolicy(
            self, "Policy", policy_name=name, policy_document=ven_policy_document(Stack.of(self))
        )
        self.name = name


def ven_policy_document(stack: Stack) -> dict[str, Any]:
    """Connect as one's own thing; publish and receive on one's own topics. No wildcard anywhere."""
    topics = Topics(THING)

    def arns(kind: str, names: list[str]) -> list[str]:
        return [stack.format_arn(service="iot", resource=kind, resource_name=name) for name in names]

    publish = [topics.telemetry, topics.loads, topics.ack, topics.shadow("get"), topics.shadow("update")]
    receive = list(topics.subscriptions)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": arns("client", [THING]),
                "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}},
            },
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": arns("topic", publish)},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arns("topicfilter", receive)},
            {"Effect": "Allow", "Action": "iot:Receive", "Resource": arns("topic", receive)},
        ],
    }
