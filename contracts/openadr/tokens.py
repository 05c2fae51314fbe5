"""Requests and answers of `/auth/token`, and the claims of a token of this stage's own issuer.

Source: RFC 6749, 4.4 and 5; RFC 9068 for the claims. The spelling is theirs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.openadr.ids import ClientId

TOKEN_S = 3600
"""A token is good for so long."""
ALGORITHM = "RS256"
BASE_PATH = "/openadr3/3.1.0"
"""Of every path of the VTN."""


class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A client that asks for a token; *scope* narrows what it is given."""

    client_id: str
    client_secret: str
    scope: str | None = None


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token for *expires_in* seconds, with its scopes as one string."""

    access_token: str
    expires_in: int
    scope: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, no token


class AuthError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reason why no token was given."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ]
    error_description: str | None = None


class AuthServer(msgspec.Struct, frozen=True, kw_only=True):
    """The address where tokens are to be had."""

    token_url: str = msgspec.field(name="tokenURL")


class TokenClaims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a token. Times are UTC seconds; *scope* is one string."""

    iss: str
    aud: str
    sub: ClientId
    client_id: ClientId
    scope: str
    iat: int
    exp: int
    jti: str
