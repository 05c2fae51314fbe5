"""The stack: every construct of the cloud side, and how they are joined."""

from __future__ import annotations

from aws_cdk import Annotations, CfnOutput, CfnParameter, Stack, StackSynthesizer
from constructs import Construct

from cdk import functions
from cdk.api import HttpApi
from cdk.bundle import Bundle
from cdk.claims import Claims
from cdk.gateway import Gateway
from cdk.lambda_function import LambdaFunction
from cdk.monitoring import Monitoring
from cdk.rules import Rules
from cdk.schedules import RotationSchedule, Schedules
from cdk.shadow_map import ShadowMap
from cdk.shared_resources import SharedResources, shared_resources
from cdk.stage import Stage
from cdk.ven import VenThing, definitions, free_ids, policy_removal
from cdk.vtn import Vtn
from contracts.store.dead_letters import DeadLetterSource, FailureSource, queues_output
from contracts.store.stack import StackOutput, stack_name
from contracts.wire.topics import rules_name

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
        if stage.wide_rights is not None:
            Annotations.of(self).add_info(stage.wide_rights)
        resources = self._resources = shared_resources(self, stage, code)
        self._functions: dict[str, LambdaFunction] = {}
        provision = functions.provision_ven(resources)
        rotate = self._add("RotateVen", functions.rotate_ven(resources))
        admit = self._add("AdmitVen", functions.admit_ven(resources))
        issue = self._add("IssueCommand", functions.issue_command(resources))
        settle = self._add("SettleEvent", functions.settle_event(resources))
        schedules = Schedules(
            self, stage_name=stage.name, starts=settle.function, failed=resources.failed_starts
        )
        write = self._add("WriteShadows", functions.write_shadows(resources))
        shadow_map = ShadowMap(self, stage=stage, write=write, queue=resources.shadow_chunks.queue)
        dispatch = self._add(
            "DispatchEvent", functions.dispatch_event(resources, settle, schedules, shadow_map)
        )
        # The programs that an event names are there before the function that reads them is another.
        dispatch.function.node.add_dependency(definitions(self, stage, provision=provision.function))
        self._add("StoreTelemetry", functions.store_telemetry(resources))
        self._add("RecordVens", functions.record_vens(resources))
        self._add("WatchFleet", functions.watch_fleet(resources, schedules))
        api = self._add("Api", functions.http_api(resources, dispatch, issue, settle))
        gateway = HttpApi(self, stage=stage, function=api.function)
        vtn = self._add_vtn(dispatch, schedules) if stage.openadr else None
        self._add_vens(provision, admit)
        RotationSchedule(self, stage=stage, rotates=rotate, failed=resources.failed_starts)
        Rules(
            self,
            stage=stage,
            telemetry=resources.telemetry.queue,
            vens=resources.ven_news.queue,
            errors=resources.rule_errors,
        )
        self._watch(gateway, vtn, shadow_map)
        outputs = _outputs(resources, self._functions, gateway, vtn)
        outputs |= {} if vtn is None else vtn.outputs()
        for output, value in outputs.items():
            CfnOutput(self, output.value, value=value)

    def _add(self, name: str, function: LambdaFunction) -> LambdaFunction:
        """Note a function by the name that its alarms have. Those of `provision_ven` are CloudFormation's."""
        self._functions[name] = function
        return function

    def _add_vtn(self, dispatch: LambdaFunction, schedules: Schedules) -> Vtn:
        vtn = Vtn(self, self._resources, dispatch=dispatch, schedules=schedules)
        for name, function in vtn.functions.items():
            self._add(name, function)
        return vtn

    def _add_vens(self, provision: LambdaFunction, admit: LambdaFunction) -> None:
        trust_root = CfnParameter(
            self,
            TRUST_ROOT_PARAMETER,
            default="",
            description="CA that VENs trust, PEM; empty for the Amazon root CAs",
        )
        stage, policy = self._resources.stage, self._resources.policy
        policy_removal(policy, policy.policy, provision=provision.function)
        scope = Construct(self, "Vens")
        # Not in the scope of the VENs, one of which may have its name.
        free = free_ids(self, stage, provision=provision.function)
        for ven_id in stage.vens:
            VenThing(
                scope,
                ven_id,
                stage=stage,
                policy=policy,
                provision=provision.function,
                trust_root_pem=trust_root.value_as_string,
                free=free,
            )
        Claims(
            self,
            stage=stage,
            policy=policy,
            admit=admit,
            provision=provision.function,
            trust_root_pem=trust_root.value_as_string,
        )

    def _watch(self, gateway: Gateway, vtn: Vtn | None, shadow_map: ShadowMap) -> None:
        resources = self._resources
        gateways = {"Api": gateway} | ({} if vtn is None else {"Vtn": vtn.gateway})
        vtn_inlets = {} if vtn is None else vtn.inlets()
        Monitoring(
            self,
            stage=resources.stage,
            functions={name: function.function for name, function in self._functions.items()},
            apis={name: gateway.api for name, gateway in gateways.items()},
            inlets={
                "Telemetry": resources.telemetry.queue,
                "VenNews": resources.ven_news.queue,
                "ShadowChunks": resources.shadow_chunks.queue,
                # Not those of deliveries: one that waits to be tried again is old by intent.
                **(
                    {}
                    if vtn is None
                    else {
                        "VtnChanges": vtn.notifications.changes.queue,
                        "VtnOrders": vtn.dispatch.orders.queue,
                    }
                ),
            },
            dead={
                "Telemetry": resources.telemetry.dead,
                "VenNews": resources.ven_news.dead,
                "ShadowChunks": resources.shadow_chunks.dead,
                "RuleErrors": resources.rule_errors,
                "FailedStarts": resources.failed_starts,
                **{f"Vtn{name.capitalize()}": inlet.dead for name, inlet in vtn_inlets.items()},
            },
            topic=resources.notifications,
            shadow_map=shadow_map.arn,
        )


def _outputs(
    resources: SharedResources, functions: dict[str, LambdaFunction], gateway: HttpApi, vtn: Vtn | None
) -> dict[StackOutput, str]:
    """The names by which the CLI finds the stack's resources. None of them is a secret."""
    tables = resources.tables
    inlets = {
        DeadLetterSource.TELEMETRY: resources.telemetry,
        DeadLetterSource.VENS: resources.ven_news,
        DeadLetterSource.SHADOWS: resources.shadow_chunks,
        **({} if vtn is None else vtn.inlets()),
    }
    return {
        StackOutput.TELEMETRY_TABLE: tables.telemetry.table_name,
        StackOutput.VENS_TABLE: tables.vens.table_name,
        StackOutput.EVENTS_TABLE: tables.events.table_name,
        StackOutput.COMMANDS_TABLE: tables.commands.table_name,
        StackOutput.ALLOWED_VENS: resources.tables.allowed.table_name,
        StackOutput.VEN_ID_PATTERN: resources.stage.ven_id_pattern,
        StackOutput.ROTATE_VEN: functions["RotateVen"].function.function_name,
        StackOutput.ISSUE_COMMAND: functions["IssueCommand"].function.function_name,
        StackOutput.DISPATCH_EVENT: functions["DispatchEvent"].function.function_name,
        StackOutput.SETTLE_EVENT: functions["SettleEvent"].function.function_name,
        StackOutput.API_URL: gateway.url,
        StackOutput.NOTIFICATIONS: resources.notifications.topic_arn,
        StackOutput.INGEST_RULES: rules_name(resources.stage.name),
        StackOutput.DEAD_LETTERS: queues_output(
            {
                **{source.value: inlet.dead.queue_url for source, inlet in inlets.items()},
                FailureSource.RULE_ERRORS: resources.rule_errors.queue_url,
                FailureSource.FAILED_STARTS: resources.failed_starts.queue_url,
            }
        ),
        StackOutput.INLETS: queues_output(
            {source.value: inlet.queue.queue_url for source, inlet in inlets.items()}
        ),
    }
