"""The process that posts notifications to the resident's receiver, until its standard input ends.

The first line of its input is its `Receiver`, each other a `Post`; its output has a `PostOutcome` for each.
No redirect is followed, no proxy is used, and of an answer no more is read than its status and its headers.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import socket
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from contracts.errors import FieldError
from contracts.wire import codec
from ven_twin.ven.webhook.receiver import Receiver, is_at_home, read_secret
from ven_twin.ven.webhook.signature import ID_HEADER, SIGNATURE_HEADER, signature

MEMORY_MAX_BYTES = 512 * 1024 * 1024
"""The memory that a receiver can make this process take; then it ends, and another is started."""
TIMEOUT_S = 5.0
"""For the connection, for TLS, and for each look at the answer."""
NICER_BY = 10
"""The twin goes first where the two want the same processor."""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A notification to post."""

    id: str
    body: str


class PostOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The status that the receiver answered, or why there was none."""

    status: int | None = None
    why: str | None = None


class NotAtHomeError(OSError):
    """Raised when a name leads to the internet and the address is http. Nothing is sent."""


class _PlainConnection(http.client.HTTPConnection):
    """HTTP that ends right after it is connected, unless the other end is at home."""

    def connect(self) -> None:
        super().connect()
        peer = self.sock.getpeername()[0]
        if not is_at_home(peer):
            self.close()
            raise NotAtHomeError(f"http goes to the home alone, and this name leads to {peer}")


def post(receiver: Receiver, notification: Post, now_ts: int) -> PostOutcome:
    """Post once. Raises nothing that a receiver can cause."""
    body = notification.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "ven-twin",
        "Connection": "close",
        ID_HEADER: notification.id,
    }
    try:
        if receiver.secret_file is not None:
            headers[SIGNATURE_HEADER] = signature(read_secret(Path(receiver.secret_file)), body, now_ts)
        connection = _connection(receiver)
        with contextlib.closing(connection):
            address = urlsplit(receiver.url)
            query = f"?{address.query}" if address.query else ""
            connection.request("POST", f"{address.path or '/'}{query}", body, headers)
            return PostOutcome(status=connection.getresponse().status)
    except (OSError, http.client.HTTPException, FieldError, ValueError) as error:
        return PostOutcome(why=_why(error))


def _connection(receiver: Receiver) -> http.client.HTTPConnection:
    address = urlsplit(receiver.url)
    host = str(address.hostname)
    if address.scheme == "http":
        return _PlainConnection(host, address.port, timeout=TIMEOUT_S)
    return http.client.HTTPSConnection(
        host, address.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
    )


def _why(error: Exception) -> str:
    """The reason in a line, without anything that the receiver wrote."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    reasons = {
        TimeoutError: f"no answer within {TIMEOUT_S:.0f} s",
        ssl.SSLError: f"TLS fails: {getattr(error, 'reason', None)}",
        socket.gaierror: "its name is not known",
        NotAtHomeError: str(error),
        FieldError: str(error),
        OSError: getattr(error, "strerror", None) or "the connection fails",
    }
    fallback = f"no HTTP answer ({type(error).__name__})"
    return next((words for kind, words in reasons.items() if isinstance(error, kind)), fallback)


def main() -> None:
    """Post what the input has until it ends."""
    os.nice(NICER_BY)
    with contextlib.suppress(OSError, ValueError):  # where the system knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    lines = iter(sys.stdin.buffer.readline, b"")
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt, StopIteration):
        receiver = msgspec.json.decode(next(lines), type=Receiver)
        for line in lines:
            outcome = post(receiver, msgspec.json.decode(line, type=Post), int(time.time()))
            sys.stdout.buffer.write(codec.encode(outcome) + b"\n")
            sys.stdout.buffer.flush()
