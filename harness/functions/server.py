"""The account behind HTTPS, in threads of the process that measures and never in the one that is measured."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi

from harness.functions.account import AwsCall, CannedAccount, Reply
from ven_twin.testing.pki import Authority

PORT = "https://localhost:PORT"
"""Stands in events and in items for the address of AWS."""
CONNECTIONS = "connections"
"""Counted among the calls."""
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


@dataclass
class AwsSide:
    """The server.

    Attributes:
        url: where it listens.
        trust: the file of the CAs that its clients trust: those of certifi, and its own.
        account: the account that it answers for now.
    """

    url: str
    trust: Path
    account: CannedAccount = field(default_factory=CannedAccount)


class _AwsServer(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64
    block_on_close = True
    side: AwsSide

    def handle_error(self, request: object, client_address: object) -> None:
        """A function that ends leaves its connections open; every other error is printed."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _AwsServer

    def handle(self) -> None:
        """A connection, and every call on it."""
        self.server.side.account.count(CONNECTIONS)
        super().handle()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        path = self.path.partition("?")[0]
        target = self.headers.get("X-Amz-Target", "")
        call = AwsCall(scope[1] if scope else "", self.command, path, target, body)
        reply = self.server.side.account.answer(call)
        self._send(reply._replace(body=reply.body.replace(PORT.encode(), self.server.side.url.encode())))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names of http.server

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        if reply.error:
            self.send_header("x-amzn-errortype", reply.error)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Nothing: thousands of calls."""


@contextmanager
def aws_side(folder: Path) -> Iterator[AwsSide]:
    """An AWS that listens on loopback, with its files in *folder*."""
    authority = Authority()
    pair = authority.issue("localhost")
    certificate, key, trust = folder / "server.pem", folder / "server.key", folder / "trust.pem"
    certificate.write_text(pair.certificate)
    key.write_text(pair.key)
    trust.write_text(Path(certifi.where()).read_text(encoding="utf-8") + authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with _AwsServer(("127.0.0.1", 0), _Connection) as server:
        # Shaken hands in the connection's thread, so that sixteen at once do not wait for each other.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.side = AwsSide(f"https://localhost:{server.server_address[1]}", trust)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.side
        finally:
            server.shutdown()
            thread.join()
