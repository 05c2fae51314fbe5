"""The OpenAPI 3.1 document of this VTN's operations, made of their table and of the Structs on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec

from contracts.api.openapi_document import (
    PARAMETER,
    REF,
    Described,
    document,
    operation,
    path_parameter,
    ref,
    response,
)
from contracts.api.openapi_vtn_tokens import TOKEN_KINDS, token_operations
from contracts.api.problems import JSON
from contracts.openadr.operations import Verb
from contracts.openadr.problems import OadrProblem
from contracts.openadr.routes import VTN_ROUTES, VtnRoute
from contracts.openadr.scopes import Scope
from contracts.openadr.tokens import BASE_PATH
from contracts.wire.codec import JsonDict

VERSION = "3.1.0"
DESCRIPTION = (
    "The operations of OpenADR 3.1.0 at this VTN. Programs and events are seen by their targets, VENs, "
    "resources, reports and subscriptions by their client. GET answers an ETag, which If-None-Match and "
    "If-Match take."
)
OBJECT_ID = {"type": "string", "pattern": "^[a-zA-Z0-9_-]*$", "minLength": 1, "maxLength": 128}
REFUSALS = {
    400: "Something in the call is wrong; the detail names it.",
    401: "There is no token, or one that does not hold.",
    403: "The client may not.",
    404: "There is none, or not for this client.",
    409: "Another one has the name, or what it refers to is not there.",
    412: "It is not any more what If-Match names.",
    500: "The function failed.",
    503: "Too much at once: try again.",
}
ALWAYS = (500, 503)
WITH_A_TOKEN = (401, 403)
SUMMARIES = {
    Verb.SEARCH: "List objects in the order of their creation",
    Verb.CREATE: "Make an object",
    Verb.READ: "One object",
    Verb.UPDATE: "Replace an object",
    Verb.DELETE: "Delete an object, and answer it",
}
OTHERS = {
    "getAuthServerInfo": "Where tokens are to be had",
    "listAllNotifiers": "The ways to be told of changes",
    "getOpenapi": "This document",
}
ETAG = {"ETag": "Changes with the answer."}
SCHEMES = {
    "oAuth2ClientCredentials": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {
                "tokenUrl": f"{BASE_PATH}/auth/token",
                "scopes": {scope.value: scope.value.replace("_", " ") for scope in Scope},
            }
        },
    },
    "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
DESCRIBED = Described("OpenADR 3.1.0 VTN", VERSION, DESCRIPTION, [{"bearerAuth": []}], SCHEMES)


def vtn_document() -> JsonDict:
    """The whole document, as JSON's own types."""
    kinds = {kind.__name__: kind for route in VTN_ROUTES for kind in _kinds(route)}
    operations = ((f"{BASE_PATH}{route.path}", route.method, _operation(route)) for route in VTN_ROUTES)
    kinds_of_all: list[type[msgspec.Struct]] = [OadrProblem, *TOKEN_KINDS, *kinds.values()]
    return document(DESCRIBED, (*operations, *token_operations()), kinds_of_all)


def _kinds(route: VtnRoute) -> Iterator[type[msgspec.Struct]]:
    """The Structs that are spoken on a route."""
    if _is_written(route) and route.collection is not None:
        yield from get_args(route.collection.request) or (route.collection.request,)
    answer = get_args(route.answer)[0] if get_origin(route.answer) is list else route.answer
    if answer is not dict:
        yield answer


def _is_written(route: VtnRoute) -> bool:
    return route.verb in {Verb.CREATE, Verb.UPDATE}


def _operation(route: VtnRoute) -> JsonDict:
    body = None
    if _is_written(route) and route.collection is not None:
        body = {"schema": _schema(route.collection.request)}
    headers = None if route.is_open else ETAG
    responses = {route.status: response("Done.", {JSON: _schema(route.answer)}, headers)}
    if route.method == "GET" and not route.is_open:
        responses[304] = response("It is what If-None-Match names.", headers=ETAG)
    responses |= {
        status: response(REFUSALS[status], {JSON: ref(OadrProblem)}) for status in sorted(_refusals(route))
    }
    value = operation(
        route.operation,
        SUMMARIES[route.verb] if route.verb is not None else OTHERS.get(route.operation, "Names of topics"),
        parameters=list(_parameters(route)),
        body=body,
        responses=responses,
    )
    return value | {"security": list(_security(route))}


def _refusals(route: VtnRoute) -> set[int]:
    statuses = {*ALWAYS}
    if not route.is_open:
        statuses |= {*WITH_A_TOKEN}
    if route.verb is not None or "{" in route.path:
        statuses.add(400)
    if "{" in route.path or "topics" in route.path:
        statuses.add(404)
    if _is_written(route):
        statuses.add(409)
    if route.verb in {Verb.UPDATE, Verb.DELETE}:
        statuses.add(412)
    return statuses


def _security(route: VtnRoute) -> Iterator[JsonDict]:
    """Any of them will do: a token with the scope of either role."""
    if route.is_open:
        return
    for scope in dict.fromkeys(route.rights or ()):
        if scope is not None:
            yield {"oAuth2ClientCredentials": [scope.value]}
    yield {"bearerAuth": []}


def _parameters(route: VtnRoute) -> Iterator[JsonDict]:
    for name in PARAMETER.findall(route.path):
        yield path_parameter(name, OBJECT_ID)
    if route.verb is Verb.SEARCH and route.collection is not None:
        (_,), components = msgspec.json.schema_components([route.collection.query], ref_template=REF)
        for name, schema in components[route.collection.query.__name__]["properties"].items():
            yield {"name": name, "in": "query", "required": False, "schema": _present(schema)}


def _present(schema: JsonDict) -> JsonDict:
    """The schema of a parameter that is there: nothing in a query string is null."""
    present = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    for choice in schema.get("anyOf", ()):
        present |= choice if choice != {"type": "null"} else {}
    return present


def _schema(kind: Any) -> JsonDict:
    if get_origin(kind) is list:
        return {"type": "array", "items": _schema(get_args(kind)[0])}
    if get_args(kind):
        return {"anyOf": [ref(member) for member in get_args(kind)]}
    return {"type": "object"} if kind is dict else ref(kind)
