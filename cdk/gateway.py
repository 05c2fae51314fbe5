"""An HTTP API as the stack has them: throttled, logged, without CORS, its functions called by it alone."""

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
"""The log of a call: its caller, route and outcome. Neither its body, its query string nor its headers."""


class Gateway(Construct):
    """An HTTP API with one stage.

    Attributes:
        api: the gateway.
        url: its endpoint.
    """

    def __init__(self, scope: Construct, name: str, *, stage: Stage, description: str) -> None:
        super().__init__(scope, name)
        self.api = gateway.HttpApi(self, "Api", description=description, create_default_stage=False)
        self.url = self.api.api_endpoint
        self._add_stage(RETENTION[stage.log_retention_days])

    def integrate(self, name: str, function: lambda_.Function) -> gateway.CfnIntegration:
        """Let the API call *function*, by payload format 2.0."""
        # The L2 integration makes a permission whose logical id has the stack's name in it.
        integration = gateway.CfnIntegration(
            self,
            name,
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
        return integration

    def route(
        self, name: str, key: str, integration: gateway.CfnIntegration, *, authorization: str
    ) -> gateway.CfnRoute:
        """Lead calls of *key*, such as ``GET /vens``, to *integration*; *authorization* is the gateway's."""
        return gateway.CfnRoute(
            self,
            f"{name[:1].upper()}{name[1:]}",
            api_id=self.api.api_id,
            route_key=key,
            authorization_type=authorization,
            target=f"integrations/{integration.ref}",
        )

    def _add_stage(self, retention: logs.RetentionDays) -> None:
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
