"""The issuer of the VTN's tokens where that is not the stage itself: a company's identity provider. Pure.

The stage's settings carry it to the functions as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from contracts.openadr.scopes import Scope, read_scopes

NO_ISSUER = "none"
"""In place of an issuer, where the stage issues its tokens itself."""
CLIENT_CLAIM, SCOPE_CLAIM = "client_id", "scope"
"""The usual names of the claims. Source: RFC 9068, 2.2."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ExternalIssuer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An issuer whose tokens the VTN takes.

    Attributes:
        issuer: the claim ``iss`` of its tokens.
        jwks_url: where its public keys are.
        token_url: where clients get their tokens, as the VTN tells them.
        audience: the claim ``aud`` of tokens for this VTN.
        client_claim: the claim with the client's id.
        scope_claim: the claim with the scopes, one string or a list.
        scopes: OpenADR's scopes by the issuer's own words; empty where its words are OpenADR's.
    """

    issuer: str
    jwks_url: str
    token_url: str
    audience: str
    client_claim: str = CLIENT_CLAIM
    scope_claim: str = SCOPE_CLAIM
    scopes: dict[str, tuple[Scope, ...]] = {}

    def scopes_of(self, words: Iterable[str]) -> frozenset[Scope]:
        """The scopes that the issuer's *words* stand for; words that stand for none are left out."""
        if not self.scopes:
            return read_scopes(" ".join(words))
        return frozenset(scope for word in words for scope in self.scopes.get(word, ()))


def issuer_setting(issuer: ExternalIssuer | None) -> str:
    """*issuer* as a function's setting."""
    return NO_ISSUER if issuer is None else msgspec.json.encode(issuer).decode()


def read_issuer(setting: str) -> ExternalIssuer | None:
    """The issuer of a function's *setting*; None where the stage issues its tokens itself."""
    return None if setting == NO_ISSUER else msgspec.json.decode(setting, type=ExternalIssuer)


def is_fetchable(url: str) -> bool:
    """True of HTTPS, and of HTTP on loopback, where the local cloud is."""
    try:
        address = urlsplit(url)
        host = address.hostname
    except ValueError:
        return False
    plain = address.scheme == "http" and host in LOOPBACK
    return bool(host) and (address.scheme == "https" or plain) and address.username is None
