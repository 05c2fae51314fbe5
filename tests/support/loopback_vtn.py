"""A VTN of the tests' own on loopback, small and strict, written from the official document alone.

It has nothing of the product's: what a twin says to it is judged by another reading of OpenADR 3.1.0.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from tests.support.loopback_server import loopback_server

BASE = "/openadr3/3.1.0"
CLIENT, SECRET = "house-1", "a secret of house-1's, quoted & odd"
COLLECTIONS = {
    "programs": "PROGRAM",
    "events": "EVENT",
    "reports": "REPORT",
    "vens": "VEN",
    "resources": "RESOURCE",
    "subscriptions": "SUBSCRIPTION",
}
FILTERS = {
    "events": {"programID": "programID"},
    "vens": {"venName": "venName"},
    "resources": {"venID": "venID", "resourceName": "resourceName"},
    "reports": {"eventID": "eventID", "clientName": "clientName"},
    "subscriptions": {"clientName": "clientName"},
}
REQUIRED = {
    "reports": {"eventID", "clientName", "resources"},
    "vens": {"objectType", "venName"},
    "resources": {"objectType", "resourceName", "venID"},
    "subscriptions": {"clientName", "objectOperations"},
}
BODIES = {"vens": "VEN_VEN_REQUEST", "resources": "VEN_RESOURCE_REQUEST"}

Answer = tuple[int, dict[str, str], Any]


@dataclass
class LoopbackVtn:
    """A VTN with one client, and all that is asked of it.

    Attributes:
        url: its base address.
        objects: the objects by collection and id.
        calls: method, path and status of each call.
        tokens: the tokens that are good.
        hook: an answer in place of the usual, or None, by method and path.
        after: called once a request was carried out, before it is answered; True lets the answer be lost.
        basic_only: whether the client's secret is taken by HTTP Basic alone.
        skew_s: by how much its clock is ahead.
        ignores_active: whether it lists events that are over too.
        echoes: whether the callbacks of a subscription answer as they should.
        now_ts: its clock, UTC s, but for the skew.
        new_token: makes a token.
        broker: its MQTT notifier, as GET /notifiers tells it; None without one.
    """

    url: str = ""
    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in COLLECTIONS}
    )
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    hook: Callable[[str, str], Answer | None] = lambda *_: None
    after: Callable[[str, str], bool] = lambda *_: False
    basic_only: bool = False
    skew_s: float = 0.0
    ignores_active: bool = False
    echoes: Callable[[dict[str, Any]], bool] = lambda _: True
    now_ts: Callable[[], float] = time.time
    new_token: Callable[[], str] = lambda: secrets.token_urlsafe(24)
    broker: dict[str, Any] | None = None

    def add(self, collection: str, **body: Any) -> str:
        """Make an object as the business logic would; its id."""
        object_id = secrets.token_hex(8)
        self.put(collection, object_id, **body)
        return object_id

    def put(self, collection: str, object_id: str, **body: Any) -> None:
        """Make or replace an object."""
        before = self.objects[collection].get(object_id, {})
        now = datetime.fromtimestamp(self.now_ts(), UTC).isoformat()
        times = {"createdDateTime": before.get("createdDateTime", now), "modificationDateTime": now}
        kind = {"objectType": COLLECTIONS[collection]}
        self.objects[collection][object_id] = {**body, **kind, "id": object_id, **times}

    def delete(self, collection: str, object_id: str) -> None:
        """Delete an object."""
        del self.objects[collection][object_id]

    def all(self, collection: str) -> list[dict[str, Any]]:
        """The objects of a collection in the order in which they were made."""
        return list(self.objects[collection].values())

    def called(self, method: str, path: str) -> int:
        """Count the calls of a path."""
        return sum(each[:2] == (method, path) for each in list(self.calls))

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer to a request."""
        address = urlsplit(target)
        path = address.path.removeprefix(BASE)
        wanted = self.hook(method, path)
        if wanted is not None:
            return wanted
        if path == "/auth/server":
            return 200, {}, {"tokenURL": f"{self.url}/auth/token"}
        if path == "/auth/token":
            return self._token(headers, body)
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return problem(401, "no token of this VTN")
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        names = path.strip("/").split("/")
        if names[0] == "notifiers":
            return self._notifiers(names[1:])
        return self._objects(method, names, query, headers, body)

    def _token(self, headers: dict[str, str], body: bytes) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        kind, _, text = headers.get("authorization", "").partition(" ")
        pair = (form.get("client_id"), form.get("client_secret"))
        if kind == "Basic":
            pair = tuple(unquote_plus(part) for part in base64.b64decode(text).decode().split(":", 1))  # type: ignore[assignment]
        elif self.basic_only:
            return 401, {"WWW-Authenticate": "Basic"}, {"error": "invalid_client"}
        if form.get("grant_type") != "client_credentials" or pair != (CLIENT, SECRET):
            return 401, {}, {"error": "invalid_client", "error_description": f"not {pair[1]}"}
        token = self.new_token()
        self.tokens.add(token)
        return (
            200,
            {"Cache-Control": "no-store"},
            {"access_token": token, "token_type": "Bearer", "expires_in": 3600},
        )

    def _objects(
        self, method: str, path: list[str], query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> Answer:
        collection = path[0]
        if collection not in COLLECTIONS:
            return problem(404, "no such path")
        if method == "GET" and len(path) == 1:
            return self._page(collection, query, headers)
        if method == "GET":
            found = self.objects[collection].get(path[1])
            return problem(404, "no such object") if found is None else (200, {}, found)
        if method == "POST" and collection in REQUIRED:
            return self._made(collection, json.loads(body))
        if collection == "subscriptions" and method in {"PUT", "DELETE"}:
            return self._replaced(path[1], None if method == "DELETE" else json.loads(body))
        return problem(403, "not for a VEN")

    def _notifiers(self, path: list[str]) -> Answer:
        if not path:
            return 200, {}, {"WEBHOOK": True, **({} if self.broker is None else {"MQTT": self.broker})}
        if self.broker is None or path[:3] != ["mqtt", "topics", "vens"] or len(path) < 4:
            return problem(403, "not for a VEN")
        if path[3] not in self.objects["vens"]:
            return problem(404, "no such object")
        below = "/".join(path[2:])
        names = ("UPDATE", "DELETE") if len(path) == 4 else ("CREATE", "UPDATE", "DELETE", "ALL")
        topics = {name: f"of/{below}/{'+' if name == 'ALL' else name.lower()}" for name in names}
        return 200, {}, {"topics": topics}

    def _page(self, collection: str, query: dict[str, str], headers: dict[str, str]) -> Answer:
        if not 0 <= int(query.get("limit", "0")) <= 50:
            return problem(400, "limit: 0 to 50")
        filters = {name: query[key] for key, name in FILTERS.get(collection, {}).items() if key in query}
        rows = [
            row
            for row in self.all(collection)
            if all(row.get(name) == value for name, value in filters.items())
        ]
        if collection == "events" and query.get("active") == "true" and not self.ignores_active:
            rows = [row for row in rows if not self._is_over(row)]
        skip, limit = int(query.get("skip", "0")), int(query.get("limit", "50"))
        page = rows[skip : skip + limit]
        etag = f'"{hashlib.sha256(json.dumps(page).encode()).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return 200, {"ETag": etag}, page

    def _is_over(self, event: dict[str, Any]) -> bool:
        """Tell an event of intervals of whole seconds that is over by this VTN's clock."""
        period = event.get("intervalPeriod", {})
        if not period.get("start", "0001").startswith("2"):
            return False
        length_s = int(period["duration"].removeprefix("PT").removesuffix("S"))
        start = datetime.fromisoformat(period["start"]).timestamp()
        return start + length_s * len(event.get("intervals", [0])) <= self.now_ts() + self.skew_s

    def _made(self, collection: str, body: dict[str, Any]) -> Answer:
        missing = REQUIRED[collection] - body.keys()
        if missing or body.get("objectType", BODIES.get(collection)) != BODIES.get(collection):
            return problem(400, f"{', '.join(sorted(missing)) or 'objectType'} is wrong")
        names = {"vens": "venName", "resources": "resourceName"}
        if collection in names and any(
            row[names[collection]] == body[names[collection]] for row in self.all(collection)
        ):
            return problem(409, "the name is taken")
        if collection == "reports":
            if body["eventID"] not in self.objects["events"]:
                return problem(404, "no such event")
            check_report(body)
        if collection == "subscriptions" and not self.echoes(body):
            return problem(400, "a callback does not echo")
        object_id = self.add(collection, **{**body, "clientID": CLIENT})
        return 201, {}, self.objects[collection][object_id]

    def _replaced(self, object_id: str, body: dict[str, Any] | None) -> Answer:
        before = self.objects["subscriptions"].get(object_id)
        if before is None:
            return problem(404, "no such object")
        if body is None:
            return 200, {}, self.objects["subscriptions"].pop(object_id)
        if not self.echoes(body):
            return problem(400, "a callback does not echo")
        self.put("subscriptions", object_id, **{**body, "clientID": CLIENT})
        return 200, {}, self.objects["subscriptions"][object_id]


def check_report(body: dict[str, Any]) -> None:
    """Raise AssertionError unless a report has the form of the official document."""
    for resource in body["resources"]:
        assert isinstance(resource["resourceName"], str)
        for interval in resource["intervals"]:
            assert isinstance(interval["id"], int)
            for payload in interval["payloads"]:
                assert isinstance(payload["type"], str)
                assert all(isinstance(value, int | float | str | bool) for value in payload["values"])
    for descriptor in body.get("payloadDescriptors", []):
        assert descriptor["objectType"] == "REPORT_PAYLOAD_DESCRIPTOR"


def problem(status: int, detail: str) -> Answer:
    """An error as OpenADR has it."""
    return status, {}, {"status": status, "title": "refused", "detail": detail}


@contextmanager
def serving_vtn(vtn: LoopbackVtn, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[LoopbackVtn]:
    """Serve *vtn* on loopback for as long as the block lasts; with *tls* by HTTPS."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            if ended.is_set():  # a connection that was kept is of a VTN that is down
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = urlsplit(self.path).path.removeprefix(BASE)
            try:
                status, more, answer = vtn.answer(self.command, self.path, headers, body)
            except (AssertionError, KeyError, ValueError) as error:
                status, more, answer = problem(400, repr(error))
            vtn.calls.append((self.command, path, status))
            if vtn.after(self.command, path):
                self.close_connection = True
                return
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(time.time() + vtn.skew_s, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - as the base class calls them

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
    with loopback_server(Handler, port=port, tls=tls) as at_port:
        vtn.url = f"{scheme}://{host}:{at_port}{BASE}"
        try:
            yield vtn
        finally:
            ended.set()
