"""The rights of a VEN: only its own thing and topics, by policy variables, so that one policy serves all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iot as iot
from constructs import Construct

from contracts.wire.ids import VenId
from contracts.wire.topics import Topics, rules_name

THING = VenId("${iot:Connection.Thing.ThingName}")
"""The policy variable for the thing that the connection's certificate is attached to."""

POLICY_MAX_CHARACTERS = 2048
"""Of a policy, white space not counted. Source: AWS IoT API, CreatePolicy, policyDocument."""


class VenPolicy(Construct):
    """The IoT policy of every VEN of the stage.

    Attributes:
        name: by which a certificate is attached to it.
    """

    def __init__(self, scope: Construct, *, name: str, stage_name: str) -> None:
        super().__init__(scope, "VenPolicy")
        self.policy = iot.CfnPolicy(
            self, "Policy", policy_name=name, policy_document=ven_policy_document(Stack.of(self), stage_name)
        )
        self.name = name


def ven_policy_document(stack: Stack, stage_name: str) -> dict[str, object]:
    """Connect as one's own thing; publish and receive on one's own topics, to two rules also by Basic Ingest.

    AWS IoT takes `POLICY_MAX_CHARACTERS`, and an ARN is longer in some partitions. So two wildcards stand
    below one's own thing: Receive has the whole shadow, which widens nothing, as what is not subscribed to is
    not received; Subscribe has all answers to ``get``, also as the ``get/+`` of device SDKs. To rules it
    may publish on exactly its own two topics: below another one it could say that another VEN was connected.
    """
    topics = Topics(THING)
    answers = topics.shadow("get/")
    usual = [topics.telemetry, topics.loads, topics.ack, topics.shadow("get"), topics.shadow("update")]
    subscribe = [topic for topic in topics.subscriptions if not topic.startswith(answers)]
    return policy_document(
        stack,
        THING,
        publish=[*usual, *topics.ingest(rules_name(stage_name)).values()],
        subscribe=[*subscribe, f"{answers}*"],
        receive=[topics.command, topics.shadow("*")],
        connect_if={"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}},
    )


def policy_document(
    stack: Stack,
    client_id: str,
    *,
    publish: Sequence[str],
    subscribe: Sequence[str],
    receive: Sequence[str],
    connect_if: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Connect as *client_id*, publish on topics, subscribe to filters, receive on topics. Nothing else."""

    def allow(action: str, kind: str, names: Sequence[str]) -> dict[str, object]:
        arns = [stack.format_arn(service="iot", resource=kind, resource_name=name) for name in names]
        return {"Effect": "Allow", "Action": f"iot:{action}", "Resource": arns}

    condition = {} if connect_if is None else {"Condition": connect_if}
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("Connect", "client", [client_id]) | condition,
            allow("Publish", "topic", publish),
            allow("Subscribe", "topicfilter", subscribe),
            allow("Receive", "topic", receive),
        ],
    }
