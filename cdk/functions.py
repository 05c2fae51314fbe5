"""The functions of the stack, each with its environment and its rights.

Memory is chosen by the CPU of a function's worst load, which docs/reference/functions.md has as measured.
"""

from __future__ import annotations

import json

from aws_cdk import Duration

from cdk.lambda_function import FULL_PROCESSOR_MB, LambdaFunction
from cdk.schedules import FleetWatch, Schedules
from cdk.shadow_map import ShadowMap
from cdk.shadow_pace import SHADOW_WRITERS
from cdk.shared_resources import SharedResources, on_things
from cdk.ven import ANSWER_WITHIN
from contracts.store.stack import claim_secret_name

CERTIFICATE_ACTIONS = (
    "iot:AttachPolicy",
    "iot:DetachPolicy",
    "iot:DescribeCertificate",
    "iot:UpdateCertificate",
    "iot:DeleteCertificate",
)
THING_ACTIONS = ("iot:AttachThingPrincipal", "iot:DetachThingPrincipal")


def provision_ven(resources: SharedResources) -> LambdaFunction:
    """Custom resource: a VEN's certificate and key into Secrets Manager."""
    provision = resources.function(
        "provision_ven",
        "Custom resource: a VEN's certificate and key into Secrets Manager",
        {
            "vens": "GetItem Scan UpdateItem DeleteItem",
            "allowed": "UpdateItem DeleteItem",
            "events": "GetItem PutItem UpdateItem",  # groups and programs of the context
        },
        timeout_s=600,  # twice as long as AWS IoT may keep a policy that was detached
    )
    _let_make_certificates(provision, resources)
    policies = ("ListTargetsForPolicy", "ListPolicyVersions", "DeletePolicyVersion", "DeletePolicy")
    provision.allow(
        *(f"iot:{action}" for action in policies),
        on=resources.iot_arns(
            *(f"policy/ven-twin-{resources.stage.name}-{whose}" for whose in ("claim", "ven"))
        ),
    )
    provision.allow("cloudformation:DescribeStacks", on=[resources.stack.stack_id])
    provision.allow("iot:ListThingPrincipals", on=resources.things())
    # By pattern and not by name: a VEN is taken away after the policy has forgotten its name, and
    # eighty names would not fit into one.
    provision.allow(
        "secretsmanager:PutSecretValue",
        "secretsmanager:GetSecretValue",
        on=[resources.tls_secrets(), resources.secrets(claim_secret_name(resources.stage.name))],
    )
    # CloudFormation starts it without waiting, and hears nothing of a start that fails.
    provision.retry(2, within=ANSWER_WITHIN, dead=resources.failed_starts)
    return provision


def rotate_ven(resources: SharedResources) -> LambdaFunction:
    """Gives a VEN that runs another certificate, and takes the old one away."""
    rotate = resources.function(
        "rotate_ven",
        "Gives a VEN that runs another certificate, and takes the old one away",
        {"vens": "GetItem Scan UpdateItem DeleteItem", "allowed": "Scan UpdateItem DeleteItem"},
        timeout_s=300,
        STAGE=resources.stage.name,
        VEN_POLICY=resources.policy.name,
        ROTATE_DAYS=str(resources.stage.rotate_days),
    )
    _let_make_certificates(rotate, resources)
    things = ("ListThingPrincipals", "GetThingShadow", "UpdateThingShadow", "DeleteThing")
    rotate.allow(*(f"iot:{action}" for action in things), on=resources.things())
    rotate.allow("iot:ListCertificates", on=["*"])  # knows no resource type
    rotate.allow("iot:DeleteConnection", on=resources.iot_arns(f"client/{resources.stage.ven_id_pattern}"))
    rotate.allow(
        "secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue", on=[resources.tls_secrets()]
    )
    claim = resources.secrets(claim_secret_name(resources.stage.name))
    rotate.allow("secretsmanager:GetSecretValue", on=[claim])  # a claim's certificate may be a leftover
    # Not repeated: the sweep of the next hour does what this one would have.
    rotate.retry(0, within=Duration.hours(1), dead=resources.failed_starts)
    return rotate


def _let_make_certificates(function: LambdaFunction, resources: SharedResources) -> None:
    """Let *function* make certificates, and attach, detach and delete them."""
    # Both know no resource type, by the Service Authorization Reference: an ARN would allow nothing.
    function.allow("iot:CreateCertificateFromCsr", "iot:ListAttachedPolicies", on=["*"])
    function.allow(*CERTIFICATE_ACTIONS, on=resources.iot_arns("cert/*"))
    function.allow(*THING_ACTIONS, on=resources.iot_arns("cert/*"), only_if=on_things(resources.things()))


def admit_ven(resources: SharedResources) -> LambdaFunction:
    """Admits VENs that are provisioned by claim."""
    admit = resources.function(
        "admit_ven",
        "Says which VENs may be provisioned by claim",
        {"vens": "GetItem UpdateItem", "allowed": "GetItem UpdateItem"},
        timeout_s=5,  # IoT Core waits no longer
        VEN_ID_PATTERN=resources.stage.ven_id_pattern,
        # IoT Core's five seconds are for a cold start too, which takes 0.7 s of CPU and more off the disk.
        memory_mb=1024,
    )
    admit.allow("iot:ListThingPrincipals", on=resources.things())
    admit.allow("iot:ListAttachedPolicies", on=["*"])  # knows no resource type
    return admit


def issue_command(resources: SharedResources) -> LambdaFunction:
    """Sends one operation to one VEN."""
    issue = resources.function(
        "issue_command",
        "Sends one operation to one VEN",
        {"vens": "GetItem UpdateItem", "commands": "GetItem PutItem"},
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    issue.allow("iot:Publish", on=resources.command_topics())
    return issue


def settle_event(resources: SharedResources) -> LambdaFunction:
    """Settles an event: the kW and kWh that it delivered."""
    settle = resources.function(
        "settle_event",
        "Works out what an event delivered",
        {
            "telemetry": "Query BatchWriteItem",
            "vens": "BatchGetItem GetItem UpdateItem",
            "events": "BatchGetItem GetItem PutItem UpdateItem Query",
        },
        timeout_s=120,
        # Most of it is work of this function's own, a first settlement's above all, and somebody may wait for
        # it. A larger share costs as much for the same work.
        memory_mb=FULL_PROCESSOR_MB,
        TIME_ZONE=resources.stage.time_zone,
        HOLIDAYS=resources.stage.holidays,
        WEATHER=json.dumps(dict(resources.stage.weather)),
        NOTIFICATIONS_TOPIC=resources.notifications_setting,
    )
    settle.allow("sns:Publish", on=[resources.notifications.topic_arn])
    settle.allow("iot:UpdateThingShadow", on=resources.things())
    settle.retry(2, within=Duration.hours(6), dead=resources.failed_starts)
    return settle


def dispatch_event(
    resources: SharedResources, settle: LambdaFunction, schedules: Schedules, shadow_map: ShadowMap
) -> LambdaFunction:
    """Creates, revises and cancels DR events and writes them to the VENs' shadows."""
    dispatch = resources.function(
        "dispatch_event",
        "Creates, revises and cancels DR events and writes them to the VENs' shadows",
        {
            "vens": "BatchGetItem Scan",
            "telemetry": "BatchGetItem Query",
            "events": "GetItem PutItem UpdateItem Query",
        },
        timeout_s=120,
        # It reads and plans the whole fleet, 10,000 VENs once a minute of an event, and holds all of it.
        memory_mb=1024,
        RETENTION_DAYS=str(resources.stage.retention_days),
        SETTLE_FUNCTION_ARN=settle.function.function_arn,
        SETTLE_DELAY_S=str(resources.stage.settle_delay_s),
        REDISPATCH_MIN=str(resources.stage.redispatch_min),
        SCHEDULER_ROLE_ARN=schedules.role.role_arn,
        SCHEDULE_GROUP=schedules.group.schedule_group_name,
        SCHEDULE_DLQ_ARN=resources.failed_starts.queue_arn,
        SHADOW_QUEUE_URL=resources.shadow_chunks.queue.queue_url,
        SHADOW_MAP_ARN=shadow_map.arn,
        MAP_ABOVE_VENS=str(resources.stage.map_above_vens),
        NOTIFICATIONS_TOPIC=resources.notifications_setting,
        ORDERS_QUEUE="off",  # the VTN, where there is one, has its own
    )
    dispatch.allow("sns:Publish", on=[resources.notifications.topic_arn])
    dispatch.allow("iot:UpdateThingShadow", on=resources.things())
    # No group that an event to come needs is deleted.
    dispatch.allow("dynamodb:Query", on=[resources.events_by_start()])
    dispatch.allow("states:StartExecution", on=[shadow_map.arn])
    dispatch.allow("sqs:SendMessage", on=[resources.shadow_chunks.queue.queue_arn])
    _let_schedule(dispatch, resources, schedules)
    # Not repeated: the schedule's next run does what this one would have.
    dispatch.retry(0, within=Duration.minutes(1), dead=resources.failed_starts)
    return dispatch


def _let_schedule(dispatch: LambdaFunction, resources: SharedResources, schedules: Schedules) -> None:
    """Let `dispatch_event` make the schedules that start `settle_event` and itself."""
    schedule = resources.stack.format_arn(
        service="scheduler", resource="schedule", resource_name=f"ven-twin-{resources.stage.name}/*"
    )
    actions = ("CreateSchedule", "UpdateSchedule", "DeleteSchedule")
    dispatch.allow(*(f"scheduler:{action}" for action in actions), on=[schedule])
    schedules.role.grant_pass_role(dispatch.function.grant_principal)
    dispatch.function.grant_invoke(schedules.role)


def write_shadows(resources: SharedResources) -> LambdaFunction:
    """Writes events into the shadows of many VENs, at a pace that AWS IoT takes."""
    write = resources.function(
        "write_shadows",
        "Writes events into the shadows of many VENs, at a pace that AWS IoT takes",
        {"events": "GetItem UpdateItem Query"},
        timeout_s=resources.feed_timeout_s,
        memory_mb=1024,  # 200 signed calls a message, a hundred in a second
        SHADOW_WRITES_PER_S=str(resources.stage.shadow_writes_per_s),
    )
    write.allow("iot:UpdateThingShadow", on=resources.things())
    write.feed(resources.shadow_chunks.queue, batch_size=1, max_concurrency=SHADOW_WRITERS)
    return write


def store_telemetry(resources: SharedResources) -> LambdaFunction:
    """Stores the VENs' telemetry."""
    store = resources.function(
        "store_telemetry",
        "Stores what VENs measure",
        {"telemetry": "BatchWriteItem UpdateItem", "vens": "BatchGetItem UpdateItem"},
        timeout_s=resources.feed_timeout_s,
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    store.feed(resources.telemetry.queue, window_s=resources.stage.telemetry_window_s)
    return store


def record_vens(resources: SharedResources) -> LambdaFunction:
    """Records the VENs' presence, acks and reported state."""
    record = resources.function(
        "record_vens",
        "Records who is online, who answered and what they offer",
        {"vens": "BatchGetItem UpdateItem", "events": "GetItem Query UpdateItem", "commands": "UpdateItem"},
        timeout_s=resources.feed_timeout_s,
        memory_mb=512,  # ten acks of 128 KB cost a second of CPU: half of the timeout with 256 MB
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    record.feed(resources.ven_news.queue)
    return record


def watch_fleet(resources: SharedResources, schedules: Schedules) -> LambdaFunction:
    """Puts out the fleet's figures, for the dashboard and the alarm on silent VENs."""
    watch = resources.function(
        "watch_fleet",
        "Says how the fleet stands, for the dashboard and the alarm on silent VENs",
        {"vens": "Scan", "telemetry": "BatchGetItem UpdateItem", "events": "GetItem Query"},
        timeout_s=60,
        memory_mb=1024,  # it reads what `dispatch_event` reads of the fleet
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    # Not repeated: the next look comes in five minutes.
    watch.retry(0, within=Duration.minutes(5), dead=resources.failed_starts)
    FleetWatch(resources.stack, starts=watch.function, schedules=schedules, failed=resources.failed_starts)
    return watch


def http_api(resources: SharedResources, *invoked: LambdaFunction) -> LambdaFunction:
    """Answers the HTTP API. It reads; *invoked*, which hold the rights, do whatever changes something."""
    dispatch, issue, settle = invoked
    api = resources.function(
        "api",
        "Answers the HTTP API",
        {
            "vens": "GetItem Scan BatchGetItem",
            "telemetry": "GetItem Query BatchGetItem",
            "events": "GetItem Query",
            "commands": "GetItem",
        },
        timeout_s=29,  # API Gateway waits no longer than 30 s
        memory_mb=1024,  # a person waits, also for a page of the fleet
        DISPATCH_FUNCTION=dispatch.function.function_name,
        ISSUE_FUNCTION=issue.function.function_name,
        SETTLE_FUNCTION=settle.function.function_name,
    )
    api.allow("dynamodb:Query", on=[resources.events_by_start()])
    api.allow("lambda:InvokeFunction", on=[function.function.function_arn for function in invoked])
    return api
