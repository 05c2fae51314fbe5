"""The HTTP API: reads a call by its route, carries out the operation, answers.

It has rights to read, and to invoke the functions that have the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from contracts.api.parameters import Headers, Path
from contracts.api.routes import Route
from contracts.wire.codec import JsonDict
from lambdas.api import operations
from lambdas.api.logic import calls, problems, responses
from lambdas.api.logic.calls import Call
from lambdas.api.logic.operation import OperationRequest, OperationResult
from lambdas.api.logic.problems import ProblemError, ProblemKind
from lambdas.api.logic.responses import Response
from lambdas.shared import clients, clock

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from lambdas.api.adapters import ApiAdapters

logger = Logger()
clients.at_init(__package__, clients.dynamodb, clients.functions)


@logger.inject_lambda_context
def handler(event: JsonDict, context: LambdaContext) -> Response:  # noqa: ARG001 - Lambda's signature
    """Answer one call."""
    call = calls.read_call(event)
    operation = "none"
    try:
        matched = calls.match(call.method, call.path)
        operation = matched.route.operation
        response = _answer(call, matched.route, matched.parameters)
    except ProblemError as error:
        response = responses.refusal(error, call)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer without its text
        response = responses.refusal(_failure(error), call)
    logger.info(
        "answered",
        operation=operation,
        status=response["statusCode"],
        request_id=call.request_id,
        caller=call.caller,
    )
    return response


def _answer(call: Call, route: Route, parameters: Mapping[str, str]) -> Response:
    request = OperationRequest(
        call=call,
        path=calls.read_named(Path, parameters),
        headers=calls.read_named(Headers, calls.headers_of(call, route)),
        query=calls.read_query(route.query, call),
        body=None if route.body is None else calls.read_body(route.body.kind, call),
        now=clock.utc_now(),
    )
    return responses.answer(route, _operation(route.operation)(request, _adapters()))


@cache
def _operation(name: str) -> Callable[[OperationRequest, ApiAdapters], OperationResult]:
    """``getVen`` is `get_ven`, in whichever module of `lambdas.api.operations` it stands."""
    function = re.sub(r"(?=[A-Z])", "_", name).lower()
    names = (module.name for module in iter_modules(operations.__path__))
    modules = (import_module(f"{operations.__name__}.{name}") for name in names)
    operation: Callable[[OperationRequest, ApiAdapters], OperationResult] = next(
        getattr(module, function) for module in modules if hasattr(module, function)
    )
    return operation


@cache
def _adapters() -> ApiAdapters:
    from lambdas.api.adapters import open_adapters  # noqa: PLC0415 - not for a call that is refused

    return open_adapters()


def _failure(error: Exception) -> ProblemError:
    """The problem of an error that is not the caller's; the error itself goes into the log."""
    code = clients.error_code(error)
    problem = problems.of_failure(code)
    if problem.kind is ProblemKind.BUSY:
        logger.warning("busy", error=code)
    elif problem.kind is ProblemKind.FAILED:
        logger.error("failed", error=code, function=getattr(error, "function", None), exc_info=error)
    return problem
