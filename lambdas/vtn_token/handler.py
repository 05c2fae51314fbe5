"""Issues tokens to the VTN's clients, and publishes the key by which others can check them.

No secret and no token is in its log, and no id that a stranger made up: whoever mixes up two fields would
have a secret there.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from contracts.openadr.client_requests import is_client_id
from contracts.openadr.external_issuer import read_issuer
from contracts.openadr.ids import ClientId
from contracts.openadr.tokens import AuthError
from contracts.store.vtn_clients import opens
from contracts.wire.codec import JsonDict
from lambdas.shared import clients, clock, settings
from lambdas.shared.gateway_calls import GatewayCall, read_gateway_call
from lambdas.shared.json_web_keys import jwk_of
from lambdas.vtn_token import logic
from lambdas.vtn_token.adapters import TokenAdapters, open_adapters
from lambdas.vtn_token.settings import IssuingSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
clients.at_init(__package__, clients.dynamodb, clients.kms)
KEYS_AGE_S = 300
TOKEN_ID_BYTES = 16
NO_CLIENT = "-"


@logger.inject_lambda_context
def handler(event: JsonDict, context: LambdaContext) -> logic.Response:  # noqa: ARG001 - Lambda's signature
    """Answer one call."""
    call = read_gateway_call(event)
    try:
        adapters = open_adapters()
        if call.path.endswith(logic.JWKS_PATH):
            return published(adapters)
        return issue(call, adapters, now=clock.utc_now())
    except logic.TokenRequestError as refused:
        logger.info("no token", error=refused.error.error)
        return logic.refusal(refused)
    except Exception as error:
        logger.exception("failed", error=clients.error_code(error))
        return logic.unavailable(call.path, settings.read(IssuingSettings).vtn_url)


def issue(call: GatewayCall, adapters: TokenAdapters, *, now: float) -> logic.Response:
    """Issue a token.

    Raises:
        TokenRequestError: the request, its client or its scopes are not right.
    """
    environment = adapters.settings
    external = read_issuer(environment.external_issuer)
    if external is not None:
        description = f"tokens are issued at {external.token_url}"
        error = AuthError(error="unsupported_grant_type", error_description=description)
        raise logic.TokenRequestError(error, logic.NOT_IMPLEMENTED)
    wanted = logic.read_request(call)
    # What is no id of a client is looked up as well, under one that none has: it takes as long.
    row = adapters.book.find(ClientId(wanted.client_id if is_client_id(wanted.client_id) else NO_CLIENT))
    if not opens(wanted.client_secret, row, now) or row is None:
        raise logic.invalid_client("no such client, or not its secret")
    client = logic.granted(row.client(), wanted.scope)
    token_id = secrets.token_urlsafe(TOKEN_ID_BYTES)
    claims = logic.claims_of(client, issuer=environment.vtn_url, now=now, token_id=token_id)
    signed = logic.signing_input(claims, environment.token_key)
    token = logic.token_of(signed, adapters.sign(signed))
    logger.info("token issued", client_id=client.client_id, scope=claims.scope)
    return logic.issued(client, token)


def published(adapters: TokenAdapters) -> logic.Response:
    """The stage's public key, for other services that are to check its tokens."""
    key = jwk_of(adapters.keys.public(), adapters.settings.token_key)
    response = logic.answer({"keys": [key]})
    response["headers"] |= {"Cache-Control": f"public, max-age={KEYS_AGE_S}"}
    del response["headers"]["Pragma"]
    return response
