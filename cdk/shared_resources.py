"""The resources that the functions of the stack share: code, tables, queues, policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from cdk.bundle import Bundle
from cdk.lambda_function import LambdaFunction
from cdk.notifications import notifications_topic
from cdk.policy import VenPolicy
from cdk.queues import Inlet, dead_letters
from cdk.stage import Stage
from cdk.tables import StackTables
from contracts.api.topic_message import NO_TOPIC
from contracts.store.keys import EVENTS_BY_START
from contracts.store.stack import tls_secret_name, ven_policy_name
from contracts.wire.topics import Topics


@dataclass(frozen=True, slots=True)
class SharedResources:
    """The stack's tables, queues and topic, and shorthand for what every function needs of them."""

    stack: Stack
    stage: Stage
    code: Bundle
    tables: StackTables
    policy: VenPolicy
    telemetry: Inlet
    ven_news: Inlet
    shadow_chunks: Inlet
    rule_errors: sqs.Queue
    failed_starts: sqs.Queue
    notifications: sns.Topic

    def function(
        self,
        name: str,
        description: str,
        rights: Mapping[str, str],
        *,
        timeout_s: int = 30,
        memory_mb: int = 256,
        **environment: str,
    ) -> LambdaFunction:
        """The function of the folder *name* of `lambdas/`.

        Args:
            name: the folder's.
            description: one line.
            rights: by table, the actions of DynamoDB on it. Never on its indexes, which the table's own
                grant would include.
            timeout_s: how long it may run, s.
            memory_mb: its memory, with which its share of a processor goes: 256 MB have 0.145.
            environment: its variables, beside ``<TABLE>_TABLE`` for each of its tables.
        """
        tables: dict[str, dynamodb.TableV2] = {table: getattr(self.tables, table) for table in rights}
        function = LambdaFunction(
            self.stack,
            name,
            stage=self.stage,
            code=self.code,
            description=description,
            timeout_s=timeout_s,
            memory_mb=memory_mb,
            environment={
                **{f"{table.upper()}_TABLE": made.table_name for table, made in tables.items()},
                **environment,
            },
        )
        for table, actions in rights.items():
            function.allow(
                *(f"dynamodb:{action}" for action in actions.split()), on=[tables[table].table_arn]
            )
        return function

    def vtn_table(self) -> dynamodb.TableV2:
        """The VTN's table. Raises RuntimeError for a stage that is none."""
        if self.tables.vtn is None:
            raise RuntimeError("this stage is no VTN")
        return self.tables.vtn

    @property
    def notifications_setting(self) -> str:
        """The topic for functions that notify, or `NO_TOPIC`."""
        return self.notifications.topic_arn if self.stage.notifications else NO_TOPIC

    @property
    def feed_timeout_s(self) -> int:
        """Of a function that a queue feeds: never longer than the queue waits for it."""
        return min(15, self.stage.visibility_s)

    def things(self) -> list[str]:
        """The ARNs of the things of the stage's VENs, as far as their ids have something in common."""
        return self.iot_arns(f"thing/{self.stage.ven_id_pattern}")

    def command_topics(self) -> list[str]:
        """The ARNs of the topics on which the stage's VENs get commands."""
        return self.iot_arns(f"topic/{Topics(self.stage.ven_id_pattern).command}")

    def iot_arns(self, *names: str) -> list[str]:
        """ARNs of AWS IoT: ``cert/*``, ``policy/ven-twin-dev-ven``."""
        return [
            self.stack.format_arn(service="iot", resource=kind, resource_name=rest)
            for kind, rest in (name.split("/", 1) for name in names)
        ]

    def events_by_start(self) -> str:
        """The ARN of the index of the events."""
        return f"{self.tables.events.table_arn}/index/{EVENTS_BY_START}"

    def tls_secrets(self) -> str:
        """The ARNs of the VENs' secrets."""
        return self.secrets(tls_secret_name(self.stage.name, self.stage.ven_id_pattern))

    def secrets(self, name: str) -> str:
        """The ARNs of the secrets of this name; Secrets Manager puts a random ending to each."""
        return self.stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{name}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )


def on_things(arns: list[str]) -> dict[str, dict[str, list[str]]]:
    """The condition that a certificate is attached to, or detached from, one of these things.

    AWS judges both by the certificate's ARN, and has the thing's as a condition key alone. Source: Service
    Authorization Reference, AWS IoT. Interpretation: should AWS not send the key, the right is not lost.
    """
    return {"ArnLikeIfExists": {"iot:thingArn": arns}}


def shared_resources(stack: Stack, stage: Stage, code: Bundle) -> SharedResources:
    """Make the tables and queues of *stack*."""
    return SharedResources(
        stack=stack,
        stage=stage,
        code=code,
        tables=StackTables(stack, stage=stage),
        telemetry=Inlet(stack, "TelemetryInlet", stage=stage),
        ven_news=Inlet(stack, "VenInlet", stage=stage),
        shadow_chunks=Inlet(stack, "ShadowInlet", stage=stage),
        rule_errors=dead_letters(stack, "RuleErrors", stage=stage),
        failed_starts=dead_letters(stack, "FailedStarts", stage=stage),
        notifications=notifications_topic(stack, stage),
        policy=VenPolicy(stack, name=ven_policy_name(stage.name), stage_name=stage.name),
    )
