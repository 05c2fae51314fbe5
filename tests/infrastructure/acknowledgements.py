"""Findings of the rule packs (cdk-nag) that stand, each with its reason; the gate fails on any other.

An entry that no finding answers to any more is stale, and the gate fails on that too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct

from cdk.stage import PYTHONS, Stage
from contracts.openadr.notifiers import topic_root
from contracts.store.stack import claim_secret_name, tls_secret_name
from contracts.wire.topics import Topics

FUNCTIONS = (
    "ProvisionVen",
    "RotateVen",
    "AdmitVen",
    "IssueCommand",
    "DispatchEvent",
    "SettleEvent",
    "StoreTelemetry",
    "RecordVens",
    "WriteShadows",
    "WatchFleet",
    "Api",
    "VtnToken",
    "VtnClients",
    "Vtn",
    "VtnDispatch",
    "VtnNotify",
    "VtnDeliver",
    "VtnAuthorizer",
)
DEAD_LETTER_QUEUES = (
    "TelemetryInlet/DeadLetters",
    "VenInlet/DeadLetters",
    "ShadowInlet/DeadLetters",
    "OpenAdr/Dispatch/Orders/DeadLetters",
    "OpenAdr/Notifications/Changes/DeadLetters",
    "OpenAdr/Notifications/Deliveries/DeadLetters",
    "RuleErrors",
    "FailedStarts",
)

NO_TRACING = "X-Ray's tracer costs more at cold start than the rest of a function together."
HISTORY = (
    "Step Functions keeps each execution's history for 90 days by itself; the functions log what they do."
)
LAST_STOP = (
    "A dead-letter queue itself: what lands here is kept 14 days, raises an alarm and is redriven by hand."
)
NOT_SEEN = (
    "The rule sees queues as dead letters of queues only; rules, schedules and functions send to this one."
)
FED_BY_QUEUE = "SQS feeds it: a message that fails to the end goes to the dead letters of its queue."
ON_THE_QUEUE = "For SQS the destination of failures is the queue's own redrive policy, which it has."
INVOKED = (
    "Its caller waits for the answer, so a failure is the caller's to see; nothing is invoked asynchronously."
)
COMPILED = "The runtime is the Python that synthesizes, which alone can compile the bundle."
HAS_DESTINATION = (
    "Failures go to FailedStarts by the on-failure destination, which the rule does not look at."
)
ANY_THING = (
    "VENs come by claim, unknown at synthesis: their ids have the stage's prefix in common, or nothing."
)
ANY_CERTIFICATE = "A certificate's id is made by AWS IoT when it is created, so no ARN is known before."
NO_RESOURCE = "CreateCertificateFromCsr knows no narrower resource; what it makes is made new."
ROTATION = (
    "rotate_ven replaces it, by -c rotate_days= on a timer; not by the secret's own rotation, which knows of"
    " no VEN that has to change over before the old certificate goes."
)
CLAIM_ROTATION = "Devices carry it from the factory; a new one is asked for (-c rotation=…), not on a timer."

STARTED = "The versions of a function that schedules start; there is no other way to name them."


TOKENS_INSTEAD = (
    "OpenADR's clients have bearer tokens of OAuth 2, which the functions check; a token's own route is open."
)


class Finding(NamedTuple):
    """A finding that stands: where (below the stack), which rule, why."""

    path: str
    rule: str
    reason: str


def acknowledge(stack: Stack, stage: Stage) -> None:
    """Tell the rule packs which findings stand."""
    for finding in findings(stack, stage):
        construct: IConstruct = stack
        for name in finding.path.split("/"):
            construct = construct.node.find_child(name)
        Validations.of(construct).acknowledge(Acknowledgment(id=finding.rule, reason=finding.reason))


def findings(stack: Stack, stage: Stage) -> Iterator[Finding]:
    """Every finding that stands in *stack*."""
    for name in FUNCTIONS:
        yield Finding(f"{name}/Function", "Serverless::Serverless-LambdaTracing", NO_TRACING)
        if stage.python != PYTHONS[-1]:
            for rule in ("Serverless::Serverless-LambdaLatestVersion", "AwsSolutions::AwsSolutions-L1"):
                yield Finding(f"{name}/Function", rule, COMPILED)
    yield from _failures()
    yield from _wildcards(stack, stage)
    for route in ("IssueToken", "PublishKeys", "AnythingElse"):
        yield Finding(f"OpenAdr/HttpApi/{route}", "AwsSolutions::AwsSolutions-APIG4", TOKENS_INSTEAD)
    for ven_id in stage.vens:
        yield Finding(f"Vens/{ven_id}/Tls", "AwsSolutions::AwsSolutions-SMG4", ROTATION)
    yield Finding("Claims/Tls", "AwsSolutions::AwsSolutions-SMG4", CLAIM_ROTATION)


def _failures() -> Iterator[Finding]:
    no_queue = "Serverless::Serverless-LambdaDLQ"
    for name, reason in (
        ("ProvisionVen", HAS_DESTINATION),
        ("RotateVen", HAS_DESTINATION),
        ("AdmitVen", INVOKED),
        ("IssueCommand", INVOKED),
        ("DispatchEvent", HAS_DESTINATION),
        ("SettleEvent", HAS_DESTINATION),
        ("StoreTelemetry", FED_BY_QUEUE),
        ("RecordVens", FED_BY_QUEUE),
        ("WriteShadows", FED_BY_QUEUE),
        ("VtnDispatch", HAS_DESTINATION),
        ("VtnNotify", FED_BY_QUEUE),
        ("VtnDeliver", FED_BY_QUEUE),
        ("WatchFleet", HAS_DESTINATION),
        ("Api", INVOKED),
        ("VtnToken", INVOKED),
        ("VtnClients", INVOKED),
        ("Vtn", INVOKED),
        ("VtnAuthorizer", INVOKED),
    ):
        yield Finding(f"{name}/Function", no_queue, reason)
    for name in ("StoreTelemetry", "RecordVens", "WriteShadows", "VtnNotify", "VtnDeliver", "VtnDispatch"):
        rule = "Serverless::Serverless-LambdaEventSourceMappingDestination"
        yield Finding(f"{name}/Function", rule, ON_THE_QUEUE)
    for name in DEAD_LETTER_QUEUES:
        yield Finding(name, "Serverless::Serverless-SQSRedrivePolicy", LAST_STOP)
    for rule, reason in (
        ("AwsSolutions::AwsSolutions-SF1", HISTORY),
        ("AwsSolutions::AwsSolutions-SF2", NO_TRACING),
        ("Serverless::Serverless-StepFunctionStateMachineXray", NO_TRACING),
    ):
        yield Finding("ShadowMap/Machine", rule, reason)
    for name in ("RuleErrors", "FailedStarts"):
        yield Finding(name, "AwsSolutions::AwsSolutions-SQS3", NOT_SEEN)


def _wildcards(stack: Stack, stage: Stage) -> Iterator[Finding]:
    claim = _arn("secretsmanager", f"secret:{claim_secret_name(stage.name)}-*")
    secrets = _arn("secretsmanager", f"secret:{tls_secret_name(stage.name, stage.ven_id_pattern)}-*")
    things = _arn("iot", f"thing/{stage.ven_id_pattern}")
    clients = _arn("iot", f"client/{stage.ven_id_pattern}")
    commands = _arn("iot", f"topic/{Topics(stage.ven_id_pattern).command}")
    schedules = _arn("scheduler", f"schedule/ven-twin-{stage.name}/*")
    for name, resource, reason in (
        ("ProvisionVen", "*", NO_RESOURCE),
        ("ProvisionVen", _arn("iot", "cert/*"), ANY_CERTIFICATE),
        ("ProvisionVen", things, ANY_THING),
        ("ProvisionVen", secrets, "The secrets of this stage's VENs; their ARNs end at random."),
        ("ProvisionVen", claim, "The claim's secret alone; its ARN ends at random."),
        ("RotateVen", "*", NO_RESOURCE),
        ("RotateVen", _arn("iot", "cert/*"), ANY_CERTIFICATE),
        ("RotateVen", things, ANY_THING),
        (
            "RotateVen",
            clients,
            ANY_THING,
        ),
        ("RotateVen", secrets, "The secrets of this stage's VENs; their ARNs end at random."),
        ("RotateVen", claim, "The claim's secret alone; its ARN ends at random."),
        ("AdmitVen", "*", NO_RESOURCE),
        ("AdmitVen", things, ANY_THING),
        ("Claims", things, ANY_THING),
        ("Claims", _arn("iot", "cert/*"), ANY_CERTIFICATE),
        (
            "IssueCommand",
            commands,
            ANY_THING,
        ),
        ("DispatchEvent", things, ANY_THING),
        ("DispatchEvent", schedules, "An event's schedules, in the group of this stage alone."),
        ("WriteShadows", things, ANY_THING),
        (
            "VtnNotify",
            _arn("iot", f"topic/{topic_root(stage.name)}/*"),
            "The stage's topics of OpenADR, each with an object's id in it.",
        ),
        ("SettleEvent", things, ANY_THING),
        ("Schedules", _versions(stack, "SettleEvent"), STARTED),
        ("Schedules", _versions(stack, "DispatchEvent"), STARTED),
        ("Schedules", _versions(stack, "WatchFleet"), STARTED),
        ("Schedules", _versions(stack, "VtnDispatch"), STARTED),
    ):
        yield Finding(
            f"{name}/Role/DefaultPolicy", f"AwsSolutions::AwsSolutions-IAM5[Resource::{resource}]", reason
        )


def _versions(stack: Stack, name: str) -> str:
    """All versions of a function, as the rule packs write them."""
    function = stack.node.find_child(name).node.find_child("Function").node.default_child
    return f"<{stack.get_logical_id(cast('CfnElement', function))}.Arn>:*"


def _arn(service: str, resource: str) -> str:
    """An ARN of this account as the rule packs write it."""
    return f"arn:<AWS::Partition>:{service}:<AWS::Region>:<AWS::AccountId>:{resource}"
