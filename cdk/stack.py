"""The stack: every part of the cloud side and how they are joined."""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, CfnOutput, CfnParameter, Duration, Stack, StackSynthesizer
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.api import HttpApi
from cdk.bundle import Bundle
from cdk.claims import AllowedVens, Claims
from cdk.functions import Slice
from cdk.monitoring import Monitoring
from cdk.policy import VenPolicy
from cdk.queues import Inlet, dead_letters
from cdk.rotation import Rotation
from cdk.rules import Rules
from cdk.schedules import Schedules
from cdk.stage import SHADOW_WRITERS, Stage
from cdk.tables import Tables
from cdk.ven import Ven
from cdk.watch import Watch
from contracts import records
from contracts.dead_letters import Beyond, Source, queues_output
from contracts.names import Output, claim_secret_name, stack_name, tls_secret_name

TRUST_ROOT_PARAMETER = "TrustRootPem"


class VenTwinStack(Stack):
    """Things, certificates, rules, queues, tables, functions, schedules, alarms of one stage."""

    def __init__(
        self, scope: Construct, stage: Stage, *, code: Bundle, synthesizer: StackSynthesizer | None = None
    ) -> None:
        super().__init__(
            scope,
            stack_name(stage.name),
            synthesizer=synthesizer,
            description="Demand response: commands, events, telemetry and settlement for VENs",
        )
        self._stage, self._code = stage, code
        self._tables = Tables(self, stage=stage)
        self._telemetry = Inlet(self, "TelemetryInlet", stage=stage)
        self._ven_news = Inlet(self, "VenInlet", stage=stage)
        self._shadow_chunks = Inlet(self, "ShadowInlet", stage=stage)
        self._rule_errors = dead_letters(self, "RuleErrors", stage=stage)
        self._failed_starts = dead_letters(self, "FailedStarts", stage=stage)
        self._policy = VenPolicy(self, name=f"ven-twin-{stage.name}-ven")

        self._allowed = AllowedVens(self, stage=stage)
        self._provision = self._provision_ven()
        self._rotate = self._rotate_ven()
        self._admit = self._admit_ven()
        self._issue = self._issue_command()
        self._settle = self._settle_event()
        self._dispatch = self._dispatch_event()
        self._write = self._write_shadows()
        self._store = self._store_telemetry()
        self._record = self._record_vens()
        self._fleet = self._watch_fleet()
        self._api = self._http_api()
        self._gateway = HttpApi(self, stage=stage, function=self._api.function)
        self._add_vens()
        Rotation(self, stage=stage, rotates=self._rotate, failed=self._failed_starts)
        Rules(
            self,
            stage_name=stage.name,
            telemetry=self._telemetry.queue,
            vens=self._ven_news.queue,
            errors=self._rule_errors,
        )
        self._watch()
        self._publish_outputs()

    def _slice(self, name: str, description: str, *, timeout_s: int = 30, **environment: str) -> Slice:
        return Slice(
            self,
            name,
            stage=self._stage,
            code=self._code,
            description=description,
            timeout_s=timeout_s,
            environment=environment,
        )

    def _iot_arns(self, *names: str) -> list[str]:
        return [
            self.format_arn(service="iot", resource=name.split("/")[0], resource_name=name.split("/", 1)[1])
            for name in names
        ]

    def _let_use_events(self, part: Slice, *actions: str) -> None:
        """Not by the table's own grant, which would let it use the index of the table too."""
        part.allow(*actions, on=[self._tables.events.table_arn])

    def _provision_ven(self) -> Slice:
        part = self._slice(
            "provision_ven",
            "Custom resource: a VEN's certificate and key into Secrets Manager",
            timeout_s=60,
            VENS_TABLE=self._tables.vens.table_name,
        )
        part.allow(
            "iot:CreateKeysAndCertificate",
            on=["*"],  # knows no narrower resource: there is none before
        )
        part.allow("iot:ListAttachedPolicies", on=self._iot_arns("cert/*"))
        part.allow("iot:ListTargetsForPolicy", on=self._iot_arns(f"policy/ven-twin-{self._stage.name}-claim"))
        part.allow(
            "iot:AttachPolicy",
            "iot:DetachPolicy",
            "iot:AttachThingPrincipal",
            "iot:DetachThingPrincipal",
            "iot:DescribeCertificate",
            "iot:UpdateCertificate",
            "iot:DeleteCertificate",
            on=self._iot_arns("cert/*", "thing/*"),
        )
        part.allow("iot:ListThingPrincipals", on=self._iot_arns("thing/*"))
        # By pattern and not by name: a VEN is taken away after the policy has forgotten its name, and
        # eighty names would not fit into one.
        part.allow(
            "secretsmanager:PutSecretValue",
            "secretsmanager:GetSecretValue",
            on=[self._tls_secrets(), self._secrets(claim_secret_name(self._stage.name))],
        )
        self._tables.vens.grant(
            part.function, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
        )
        return part

    def _rotate_ven(self) -> Slice:
        part = self._slice(
            "rotate_ven",
            "Gives a VEN that runs another certificate, and takes the old one away",
            timeout_s=300,
            VENS_TABLE=self._tables.vens.table_name,
            VEN_POLICY=self._policy.name,
            ROTATE_DAYS=str(self._stage.rotate_days),
        )
        part.allow("iot:CreateKeysAndCertificate", on=["*"])
        part.allow("iot:ListAttachedPolicies", on=self._iot_arns("cert/*"))
        part.allow(
            "iot:AttachPolicy",
            "iot:DetachPolicy",
            "iot:AttachThingPrincipal",
            "iot:DetachThingPrincipal",
            "iot:DescribeCertificate",
            "iot:UpdateCertificate",
            "iot:DeleteCertificate",
            on=self._iot_arns("cert/*", "thing/*"),
        )
        part.allow(
            "iot:ListThingPrincipals",
            "iot:GetThingShadow",
            "iot:UpdateThingShadow",
            "iot:DeleteThing",
            on=self._iot_arns("thing/*"),
        )
        part.allow("secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue", on=[self._tls_secrets()])
        self._tables.vens.grant(
            part.function, "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
        )
        return part

    def _admit_ven(self) -> Slice:
        part = self._slice(
            "admit_ven",
            "Says which VENs may be provisioned by claim",
            timeout_s=5,  # IoT Core waits no longer
            VENS_TABLE=self._tables.vens.table_name,
            ALLOWED_TABLE=self._allowed.table.table_name,
        )
        self._allowed.table.grant(part.function, "dynamodb:UpdateItem")
        self._tables.vens.grant(part.function, "dynamodb:UpdateItem")
        return part

    def _tls_secrets(self) -> str:
        """The ARNs of the VENs' secrets."""
        return self._secrets(tls_secret_name(self._stage.name, "*"))

    def _secrets(self, name: str) -> str:
        """The ARNs of the secrets of this name; Secrets Manager puts a random ending to each."""
        return self.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{name}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _issue_command(self) -> Slice:
        part = self._slice(
            "issue_command",
            "Sends one operation to one VEN",
            VENS_TABLE=self._tables.vens.table_name,
            COMMANDS_TABLE=self._tables.commands.table_name,
            RETENTION_DAYS=str(self._stage.retention_days),
        )
        part.allow("iot:Publish", on=self._iot_arns("topic/ven/cmd/*"))
        self._tables.vens.grant(part.function, "dynamodb:GetItem")
        self._tables.commands.grant(part.function, "dynamodb:GetItem", "dynamodb:PutItem")
        return part

    def _settle_event(self) -> Slice:
        part = self._slice(
            "settle_event",
            "Works out what an event delivered",
            timeout_s=120,
            TELEMETRY_TABLE=self._tables.telemetry.table_name,
            EVENTS_TABLE=self._tables.events.table_name,
            VENS_TABLE=self._tables.vens.table_name,
            PROGRAMMES=json.dumps(dict(self._stage.programmes)),
        )
        part.allow("iot:UpdateThingShadow", on=self._iot_arns("thing/*"))
        self._tables.telemetry.grant(part.function, "dynamodb:Query", "dynamodb:BatchWriteItem")
        self._tables.vens.grant(
            part.function, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"
        )
        self._let_use_events(
            part, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
        )
        part.function.configure_async_invoke(
            on_failure=destinations.SqsDestination(self._failed_starts),
            retry_attempts=2,
            max_event_age=Duration.hours(6),
        )
        return part

    def _dispatch_event(self) -> Slice:
        self._schedules = Schedules(
            self, stage_name=self._stage.name, starts=self._settle.function, failed=self._failed_starts
        )
        group, role = self._schedules.group.schedule_group_name, self._schedules.role
        part = self._slice(
            "dispatch_event",
            "Creates, revises and cancels DR events and writes them to the VENs' shadows",
            timeout_s=120,
            VENS_TABLE=self._tables.vens.table_name,
            EVENTS_TABLE=self._tables.events.table_name,
            TELEMETRY_TABLE=self._tables.telemetry.table_name,
            RETENTION_DAYS=str(self._stage.retention_days),
            SETTLE_FUNCTION_ARN=self._settle.function.function_arn,
            SETTLE_DELAY_S=str(self._stage.settle_delay_s),
            REDISPATCH_MIN=str(self._stage.redispatch_min),
            SCHEDULER_ROLE_ARN=role.role_arn,
            SCHEDULE_GROUP=group,
            SCHEDULE_DLQ_ARN=self._failed_starts.queue_arn,
            SHADOW_QUEUE_URL=self._shadow_chunks.queue.queue_url,
            PROGRAMMES=json.dumps(dict(self._stage.programmes)),
        )
        part.allow("iot:UpdateThingShadow", on=self._iot_arns("thing/*"))
        part.allow("sqs:SendMessage", on=[self._shadow_chunks.queue.queue_arn])
        self._tables.vens.grant(part.function, "dynamodb:BatchGetItem", "dynamodb:Scan")
        self._tables.telemetry.grant(part.function, "dynamodb:BatchGetItem")
        self._let_use_events(
            part, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
        )
        part.allow(
            "scheduler:CreateSchedule",
            "scheduler:UpdateSchedule",
            "scheduler:DeleteSchedule",
            on=[
                self.format_arn(
                    service="scheduler", resource="schedule", resource_name=f"ven-twin-{self._stage.name}/*"
                )
            ],
        )
        role.grant_pass_role(part.function.grant_principal)
        self._schedules.let_start(part.function)
        part.function.configure_async_invoke(
            on_failure=destinations.SqsDestination(self._failed_starts),
            retry_attempts=0,  # the schedule's next run does what this one would have
            max_event_age=Duration.minutes(1),
        )
        return part

    def _write_shadows(self) -> Slice:
        part = self._slice(
            "write_shadows",
            "Writes events into the shadows of many VENs, at a pace that AWS IoT takes",
            timeout_s=self._feed_timeout_s,
            EVENTS_TABLE=self._tables.events.table_name,
            SHADOW_WRITES_PER_S=str(self._stage.shadow_writes_per_s),
        )
        part.allow("iot:UpdateThingShadow", on=self._iot_arns("thing/*"))
        self._let_use_events(part, "dynamodb:GetItem", "dynamodb:Query")
        self._feed(part, self._shadow_chunks.queue, batch_size=1, max_concurrency=SHADOW_WRITERS)
        return part

    def _watch_fleet(self) -> Slice:
        part = self._slice(
            "watch_fleet",
            "Says how the fleet stands, for the dashboard and the alarm on silent VENs",
            timeout_s=60,
            VENS_TABLE=self._tables.vens.table_name,
            TELEMETRY_TABLE=self._tables.telemetry.table_name,
        )
        self._tables.vens.grant(part.function, "dynamodb:Scan")
        self._tables.telemetry.grant(part.function, "dynamodb:BatchGetItem")
        Watch(
            self,
            starts=part.function,
            group=self._schedules.group,
            role=self._schedules.role,
            failed=self._failed_starts,
        )
        return part

    def _http_api(self) -> Slice:
        part = self._slice(
            "api",
            "Answers the HTTP API",
            timeout_s=29,  # API Gateway waits no longer than 30 s
            VENS_TABLE=self._tables.vens.table_name,
            TELEMETRY_TABLE=self._tables.telemetry.table_name,
            EVENTS_TABLE=self._tables.events.table_name,
            COMMANDS_TABLE=self._tables.commands.table_name,
            DISPATCH_FUNCTION=self._dispatch.function.function_name,
            ISSUE_FUNCTION=self._issue.function.function_name,
            SETTLE_FUNCTION=self._settle.function.function_name,
        )
        # It reads; whatever changes something is done by the function that holds the rights to it.
        self._tables.vens.grant(part.function, "dynamodb:GetItem", "dynamodb:Scan")
        self._tables.telemetry.grant(
            part.function, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"
        )
        self._let_use_events(part, "dynamodb:GetItem", "dynamodb:Query")
        part.allow("dynamodb:Query", on=[f"{self._tables.events.table_arn}/index/{records.EVENTS_BY_START}"])
        self._tables.commands.grant(part.function, "dynamodb:GetItem")
        asked = (self._dispatch, self._issue, self._settle)
        part.allow("lambda:InvokeFunction", on=[each.function.function_arn for each in asked])
        return part

    @property
    def _feed_timeout_s(self) -> int:
        """Of a function that a queue feeds: never longer than the queue waits for it."""
        return min(15, self._stage.visibility_s)

    def _store_telemetry(self) -> Slice:
        part = self._slice(
            "store_telemetry",
            "Stores what VENs measure",
            timeout_s=self._feed_timeout_s,
            TELEMETRY_TABLE=self._tables.telemetry.table_name,
            RETENTION_DAYS=str(self._stage.retention_days),
        )
        self._tables.telemetry.grant(part.function, "dynamodb:BatchWriteItem", "dynamodb:UpdateItem")
        self._feed(part, self._telemetry.queue)
        return part

    def _record_vens(self) -> Slice:
        part = self._slice(
            "record_vens",
            "Records who is online, who answered and what they offer",
            timeout_s=self._feed_timeout_s,
            VENS_TABLE=self._tables.vens.table_name,
            EVENTS_TABLE=self._tables.events.table_name,
            COMMANDS_TABLE=self._tables.commands.table_name,
            RETENTION_DAYS=str(self._stage.retention_days),
        )
        self._tables.vens.grant(part.function, "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
        self._let_use_events(part, "dynamodb:UpdateItem")
        self._tables.commands.grant(part.function, "dynamodb:UpdateItem")
        self._feed(part, self._ven_news.queue)
        return part

    @staticmethod
    def _feed(
        part: Slice, queue: sqs.Queue, *, batch_size: int = 10, max_concurrency: int | None = None
    ) -> None:
        # Not SqsEventSource: its logical id has the stack's name in it, and would differ from stage to stage.
        part.function.add_event_source_mapping(
            "Feed",
            event_source_arn=queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
        queue.grant_consume_messages(part.function)

    def _add_vens(self) -> None:
        trust_root = CfnParameter(
            self,
            TRUST_ROOT_PARAMETER,
            default="",
            description="CA that VENs trust, PEM; empty for the Amazon root CAs",
        )
        vens = Construct(self, "Vens")
        for ven_id in self._stage.vens:
            Ven(
                vens,
                ven_id,
                stage=self._stage,
                policy=self._policy,
                provision=self._provision.function,
                trust_root_pem=trust_root.value_as_string,
            )
        Claims(
            self,
            stage=self._stage,
            policy=self._policy,
            admit=self._admit,
            provision=self._provision.function,
            trust_root_pem=trust_root.value_as_string,
        )

    def _functions(self) -> dict[str, lambda_.Function]:
        return {
            "RotateVen": self._rotate.function,
            "AdmitVen": self._admit.function,
            "IssueCommand": self._issue.function,
            "DispatchEvent": self._dispatch.function,
            "SettleEvent": self._settle.function,
            "StoreTelemetry": self._store.function,
            "RecordVens": self._record.function,
            "WriteShadows": self._write.function,
            "WatchFleet": self._fleet.function,
            "Api": self._api.function,
        }

    def _watch(self) -> None:
        Monitoring(
            self,
            stage=self._stage,
            functions=self._functions(),
            api=self._gateway.api,
            inlets={
                "Telemetry": self._telemetry.queue,
                "VenNews": self._ven_news.queue,
                "ShadowChunks": self._shadow_chunks.queue,
            },
            dead={
                "Telemetry": self._telemetry.dead,
                "VenNews": self._ven_news.dead,
                "ShadowChunks": self._shadow_chunks.dead,
                "RuleErrors": self._rule_errors,
                "FailedStarts": self._failed_starts,
            },
        )

    def _publish_outputs(self) -> None:
        values = {
            Output.TELEMETRY_TABLE: self._tables.telemetry.table_name,
            Output.VENS_TABLE: self._tables.vens.table_name,
            Output.EVENTS_TABLE: self._tables.events.table_name,
            Output.COMMANDS_TABLE: self._tables.commands.table_name,
            Output.ALLOWED_VENS: self._allowed.table.table_name,
            Output.ROTATE_VEN: self._rotate.function.function_name,
            Output.ISSUE_COMMAND: self._issue.function.function_name,
            Output.DISPATCH_EVENT: self._dispatch.function.function_name,
            Output.SETTLE_EVENT: self._settle.function.function_name,
            Output.API_URL: self._gateway.url,
            Output.DEAD_LETTERS: queues_output(
                {
                    Source.TELEMETRY: self._telemetry.dead.queue_url,
                    Source.VENS: self._ven_news.dead.queue_url,
                    Source.SHADOWS: self._shadow_chunks.dead.queue_url,
                    Beyond.RULE_ERRORS: self._rule_errors.queue_url,
                    Beyond.FAILED_STARTS: self._failed_starts.queue_url,
                }
            ),
            Output.INLETS: queues_output(
                {
                    Source.TELEMETRY: self._telemetry.queue.queue_url,
                    Source.VENS: self._ven_news.queue.queue_url,
                    Source.SHADOWS: self._shadow_chunks.queue.queue_url,
                }
            ),
        }
        for output, value in values.items():
            CfnOutput(self, output.value, value=value)
