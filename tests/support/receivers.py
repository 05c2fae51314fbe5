"""A receiver of notifications on loopback: it keeps what is posted, and answers as a test wants."""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.loopback_server import loopback_server

CONFIRMATION = "SubscriptionConfirmation"


@dataclass(frozen=True)
class Received:
    """A request as it came, when it came (UTC s)."""

    path: str
    headers: dict[str, str]
    body: bytes
    ts: float

    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class LoopbackReceiver:
    """A receiver, and all that came to it in its order.

    Attributes:
        url: its address.
        answer: the status for a request, by how many came before it.
        received: the requests.
        confirms: whether it opens the link of a subscription.
        judge: the status for a request by itself, where that is not 200.
        echo: the body that answers a GET of a path; None for 404.
    """

    url: str = ""
    answer: Callable[[int], int] = lambda _: 200
    received: list[Received] = field(default_factory=list)
    confirms: bool = True
    judge: Callable[[Received], int] = lambda _: 200
    echo: Callable[[str], str | None] = lambda _: None

    def take(self, request: Received) -> int:
        """Keep a request; the status to answer. A subscription is confirmed as SNS asks."""
        status = self.answer(len(self.received))
        if status == 200:
            status = self.judge(request)
        self.received.append(request)
        if self.confirms and request.headers.get("x-amz-sns-message-type") == CONFIRMATION:
            url = request.json()["SubscribeURL"]
            threading.Thread(target=_open, args=(url,), daemon=True).start()
        return status

    def delivered(self) -> list[dict[str, Any]]:
        """The notifications that SNS delivered, out of its envelopes."""
        envelopes = [
            each.json()
            for each in list(self.received)
            if each.headers.get("x-amz-sns-message-type") == "Notification"
        ]
        return [json.loads(envelope["Message"]) for envelope in envelopes]


def _open(url: str) -> None:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - of the local cloud
        answer.read()


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[LoopbackReceiver]:
    """A receiver on a free port of loopback, for as long as the block lasts; with *tls* by HTTPS."""
    receiver = LoopbackReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Received(self.path, headers, body, time.time()))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{receiver.url}elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            body = (receiver.echo(self.path) or "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
    with loopback_server(Handler, tls=tls) as port:
        receiver.url = f"{scheme}://{host}:{port}/"
        yield receiver
