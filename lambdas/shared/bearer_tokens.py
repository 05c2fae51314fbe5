"""Bearer tokens of the VTN's clients, as its functions check them.

A token is a JWT that this stage has signed, or an identity provider in its place. Its key is chosen by its
``kid`` among those of the issuer, its algorithm by that key: nothing in a token says how it is to be checked.

Source: RFC 6750, RFC 9068, RFC 8725.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
import msgspec

from contracts.errors import VenTwinError
from contracts.openadr.external_issuer import ExternalIssuer, read_issuer
from contracts.openadr.ids import STAGE_CLIENT, CheckedClientId
from contracts.openadr.scopes import Client, read_scopes
from contracts.openadr.tokens import TokenClaims
from contracts.wire import codec
from lambdas.shared import clients
from lambdas.shared.json_web_keys import CheckingKey, TokenKeys
from lambdas.shared.token_keys import KmsKeys, PublishedKeys

TOKEN_PATH = "/auth/token"  # noqa: S105 - a path, no token
LEEWAY_S = 30.0
"""Clocks of the issuer and of AWS may differ so much."""
TOKEN_MAX_CHARS = 8192
"""Source: API Gateway quotas, all headers of a call have 10,240 bytes."""
SCOPES_MAX = 200
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<token>[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")
_OPTIONS = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["iss", "aud", "exp"]}
"""Times are judged by the caller's clock, `_check_times`; the rest by PyJWT."""


class TokenRefusedError(VenTwinError):
    """Raised when a call has no token, or one that does not hold. Answer 401; the text has no token in it."""


class TokenReader(Protocol):
    """Finds the client that calls by the token in its *authorization* header."""

    def client(self, authorization: str | None, *, now: float) -> Client:
        """The client that *authorization*, ``Bearer …``, was issued to.

        Raises:
            TokenRefusedError: there is none, or it does not hold at *now*, UTC s.
        """
        ...


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Settings of whoever checks tokens.

    Attributes:
        vtn_url: base URL of the VTN, issuer and audience of its own tokens.
        token_key: id of the KMS key that signs them, also their ``kid``.
        external_issuer: an `ExternalIssuer` whose tokens are taken instead, or ``none``.
    """

    vtn_url: str
    token_key: str
    external_issuer: str


@dataclass(frozen=True, slots=True)
class JwtReader:
    """Checks tokens of *issuer* for *audience* by *keys*; *external* has what its claims mean."""

    issuer: str
    audience: str
    keys: TokenKeys
    external: ExternalIssuer | None = None

    def client(self, authorization: str | None, *, now: float) -> Client:
        """The client of a token. Raises TokenRefusedError, and KeysUnavailableError without any key."""
        token = token_in(authorization)
        key = self._key(token, now)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options=_OPTIONS,  # type: ignore[arg-type]
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenRefusedError(
                f"the token does not hold: {_REASONS.get(type(error), 'invalid')}"
            ) from None
        _check_times(claims, now)
        return _stage_client(claims) if self.external is None else _external_client(claims, self.external)

    def _key(self, token: str, now: float) -> CheckingKey:
        """The key that the token names, when it is one for its algorithm."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise TokenRefusedError("the token is no JWT") from None
        kid = header.get("kid")
        key = self.keys.key(kid, now=now) if isinstance(kid, str) else None
        if key is None:
            raise TokenRefusedError("the token's key is none of the issuer's")
        if header.get("alg") != key.algorithm or "crit" in header:
            raise TokenRefusedError(f"the token is not signed by {key.algorithm}")
        return key


def token_in(authorization: str | None) -> str:
    """The token in the header. Raises TokenRefusedError for any other header, also for two of them in one."""
    if authorization is None:
        raise TokenRefusedError("no Authorization header: Bearer and a token are needed")
    if len(authorization) > TOKEN_MAX_CHARS:
        raise TokenRefusedError(f"the token has more than {TOKEN_MAX_CHARS} characters")
    match = _BEARER.fullmatch(authorization.strip(" "))
    if match is None:
        raise TokenRefusedError("the Authorization header is not Bearer and one JWT")
    return match["token"]


def _check_times(claims: Mapping[str, object], now: float) -> None:
    for name in ("exp", "nbf", "iat"):
        at = claims.get(name)
        if at is None and name != "exp":
            continue
        if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) <= codec.EXACT_MAX:
            raise TokenRefusedError(f"the token's {name} is no time")
        if name == "exp" and now >= at + LEEWAY_S:
            raise TokenRefusedError("the token has expired")
        if name != "exp" and now < at - LEEWAY_S:
            raise TokenRefusedError("the token is not valid yet")


def _stage_client(claims: Mapping[str, Any]) -> Client:
    """The client of a token of this stage, whose claims are those that it makes."""
    try:
        made = msgspec.convert(claims, TokenClaims)
    except msgspec.ValidationError:
        raise TokenRefusedError("the token's claims are not those of this VTN") from None
    if made.sub != made.client_id:
        raise TokenRefusedError("the token's sub and client_id differ")
    return Client(_client_id(made.client_id, "client_id"), read_scopes(made.scope))


def _external_client(claims: Mapping[str, Any], issuer: ExternalIssuer) -> Client:
    client_id = _client_id(claims.get(issuer.client_claim), issuer.client_claim)
    words = claims.get(issuer.scope_claim, "")
    if isinstance(words, str):
        words = words.split()
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TokenRefusedError(
            f"the token's claim {issuer.scope_claim} is neither a string nor a list of them"
        )
    return Client(client_id, issuer.scopes_of(words[:SCOPES_MAX]))


def _client_id(value: object, claim: str) -> Any:
    refusal = TokenRefusedError(f"the token's claim {claim} is no client's id")
    try:
        client_id = msgspec.convert(value, CheckedClientId)
    except msgspec.ValidationError:
        raise refusal from None
    if client_id == STAGE_CLIENT:
        raise refusal
    return client_id


_REASONS: Mapping[type[BaseException], str] = {
    jwt.InvalidSignatureError: "its signature is wrong",
    jwt.InvalidIssuerError: "of another issuer",
    jwt.InvalidAudienceError: "for another audience",
    jwt.MissingRequiredClaimError: "a claim is missing",
}


def open_token_reader(settings: TokenSettings) -> TokenReader:
    """The reader of the stage's own tokens, or of its identity provider's."""
    external = read_issuer(settings.external_issuer)
    if external is None:
        keys = KmsKeys(clients.kms(), settings.token_key)
        return JwtReader(issuer=settings.vtn_url, audience=settings.vtn_url, keys=keys)
    published = PublishedKeys(external.jwks_url)
    return JwtReader(issuer=external.issuer, audience=external.audience, keys=published, external=external)


def token_url(settings: TokenSettings) -> str:
    """The address at which clients get their tokens, for ``/auth/server``."""
    external = read_issuer(settings.external_issuer)
    return settings.vtn_url + TOKEN_PATH if external is None else external.token_url
