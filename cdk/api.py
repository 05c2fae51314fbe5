"""The HTTP API in front of the function `api`: its routes, who may call, how often, and what is logged."""

from __future__ import annotations

import json

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.lambda_function import RETENTION
from cdk.stage import Stage
from contracts.api.routes import ROUTES

RATE_PER_S = 100
BURST = 200
"""Calls that are let through; beyond, the gateway answers 429. Far below an account's 10,000 a second."""
LOGGED = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.userArn",
    "sourceIp": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "responseBytes": "$context.responseLength",
    "latencyMs": "$context.responseLatency",
    "error": "$context.error.message",
    "authorizerError": "$context.authorizer.error",
}
"""The log of a call: its caller, route and outcome. Neither its body nor its query string."""


class HttpApi(Construct):
    """A route for each of the table, every one signed with IAM, and one for any other path.

    The last leads to the function too, which answers with a problem that names the document. No CORS: a
    browser's page cannot sign as the operator.

    Attributes:
        api: the gateway.
        url: its endpoint.
    """

    def __init__(self, scope: Construct, *, stage: Stage, function: lambda_.Function) -> None:
        super().__init__(scope, "HttpApi")
        self.api = gateway.HttpApi(
            self, "Api", description="Demand response for programs", create_default_stage=False
        )
        # The L2 integration makes a permission whose logical id has the stack's name in it.
        integration = gateway.CfnIntegration(
            self,
            "Integration",
            api_id=self.api.api_id,
            integration_type="AWS_PROXY",
            integration_uri=function.function_arn,
            payload_format_version="2.0",
        )
        function.add_permission(
            "HttpApi",
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            source_arn=Stack.of(self).format_arn(
                service="execute-api", resource=self.api.api_id, resource_name="*"
            ),
        )
        for name, key in {route.operation: f"{route.method} {route.path}" for route in ROUTES}.items():
            self._route(name, key, integration)
        self._route("anythingElse", "$default", integration)
        self._stage(RETENTION[stage.log_retention_days])
        self.url = self.api.api_endpoint

    def _stage(self, retention: logs.RetentionDays) -> None:
        """The one stage, throttled and logged. The L2 stage has no say over the format of its log."""
        group = logs.LogGroup(
            self,
            "Access",
            retention=retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        gateway.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=gateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=RATE_PER_S,
                throttling_burst_limit=BURST,
                # Six a route, each billed as one of our own; the alarm needs the API's, which are free.
                detailed_metrics_enabled=False,
            ),
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=group.log_group_arn, format=json.dumps(LOGGED)
            ),
        )

    def _route(self, name: str, key: str, integration: gateway.CfnIntegration) -> None:
        gateway.CfnRoute(
            self,
            f"{name[:1].upper()}{name[1:]}",
            api_id=self.api.api_id,
            route_key=key,
            authorization_type="AWS_IAM",
            target=f"integrations/{integration.ref}",
        )
