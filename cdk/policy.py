"""The rights of a VEN: only its own thing and topics, by policy variables, so that one policy serves all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def ven_policy_document(stack: Stack) -> dict[str, object]:
    """Connect as one's own thing; publish and receive on one's own topics. No wildcard anywhere."""
    topics = Topics(THING)
    return policy_document(
        stack,
        THING,
        publish=[topics.telemetry, topics.loads, topics.ack, topics.shadow("get"), topics.shadow("update")],
        receive=topics.subscriptions,
        connect_if={"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}},
    )


def policy_document(
    stack: Stack,
    client_id: str,
    *,
    publish: Sequence[str],
    receive: Sequence[str],
    connect_if: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Connect as *client_id*, publish on some topics, subscribe to others. Nothing else at all."""

    def allow(action: str, kind: str, names: Sequence[str]) -> dict[str, object]:
        arns = [stack.format_arn(service="iot", resource=kind, resource_name=name) for name in names]
        return {"Effect": "Allow", "Action": f"iot:{action}", "Resource": arns}

    condition = {} if connect_if is None else {"Condition": connect_if}
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("Connect", "client", [client_id]) | condition,
            allow("Publish", "topic", publish),
            allow("Subscribe", "topicfilter", receive),
            allow("Receive", "topic", receive),
        ],
    }
