"""The tests' own server on loopback."""

from __future__ import annotations

import socket
import ssl
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx

from tests.support.loopback_server import loopback_server
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority


class Greeter(BaseHTTPRequestHandler):
    """Answers 204."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def test_a_client_that_says_nothing_keeps_neither_another_nor_the_servers_end(tmp_path: Path) -> None:
    """It has connected, and begins no handshake."""
    authority = Authority()
    pair = authority.issue("localhost")
    (tmp_path / "pair.pem").write_text(pair.key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    trusting = ssl.create_default_context(cadata=authority.certificate)
    with (
        loopback_server(Greeter, tls=context) as port,
        socket.create_connection(("127.0.0.1", port)),
        httpx.Client(verify=trusting, trust_env=False, timeout=GIVE_UP_S) as client,
    ):
        assert client.get(f"https://localhost:{port}/").status_code == 204
