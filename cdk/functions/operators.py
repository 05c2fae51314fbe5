"""The functions that operators and their programs invoke."""

from __future__ import annotations

from cdk.lambda_function import LambdaFunction
from cdk.shared_resources import SharedResources
from contracts.store import keys


def issue_command(resources: SharedResources) -> LambdaFunction:
    """Sends one operation to one VEN."""
    issue = resources.function(
        "issue_command",
        "Sends one operation to one VEN",
        VENS_TABLE=resources.tables.vens.table_name,
        COMMANDS_TABLE=resources.tables.commands.table_name,
        RETENTION_DAYS=str(resources.stage.retention_days),
    )
    issue.allow("iot:Publish", on=resources.iot_arns("topic/ven/cmd/*"))
    resources.tables.vens.grant(issue.function, "dynamodb:GetItem")
    resources.tables.commands.grant(issue.function, "dynamodb:GetItem", "dynamodb:PutItem")
    return issue


def http_api(
    resources: SharedResources, *, dispatch: LambdaFunction, issue: LambdaFunction, settle: LambdaFunction
) -> LambdaFunction:
    """Answers the HTTP API."""
    api = resources.function(
        "api",
        "Answers the HTTP API",
        timeout_s=29,  # API Gateway waits no longer than 30 s
        VENS_TABLE=resources.tables.vens.table_name,
        TELEMETRY_TABLE=resources.tables.telemetry.table_name,
        EVENTS_TABLE=resources.tables.events.table_name,
        COMMANDS_TABLE=resources.tables.commands.table_name,
        DISPATCH_FUNCTION=dispatch.function.function_name,
        ISSUE_FUNCTION=issue.function.function_name,
        SETTLE_FUNCTION=settle.function.function_name,
    )
    # It reads; whatever changes something is done by the function that holds the rights to it.
    resources.tables.vens.grant(api.function, "dynamodb:GetItem", "dynamodb:Scan")
    resources.tables.telemetry.grant(
        api.function, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"
    )
    resources.grant_events(api, "dynamodb:GetItem", "dynamodb:Query")
    api.allow("dynamodb:Query", on=[f"{resources.tables.events.table_arn}/index/{keys.EVENTS_BY_START}"])
    resources.tables.commands.grant(api.function, "dynamodb:GetItem")
    invoked = (dispatch, issue, settle)
    api.allow("lambda:InvokeFunction", on=[function.function.function_arn for function in invoked])
    return api
