"""The HTTP API: reads the call by its route, has the operation done, answers.

It holds rights to read, and to invoke the functions that hold the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools import Logger

from contracts.api.routes import JSON, PROBLEM_JSON, Headers, Path, Route
from contracts.wire import codec
from lambdas.api.logic import calls, problems
from lambdas.api.logic.calls import Call
from lambdas.api.logic.problems import ProblemError
from lambdas.api.logic.router import match
from lambdas.shared import clients, clock

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from lambdas.api.adapters import Adapters
    from lambdas.api.logic.requests import Asked, Given

logger = Logger()
Response = dict[str, Any]

MODULES = {
    "listVens": "vens",
    "getVen": "vens",
    "listTelemetry": "vens",
    "sendCommand": "commands",
    "getCommand": "commands",
    "listEvents": "events",
    "createEvent": "events",
    "getEvent": "events",
    "reviseEvent": "events",
    "cancelEvent": "events",
    "deleteEvent": "events",
    "getReport": "events",
    "settleEvent": "events",
    "getFleet": "fleet",
    "getOpenapi": "openapi",
}
"""Where each operation of the route table is done; imported when it is first asked for."""

TOO_MANY = frozenset({"TooManyRequestsException"})
BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ReadTimeoutError",
        "ConnectTimeoutError",
        "EndpointConnectionError",
    }
)
"""What AWS and botocore say when the same call is worth repeating."""
RETRY_SOON = {"Retry-After": "1"}
RETRY_LATER = {"Retry-After": "5"}
ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:  # noqa: ARG001 - Lambda's signature
    """Answer one call."""
    call = calls.read_call(event)
    operation = "none"
    try:
        matched = match(call.method, call.path)
        operation = matched.route.operation
        response = _answer(call, matched.route, matched.parameters)
    except ProblemError as error:
        response = _refusal(error, call)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer without its text
        response = _refusal(_failure(error), call)
    logger.info(
        "answered",
        operation=operation,
        status=response["statusCode"],
        request_id=call.request_id,
        caller=call.caller,
    )
    return response


def _answer(call: Call, route: Route, parameters: Mapping[str, str]) -> Response:
    from lambdas.api.logic.requests import Asked  # noqa: PLC0415 - not for a call that no route takes

    calls.check_acceptable(call)
    asked = Asked(
        call=call,
        path=calls.read_named(Path, parameters),
        headers=calls.read_named(Headers, _headers(call, route)),
        query=calls.read_query(route.query, call),
        body=None if route.body is None else calls.read_body(route.body.kind, call),
        desk=_desk(),
        now=clock.utc_now(),
    )
    given = _operation(route.operation)(asked)
    status = route.answer.status
    if route.answer.kind is None:
        return {"statusCode": status, "headers": {**ALWAYS, **given.headers}}
    return _json(status, given.value, JSON, given.headers)


def _headers(call: Call, route: Route) -> dict[str, str]:
    return {name: call.headers[name.lower()] for name in route.headers if name.lower() in call.headers}


@cache
def _operation(name: str) -> Callable[[Asked], Given]:
    """``getVen`` is `get_ven` of its module."""
    module = import_module(f"lambdas.api.operations.{MODULES[name]}")
    found: Callable[[Asked], Given] = getattr(module, re.sub(r"(?=[A-Z])", "_", name).lower())
    return found


@cache
def _desk() -> Adapters:
    from lambdas.api.adapters import open_adapters  # noqa: PLC0415 - not for a call that is refused

    return open_adapters()


def _failure(error: Exception) -> ProblemError:
    """What the caller is told of an error that is not the caller's."""
    code = clients.error_code(error)
    if code in TOO_MANY:
        return ProblemError(problems.TOO_MANY, "too many calls at once: try again", headers=RETRY_SOON)
    if code in BUSY:
        logger.warning("busy", error=code)
        detail = "the cloud did not answer in time: try again; what was asked may have been done"
        return ProblemError(problems.BUSY, detail, headers=RETRY_LATER)
    logger.error("failed", error=code, function=getattr(error, "function", None), exc_info=error)
    return ProblemError(problems.FAILED, "the request id finds the cause in the log")


def _refusal(error: ProblemError, call: Call) -> Response:
    problem = error.problem(instance=call.path[:256], request_id=call.request_id)
    return _json(error.kind.status, problem, PROBLEM_JSON, error.headers)


def _json(status: int, value: msgspec.Struct, content_type: str, headers: Mapping[str, str]) -> Response:
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **ALWAYS, **headers},
        "body": codec.encode(value).decode(),
        "isBase64Encoded": False,
    }
