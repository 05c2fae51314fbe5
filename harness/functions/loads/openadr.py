"""Loads of the functions that issue tokens of OpenADR, and keep the clients of the VTN."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.openadr.client_requests import ClientOp
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Scope, scopes_text
from contracts.openadr.tokens import BASE_PATH
from contracts.store.vtn_clients import SECRETS_MAX, ClientRow, StoredSecret, client_item, secret_digest
from contracts.store.vtn_keys import VTN
from contracts.wire.codec import JsonDict
from harness.functions.account import CannedAccount
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.tables import CannedTable

CLIENTS = 5_000
SECRET = "s" * 43
SETTINGS = {"EXTERNAL_ISSUER": "none", "TOKEN_KEY": "1b2c", "VTN_URL": f"https://vtn.example{BASE_PATH}"}


@cache
def private_key() -> rsa.RSAPrivateKey:
    """The key that KMS has in the canned account."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key() -> bytes:
    """Its public half, as KMS answers it."""
    return private_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _row(number: int) -> ClientRow:
    secrets = [StoredSecret(digest=secret_digest(f"{number} {place}")) for place in range(SECRETS_MAX - 1)]
    return ClientRow(
        client_id=ClientId(f"client-{number:057d}"),
        scopes=scopes_text(list(Scope)),
        secrets=(*secrets, StoredSecret(digest=secret_digest(SECRET))),
        created_ts=fleet.NOW,
    )


def _account(clients: int) -> CannedAccount:
    table = CannedTable(VTN).add(client_item(_row(number)) for number in range(clients))
    return CannedAccount({"vtn": table}, public_key=public_key())


def http_call(method: str, path: str, headers: Mapping[str, str], body: str = "") -> JsonDict:
    """A call of the VTN as API Gateway hands it over, payload format 2.0."""
    return {
        "version": "2.0",
        "rawPath": BASE_PATH + path,
        "headers": dict(headers),
        "requestContext": {"http": {"method": method, "path": BASE_PATH + path}, "requestId": "req-1"},
        "body": body,
        "isBase64Encoded": False,
    }


def _token() -> JsonDict:
    credentials = base64.b64encode(f"{_row(0).client_id}:{SECRET}".encode()).decode()
    headers = {
        "authorization": f"Basic {credentials}",
        "content-type": "application/x-www-form-urlencoded",
    }
    return http_call("POST", "/auth/token", headers, "grant_type=client_credentials")


def _has_token(answer: JsonDict, calls: Calls) -> bool:
    return "access_token" in msgspec.json.decode(answer["body"]) and calls["kms Sign"] == 1


def _has_key(answer: JsonDict, _: Calls) -> bool:
    return len(msgspec.json.decode(answer["body"])["keys"]) == 1


def _is_whole(answer: JsonDict, _: Calls) -> bool:
    return len(answer["clients"]) == CLIENTS


LOADS = (
    WorstLoad(
        "vtn_token",
        f"a token for a client with {SECRETS_MAX} secrets, the first that the sandbox meets",
        _token,
        lambda: _account(1),
        _has_token,
        environment=SETTINGS,
    ),
    WorstLoad(
        "vtn_token",
        "the published key",
        lambda: http_call("GET", "/auth/jwks.json", {}),
        lambda: _account(1),
        _has_key,
        environment=SETTINGS,
    ),
    WorstLoad(
        "vtn_clients",
        f"a list of {CLIENTS:,} clients",
        lambda: {"op": ClientOp.LIST},
        lambda: _account(CLIENTS),
        _is_whole,
    ),
)
