"""The functions that operators and their programs ask."""

from __future__ import annotations

from cdk.lambda_function import LambdaFunction
from cdk.shared_resources import SharedResources
from contracts.store import keys


def issue_command(parts: SharedResources) -> LambdaFunction:
    """Sends one operation to one VEN."""
    part = parts.slice(
        "issue_command",
        "Sends one operation to one VEN",
        VENS_TABLE=parts.tables.vens.table_name,
        COMMANDS_TABLE=parts.tables.commands.table_name,
        RETENTION_DAYS=str(parts.stage.retention_days),
    )
    part.allow("iot:Publish", on=parts.iot_arns("topic/ven/cmd/*"))
    parts.tables.vens.grant(part.function, "dynamodb:GetItem")
    parts.tables.commands.grant(part.function, "dynamodb:GetItem", "dynamodb:PutItem")
    return part


def http_api(
    parts: SharedResources, *, dispatch: LambdaFunction, issue: LambdaFunction, settle: LambdaFunction
) -> LambdaFunction:
    """Answers the HTTP API."""
    part = parts.slice(
        "api",
        "Answers the HTTP API",
        timeout_s=29,  # API Gateway waits no longer than 30 s
        VENS_TABLE=parts.tables.vens.table_name,
        TELEMETRY_TABLE=parts.tables.telemetry.table_name,
        EVENTS_TABLE=parts.tables.events.table_name,
        COMMANDS_TABLE=parts.tables.commands.table_name,
        DISPATCH_FUNCTION=dispatch.function.function_name,
        ISSUE_FUNCTION=issue.function.function_name,
        SETTLE_FUNCTION=settle.function.function_name,
    )
    # It reads; whatever changes something is done by the function that holds the rights to it.
    parts.tables.vens.grant(part.function, "dynamodb:GetItem", "dynamodb:Scan")
    parts.tables.telemetry.grant(part.function, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem")
    parts.let_use_events(part, "dynamodb:GetItem", "dynamodb:Query")
    part.allow("dynamodb:Query", on=[f"{parts.tables.events.table_arn}/index/{keys.EVENTS_BY_START}"])
    parts.tables.commands.grant(part.function, "dynamodb:GetItem")
    asked = (dispatch, issue, settle)
    part.allow("lambda:InvokeFunction", on=[each.function.function_arn for each in asked])
    return part
