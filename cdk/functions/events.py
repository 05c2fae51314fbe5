"""The functions that make, correct and settle DR events."""

from __future__ import annotations

import json

from aws_cdk import Duration

from cdk.lambda_function import LambdaFunction
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources
from cdk.stage import SHADOW_WRITERS


def settle_event(resources: SharedResources) -> LambdaFunction:
    """Settles an event: the kW and kWh that it delivered."""
    settle = resources.function(
        "settle_event",
        "Works out what an event delivered",
        timeout_s=120,
        TELEMETRY_TABLE=resources.tables.telemetry.table_name,
        EVENTS_TABLE=resources.tables.events.table_name,
        VENS_TABLE=resources.tables.vens.table_name,
        PROGRAMS=json.dumps(dict(resources.stage.programs)),
    )
    settle.allow("iot:UpdateThingShadow", on=resources.iot_arns("thing/*"))
    resources.tables.telemetry.grant(settle.function, "dynamodb:Query", "dynamodb:BatchWriteItem")
    resources.tables.vens.grant(
        settle.function, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"
    )
    resources.grant_events(
        settle, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
    )
    settle.retry(2, within=Duration.hours(6), dead=resources.failed_starts)
    return settle


def dispatch_event(
    resources: SharedResources, settle: LambdaFunction, schedules: Schedules
) -> LambdaFunction:
    """Creates, revises and cancels DR events and writes them to the VENs' shadows."""
    group, role = schedules.group.schedule_group_name, schedules.role
    dispatch = resources.function(
        "dispatch_event",
        "Creates, revises and cancels DR events and writes them to the VENs' shadows",
        timeout_s=120,
        VENS_TABLE=resources.tables.vens.table_name,
        EVENTS_TABLE=resources.tables.events.table_name,
        TELEMETRY_TABLE=resources.tables.telemetry.table_name,
        RETENTION_DAYS=str(resources.stage.retention_days),
        SETTLE_FUNCTION_ARN=settle.function.function_arn,
        SETTLE_DELAY_S=str(resources.stage.settle_delay_s),
        REDISPATCH_MIN=str(resources.stage.redispatch_min),
        SCHEDULER_ROLE_ARN=role.role_arn,
        SCHEDULE_GROUP=group,
        SCHEDULE_DLQ_ARN=resources.failed_starts.queue_arn,
        SHADOW_QUEUE_URL=resources.shadow_chunks.queue.queue_url,
        PROGRAMS=json.dumps(dict(resources.stage.programs)),
    )
    dispatch.allow("iot:UpdateThingShadow", on=resources.iot_arns("thing/*"))
    dispatch.allow("sqs:SendMessage", on=[resources.shadow_chunks.queue.queue_arn])
    resources.tables.vens.grant(dispatch.function, "dynamodb:BatchGetItem", "dynamodb:Scan")
    resources.tables.telemetry.grant(dispatch.function, "dynamodb:BatchGetItem")
    resources.grant_events(
        dispatch, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
    )
    _let_schedule(dispatch, resources, schedules)
    # Not repeated: the schedule's next run does what this one would have.
    dispatch.retry(0, within=Duration.minutes(1), dead=resources.failed_starts)
    return dispatch


def _let_schedule(dispatch: LambdaFunction, resources: SharedResources, schedules: Schedules) -> None:
    """Let `dispatch_event` make the schedules that start `settle_event` and itself."""
    dispatch.allow(
        "scheduler:CreateSchedule",
        "scheduler:UpdateSchedule",
        "scheduler:DeleteSchedule",
        on=[
            resources.stack.format_arn(
                service="scheduler", resource="schedule", resource_name=f"ven-twin-{resources.stage.name}/*"
            )
        ],
    )
    schedules.role.grant_pass_role(dispatch.function.grant_principal)
    schedules.let_start(dispatch.function)


def write_shadows(resources: SharedResources) -> LambdaFunction:
    """Writes events into the shadows of many VENs, at a pace that AWS IoT takes."""
    write = resources.function(
        "write_shadows",
        "Writes events into the shadows of many VENs, at a pace that AWS IoT takes",
        timeout_s=resources.feed_timeout_s,
        EVENTS_TABLE=resources.tables.events.table_name,
        SHADOW_WRITES_PER_S=str(resources.stage.shadow_writes_per_s),
    )
    write.allow("iot:UpdateThingShadow", on=resources.iot_arns("thing/*"))
    resources.grant_events(write, "dynamodb:GetItem", "dynamodb:Query")
    resources.feed(write, resources.shadow_chunks.queue, batch_size=1, max_concurrency=SHADOW_WRITERS)
    return write
