"""Queues between the topic rules and the functions, each with its dead letters."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.stage import Stage
from contracts.store.dead_letters import RECEIVES

LOOPBACK = "127.0.0.0/8"


def dead_letters(scope: Construct, name: str, *, stage: Stage) -> sqs.Queue:
    """A queue that keeps unhandled messages for 14 days, the longest that SQS takes."""
    queue = sqs.Queue(
        scope,
        name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=Duration.days(14),
        removal_policy=RemovalPolicy.DESTROY,
    )
    _refuse_plain_http(queue, stage)
    return queue


def _refuse_plain_http(queue: sqs.Queue, stage: Stage) -> None:
    """Deny every call without TLS; where the gateway speaks plain HTTP, every such call from elsewhere."""
    elsewhere = {} if stage.tls_only else {"NotIpAddress": {"aws:SourceIp": LOOPBACK}}
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["sqs:*"],
            resources=[queue.queue_arn],
            conditions={"Bool": {"aws:SecureTransport": "false"}, **elsewhere},
        )
    )


class Inlet(Construct):
    """A queue, and the dead letters behind it that can be redriven into it.

    Attributes:
        queue: from a rule to a function.
        dead: messages that failed *receives* times, bytes untouched.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        stage: Stage,
        visibility_s: int | None = None,
        receives: int = RECEIVES,
    ) -> None:
        super().__init__(scope, name)
        self.dead = dead_letters(self, "DeadLetters", stage=stage)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            visibility_timeout=Duration.seconds(visibility_s or stage.visibility_s),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=receives),
            removal_policy=RemovalPolicy.DESTROY,
        )
        _refuse_plain_http(self.queue, stage)
