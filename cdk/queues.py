"""Queues between the topic rules and the functions, each with its dead letters."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.stage import Stage

RECEIVES = 3
"""How often a message is tried before it is a dead letter."""


def dead_letters(scope: Construct, name: str, *, stage: Stage) -> sqs.Queue:
    """A queue that keeps what could not be handled for 14 days, the longest that SQS takes."""
    return sqs.Queue(
        scope,
        name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.tls_only,
        retention_period=Duration.days(14),
        removal_policy=RemovalPolicy.DESTROY,
    )


class Inlet(Construct):
    """A queue, and the dead letters behind it that can be redriven into it.

    Attributes:
        queue: what a rule sends to and a function reads.
        dead: what failed `RECEIVES` times, bytes untouched.
    """

    def __init__(self, scope: Construct, name: str, *, stage: Stage) -> None:
        super().__init__(scope, name)
        self.dead = dead_letters(self, "DeadLetters", stage=stage)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=stage.tls_only,
            visibility_timeout=Duration.seconds(stage.visibility_s),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=RECEIVES),
            removal_policy=RemovalPolicy.DESTROY,
        )
