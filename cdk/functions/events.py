"""The functions that make, correct and settle DR events."""

from __future__ import annotations

import json

from aws_cdk import Duration
from aws_cdk import aws_lambda_destinations as destinations

from cdk.lambda_function import LambdaFunction
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources
from cdk.stage import SHADOW_WRITERS


def settle_event(parts: SharedResources) -> LambdaFunction:
    """Works out what an event delivered."""
    part = parts.slice(
        "settle_event",
        "Works out what an event delivered",
        timeout_s=120,
        TELEMETRY_TABLE=parts.tables.telemetry.table_name,
        EVENTS_TABLE=parts.tables.events.table_name,
        VENS_TABLE=parts.tables.vens.table_name,
        PROGRAMMES=json.dumps(dict(parts.stage.programmes)),
    )
    part.allow("iot:UpdateThingShadow", on=parts.iot_arns("thing/*"))
    parts.tables.telemetry.grant(part.function, "dynamodb:Query", "dynamodb:BatchWriteItem")
    parts.tables.vens.grant(part.function, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem")
    parts.let_use_events(
        part, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
    )
    part.function.configure_async_invoke(
        on_failure=destinations.SqsDestination(parts.failed_starts),
        retry_attempts=2,
        max_event_age=Duration.hours(6),
    )
    return part


def dispatch_event(parts: SharedResources, settle: LambdaFunction, schedules: Schedules) -> LambdaFunction:
    """Creates, revises and cancels DR events and writes them to the VENs' shadows."""
    group, role = schedules.group.schedule_group_name, schedules.role
    part = parts.slice(
        "dispatch_event",
        "Creates, revises and cancels DR events and writes them to the VENs' shadows",
        timeout_s=120,
        VENS_TABLE=parts.tables.vens.table_name,
        EVENTS_TABLE=parts.tables.events.table_name,
        TELEMETRY_TABLE=parts.tables.telemetry.table_name,
        RETENTION_DAYS=str(parts.stage.retention_days),
        SETTLE_FUNCTION_ARN=settle.function.function_arn,
        SETTLE_DELAY_S=str(parts.stage.settle_delay_s),
        REDISPATCH_MIN=str(parts.stage.redispatch_min),
        SCHEDULER_ROLE_ARN=role.role_arn,
        SCHEDULE_GROUP=group,
        SCHEDULE_DLQ_ARN=parts.failed_starts.queue_arn,
        SHADOW_QUEUE_URL=parts.shadow_chunks.queue.queue_url,
        PROGRAMMES=json.dumps(dict(parts.stage.programmes)),
    )
    part.allow("iot:UpdateThingShadow", on=parts.iot_arns("thing/*"))
    part.allow("sqs:SendMessage", on=[parts.shadow_chunks.queue.queue_arn])
    parts.tables.vens.grant(part.function, "dynamodb:BatchGetItem", "dynamodb:Scan")
    parts.tables.telemetry.grant(part.function, "dynamodb:BatchGetItem")
    parts.let_use_events(
        part, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
    )
    part.allow(
        "scheduler:CreateSchedule",
        "scheduler:UpdateSchedule",
        "scheduler:DeleteSchedule",
        on=[
            parts.stack.format_arn(
                service="scheduler", resource="schedule", resource_name=f"ven-twin-{parts.stage.name}/*"
            )
        ],
    )
    role.grant_pass_role(part.function.grant_principal)
    schedules.let_start(part.function)
    part.function.configure_async_invoke(
        on_failure=destinations.SqsDestination(parts.failed_starts),
        retry_attempts=0,  # the schedule's next run does what this one would have
        max_event_age=Duration.minutes(1),
    )
    return part


def write_shadows(parts: SharedResources) -> LambdaFunction:
    """Writes events into the shadows of many VENs, at a pace that AWS IoT takes."""
    part = parts.slice(
        "write_shadows",
        "Writes events into the shadows of many VENs, at a pace that AWS IoT takes",
        timeout_s=parts.feed_timeout_s,
        EVENTS_TABLE=parts.tables.events.table_name,
        SHADOW_WRITES_PER_S=str(parts.stage.shadow_writes_per_s),
    )
    part.allow("iot:UpdateThingShadow", on=parts.iot_arns("thing/*"))
    parts.let_use_events(part, "dynamodb:GetItem", "dynamodb:Query")
    parts.feed(part, parts.shadow_chunks.queue, batch_size=1, max_concurrency=SHADOW_WRITERS)
    return part
