"""The API's OpenAPI 3.1 document, made of the route table and of the Structs that both ends decode with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from contracts.api.openapi_document import (
    PARAMETER,
    REF,
    Described,
    operation,
    path_parameter,
    ref,
    response,
)
from contracts.api.openapi_document import (
    document as assemble,
)
from contracts.api.parameters import Headers, Path
from contracts.api.problems import JSON, PROBLEM_JSON, GatewayRefusal, Problem
from contracts.api.routes import ROUTES, Route, RouteAnswer
from contracts.wire.codec import JsonDict, JsonObject

API_VERSION = "1.0.0"
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
"""API Gateway's answers of its own, in its own words."""
EVERYWHERE = {
    400: "Something in the call is wrong; `field` names it.",
    500: "The function failed; `requestId` finds it in the log.",
}
WITH_A_BODY = {
    413: "The body is too large.",
    415: "The body is no JSON by its content type.",
}
RETRY_AFTER = {"Retry-After": "Seconds to wait."}


SIGV4 = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "description": "AWS Signature Version 4 of the service execute-api.",
    "x-amazon-apigateway-authtype": "awsSigv4",
}
DESCRIBED = Described("ven-twin", API_VERSION, DESCRIPTION, [{"sigv4": []}], {"sigv4": SIGV4})


def document() -> JsonDict:
    """The whole document, as JSON's own types."""
    kinds: list[type[msgspec.Struct]] = [
        Problem,
        GatewayRefusal,
        *(kind for route in ROUTES for kind in _kinds(route)),
    ]
    operations = ((route.path, route.method, _operation(route)) for route in ROUTES)
    return assemble(DESCRIBED, operations, kinds)


def _kinds(route: Route) -> Iterator[type[msgspec.Struct]]:
    """The Structs that are spoken on a route."""
    if route.body is not None:
        yield route.body.kind
    if route.answer.kind is not None and issubclass(route.answer.kind, msgspec.Struct):
        yield route.answer.kind


def _operation(route: Route) -> JsonDict:
    body = None
    if route.body is not None:
        body = {"schema": ref(route.body.kind), "example": route.body.example}
    refusals = {**EVERYWHERE, **(WITH_A_BODY if route.body else {}), **BY_THE_GATEWAY, **route.problems}
    responses = {route.answer.status: _answer(route.answer)}
    responses |= {status: _refusal(status, description) for status, description in refusals.items()}
    return operation(
        route.operation,
        route.summary,
        parameters=list(_parameters(route)),
        body=body,
        responses=responses,
    )


def _parameters(route: Route) -> Iterator[JsonDict]:
    named = PARAMETER.findall(route.path)
    for name, schema in _properties(Path).items():
        if name in named:
            yield path_parameter(name, _present(schema))
    for name, schema in _properties(route.query).items() if route.query else ():
        yield {"name": name, "in": "query", "required": False, "schema": _present(schema)}
    for name, schema in _properties(Headers).items():
        if name in route.headers:
            yield {
                "name": name,
                "in": "header",
                "required": route.headers[name],
                "schema": _present(schema),
            }


def _properties(kind: type[msgspec.Struct]) -> Mapping[str, JsonDict]:
    (_,), components = msgspec.json.schema_components([kind], ref_template=REF)
    properties: Mapping[str, JsonDict] = components[kind.__name__]["properties"]
    return properties


def _present(schema: JsonObject) -> JsonDict:
    """The schema of a parameter that is there: nothing in a query string or a header is null."""
    present = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    if schema.get("default"):
        present["default"] = schema["default"]
    for choice in schema.get("anyOf", ()):
        present |= choice if choice != {"type": "null"} else {}
    return present


def _answer(answer: RouteAnswer) -> JsonDict:
    if answer.kind is None:
        return response(answer.says, headers=answer.headers)
    schema = ref(answer.kind) if issubclass(answer.kind, msgspec.Struct) else {"type": "object"}
    return response(answer.says, {JSON: schema}, answer.headers)


def _refusal(status: int, description: str) -> JsonDict:
    schemas = {PROBLEM_JSON: ref(Problem)} if status != 403 else {}
    schemas |= {JSON: ref(GatewayRefusal)} if status in BY_THE_GATEWAY else {}
    return response(description, schemas, RETRY_AFTER if status in {429, 503} else None)
