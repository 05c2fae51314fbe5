"""An HTTP server on loopback, by TLS where wanted; a client that says nothing keeps nobody waiting."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Print nothing: a client that trusts nobody, or is killed, ends as it will."""


@contextmanager
def loopback_server(
    handler: type[BaseHTTPRequestHandler], *, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve on 127.0.0.1 for as long as the block lasts; gives the port."""
    server = _Server(("127.0.0.1", port), handler)
    if tls is not None:
        # Each handshake is its thread's: one that never came, where all are accepted, would keep them all.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
