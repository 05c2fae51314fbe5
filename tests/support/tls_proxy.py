"""A proxy with TLS before a server of plain HTTP on loopback, as one stands before a VTN in a data centre."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.support.loopback_server import loopback_server
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority

OF_CONNECTION = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})


@contextmanager
def tls_proxy(url: str, authority: Authority, folder: Path) -> Iterator[str]:
    """The address of *url* behind a proxy for as long as the block lasts; answers name the proxy's."""
    pair = authority.issue("proxy")
    file = folder / "proxy.pem"
    file.write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    behind = urlsplit(url)
    origin = f"{behind.scheme}://{behind.netloc}"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in OF_CONNECTION
            }
            answer = http.request(self.command, f"{origin}{self.path}", headers=headers, content=body)
            content = answer.content.replace(origin.encode(), front.encode())
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                if name not in OF_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - as the base class calls them

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with (
        httpx.Client(trust_env=False, timeout=GIVE_UP_S) as http,
        loopback_server(Handler, tls=context) as port,
    ):
        front = f"https://localhost:{port}"
        yield f"{front}{behind.path}"
