"""A request for a token read, judged and answered, and the token's text. Pure.

Source: RFC 6749, 2.3.1, 4.4 and 5; RFC 9068.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from contracts.errors import MalformedError, OversizeError, VenTwinError
from contracts.openadr.scopes import Client, read_scopes, scopes_text
from contracts.openadr.tokens import (
    ALGORITHM,
    TOKEN_S,
    AuthError,
    ClientCredentials,
    TokenAnswer,
    TokenClaims,
)
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from lambdas.shared.gateway_calls import GatewayCall
from lambdas.shared.oadr_problems import BUSY_DETAIL, RETRY, VtnProblemKind, called_url

FORM = "application/x-www-form-urlencoded"
JWKS_PATH = "/auth/jwks.json"
GRANT = "client_credentials"
BODY_MAX_BYTES = 8192
FIELDS_MAX = 32
FIELD_MAX_CHARS = 1024
BAD_REQUEST, UNAUTHORIZED, NOT_IMPLEMENTED = 400, 401, 501
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""Source: RFC 6749, 5.1."""
REALM = {"WWW-Authenticate": 'Basic realm="OpenADR VTN", charset="UTF-8"'}
Response = JsonDict


class TokenRequestError(VenTwinError):
    """A request for a token that is refused. Answer *error* with *status*.

    Attributes:
        error: why, in the words of RFC 6749.
        status: of HTTP.
    """

    def __init__(self, error: AuthError, status: int = BAD_REQUEST) -> None:
        self.error, self.status = error, status
        super().__init__(error.error_description or error.error)


def invalid_request(why: str) -> TokenRequestError:
    """A request that is malformed."""
    return TokenRequestError(AuthError(error="invalid_request", error_description=why))


def invalid_client(why: str) -> TokenRequestError:
    """A client that has not shown who it is; the same for one that there is not."""
    return TokenRequestError(AuthError(error="invalid_client", error_description=why), UNAUTHORIZED)


def read_request(call: GatewayCall) -> ClientCredentials:
    """The client, its secret and the scopes that it asks for.

    Raises:
        TokenRequestError: it is no such request, or it names two clients or none.
    """
    if call.headers.get("content-type", "").split(";", 1)[0].strip().lower() != FORM:
        raise invalid_request(f"Content-Type must be {FORM}")
    form = _form(_raw(call))
    if "grant_type" not in form:
        raise invalid_request(f"grant_type is missing: {GRANT}")
    if form["grant_type"] != GRANT:
        error = AuthError(error="unsupported_grant_type", error_description=f"grant_type must be {GRANT}")
        raise TokenRequestError(error)
    client_id, secret = _credentials(call.headers.get("authorization"), form)
    return ClientCredentials(client_id=client_id, client_secret=secret, scope=form.get("scope"))


def _raw(call: GatewayCall) -> bytes:
    try:
        raw = call.raw_body(BODY_MAX_BYTES)
    except (MalformedError, UnicodeEncodeError):
        raise invalid_request("the body is no text") from None
    except OversizeError:
        raise invalid_request(f"the body has more than {BODY_MAX_BYTES} bytes") from None
    if len(raw) > BODY_MAX_BYTES:
        raise invalid_request(f"the body has more than {BODY_MAX_BYTES} bytes")
    return raw


def _form(raw: bytes) -> dict[str, str]:
    """The fields of a form, those without a value left out. Source: RFC 6749, 3.2."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise invalid_request(f"the body is no form of UTF-8 and at most {FIELDS_MAX} fields") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise invalid_request("a parameter is given more than once")
        if len(value) > FIELD_MAX_CHARS:
            raise invalid_request(f"a parameter has more than {FIELD_MAX_CHARS} characters")
        fields[name] = value
    return {name: value for name, value in fields.items() if value}


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    """The client's id and secret, of the header or of the form; of both when they are the same."""
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise invalid_client("no client: client_id and client_secret in the form, or HTTP Basic")
        return form["client_id"], form["client_secret"]
    client_id, secret = _basic(authorization)
    if form.get("client_id", client_id) != client_id or form.get("client_secret", secret) != secret:
        raise invalid_request("the header and the form name different clients")
    return client_id, secret


def _basic(authorization: str) -> tuple[str, str]:
    """The id and the secret in an Authorization header, encoded as in a form. Raises as `read_request`."""
    scheme, _, encoded = authorization.strip(" ").partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("the Authorization header is not Basic")
    if len(encoded) > BODY_MAX_BYTES:
        raise invalid_request("the Authorization header is too long")
    try:
        text = base64.b64decode(encoded.strip(" "), validate=True).decode()
        client_id, colon, secret = text.partition(":")
        client_id, secret = (unquote_plus(word, errors="strict") for word in (client_id, secret))
    except ValueError:
        raise invalid_client("the Authorization header is no base64 of ID:SECRET") from None
    if not (colon and client_id and secret):
        raise invalid_client("the Authorization header is no base64 of ID:SECRET")
    return client_id, secret


def granted(client: Client, scope: str | None) -> Client:
    """*client* with the scopes that it has and asks for; all of them when it asks for none in particular.

    Raises:
        TokenRequestError: it has none of them.
    """
    scopes = client.scopes if scope is None else client.scopes & read_scopes(scope)
    if not scopes:
        description = f"none of the scopes that this client has: {scopes_text(client.scopes) or 'none'}"
        raise TokenRequestError(AuthError(error="invalid_scope", error_description=description))
    return Client(client.client_id, scopes)


def claims_of(client: Client, *, issuer: str, now: float, token_id: str) -> TokenClaims:
    """The claims of a token for *client* from *now*."""
    return TokenClaims(
        iss=issuer,
        aud=issuer,
        sub=client.client_id,
        client_id=client.client_id,
        scope=scopes_text(client.scopes),
        iat=int(now),
        exp=int(now) + TOKEN_S,
        jti=token_id,
    )


def signing_input(claims: TokenClaims, kid: str) -> bytes:
    """The text that the signature of a token is over. Source: RFC 7515, 5.1."""
    header = codec.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": kid})
    return _base64url(header) + b"." + _base64url(codec.encode(claims))


def token_of(signed: bytes, signature: bytes) -> str:
    """The token: what was *signed*, and its signature."""
    return (signed + b"." + _base64url(signature)).decode()


def answer(value: msgspec.Struct | JsonDict, status: int = 200) -> Response:
    """The answer for the gateway, which nobody may keep."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", **NO_STORE},
        "body": codec.encode(value).decode(),
        "isBase64Encoded": False,
    }


def issued(client: Client, token: str) -> Response:
    """The answer with a token."""
    scope = scopes_text(client.scopes)
    return answer(TokenAnswer(access_token=token, expires_in=TOKEN_S, scope=scope))


def refusal(refused: TokenRequestError) -> Response:
    """The answer without one. Source: RFC 6749, 5.2."""
    response = answer(refused.error, refused.status)
    if refused.status == UNAUTHORIZED:
        response["headers"] |= REALM
    return response


def unavailable(path: str, vtn_url: str) -> Response:
    """The answer of a VTN that could not do it, to a call of *path*: there is a problem, and it may pass."""
    kind = VtnProblemKind.BUSY
    response = answer(kind.problem(BUSY_DETAIL, called_url(path, vtn_url)), kind.status)
    response["headers"] |= RETRY
    return response


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
