"""Bearer tokens: which ones hold, and every known way to forge one refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from contracts.openadr.external_issuer import ExternalIssuer, issuer_setting
from contracts.openadr.ids import STAGE_CLIENT
from contracts.openadr.scopes import Role, Scope
from lambdas.shared.bearer_tokens import (
    LEEWAY_S,
    JwtReader,
    TokenRefusedError,
    TokenSettings,
    open_token_reader,
    token_url,
)
from lambdas.shared.json_web_keys import CheckingKey, jwk_of, read_jwks
from tests.support.token_forge import (
    EC_KID,
    ISSUER,
    KID,
    NOW,
    FixedKeys,
    by_hand,
    claims,
    elliptic_key,
    hmac_with_public_key,
    private_key,
    reader,
    signed,
)

SCOPES = {Scope.READ_TARGETS, Scope.WRITE_REPORTS}


def _tampered() -> str:
    head, _, signature = signed().split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims(scope="read_all")).encode()).decode().rstrip("=")
    return f"{head}.{payload}.{signature}"


def _injected() -> str:
    """A token whose header brings the key that it is signed with."""
    thief = private_key("thief")
    return signed(key=thief, jwk=jwk_of(thief.public_key(), KID), jku="https://evil.example/keys")


FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: by_hand({"alg": "none", "kid": KID}, claims()),
    "alg None": lambda: by_hand({"alg": "None", "kid": KID}, claims()),
    "alg none with a signature": lambda: by_hand({"alg": "none", "kid": KID}, claims(), b"x" * 256),
    "no alg": lambda: by_hand({"kid": KID}, claims()),
    "HS256 with the public key as the secret": hmac_with_public_key,
    "HS256 with nothing as the secret": lambda: signed(key="x" * 32, alg="HS256"),
    "RS512 by the right key": lambda: signed(alg="RS512"),
    "PS256 by the right key": lambda: signed(alg="PS256"),
    "ES256 named as RS256's key": lambda: signed(key=elliptic_key(), alg="ES256"),
    "RS256 named as ES256's key": lambda: signed(kid=EC_KID),
    "another key under its name": lambda: signed(key=private_key("thief")),
    "another key, brought along": _injected,
    "an unknown kid": lambda: signed(kid="key-9"),
    "a kid that is no text": lambda: by_hand({"alg": "RS256", "kid": 1}, claims()),
    "a kid that is a path": lambda: signed(kid="../../etc/passwd"),
    "no kid": lambda: jwt.encode(claims(), private_key(), algorithm="RS256"),
    "a header that is critical": lambda: signed(crit=["exp"]),
    "other claims under the same signature": _tampered,
    "a signature cut off": lambda: signed()[:-8],
    "no signature": lambda: signed().rpartition(".")[0] + ".AA",
    "another issuer": lambda: signed(claims(iss="https://evil.example")),
    "an issuer that begins alike": lambda: signed(claims(iss=f"{ISSUER}/")),
    "another audience": lambda: signed(claims(aud="https://vtn2.example")),
    "an audience among others": lambda: signed(claims(aud=[ISSUER, "https://vtn2.example"])),
    "expired": lambda: signed(claims(exp=int(NOW - LEEWAY_S))),
    "long expired": lambda: signed(claims(exp=1)),
    "not before later": lambda: signed(claims(nbf=int(NOW + LEEWAY_S) + 1)),
    "issued later": lambda: signed(claims(iat=int(NOW + LEEWAY_S) + 1)),
    "an end that is no number": lambda: signed(claims(exp="tomorrow")),
    "an end that is true": lambda: signed(claims(exp=True)),
    "an end that never comes": lambda: signed(claims(exp=float("inf"))),
    "an end that no float holds": lambda: signed(claims(exp=10**400)),
    "an end that is none": lambda: signed(claims(exp=float("nan"))),
    "a sub of another client": lambda: signed(claims(sub="utility")),
    "an empty client": lambda: signed(claims(sub="", client_id="")),
    "a client of 129 characters": lambda: signed(claims(sub="x" * 129, client_id="x" * 129)),
    "scopes as a list": lambda: signed(claims(scope=["read_all"])),
    "claims that are a list": lambda: signed([1, 2]),
    "claims nested deep": lambda: signed(b"[" * 5000),
    "a header nested deep": lambda: by_hand(b"[" * 5000, claims()),  # type: ignore[arg-type]
    "a header that is no object": lambda: by_hand([], claims()),  # type: ignore[arg-type]
    "garbage": lambda: "a.b.c",
    "bytes that are no text": lambda: "_____w.____.____",
    "more than a header holds": lambda: signed(claims(jti="x" * 9000)),
    **{
        f"no {name}": (lambda missing=name: signed(claims(**{missing: None})))
        for name in ("iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti")
    },
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_is_refused(how: str) -> None:
    """By the rules of RFC 8725: nothing in a token chooses how it is checked; the error has none of it."""
    token = FORGED[how]()
    with pytest.raises(TokenRefusedError) as refused:
        reader().client(f"Bearer {token}", now=NOW)
    assert token not in str(refused.value)
    assert "\n" not in str(refused.value)


HEADERS = {
    "no header": lambda _: None,
    "an empty header": lambda _: "",
    "the token alone": lambda token: token,
    "another scheme": lambda token: f"Basic {token}",
    "a longer scheme": lambda token: f"Bearers {token}",
    "no token": lambda _: "Bearer",
    "two tokens": lambda token: f"Bearer {token} {token}",
    "two headers, as the gateway joins them": lambda token: f"Bearer {token},Bearer {token}",
    "two headers of two schemes": lambda token: f"Basic QTpC, Bearer {token}",
    "a line break": lambda token: f"Bearer {token}\n",
    "a token in quotes": lambda token: f'Bearer "{token}"',
    "five segments": lambda token: f"Bearer {token}.e.e",
}


@pytest.mark.parametrize("how", HEADERS)
def test_a_header_that_is_not_bearer_and_one_token_is_refused(how: str) -> None:
    """Whatever a gateway or a proxy makes of several."""
    with pytest.raises(TokenRefusedError):
        reader().client(HEADERS[how](signed()), now=NOW)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_token_of_the_stage_holds(scheme: str) -> None:
    """With its client and its scopes; the scheme in any case, as RFC 9110 has it."""
    client = reader().client(f"{scheme}{signed()}", now=NOW)
    assert (client.client_id, client.scopes, client.role) == ("house-1", SCOPES, Role.VEN)


@pytest.mark.parametrize("at", [NOW - LEEWAY_S, NOW, NOW + 3600, NOW + 3600 + LEEWAY_S - 1])
def test_clocks_may_differ_by_half_a_minute(at: float) -> None:
    """Of whoever issued the token, and of whoever checks it."""
    assert reader().client(f"Bearer {signed(claims(nbf=int(NOW)))}", now=at).client_id == "house-1"


def test_words_that_are_no_scopes_are_none() -> None:
    """And a token without any has none: every call is refused by its scope then."""
    assert reader().client(f"Bearer {signed(claims(scope='root read_targets'))}", now=NOW).scopes == {
        Scope.READ_TARGETS
    }
    assert reader().client(f"Bearer {signed(claims(scope=''))}", now=NOW).scopes == frozenset()


PROVIDER = ExternalIssuer(
    issuer="https://id.example/realms/grid",
    jwks_url="https://id.example/realms/grid/certs",
    token_url="https://id.example/realms/grid/token",
    audience="vtn",
    client_claim="azp",
    scope_claim="roles",
    scopes={"grid.read": (Scope.READ_ALL,), "grid.write": (Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS)},
)


def external(issuer: ExternalIssuer = PROVIDER) -> JwtReader:
    """A reader of an identity provider's tokens, by the keys that it publishes."""
    own = jwk_of(private_key().public_key(), KID)
    curve = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(elliptic_key().public_key())) | {"kid": EC_KID}
    keys = FixedKeys(**read_jwks(json.dumps({"keys": [own, curve]}).encode()))
    return JwtReader(issuer=issuer.issuer, audience=issuer.audience, keys=keys, external=issuer)


def provided(**changed: Any) -> dict[str, Any]:
    """Claims as an identity provider makes them."""
    made = {"iss": PROVIDER.issuer, "aud": ["account", "vtn"], "exp": NOW + 300.5, "azp": "utility"}
    return {**made, "roles": ["grid.read", "offline_access"], **changed}


@pytest.mark.parametrize(
    ("key", "kid", "alg"), [(private_key, KID, "RS256"), (elliptic_key, EC_KID, "ES256")]
)
def test_a_token_of_an_identity_provider_holds(key: Callable[[], Any], kid: str, alg: str) -> None:
    """Signed with RS256 or ES256, for this VTN among others, its words turned into OpenADR's scopes."""
    client = external().client(f"Bearer {signed(provided(), key=key(), kid=kid, alg=alg)}", now=NOW)
    assert (client.client_id, client.scopes) == ("utility", {Scope.READ_ALL})


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        ("grid.write grid.read", {Scope.READ_ALL, Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS}),
        (["grid.write"], {Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS}),
        (["read_all"], set()),
        ([], set()),
    ],
)
def test_an_identity_providers_words_are_a_string_or_a_list(words: object, scopes: set[Scope]) -> None:
    """With a mapping no other word counts, also none that is OpenADR's."""
    assert external().client(f"Bearer {signed(provided(roles=words))}", now=NOW).scopes == scopes


def test_without_a_mapping_the_words_are_openadrs() -> None:
    """Of a provider that was set up for OpenADR."""
    plain = ExternalIssuer(issuer=PROVIDER.issuer, jwks_url="x", token_url="x", audience="vtn")
    payload = {**provided(), "client_id": "house-1", "scope": "read_targets openid"}
    assert external(plain).client(f"Bearer {signed(payload)}", now=NOW).scopes == {Scope.READ_TARGETS}


@pytest.mark.parametrize(
    "changed",
    [{"azp": None}, {"azp": 7}, {"azp": ["utility"]}, {"azp": "x" * 129}, {"azp": STAGE_CLIENT}, {"roles": 1},
     {"roles": [["grid.read"]]}, {"aud": "account"}, {"iss": ISSUER}, {"exp": float(NOW - 31)}],
)  # fmt: skip
def test_a_token_of_a_provider_that_says_something_else_is_refused(changed: dict[str, Any]) -> None:
    """No client's id or the stage's own, no scopes, another audience or issuer, or no longer."""
    payload = {name: value for name, value in provided(**changed).items() if value is not None}
    with pytest.raises(TokenRefusedError):
        external().client(f"Bearer {signed(payload)}", now=NOW)


def test_with_a_provider_the_stages_own_tokens_are_none() -> None:
    """It is instead, not beside: whoever makes clients in the stage gets nobody in."""
    with pytest.raises(TokenRefusedError):
        external().client(f"Bearer {signed()}", now=NOW)


def test_the_reader_is_that_of_the_settings() -> None:
    """And so is the address where clients get their tokens."""
    own = TokenSettings(vtn_url=ISSUER, token_key="k", external_issuer="none")
    theirs = TokenSettings(vtn_url=ISSUER, token_key="k", external_issuer=issuer_setting(PROVIDER))
    assert token_url(own) == f"{ISSUER}/auth/token"
    assert token_url(theirs) == PROVIDER.token_url
    opened = open_token_reader(theirs)
    assert isinstance(opened, JwtReader)
    assert (opened.issuer, opened.audience, opened.external) == (PROVIDER.issuer, "vtn", PROVIDER)


@pytest.mark.parametrize(
    "changed",
    [{"use": "enc"}, {"alg": "RS512"}, {"kid": None}, {"kty": "oct", "k": "AAAA"}, {"d": "AAAA"},
     {"n": "AQAB"}, {"e": None}, {"kty": None}],
)  # fmt: skip
def test_a_published_key_that_is_not_for_these_tokens_is_left_out(changed: dict[str, Any]) -> None:
    """For encryption, of another algorithm, without a name, secret, private, short, or broken."""
    key = {**jwk_of(private_key().public_key(), KID), **changed}
    assert read_jwks(json.dumps({"keys": [key, 1, None]}).encode()) == {}


def test_a_key_that_is_published_can_be_read() -> None:
    """What the stage publishes is the key that checks its tokens."""
    (key,) = read_jwks(json.dumps({"keys": [jwk_of(private_key().public_key(), KID)]}).encode()).values()
    assert key == CheckingKey(private_key().public_key(), "RS256")
