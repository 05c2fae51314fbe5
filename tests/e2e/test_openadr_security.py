"""The running VTN and those who should not get in: forged tokens, scopes that let nobody see more, logs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.openadr.ids import ClientId
from contracts.openadr.operations import COLLECTIONS
from contracts.openadr.routes import TOPICS_PATH, VTN_ROUTES
from contracts.openadr.scopes import Role, Scope
from tests.e2e.conftest import System
from tests.support import leaks
from tests.support.leaks import leaks_under
from tests.support.outside_vtn import OutsideClient, OutsideStand, OutsideVtn, claims_of, route_at
from tests.support.transcripts import let_out
from ven_twin.operations.oadr_clients import OadrClients

Forge = Callable[[dict[str, Any], dict[str, Any], Any], str]


def text(raw: bytes | dict[str, Any]) -> str:
    """Base64 as tokens have it."""
    raw = json.dumps(raw).encode() if isinstance(raw, dict) else raw
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def thief() -> rsa.RSAPrivateKey:
    """Another key of the same kind."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token by another key, under the issuer's name."""
    return jwt.encode(claims, thief(), algorithm="RS256", headers={**header, "alg": "RS256"})


def hmac_of(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A token signed with HS256, the public key being the secret. Source: RFC 8725, 2.1."""
    unsigned = f"{text({**header, 'alg': 'HS256'})}.{text(claims)}"
    return f"{unsigned}.{text(hmac.new(secret, unsigned.encode(), hashlib.sha256).digest())}"


def pem(key: Any) -> bytes:
    """A public key as text."""
    raw: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return raw


FORGED: dict[str, Forge] = {
    "alg none": lambda head, claims, _: f"{text({**head, 'alg': 'none'})}.{text(claims)}.",
    "alg none with the signature": lambda head, claims, _: (
        f"{text({**head, 'alg': 'none'})}.{text(claims)}.eA"
    ),
    "HS256 with the public key": lambda head, claims, key: hmac_of(head, claims, pem(key)),
    "another key": lambda head, claims, _: signed(head, claims),
    "another kid": lambda head, claims, _: signed({**head, "kid": "thief"}, claims),
    "no kid": lambda head, claims, _: signed({"typ": head["typ"]}, claims),
}
CHANGED: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://vtn.example/openadr3/3.1.0"},
    "another issuer": {"iss": "https://thief.example"},
    "expired": {"exp": int(time.time()) - 3600},
    "another client": {"client_id": "utility", "sub": "utility"},
    "more scopes": {"scope": "read_all write_programs"},
}


def calls(stand: OutsideStand, token: str) -> set[int]:
    """The statuses of every list, by a token."""
    client = OutsideClient(stand.vtn.http, stand.vtn.url, token)
    return {client.call(route_at("GET", each.path)).status_code for each in COLLECTIONS}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_gets_nowhere(stand: OutsideStand, how: str) -> None:
    """401 for each, although all its claims are those of a token that holds."""
    bearer = str(stand.bl.bearer)
    assert calls(stand, bearer) == {200}
    (key,) = stand.vtn.http.get(f"{stand.vtn.url}/auth/jwks.json").json()["keys"]
    head = jwt.get_unverified_header(bearer)
    assert calls(stand, FORGED[how](head, claims_of(bearer), jwt.PyJWK(key).key)) == {401}


@pytest.mark.parametrize("how", CHANGED)
def test_claims_that_are_changed_are_not_believed(stand: OutsideStand, how: str) -> None:
    """401 for other claims under the signature of a token that holds."""
    head, _, signature = str(stand.owner.bearer).split(".")
    claims = claims_of(str(stand.owner.bearer)) | CHANGED[how]
    assert calls(stand, f"{head}.{text(claims)}.{signature}") == {401}


def test_read_bl_alone_sees_nothing_more(vtn: OutsideVtn, stand: OutsideStand) -> None:
    """It makes nobody the business logic: no list, no object, no topic of a collection."""
    for scopes in ((Scope.READ_BL,), (Scope.READ_BL, Scope.READ_TARGETS, Scope.READ_VEN_OBJECTS)):
        client_id = ClientId(f"curious-{uuid4().hex[:8]}")
        _, secret = OadrClients(vtn.cloud).make(client_id, None, scopes)
        leaks.known.add(secret)
        vtn.secrets[client_id] = secret
        curious = vtn.with_scopes(client_id, frozenset(scopes))
        for route in VTN_ROUTES:
            if route.method != "GET" or route.rights is None:
                continue
            answer = curious.call(route, stand.path(route))
            owned = route.collection is not None and route.collection.reads.ven is Scope.READ_VEN_OBJECTS
            if len(scopes) == 1 or (route.path.startswith(TOPICS_PATH) and "venID" not in route.path):
                assert answer.status_code == 403, route.operation
            elif owned:
                assert answer.status_code == 404 or answer.json() == [], route.operation


def test_a_targeted_object_is_seen_by_its_targets_alone(stand: OutsideStand) -> None:
    """A VEN's own word gives it no target; what it then sees is cut to its own."""
    word, ven = f"group-{uuid4().hex[:8]}", stand.objects["VEN"]
    targets = [word, "someone-else"]
    program = stand.bl.made("/programs", programName=f"targeted-{word}", targets=targets)
    one = f"/programs/{program['id']}"
    read = route_at("GET", one)
    body = {"objectType": "VEN_VEN_REQUEST", "venName": ven["venName"], "targets": [word]}
    path = f"/vens/{ven['id']}"
    assert stand.owner.call(route_at("PUT", path), path, json=body).status_code == 200
    assert stand.owner.call(read, one).status_code == 404
    granted = body | {"objectType": "BL_VEN_REQUEST", "clientID": ven["clientID"]}
    assert stand.bl.call(route_at("PUT", path), path, json=granted).status_code == 200
    assert stand.owner.get(one)["targets"] == [word]
    assert stand.owner.get("/programs", targets=word)[0]["targets"] == [word]
    assert stand.owner.get("/programs", targets="someone-else") == []
    assert stand.other.call(read, one).status_code == 404
    assert program["id"] not in [each["id"] for each in stand.other.get("/programs")]
    assert stand.bl.call(route_at("DELETE", one), one).status_code == 200
    assert stand.bl.call(route_at("PUT", path), path, json={**granted, "targets": None}).status_code == 200


def test_nothing_secret_is_in_any_log(system: System, vtn: OutsideVtn, stand: OutsideStand) -> None:
    """No bearer token, no client's secret and no callback's token, wherever a client puts them."""
    client = vtn.client("loud", Role.VEN)
    bearer, word = str(client.bearer), f"callback-{uuid4().hex}"
    operations = {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": f"https://a.invalid/?{word}"}
    refused = client.call(
        route_at("POST", "/subscriptions"),
        json={"clientName": "a", "objectOperations": [operations | {"bearerToken": word}]},
    )
    assert refused.status_code == 400
    for path in (f"/programs/{bearer}", f"/{bearer}", f"/reports?clientName={bearer}"):
        vtn.http.get(f"{vtn.url}{path}", headers={"Authorization": f"Bearer {bearer}"})
    client.call(route_at("POST", "/vens"), json={"venName": 7, "objectType": bearer, bearer: bearer})
    stand.bl.call(route_at("GET", "/vens"), headers={"If-None-Match": bearer, "X-Token": bearer})
    for scheme in ("bearer", "Token", "Basic"):
        vtn.http.get(f"{vtn.url}/programs", headers={"Authorization": f"{scheme} {bearer}"})
    assert let_out(system.cloud) == []
    assert leaks_under(system.home) == []
    logs = system.cloud.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        said = "\n".join(event["message"] for page in pages for event in page["events"])
        assert word not in said, group["logGroupName"]
