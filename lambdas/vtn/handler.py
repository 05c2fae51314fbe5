"""The VTN: reads a call by its route and its token, carries out the operation, answers.

route ──▶ token ──▶ client's partition ──▶ role and scope ──▶ operation
404       401          401                    403             400 404 409
405
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from contracts.openadr.operations import Verb
from contracts.openadr.routes import TOPICS_PATH
from contracts.wire.codec import JsonDict
from lambdas.shared import clients, clock, vtn_problems
from lambdas.shared.bearer_tokens import TokenRefusedError
from lambdas.shared.gateway_calls import GatewayCall, read_gateway_call
from lambdas.shared.oadr_problems import VtnProblemKind, called_url
from lambdas.shared.object_privacy import ClientGoneError, VtnCaller, caller_of
from lambdas.shared.vtn_problems import VtnProblemError
from lambdas.vtn.logic import calls, responses
from lambdas.vtn.logic.calls import VtnMatch
from lambdas.vtn.logic.request import VtnRequest, check_rights
from lambdas.vtn.logic.responses import VtnResponse
from lambdas.vtn.operations import notifiers, reading, writing

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from lambdas.vtn.adapters import VtnAdapters

logger = Logger()
clients.at_init(__package__, clients.dynamodb, clients.sqs, clients.kms)
VERBS = {
    Verb.SEARCH: reading.search,
    Verb.CREATE: writing.create,
    Verb.READ: reading.read,
    Verb.UPDATE: writing.update,
    Verb.DELETE: writing.delete,
}


@logger.inject_lambda_context
def handler(event: JsonDict, context: LambdaContext) -> VtnResponse:  # noqa: ARG001 - Lambda's signature
    """Answer one call."""
    call = read_gateway_call(event)
    adapters = _adapters()
    operation, client_id = "none", "none"
    try:
        matched = calls.match_route(call.method, call.path)
        operation = matched.route.operation
        if matched.route.is_open:
            response = _open_answer(matched, adapters)
        else:
            now = clock.utc_now()
            caller = _caller(call, adapters, now)
            client_id = caller.client.client_id
            check_rights(matched.route, caller)
            request = VtnRequest(call, matched.route, matched.parameters, caller, now)
            response = _answer(request, adapters)
    except VtnProblemError as error:
        response = responses.refused(error, called_url(call.path, adapters.settings.vtn_url))
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer without its text
        response = responses.refused(_failure(error), called_url(call.path, adapters.settings.vtn_url))
    logger.info(
        "answered",
        operation=operation,
        status=response["statusCode"],
        request_id=call.request_id,
        client_id=client_id,
    )
    return response


def _caller(call: GatewayCall, adapters: VtnAdapters, now: float) -> VtnCaller:
    """The caller, by its token and by its partition as it is now."""
    try:
        client = adapters.tokens.client(call.headers.get("authorization"), now=now)
        rows = adapters.book.grants(client.client_id)
        return caller_of(client, rows, is_issued_here=adapters.is_issued_here)
    except (TokenRefusedError, ClientGoneError) as error:
        raise vtn_problems.unauthorized(str(error)) from None


def _open_answer(matched: VtnMatch, adapters: VtnAdapters) -> VtnResponse:
    if matched.route.operation == "getOpenapi":
        return notifiers.openapi()
    return notifiers.auth_server(adapters)


def _answer(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    if request.route.verb is not None:
        return VERBS[request.route.verb](request, adapters)
    if request.route.path.startswith(TOPICS_PATH):
        return notifiers.topics(request, adapters)
    return notifiers.notifiers(request, adapters)


@cache
def _adapters() -> VtnAdapters:
    from lambdas.vtn.adapters import open_vtn  # noqa: PLC0415 - the last to be imported

    return open_vtn()


def _failure(error: Exception) -> VtnProblemError:
    """The problem of an error that is not the client's; the error itself goes into the log."""
    code = clients.error_code(error)
    problem = vtn_problems.of_error(code)
    if problem.kind is VtnProblemKind.BUSY:
        logger.warning("busy", error=code)
    else:
        logger.error("failed", error=code, exc_info=error)
    return problem
