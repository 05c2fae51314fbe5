"""The operations of a VTN's tokens in its OpenAPI document: a function of its own answers them. Pure.

Source: RFC 6749, 4.4 and 5; RFC 7517 for the keys. The official document has the first as ``fetchToken``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from contracts.api.openapi_document import operation, ref, response
from contracts.api.problems import JSON
from contracts.openadr.problems import OadrProblem
from contracts.openadr.tokens import BASE_PATH, AuthError, TokenAnswer
from contracts.wire.codec import JsonDict

FORM = "application/x-www-form-urlencoded"
TEXT = {"type": "string", "minLength": 1, "maxLength": 1024}
REQUEST = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": TEXT,
        "client_secret": TEXT,
        "scope": {"type": "string", "maxLength": 1024},
    },
}
KEYS = {
    "type": "object",
    "required": ["keys"],
    "properties": {"keys": {"type": "array", "items": {"type": "object", "required": ["kty", "kid"]}}},
}
REFUSALS = {
    400: "Something in the form is wrong.",
    401: "There is no such client, or it is not its secret.",
    501: "Tokens are issued elsewhere: see /auth/server.",
}
UNAVAILABLE = "Too much at once: try again."
TOKEN_KINDS: tuple[type[msgspec.Struct], ...] = (TokenAnswer, AuthError)


def token_operations() -> Iterator[tuple[str, str, JsonDict]]:
    """Each with its path and its method; nobody needs a token for them."""
    refusals = {status: response(text, {JSON: ref(AuthError)}) for status, text in REFUSALS.items()}
    unavailable = {503: response(UNAVAILABLE, {JSON: ref(OadrProblem)})}
    issued = {200: response("Done.", {JSON: ref(TokenAnswer)}, {"Cache-Control": "no-store."})}
    fetch = operation(
        "fetchToken",
        "A token for a client, which says who it is in the form or by HTTP Basic",
        parameters=(),
        body=None,
        responses=issued | refusals | unavailable,
    )
    fetch["requestBody"] = {"required": True, "content": {FORM: {"schema": REQUEST}}}
    publish = operation(
        "publishKeys",
        "The public keys that check tokens",
        parameters=(),
        body=None,
        responses={200: response("Done.", {JSON: KEYS}), **unavailable},
    )
    yield f"{BASE_PATH}/auth/token", "POST", {**fetch, "security": []}
    yield f"{BASE_PATH}/auth/jwks.json", "GET", {**publish, "security": []}
