"""The VTN's tokens in the process: a key of moto's KMS, clients, calls as API Gateway hands them over."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from moto.kms.utils import generate_private_key

from contracts.openadr.tokens import BASE_PATH
from lambdas.shared import clients
from lambdas.vtn_clients.handler import handler as clients_handler
from lambdas.vtn_token import adapters
from lambdas.vtn_token.handler import handler as token_handler
from ven_twin.testing.function_account import ENVIRONMENT
from ven_twin.testing.function_world import Context

URL = ENVIRONMENT["VTN_URL"]
FORM = "application/x-www-form-urlencoded"
GRANT = {"grant_type": "client_credentials"}


def basic(client_id: str, secret: str) -> str:
    """The Authorization header of a client."""
    return f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


@dataclass(frozen=True)
class HttpAnswer:
    """The answer that a client gets."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass(frozen=True)
class VtnWorld:
    """The key that signs, and calls of the functions."""

    key_id: str

    def ask(self, op: str, client_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """What `vtn_clients` answers."""
        event = {"op": op, **({} if client_id is None else {"clientId": client_id}), **fields}
        answer: dict[str, Any] = clients_handler(event, Context())
        return answer

    def made(self, client_id: str, **fields: Any) -> str:
        """The secret of a client that is made now, a VEN's unless *fields* say otherwise."""
        return str(self.ask("make", client_id, **(fields or {"role": "ven"}))["clientSecret"])

    def token(
        self,
        form: Mapping[str, str] | str | None = None,
        *,
        authorization: str | None = None,
        content_type: str = FORM,
        encoded: bool = False,
    ) -> HttpAnswer:
        """The answer to a request for a token; *form* may be a body as it is, *encoded* in base64."""
        body = form if isinstance(form, str) else urlencode(form or GRANT)
        headers = {"Content-Type": content_type}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self._call("POST", f"{BASE_PATH}/auth/token", headers, body, encoded=encoded)

    def jwks(self) -> HttpAnswer:
        """The published keys."""
        return self._call("GET", f"{BASE_PATH}/auth/jwks.json", {}, "", encoded=False)

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: str, *, encoded: bool
    ) -> HttpAnswer:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": dict(headers),
            "requestContext": {"http": {"method": method, "path": path}, "requestId": "req-1"},
            "body": body,
            "isBase64Encoded": encoded,
        }
        answer = token_handler(event, Context())
        return HttpAnswer(answer["statusCode"], answer["headers"], json.loads(answer["body"]))


_signing_key = cache(generate_private_key)


@contextmanager
def open_vtn(monkeypatch: pytest.MonkeyPatch) -> Iterator[VtnWorld]:
    """A VTN in the account; its key is that of every test, since making one takes longer than a test."""
    with monkeypatch.context() as patch:
        patch.setattr("moto.kms.models.generate_private_key", _signing_key)
        made = clients.kms().create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    key_id = made["KeyMetadata"]["KeyId"]
    monkeypatch.setenv("TOKEN_KEY", key_id)
    adapters.open_adapters.cache_clear()
    yield VtnWorld(key_id)
    adapters.open_adapters.cache_clear()
