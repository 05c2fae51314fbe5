"""The receiver of a VTN's calls: small, bounded, and believed in nothing but that something has changed.

    GET  path?echo=WORD, path/echo?echo=WORD      200, the word: the VTN asks before it subscribes
    POST path, with the token, a notification     200, and the VEN asks the VTN what has changed
    POST without the token                        401, its body is not read
    anything else                                 404, 405, 400, 413

A connection is for one call, which has `CALL_S`; `CALLS_MAX` are under way at a time, and who comes then
waits in the system's queue. Nothing of a call is logged, and nothing of its body is used.

Source: OpenADR 3.1.0 Definition, webhooks; the reference VTN asks for the echo below the path, and encodes a
notification twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import h11
import msgspec

from contracts.errors import FieldError
from ven_twin.ven.openadr.callback import VtnCallback

CALL_S = 10.0
"""For a whole call; a connection's handshake has as long again."""
CALLS_MAX = 16
BACKLOG = 64
HEAD_MAX_BYTES = 16 * 1024
BODY_MAX_BYTES = 1024 * 1024
"""Interpretation: an object of a VTN has some 256 KB at the most, and may be encoded twice."""
WORD_MAX_CHARS = 1024
READ_BYTES = 64 * 1024
RETRY_S = 1.0

logger = logging.getLogger(__name__)


class CallAnswer(NamedTuple):
    """The answer to a call: its status and its text, and whether it was a notification."""

    status: int
    text: str = ""
    is_notification: bool = False


class _Notification(msgspec.Struct, frozen=True, rename="camel"):
    """The form of a notification; its object is not looked into."""

    object_type: str
    operation: str
    object: msgspec.Raw


_notifications = msgspec.json.Decoder(_Notification)
_texts = msgspec.json.Decoder(str)


def answer_to_get(target: str, path: str) -> CallAnswer:
    """The answer to a GET of *target*: the word that is to be echoed."""
    address = urlsplit(target)
    if address.path.rstrip("/") not in {path, f"{path}/echo"}:
        return CallAnswer(404)
    words = parse_qs(address.query, max_num_fields=8).get("echo", [])
    if len(words) != 1 or len(words[0]) > WORD_MAX_CHARS or not words[0].isprintable():
        return CallAnswer(404)
    return CallAnswer(200, words[0])


def answer_to_post(target: str, path: str, authorization: str, token: str) -> CallAnswer | None:
    """The refusal of a POST by its head; None of one whose body is to be read."""
    if urlsplit(target).path.rstrip("/") != path:
        return CallAnswer(404)
    scheme, _, bearer = authorization.partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(bearer.strip().encode(), token.encode()):
        return None
    return CallAnswer(401)


def answer_to_body(body: bytes) -> CallAnswer:
    """The answer to a body that came with the token: one notification, as an object or as a text of one."""
    try:
        inner = _texts.decode(body).encode() if body.lstrip().startswith(b'"') else body
        _notifications.decode(inner)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return CallAnswer(400)
    return CallAnswer(200, is_notification=True)


class CallReceiver:
    """Takes calls at a listening socket until it is cancelled; *on_call* is called for each notification."""

    def __init__(self, callback: VtnCallback, token: str, on_call: Callable[[], None]) -> None:
        self._callback, self._token, self._on_call = callback, token, on_call
        self._free = asyncio.Semaphore(CALLS_MAX)
        self._calls = set[asyncio.Task[None]]()
        self._context = callback.tls()
        self._read_ns = self._written_ns()

    async def run(self, listening: socket.socket) -> None:
        """Accept, until cancelled; the calls that are under way end with it."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._free.acquire()
                try:
                    connection, _ = await loop.sock_accept(listening)
                except OSError:  # the process has no descriptors left
                    self._free.release()
                    await asyncio.sleep(RETRY_S)
                    continue
                call = asyncio.ensure_future(self._served(connection))
                self._calls.add(call)
                call.add_done_callback(self._ended)
        finally:
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._free.release()

    async def _served(self, connection: socket.socket) -> None:
        """Serve one call; whatever the other end does ends its connection and nothing else."""
        with contextlib.suppress(OSError, TimeoutError, h11.ProtocolError):
            reader, writer = await self._opened(connection)
            try:
                async with asyncio.timeout(CALL_S):
                    await self._answered(reader, writer)
            finally:
                writer.transport.abort()

    async def _opened(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=READ_BYTES)
        protocol, context = asyncio.StreamReaderProtocol(reader), self._fresh_context()
        handshake_s = None if context is None else CALL_S
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=context, ssl_handshake_timeout=handshake_s
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    def _fresh_context(self) -> ssl.SSLContext | None:
        """TLS with the certificate of now: it is renewed while the VEN runs."""
        written_ns = self._written_ns()
        if written_ns != self._read_ns:
            self._read_ns = written_ns
            try:
                self._context = self._callback.tls()
            except FieldError as error:
                logger.warning("the callback goes on with the certificate of before: %s", error)
        return self._context

    def _written_ns(self) -> tuple[int, ...]:
        files = [file for file in (self._callback.cert_file, self._callback.key_file) if file is not None]
        try:
            return tuple(Path(file).stat().st_mtime_ns for file in files)
        except OSError:
            return ()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX_BYTES)
        head = await _next_event(http, reader, writer)
        if not isinstance(head, h11.Request):
            return
        answer = await self._answer(head, http, reader, writer)
        content = answer.text.encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(content))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
        if answer.status == 401:
            headers.append(("WWW-Authenticate", "Bearer"))
        for event in (
            h11.Response(status_code=answer.status, headers=headers),
            h11.Data(data=content),
            h11.EndOfMessage(),
        ):
            writer.write(http.send(event) or b"")
        await writer.drain()
        if answer.is_notification:
            self._on_call()
        writer.close()
        await writer.wait_closed()

    async def _answer(
        self,
        head: h11.Request,
        http: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> CallAnswer:
        target, path = head.target.decode("latin-1"), self._callback.path
        try:
            if head.method == b"GET":
                return answer_to_get(target, path)
            if head.method != b"POST":
                return CallAnswer(405)
            bearer = dict(head.headers).get(b"authorization", b"").decode("latin-1")
            refused = answer_to_post(target, path, bearer, self._token)
        except ValueError:  # a target that is no address
            return CallAnswer(400)
        if refused is not None:
            return refused
        body = bytearray()
        while isinstance(event := await _next_event(http, reader, writer), h11.Data):
            body += event.data
            if len(body) > BODY_MAX_BYTES:
                return CallAnswer(413)
        return answer_to_body(bytes(body)) if isinstance(event, h11.EndOfMessage) else CallAnswer(400)


async def _next_event(
    http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> object:
    """The next event of a call. Raises h11.ProtocolError for what is no HTTP."""
    while (event := http.next_event()) is h11.NEED_DATA:
        if http.they_are_waiting_for_100_continue:
            writer.write(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        http.receive_data(await reader.read(READ_BYTES))
    return event


@contextlib.asynccontextmanager
async def receiving_calls(
    callback: VtnCallback, token: str, on_call: Callable[[], None]
) -> AsyncIterator[None]:
    """Take the VTN's calls for as long as the block lasts. Raises FieldError where the port is taken."""
    family = socket.AF_INET6 if ":" in callback.host else socket.AF_INET
    with socket.socket(family) as listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((callback.host, callback.port))
            listening.listen(BACKLOG)
        except OSError as error:
            reason = f"{callback.host} port {callback.port}: {error.strerror or error}; name another"
            raise FieldError("--vtn-callback-port", reason) from None
        listening.setblocking(False)
        receiver = CallReceiver(callback, token, on_call)
        running = asyncio.ensure_future(receiver.run(listening))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
