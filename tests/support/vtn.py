"""A VTN in the process: its handler over a table, and clients that call it as API Gateway would."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from contracts.errors import FieldError
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import ROLE_SCOPES, Client, Role, Scope, read_scopes, scopes_text
from contracts.openadr.tokens import BASE_PATH
from contracts.store.vtn_changes import VtnChange
from contracts.store.vtn_keys import VTN, client_key
from lambdas.shared.bearer_tokens import TokenRefusedError
from lambdas.shared.tables import Table
from lambdas.shared.vtn_book import VtnBook
from lambdas.vtn import handler as vtn_handler
from lambdas.vtn.adapters import VtnAdapters
from lambdas.vtn.settings import VtnSettings
from ven_twin.testing.function_world import Context

URL = f"https://vtn.example.org{BASE_PATH}"
CALLBACK = "https://client.example.org/openadr"
Scopes = Collection[Scope]


class PlainTokens:
    """Tokens that are ``Bearer <client id>.<scopes joined by a plus>``: no keys, nothing to sign."""

    def client(self, authorization: str | None, *, now: float) -> Client:  # noqa: ARG002 - they never expire
        """The client in the header."""
        kind, _, token = (authorization or "").partition(" ")
        client_id, dot, scopes = token.partition(".")
        if kind != "Bearer" or not dot:
            raise TokenRefusedError("the token does not hold")
        return Client(ClientId(client_id), read_scopes(scopes.replace("+", " ")))


@dataclass
class ToldChanges:
    """Keeps what it is told."""

    changes: list[VtnChange] = field(default_factory=list)
    error: Exception | None = None

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Keep *changes*, or fail."""
        if self.error is not None:
            raise self.error
        self.changes += changes


@dataclass
class CheckedUrls:
    """Takes every callback but those with *refuses* in them."""

    urls: list[str] = field(default_factory=list)
    refuses: str = "deaf"

    def check(self, url: str) -> None:
        """Note *url*."""
        self.urls.append(url)
        if not url.startswith("https://") or self.refuses in url:
            raise FieldError("callbackUrl", "does not answer")


@dataclass(frozen=True)
class VtnAnswer:
    """An answer as a client gets it."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)

    @property
    def ids(self) -> list[str]:
        """The ids of a list."""
        return [each["id"] for each in self.json]


@dataclass(frozen=True)
class VtnClient:
    """A client with a token."""

    vtn: Vtn
    client_id: str
    scopes: Scopes

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> VtnAnswer:
        """The answer to a call of *path* below the base path."""
        token = f"Bearer {self.client_id}.{'+'.join(scopes_text(self.scopes).split())}"
        return self.vtn.call(method, path, body, query, {"authorization": token, **(headers or {})})

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> VtnAnswer:
        """GET."""
        return self.call("GET", path, query=query, headers=headers)

    def post(self, path: str, **body: Any) -> VtnAnswer:
        """POST."""
        return self.call("POST", path, body)

    def put(self, path: str, headers: Mapping[str, str] | None = None, **body: Any) -> VtnAnswer:
        """PUT."""
        return self.call("PUT", path, body, headers=headers)

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> VtnAnswer:
        """DELETE."""
        return self.call("DELETE", path, headers=headers)

    def made(self, path: str, **body: Any) -> Any:
        """The object that a POST has made."""
        answer = self.post(path, **body)
        assert answer.status == 201, answer.text
        return answer.json


@dataclass
class Vtn:
    """The VTN over *table*."""

    table: Table
    settings: VtnSettings = field(default_factory=lambda: VtnSettings("vtn", URL))
    told: ToldChanges = field(default_factory=ToldChanges)
    checks: CheckedUrls = field(default_factory=CheckedUrls)
    tick: Callable[[], object] = int
    """Is called before each call, so that no two are at one time."""

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **settings: str) -> None:
        """A cold function, with other settings if need be."""
        if settings:
            self.settings = VtnSettings("vtn", URL, **settings)
        adapters = VtnAdapters(self.settings)
        adapters.__dict__.update(
            book=VtnBook(self.table),
            tokens=PlainTokens(),
            token_url=f"{URL}/auth/token",
            callbacks=self.checks,
            changes=self.told,
        )
        self.adapters = adapters

    def client(self, client_id: str, scopes: Scopes, *, stored: Scopes | None = None) -> VtnClient:
        """A client of the stage, which has *stored* scopes, with a token for *scopes*."""
        granted = scopes if stored is None else stored
        key = client_key(ClientId(client_id))
        self.put({VTN.partition: key.partition, "objectKey": key.sort, "scopes": scopes_text(granted)})
        return VtnClient(self, client_id, scopes)

    def put(self, item: Mapping[str, object]) -> None:
        """Write *item* past the VTN."""
        self.table.client.put_item(TableName=self.table.name, Item=_item(item))

    def remove(self, client_id: str) -> None:
        """Remove a client, as an operator does."""
        key = client_key(ClientId(client_id))
        self.table.client.delete_item(TableName=self.table.name, Key=_item(self.table.key(key)))

    def bl(self, client_id: str = "bl") -> VtnClient:
        """The business logic."""
        return self.client(client_id, ROLE_SCOPES[Role.BL])

    def ven(self, client_id: str = "ven-1") -> VtnClient:
        """A VEN's client."""
        return self.client(client_id, ROLE_SCOPES[Role.VEN])

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> VtnAnswer:
        """The answer to a call without a token, unless *headers* have one."""
        event = vtn_event(method, f"{BASE_PATH}{path}", body, query, headers)
        return self.answer(event)

    def answer(self, event: Mapping[str, Any]) -> VtnAnswer:
        """The answer to *event*."""
        self.tick()
        before = vtn_handler._adapters
        vtn_handler._adapters = lambda: self.adapters  # type: ignore[assignment]
        try:
            answer = vtn_handler.handler(dict(event), Context())  # type: ignore[arg-type]
        finally:
            vtn_handler._adapters = before
        return VtnAnswer(answer["statusCode"], answer["headers"], answer.get("body", ""))


def vtn_event(
    method: str,
    path: str,
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    is_base64: bool = False,
) -> dict[str, Any]:
    """A call as API Gateway hands it over, in payload format 2.0."""
    raw = body if isinstance(body, str) else None if body is None else json.dumps(body)
    if is_base64 and raw is not None:
        raw = base64.b64encode(raw.encode()).decode()
    return {
        "rawPath": path,
        "rawQueryString": urlencode(query or {}, doseq=True),
        "headers": {"host": "vtn.example.org", "content-type": "application/json", **(headers or {})},
        "body": raw,
        "isBase64Encoded": is_base64,
        "requestContext": {"http": {"method": method}, "requestId": "request-1"},
    }


def _item(item: Mapping[str, object]) -> dict[str, Any]:
    return {
        name: {"BOOL": value} if isinstance(value, bool) else {"S": str(value)}
        for name, value in item.items()
    }


def subscription(**more: Any) -> dict[str, Any]:
    """The body of a subscription to everything."""
    operations = {
        "objects": ["PROGRAM", "EVENT"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "callbackUrl": CALLBACK,
        "bearerToken": "secret-word",
    }
    return {"clientName": "client", "objectOperations": [operations], **more}
