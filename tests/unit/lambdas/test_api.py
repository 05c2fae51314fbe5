"""`api`: every refusal is a problem that names what to correct, and nothing is let through unread."""

from __future__ import annotations

import base64
import inspect
import json
import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from contracts.api.problems import PROBLEM_TYPE
from contracts.api.resources import BODY_MAX_BYTES
from contracts.api.routes import ROUTES
from lambdas.api import operations
from lambdas.api.handler import _operation
from tests.support.api_world import Answer, Api, event_of
from ven_twin.testing.function_world import NOW, World

INTERVAL = {"durationS": 600, "signal": "shedKw", "value": 3}
EVENT = {"startTs": int(NOW) + 7200, "intervals": [INTERVAL]}


def problem(answer: Answer, status: int, kind: str, field: str | None = None) -> dict[str, Any]:
    """The problem that *answer* is."""
    found: dict[str, Any] = answer.json
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), found
    assert (found["status"], found["type"]) == (status, f"{PROBLEM_TYPE}{kind}"), found
    assert found.get("field") == field, found
    return found


def test_every_route_has_its_operation_and_every_operation_its_route() -> None:
    """One public function in the modules of operations for each route of the table, and none besides."""
    names = [f"{operations.__name__}.{module.name}" for module in iter_modules(operations.__path__)]
    public = sorted(
        (name, function)
        for module in map(import_module, names)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    )
    routed = {re.sub(r"(?=[A-Z])", "_", route.operation).lower(): route.operation for route in ROUTES}
    assert [name for name, _ in public] == sorted(routed)
    assert all(_operation(routed[name]) is function for name, function in public)


@pytest.mark.parametrize("path", ["/", "/nothing", "/vens/", "/vens//telemetry", "/vens/v/telemetry/x", ""])
def test_a_path_that_leads_nowhere_is_not_found(api: Api, path: str) -> None:
    """The problem says where to look what there is."""
    found = problem(api.call("GET", path), 404, "notFound")
    assert "/openapi.json" in found["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/vens", "GET"),
        ("PATCH", "/events/e1", "DELETE, GET, PUT"),
        ("GET", "/vens/v/commands", "POST"),
        ("HEAD", "/events", "GET, POST"),
        ("OPTIONS", "/fleet", "GET"),
    ],
)
def test_a_method_that_is_not_done_names_those_that_are(api: Api, method: str, path: str, allow: str) -> None:
    """405 with Allow. Source: RFC 9110, section 15.5.6."""
    answer = api.call(method, path)
    problem(answer, 405, "methodNotAllowed")
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(
    ("path", "query", "field", "says"),
    [
        ("/vens", {"limt": 3}, "limt", "allowed: cursor, group, limit, online"),
        ("/vens", {"limit": 0}, "limit", "at least 1"),
        ("/vens", {"limit": 1001}, "limit", "at most 1000"),
        ("/vens", {"limit": "ten"}, "limit", "int"),
        ("/vens", {"limit": "1.0"}, "limit", ""),
        ("/vens", {"limit": "01"}, "limit", "int"),
        ("/vens", {"online": "1"}, "online", "not how that is written"),
        ("/vens", {"online": "null"}, "online", "not how that is written"),
        ("/vens", {"group": "a/b"}, "group", "1 to 64 of A-Z a-z"),
        ("/vens/ven-1/telemetry", {"from": "yesterday"}, "from", "int"),
        ("/vens/ven-1/telemetry", {"from": 1_800_000_000_000}, "from", "at most 4102444800"),
        ("/events", {"cursor": "x"}, "cursor", "is none of this query"),
        ("/events", {"cursor": ""}, "cursor", "at least 1 character"),
        ("/openapi.json", {"x": 1}, "x", "nothing is allowed here"),
        ("/vens/a b", {}, "venId", "1 to 64 of A-Z a-z"),
        ("/vens/ven%2D1", {}, "venId", "1 to 64 of A-Z a-z"),
        ("/events/..", {}, "eventId", "1 to 64 of A-Z a-z"),
        ("/vens/v/commands/!", {}, "correlationId", "regex"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(
    api: Api, path: str, query: dict[str, Any], field: str, says: str
) -> None:
    """Unknown, mistyped, out of range: 400, the parameter's name, and what would have been right."""
    found = problem(api.call("GET", path, **query), 400, "badRequest", field)
    assert says in found["detail"]
    assert found["instance"] == path
    assert found["requestId"] == "req-1"


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=%ff", "&".join(f"a{n}=1" for n in range(40))])
def test_a_query_string_that_cannot_be_read_is_refused(api: Api, query: str) -> None:
    """A parameter twice, bytes that are no text, more parameters than anyone needs."""
    answer = api.send(event_of("GET", "/vens", query=query))
    assert (answer.status, answer.json["title"]) == (400, "The call is wrong")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ("", "body"),
        ('{"intervals": []}', "intervals"),
        ({}, "intervals"),
        ({**EVENT, "color": "red"}, "color"),
        ({**EVENT, "action": "cancel"}, "action"),
        ({**EVENT, "ifMatch": "x"}, "ifMatch"),
        ({**EVENT, "startTs": "now"}, "startTs"),
        ({"intervals": [{**INTERVAL, "value": -1}]}, "intervals[0].value"),
        ({"intervals": [{**INTERVAL, "signal": "level", "value": 7}]}, "intervals[0].value"),
        ({**EVENT, "priority": 1.5}, "priority"),
        ({**EVENT, "targets": ["nobody"]}, "targets[0]"),
        ({**EVENT, "program": "nowhere"}, "program"),
        ({**EVENT, "eventId": "a/b"}, "eventId"),
        ({**EVENT, "startTs": int(NOW) - 9999}, "startTs"),
    ],
)
def test_a_wrong_body_is_refused_and_names_the_field(api: Api, world: World, body: Any, field: str) -> None:
    """400, and no event."""
    world.add_ven("ven-1")
    problem(api.call("POST", "/events", body), 400, "badRequest", field)
    assert api.get("/events")["items"] == []


def test_a_body_may_say_programme(api: Api, world: World) -> None:
    """The British spelling is accepted in a request; what is answered has ours."""
    world.add_ven("ven-1")
    world.set_program("summer-peak", "caiso_10_of_10")
    created = api.call("POST", "/events", {**EVENT, "programme": "summer-peak"})
    event = api.get(f"/events/{created.json['eventId']}")
    assert event["program"] == "summer-peak"
    assert "programme" not in event


def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    """JSON by its content type, unencoded: 415 otherwise."""
    for headers, field in (
        ({"Content-Type": "text/plain"}, "Content-Type"),
        ({"Content-Type": ""}, "Content-Type"),
        ({"Content-Encoding": "gzip"}, "Content-Encoding"),
    ):
        problem(api.call("POST", "/events", EVENT, headers=headers), 415, "unsupportedMediaType", field)


def test_a_body_with_a_character_set_is_taken(api: Api, world: World) -> None:
    """Parameters of the content type are no other type."""
    world.add_ven("ven-1")
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert api.call("POST", "/events", EVENT, headers=headers).status == 201


def test_a_body_in_base64_is_read_as_what_it_is(api: Api, world: World) -> None:
    """The gateway encodes what it takes for no text."""
    world.add_ven("ven-1")
    event = event_of("POST", "/events", headers={"Content-Type": "application/json"})
    encoded = base64.b64encode(json.dumps(EVENT).encode()).decode()
    assert api.send({**event, "body": encoded, "isBase64Encoded": True}).status == 201
    problem(api.send({**event, "body": "@", "isBase64Encoded": True}), 400, "badRequest", "body")


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_that_is_too_large_is_refused(api: Api, encoded: bool) -> None:
    """413 before anything is read of it."""
    event = event_of("POST", "/events", headers={"Content-Type": "application/json"})
    text = "x" * (BODY_MAX_BYTES + 1)
    body = base64.b64encode(text.encode()).decode() if encoded else text
    problem(api.send({**event, "body": body, "isBase64Encoded": encoded}), 413, "tooLarge", "body")


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "text/html", "application/xml", "x"])
def test_json_is_answered_whatever_is_accepted(api: Api, accept: str) -> None:
    """A signing client for all of AWS, such as awscurl, names XML and takes what comes (RFC 9110, 12.4.1)."""
    answer = api.call("GET", "/vens", headers={"Accept": accept})
    assert (answer.status, list(answer.json)) == (200, ["items"])


def throttled(code: str) -> ClientError:
    """The error of boto3 when AWS is too busy."""
    return ClientError({"Error": {"Code": code, "Message": "Rate exceeded for 123456789012"}}, "Invoke")


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (throttled("TooManyRequestsException"), 429, "tooManyRequests"),
        (throttled("ThrottlingException"), 503, "busy"),
        (ReadTimeoutError(endpoint_url="https://lambda"), 503, "busy"),
        (throttled("AccessDeniedException"), 500, "failed"),
        (ValueError("password=hunter2"), 500, "failed"),
    ],
)
def test_what_fails_behind_the_api_is_told_without_its_text(
    api: Api, error: Exception, status: int, kind: str
) -> None:
    """Throttled is 429 or 503 with Retry-After; anything else is 500; no text of an error goes out."""
    api.functions.error = error
    answer = api.call("POST", "/events", EVENT)
    problem(answer, status, kind)
    assert ("Retry-After" in answer.headers) is (status != 500)
    assert "123456789012" not in answer.text
    assert "hunter2" not in answer.text


def test_a_function_that_fails_is_a_500_without_what_it_said(api: Api) -> None:
    """The cause stands in the function's log, and the request id leads there."""
    api.functions.fails = True
    answer = api.call("POST", "/events", EVENT)
    assert problem(answer, 500, "failed")["requestId"] == "req-1"
    assert "secret" not in answer.text


def test_no_answer_is_cached_or_sniffed(api: Api) -> None:
    """A fleet's figures change, and JSON is never a page."""
    for answer in (api.call("GET", "/fleet"), api.call("GET", "/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
