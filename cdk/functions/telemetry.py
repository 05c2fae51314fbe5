"""The functions that store the VENs' messages, and watch the fleet."""

from __future__ import annotations

from cdk.lambda_function import LambdaFunction
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources
from cdk.watch import FleetWatch


def store_telemetry(resources: SharedResources) -> LambdaFunction:
    """Stores the VENs' telemetry."""
    store = resources.function(
        "store_telemetry",
        "Stores what VENs measure",
        timeout_s=resources.feed_timeout_s,
        TELEMETRY_TABLE=resources.tables.telemetry.table_name,
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    resources.tables.telemetry.grant(store.function, "dynamodb:BatchWriteItem", "dynamodb:UpdateItem")
    resources.feed(store, resources.telemetry.queue)
    return store


def record_vens(resources: SharedResources) -> LambdaFunction:
    """Records the VENs' presence, acks and reported state."""
    record = resources.function(
        "record_vens",
        "Records who is online, who answered and what they offer",
        timeout_s=resources.feed_timeout_s,
        VENS_TABLE=resources.tables.vens.table_name,
        EVENTS_TABLE=resources.tables.events.table_name,
        COMMANDS_TABLE=resources.tables.commands.table_name,
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    resources.tables.vens.grant(record.function, "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
    resources.grant_events(record, "dynamodb:UpdateItem")
    resources.tables.commands.grant(record.function, "dynamodb:UpdateItem")
    resources.feed(record, resources.ven_news.queue)
    return record


def watch_fleet(resources: SharedResources, schedules: Schedules) -> LambdaFunction:
    """Puts out the fleet's figures, for the dashboard and the alarm on silent VENs."""
    watch = resources.function(
        "watch_fleet",
        "Says how the fleet stands, for the dashboard and the alarm on silent VENs",
        timeout_s=60,
        VENS_TABLE=resources.tables.vens.table_name,
        TELEMETRY_TABLE=resources.tables.telemetry.table_name,
    )
    resources.tables.vens.grant(watch.function, "dynamodb:Scan")
    resources.tables.telemetry.grant(watch.function, "dynamodb:BatchGetItem")
    FleetWatch(
        resources.stack,
        starts=watch.function,
        group=schedules.group,
        role=schedules.role,
        failed=resources.failed_starts,
    )
    return watch
