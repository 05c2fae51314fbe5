"""Answers in the form that API Gateway takes. Source: API Gateway Developer Guide, payload format 2.0."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from contracts.api.problems import JSON, PROBLEM_JSON
from contracts.api.routes import Route
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from lambdas.api.logic.calls import Call
from lambdas.api.logic.operation import OperationResult
from lambdas.api.logic.problems import ProblemError

Response = JsonDict
ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(route: Route, result: OperationResult) -> Response:
    """The answer to a call of *route*."""
    status = route.answer.status
    if route.answer.kind is None:
        return {"statusCode": status, "headers": {**ALWAYS, **result.headers}}
    return _json(status, result.value, JSON, result.headers)


def refusal(error: ProblemError, call: Call) -> Response:
    """The answer to a call that is refused, or that failed."""
    problem = error.problem(instance=call.path[:256], request_id=call.request_id)
    return _json(error.kind.status, problem, PROBLEM_JSON, error.headers)


def _json(status: int, value: msgspec.Struct, content_type: str, headers: Mapping[str, str]) -> Response:
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **ALWAYS, **headers},
        "body": codec.encode(value).decode(),
        "isBase64Encoded": False,
    }
