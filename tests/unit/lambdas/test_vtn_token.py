"""Tokens of the VTN: who gets one, with what in it, and what everyone else is answered."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from contracts.openadr.external_issuer import ExternalIssuer, issuer_setting
from contracts.store import vtn_clients
from contracts.store.vtn_clients import SECRETS_MAX, ClientRow, StoredSecret, opens, secret_digest
from lambdas.shared import clients
from lambdas.vtn_token import adapters
from tests.support.vtn_world import FORM, GRANT, URL, VtnWorld, basic, open_vtn
from ven_twin.testing.function_world import NOW, World


@pytest.fixture
def vtn(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[VtnWorld]:  # noqa: ARG001 - its account
    """A VTN in the account."""
    with open_vtn(monkeypatch) as opened:
        yield opened


def form_of(client_id: str, secret: str, **more: str) -> dict[str, str]:
    """A request's form."""
    return {**GRANT, "client_id": client_id, "client_secret": secret, **more}


def test_a_client_gets_a_token_by_form_and_by_basic(vtn: VtnWorld) -> None:
    """Both ways that clients of OpenADR use, also at once when they name the same client."""
    secret = vtn.made("house-1")
    ways = (
        vtn.token(form_of("house-1", secret)),
        vtn.token(GRANT, authorization=basic("house-1", secret)),
        vtn.token({**GRANT, "client_id": "house-1"}, authorization=basic("house-1", secret)),
    )
    for answer in ways:
        assert (answer.status, answer.json["token_type"], answer.json["expires_in"]) == (200, "Bearer", 3600)
        assert answer.headers["Cache-Control"] == "no-store"
    assert len({answer.json["access_token"] for answer in ways}) == 3


def test_a_token_says_who_for_whom_and_for_how_long(vtn: VtnWorld) -> None:
    """Signed by the stage's key with RS256, named by its id; claims of RFC 9068, scopes as one string."""
    token = vtn.token(form_of("utility", vtn.made("utility", role="bl"))).json["access_token"]
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "at+jwt", "kid": vtn.key_id}
    (published,) = vtn.jwks().json["keys"]
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, jwt.PyJWK(published).key, ["RS256"], options=options, audience=URL, issuer=URL)
    assert claims.pop("jti")
    assert claims == {
        "iss": URL,
        "aud": URL,
        "sub": "utility",
        "client_id": "utility",
        "scope": "read_all read_bl write_programs write_events write_subscriptions write_vens",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("read_targets read_all", "read_targets"),
        ("write_vens   read_targets", "read_targets write_vens"),
        ("read_targets nonsense", "read_targets"),
    ],
)
def test_a_token_has_the_scopes_that_are_asked_for_and_granted(asked: str, given: str, vtn: VtnWorld) -> None:
    """No more than the client has, and no word that is no scope."""
    answer = vtn.token(form_of("house-1", vtn.made("house-1"), scope=asked))
    assert answer.json["scope"] == given
    assert jwt.decode(answer.json["access_token"], options={"verify_signature": False})["scope"] == given


@pytest.mark.parametrize("asked", ["read_all", "nonsense", " "])
def test_a_token_without_any_scope_is_refused(asked: str, vtn: VtnWorld) -> None:
    """Nothing of what is asked for is granted: invalid_scope, and no token that opens nothing."""
    answer = vtn.token(form_of("house-1", vtn.made("house-1"), scope=asked))
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert "access_token" not in answer.json


GRANT_FIELD = "grant_type=client_credentials"
CLIENT_FIELDS = f"{GRANT_FIELD}&client_id=house-1"
BAD, UNKNOWN = (400, "invalid_request"), (401, "invalid_client")
REFUSED: dict[str, tuple[Any, dict[str, Any], tuple[int, str]]] = {
    "no client": (GRANT, {}, UNKNOWN),
    "an id without a secret": ({**GRANT, "client_id": "house-1"}, {}, UNKNOWN),
    "a wrong secret": (form_of("house-1", "x" * 43), {}, UNKNOWN),
    "an unknown client": (form_of("house-9", "SECRET"), {}, UNKNOWN),
    "what can be no client": (form_of("#" * 1000, "SECRET"), {}, UNKNOWN),
    "a secret of half a pair": (f"{CLIENT_FIELDS}&client_secret=%ED%A0%80", {}, BAD),
    "another grant": (
        form_of("house-1", "SECRET", grant_type="password"), {}, (400, "unsupported_grant_type"),
    ),
    "no grant": ({"client_id": "house-1", "client_secret": "SECRET"}, {}, BAD),
    "an empty grant": (form_of("house-1", "SECRET", grant_type=""), {}, BAD),
    "two grants": (f"{GRANT_FIELD}&{CLIENT_FIELDS}&client_secret=SECRET", {}, BAD),
    "two ids": (f"{CLIENT_FIELDS}&client_id=a&client_secret=SECRET", {}, BAD),
    "two clients": (form_of("house-2", "SECRET"), {"authorization": "house-1"}, BAD),
    "two secrets": (form_of("house-1", "other"), {"authorization": "house-1"}, BAD),
    "JSON": ('{"grant_type": "client_credentials"}', {"content_type": "application/json"}, BAD),
    "no content type": (form_of("house-1", "SECRET"), {"content_type": ""}, BAD),
    "a huge body": ("x=" + "y" * 100_000, {}, BAD),
    "a huge field": (form_of("house-1", "y" * 2000), {}, BAD),
    "many fields": ("&".join(f"a{n}=1" for n in range(100)), {}, BAD),
    "no base64 body": ("%%%", {"encoded": True}, BAD),
    "bytes that are no text": (base64.b64encode(b"\xff\xfe=1").decode(), {"encoded": True}, BAD),
    "bad base64": (GRANT, {"authorization": "Basic %%%"}, UNKNOWN),
    "Basic without a colon": (GRANT, {"authorization": "Basic aG91c2U="}, UNKNOWN),
    "Basic that is no text": (GRANT, {"authorization": "Basic //79"}, UNKNOWN),
    "another scheme": (GRANT, {"authorization": "Bearer a.b.c"}, UNKNOWN),
    "a huge header": (GRANT, {"authorization": f"Basic {'QUJD' * 5000}"}, BAD),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_is_not_right_is_refused_as_rfc_6749_has_it(case: str, vtn: VtnWorld) -> None:
    """One of the standard's words, in JSON; an unknown client gets a 401 that asks for Basic."""
    secret = vtn.made("house-1")
    form, named, (status, error) = REFUSED[case]
    named = {**named}
    if named.get("authorization") == "house-1":
        named["authorization"] = basic("house-1", secret)
    form = (
        form.replace("SECRET", secret)
        if isinstance(form, str)
        else {name: value.replace("SECRET", secret) for name, value in form.items()}
    )
    answer = vtn.token(form, **named)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert secret not in json.dumps(answer.json)
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", FORM.upper()])
def test_a_form_is_known_by_its_content_type(content_type: str, vtn: VtnWorld) -> None:
    """With parameters and in any case; the body may come in base64, as the gateway hands it over."""
    secret = vtn.made("house-1")
    body = base64.b64encode(
        f"grant_type=client_credentials&client_id=house-1&client_secret={secret}".encode()
    ).decode()
    assert vtn.token(body, content_type=content_type, encoded=True).status == 200


def test_neither_secret_nor_token_is_logged(vtn: VtnWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Nor an id that a stranger made up, where a secret may stand by mistake."""
    secret = vtn.made("house-1")
    token = vtn.token(form_of("house-1", secret)).json["access_token"]
    vtn.token(form_of(secret, "house-1"))
    vtn.token(GRANT, authorization=f"Bearer {token}")
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert "token issued" in logged
    assert "house-1" in logged
    assert secret not in logged
    assert token not in logged
    assert token.rpartition(".")[2] not in logged


def test_a_failure_is_the_vtns_and_told_without_its_text(
    vtn: VtnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KMS that cannot sign is no fault of the client's: 503 with a whole problem, which clients try again."""
    secret = vtn.made("house-1")
    monkeypatch.setenv("TOKEN_KEY", "00000000-0000-0000-0000-000000000000")
    adapters.open_adapters.cache_clear()
    answer = vtn.token(form_of("house-1", secret))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json == {
        "type": "urn:problem-type:openadr:busy",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "too much at once: try again",
        "instance": f"{URL}/auth/token",
    }


def test_with_an_identity_provider_the_stage_issues_no_token(
    vtn: VtnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where tokens are to be had."""
    secret = vtn.made("house-1")
    provider = ExternalIssuer(
        issuer="https://id.example",
        jwks_url="https://id.example/keys",
        token_url="https://id.example/token",
        audience="vtn",
    )
    monkeypatch.setenv("EXTERNAL_ISSUER", issuer_setting(provider))
    adapters.open_adapters.cache_clear()
    answer = vtn.token(form_of("house-1", secret))
    assert answer.status == 501
    assert "https://id.example/token" in answer.json["error_description"]


def test_an_unknown_client_costs_what_a_known_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many digests are compared, each in constant time, with none, one or all of the secrets there."""
    compared: list[int] = []
    compare = vtn_clients.hmac.compare_digest

    def counted(one: str, other: str) -> bool:
        compared[-1] += 1
        return compare(one, other)

    monkeypatch.setattr(vtn_clients.hmac, "compare_digest", counted)
    secrets = tuple(StoredSecret(digest=secret_digest(f"s{n}")) for n in range(SECRETS_MAX))
    rows = [ClientRow(client_id=_id("a"), scopes="", secrets=secrets[:n], created_ts=0.0) for n in (0, 1, 4)]
    for row in (None, *rows):
        compared.append(0)
        opens("nothing", row, NOW)
    assert compared == [SECRETS_MAX] * 4


def test_no_secret_at_all_opens_no_client() -> None:
    """Not even where a client has none: what stands in for a digest is never one."""
    nobody = ClientRow(client_id=_id("a"), scopes="", secrets=(), created_ts=0.0)
    assert not opens("", nobody, NOW)
    assert not opens("", None, NOW)


def test_every_lookup_is_made_whatever_the_client_is(vtn: VtnWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be no id of a client is looked up as well: the time tells nobody the form of ids."""
    vtn.made("house-1")
    asked: list[object] = []
    get_item = clients.dynamodb().get_item

    def noted(**named: Any) -> Any:
        asked.append(named["Key"])
        return get_item(**named)

    monkeypatch.setattr(clients.dynamodb(), "get_item", noted)
    for client_id in ("house-1", "house-9", "#" * 500):
        vtn.token(form_of(client_id, "x"))
    assert len(asked) == 3


def _id(text: str) -> Any:
    return text
