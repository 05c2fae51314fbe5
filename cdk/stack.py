"""The stack: every part of the cloud side and how they are joined."""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnParameter, Stack, StackSynthesizer
from constructs import Construct

from cdk.api import HttpApi
from cdk.bundle import Bundle
from cdk.claims import Claims
from cdk.functions import events, operators, telemetry, vens
from cdk.lambda_function import LambdaFunction
from cdk.monitoring import Monitoring
from cdk.rotation import RotationSchedule
from cdk.rules import Rules
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources, shared_resources
from cdk.stage import Stage
from cdk.ven import VenThing
from contracts.store.dead_letters import DeadLetterSource, Unreadable, queues_output
from contracts.store.stack import StackOutput, stack_name

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
        parts = self._parts = shared_resources(self, stage, code)
        self._slices: dict[str, LambdaFunction] = {}
        provision = vens.provision_ven(parts)
        rotate = self._keep("RotateVen", vens.rotate_ven(parts))
        admit = self._keep("AdmitVen", vens.admit_ven(parts))
        issue = self._keep("IssueCommand", operators.issue_command(parts))
        settle = self._keep("SettleEvent", events.settle_event(parts))
        schedules = Schedules(self, stage_name=stage.name, starts=settle.function, failed=parts.failed_starts)
        dispatch = self._keep("DispatchEvent", events.dispatch_event(parts, settle, schedules))
        self._keep("WriteShadows", events.write_shadows(parts))
        self._keep("StoreTelemetry", telemetry.store_telemetry(parts))
        self._keep("RecordVens", telemetry.record_vens(parts))
        self._keep("WatchFleet", telemetry.watch_fleet(parts, schedules))
        api = self._keep("Api", operators.http_api(parts, dispatch=dispatch, issue=issue, settle=settle))
        gateway = HttpApi(self, stage=stage, function=api.function)
        self._add_vens(provision, admit)
        RotationSchedule(self, stage=stage, rotates=rotate, failed=parts.failed_starts)
        Rules(
            self,
            stage_name=stage.name,
            telemetry=parts.telemetry.queue,
            vens=parts.ven_news.queue,
            errors=parts.rule_errors,
        )
        self._watch(gateway)
        for output, value in _outputs(parts, self._slices, gateway).items():
            CfnOutput(self, output.value, value=value)

    def _keep(self, name: str, part: LambdaFunction) -> LambdaFunction:
        """Note a function by the name that its alarms have. Those of `provision_ven` are CloudFormation's."""
        self._slices[name] = part
        return part

    def _add_vens(self, provision: LambdaFunction, admit: LambdaFunction) -> None:
        trust_root = CfnParameter(
            self,
            TRUST_ROOT_PARAMETER,
            default="",
            description="CA that VENs trust, PEM; empty for the Amazon root CAs",
        )
        stage, policy = self._parts.stage, self._parts.policy
        scope = Construct(self, "Vens")
        for ven_id in stage.vens:
            VenThing(
                scope,
                ven_id,
                stage=stage,
                policy=policy,
                provision=provision.function,
                trust_root_pem=trust_root.value_as_string,
            )
        Claims(
            self,
            stage=stage,
            policy=policy,
            admit=admit,
            provision=provision.function,
            trust_root_pem=trust_root.value_as_string,
        )

    def _watch(self, gateway: HttpApi) -> None:
        parts = self._parts
        Monitoring(
            self,
            stage=parts.stage,
            functions={name: part.function for name, part in self._slices.items()},
            api=gateway.api,
            inlets={
                "Telemetry": parts.telemetry.queue,
                "VenNews": parts.ven_news.queue,
                "ShadowChunks": parts.shadow_chunks.queue,
            },
            dead={
                "Telemetry": parts.telemetry.dead,
                "VenNews": parts.ven_news.dead,
                "ShadowChunks": parts.shadow_chunks.dead,
                "RuleErrors": parts.rule_errors,
                "FailedStarts": parts.failed_starts,
            },
        )


def _outputs(
    parts: SharedResources, slices: dict[str, LambdaFunction], gateway: HttpApi
) -> dict[StackOutput, str]:
    """By which the CLI finds its parts. None of them is a secret."""
    tables = parts.tables
    return {
        StackOutput.TELEMETRY_TABLE: tables.telemetry.table_name,
        StackOutput.VENS_TABLE: tables.vens.table_name,
        StackOutput.EVENTS_TABLE: tables.events.table_name,
        StackOutput.COMMANDS_TABLE: tables.commands.table_name,
        StackOutput.ALLOWED_VENS: parts.allowed.table.table_name,
        StackOutput.ROTATE_VEN: slices["RotateVen"].function.function_name,
        StackOutput.ISSUE_COMMAND: slices["IssueCommand"].function.function_name,
        StackOutput.DISPATCH_EVENT: slices["DispatchEvent"].function.function_name,
        StackOutput.SETTLE_EVENT: slices["SettleEvent"].function.function_name,
        StackOutput.API_URL: gateway.url,
        StackOutput.DEAD_LETTERS: queues_output(
            {
                DeadLetterSource.TELEMETRY: parts.telemetry.dead.queue_url,
                DeadLetterSource.VENS: parts.ven_news.dead.queue_url,
                DeadLetterSource.SHADOWS: parts.shadow_chunks.dead.queue_url,
                Unreadable.RULE_ERRORS: parts.rule_errors.queue_url,
                Unreadable.FAILED_STARTS: parts.failed_starts.queue_url,
            }
        ),
        StackOutput.INLETS: queues_output(
            {
                DeadLetterSource.TELEMETRY: parts.telemetry.queue.queue_url,
                DeadLetterSource.VENS: parts.ven_news.queue.queue_url,
                DeadLetterSource.SHADOWS: parts.shadow_chunks.queue.queue_url,
            }
        ),
    }
