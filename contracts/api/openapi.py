"""The API's OpenAPI 3.1 document, made of the route table and of the Structs that both ends decode with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from contracts.api.resources import GatewayRefusal, Problem
from contracts.api.routes import JSON, PROBLEM_JSON, ROUTES, Headers, Path, Route, RouteAnswer

OPENAPI = "3.1.1"
API_VERSION = "1.0.0"
REF = "#/components/schemas/{name}"
PARAMETER = re.compile(r"\{(\w+)\}")
DESCRIPTION = (
    "Demand response for programs: VENs and what they measure, commands to them, DR events over them and "
    "what these delivered. Every call is signed with AWS Signature Version 4 for the service `execute-api`. "
    "Powers are kW, positive for import; times are UTC seconds. Pages go on where `next` says; a cursor "
    "holds for the query that it came from."
)
BY_THE_GATEWAY = {
    403: "The call is not signed, or the signer may not make it.",
    429: "Too many calls at once: wait, and call again.",
    503: "The cloud is too busy: wait, and call again.",
}
"""What API Gateway may answer by itself, in its own words."""
EVERYWHERE = {
    400: "Something in the call is wrong; `field` names it.",
    406: "The caller takes no JSON.",
    500: "The function failed; `requestId` finds it in the log.",
}
WITH_A_BODY = {
    413: "The body is too large.",
    415: "The body is no JSON by its content type.",
}
RETRY_AFTER = {"Retry-After": "Seconds to wait."}


def document() -> dict[str, Any]:
    """The whole document, as JSON's own types."""
    kinds = [Problem, GatewayRefusal, *(kind for route in ROUTES for kind in _kinds(route))]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": OPENAPI,
        "info": {"title": "ven-twin", "version": API_VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4 of the service execute-api.",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
    }


def _kinds(route: Route) -> Iterator[type[Any]]:
    """The Structs that are spoken on a route."""
    if route.body is not None:
        yield route.body.kind
    if route.answer.kind is not None and issubclass(route.answer.kind, msgspec.Struct):
        yield route.answer.kind


def _operation(route: Route) -> dict[str, Any]:
    value: dict[str, Any] = {"operationId": route.operation, "summary": route.summary}
    parameters = list(_parameters(route))
    if parameters:
        value["parameters"] = parameters
    if route.body is not None:
        content = {"schema": _ref(route.body.kind), "example": route.body.example}
        value["requestBody"] = {"required": True, "content": {JSON: content}}
    answers = {route.answer.status: _answer(route.answer)}
    refusals = {**EVERYWHERE, **(WITH_A_BODY if route.body else {}), **BY_THE_GATEWAY, **route.problems}
    answers |= {status: _refusal(status, says) for status, says in refusals.items()}
    value["responses"] = {str(status): answers[status] for status in sorted(answers)}
    return value


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    named = PARAMETER.findall(route.path)
    for name, schema in _properties(Path).items():
        if name in named:
            yield {"name": name, "in": "path", "required": True, "schema": _given(schema)}
    for name, schema in _properties(route.query).items() if route.query else ():
        yield {"name": name, "in": "query", "required": False, "schema": _given(schema)}
    for name, schema in _properties(Headers).items():
        if name in route.headers:
            yield {
                "name": name,
                "in": "header",
                "required": route.headers[name],
                "schema": _given(schema),
            }


def _properties(kind: type[msgspec.Struct]) -> Mapping[str, dict[str, Any]]:
    (_,), components = msgspec.json.schema_components([kind], ref_template=REF)
    properties: Mapping[str, dict[str, Any]] = components[kind.__name__]["properties"]
    return properties


def _given(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that is there: nothing in a query string or a header is null."""
    kept = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    if schema.get("default"):
        kept["default"] = schema["default"]
    for choice in schema.get("anyOf", ()):
        kept |= choice if choice != {"type": "null"} else {}
    return kept


def _answer(answer: RouteAnswer) -> dict[str, Any]:
    value: dict[str, Any] = {"description": answer.says}
    if answer.headers:
        value["headers"] = _headers(answer.headers)
    if answer.kind is not None:
        schema = _ref(answer.kind) if issubclass(answer.kind, msgspec.Struct) else {"type": "object"}
        value["content"] = {JSON: {"schema": schema}}
    return value


def _refusal(status: int, says: str) -> dict[str, Any]:
    value: dict[str, Any] = {"description": says, "content": {}}
    if status != 403:
        value["content"][PROBLEM_JSON] = {"schema": _ref(Problem)}
    if status in BY_THE_GATEWAY:
        value["content"][JSON] = {"schema": _ref(GatewayRefusal)}
    if status in {429, 503}:
        value["headers"] = _headers(RETRY_AFTER)
    return value


def _headers(said: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": says, "schema": {"type": "string"}} for name, says in said.items()}


def _ref(kind: type[Any]) -> dict[str, str]:
    return {"$ref": REF.format(name=kind.__name__)}
