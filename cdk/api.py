"""The HTTP API in front of the function `api`: its routes, and who may call."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.gateway import Gateway
from cdk.stage import Stage
from contracts.api.routes import ROUTES


class HttpApi(Gateway):
    """A route for each of the table, every one signed with IAM, and one for any other path.

    The last leads to the function too, which answers with a problem that names the document. No CORS: a
    browser's page cannot sign as the operator.
    """

    def __init__(self, scope: Construct, *, stage: Stage, function: lambda_.Function) -> None:
        super().__init__(scope, "HttpApi", stage=stage, description="Demand response for programs")
        integration = self.integrate("Integration", function)
        for name, key in {route.operation: f"{route.method} {route.path}" for route in ROUTES}.items():
            self.route(name, key, integration, authorization="AWS_IAM")
        self.route("anythingElse", "$default", integration, authorization="AWS_IAM")
