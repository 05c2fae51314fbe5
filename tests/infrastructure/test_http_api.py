"""The HTTP API in the template: every route signed, throttled, logged, and a function that only reads."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from contracts.api.routes import ROUTES
from tests.support.template_rules import Template, many, of_type, statements

READS = {
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}


def _of_the_api(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The resources of *kind* that are the API's for programs, and not the VTN's."""
    return {name: made for name, made in of_type(template, kind).items() if name.startswith("HttpApi")}


def _only(template: Template, kind: str) -> dict[str, Any]:
    (found,) = _of_the_api(template, kind).values()
    return found


def unsigned(template: Template) -> list[str]:
    """Routes of it that take a call without a signature."""
    routes = _of_the_api(template, "AWS::ApiGatewayV2::Route").values()
    return [route["RouteKey"] for route in routes if route.get("AuthorizationType") != "AWS_IAM"]


def test_the_gateway_has_the_routes_of_the_table_and_one_for_the_rest(dev: Template) -> None:
    """The function's operations, the document's and the gateway's routes are one table."""
    routes = _of_the_api(dev, "AWS::ApiGatewayV2::Route").values()
    table = {f"{route.method} {route.path}" for route in ROUTES}
    assert {route["RouteKey"] for route in routes} == table | {"$default"}


def test_every_route_is_signed(dev: Template) -> None:
    """Also the one that only says what there is; and a route that is not would be seen."""
    assert unsigned(dev) == []
    broken = copy.deepcopy(dev)
    next(iter(_of_the_api(broken, "AWS::ApiGatewayV2::Route").values())).update(AuthorizationType="NONE")
    assert len(unsigned(broken)) == 1


def test_calls_are_throttled_and_logged_without_what_they_hold(dev: Template) -> None:
    """Caller, route and outcome; no body and no query string, which may hold a signature."""
    stage = _only(dev, "AWS::ApiGatewayV2::Stage")
    settings = stage["DefaultRouteSettings"]
    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"] <= 1000
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"caller", "route", "status", "requestId"} <= logged.keys()
    assert not any("query" in value.lower() or "body" in value.lower() for value in logged.values())


def test_no_page_of_another_origin_may_call(dev: Template) -> None:
    """CORS is off."""
    assert "CorsConfiguration" not in _only(dev, "AWS::ApiGatewayV2::Api")


@pytest.mark.parametrize("service", ["iot", "secretsmanager", "scheduler", "sqs"])
def test_the_function_reads_and_asks_others(dev: Template, service: str) -> None:
    """It can write nothing by itself: no table, no shadow, no topic, no schedule, no secret."""
    (function,) = [
        each
        for each in of_type(dev, "AWS::Lambda::Function").values()
        if each["Handler"] == "lambdas.api.handler.handler"
    ]
    role = function["Role"]["Fn::GetAtt"][0]
    actions = {action for statement in statements(dev, role) for action in many(statement["Action"])}
    assert actions == READS
    assert not any(action.startswith(f"{service}:") for action in actions)


def test_only_the_gateway_of_this_stack_starts_the_function(dev: Template) -> None:
    """The permission names the API."""
    permissions = [
        permission
        for permission in of_type(dev, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    ]
    sources = {
        permission["FunctionName"]["Fn::GetAtt"][0]: json.dumps(permission["SourceArn"])
        for permission in permissions
    }
    gateways = {name: re.findall(r'"Ref": "(\w*HttpApi\w*)"', source) for name, source in sources.items()}
    assert len(gateways) == 3
    for name, (gateway,) in gateways.items():
        assert gateway.startswith("OpenAdrHttpApi" if name.startswith("Vtn") else "HttpApi")
