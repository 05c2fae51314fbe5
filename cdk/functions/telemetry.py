"""The functions that keep what VENs say, and look at the fleet."""

from __future__ import annotations

from cdk.lambda_function import LambdaFunction
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources
from cdk.watch import FleetWatch


def store_telemetry(parts: SharedResources) -> LambdaFunction:
    """Stores what VENs measure."""
    part = parts.slice(
        "store_telemetry",
        "Stores what VENs measure",
        timeout_s=parts.feed_timeout_s,
        TELEMETRY_TABLE=parts.tables.telemetry.table_name,
        RETENTION_DAYS=str(parts.stage.retention_days),
    )
    parts.tables.telemetry.grant(part.function, "dynamodb:BatchWriteItem", "dynamodb:UpdateItem")
    parts.feed(part, parts.telemetry.queue)
    return part


def record_vens(parts: SharedResources) -> LambdaFunction:
    """Records who is online, who answered and what they offer."""
    part = parts.slice(
        "record_vens",
        "Records who is online, who answered and what they offer",
        timeout_s=parts.feed_timeout_s,
        VENS_TABLE=parts.tables.vens.table_name,
        EVENTS_TABLE=parts.tables.events.table_name,
        COMMANDS_TABLE=parts.tables.commands.table_name,
        RETENTION_DAYS=str(parts.stage.retention_days),
    )
    parts.tables.vens.grant(part.function, "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
    parts.let_use_events(part, "dynamodb:UpdateItem")
    parts.tables.commands.grant(part.function, "dynamodb:UpdateItem")
    parts.feed(part, parts.ven_news.queue)
    return part


def watch_fleet(parts: SharedResources, schedules: Schedules) -> LambdaFunction:
    """Says how the fleet stands, for the dashboard and the alarm on silent VENs."""
    part = parts.slice(
        "watch_fleet",
        "Says how the fleet stands, for the dashboard and the alarm on silent VENs",
        timeout_s=60,
        VENS_TABLE=parts.tables.vens.table_name,
        TELEMETRY_TABLE=parts.tables.telemetry.table_name,
    )
    parts.tables.vens.grant(part.function, "dynamodb:Scan")
    parts.tables.telemetry.grant(part.function, "dynamodb:BatchGetItem")
    FleetWatch(
        parts.stack,
        starts=part.function,
        group=schedules.group,
        role=schedules.role,
        failed=parts.failed_starts,
    )
    return part
