"""Calls to the callbacks of the VTN's clients: to a judged address, by TLS, and never for long.

    name ─▶ all its addresses ─▶ each may be connected to? ──no──▶ refused
                                      │ yes
                                      ▼
             connected to the first that answers; the certificate is for the name

The address that was judged is the one that is connected to, so that a name which leads elsewhere a moment
later leads nowhere. No redirect is followed and no proxy is used. A call ends at its deadline, however
slowly an answer drips, and of an answer no more is read than is looked at.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING

from contracts.errors import VenTwinError
from contracts.wire import codec
from lambdas.shared.callback_urls import CallbackHosts, CallbackUrl, may_connect

if TYPE_CHECKING:
    from urllib3.connection import HTTPSConnection
    from urllib3.response import HTTPResponse

CONNECT_S = 5.0
DEADLINE_S = 15.0
"""Of a whole call. Source: the User Guide leaves 10 to 30 s; the queue's pause comes after it."""
ECHO_DEADLINE_S = 6.0
"""Of a check by echo, which a client waits for. Two of them are within a gateway's patience."""
ECHO_MAX_BYTES = 1024
ADDRESSES_MAX = 3
"""Of a name, so many are tried when the first does not take a connection."""
USER_AGENT = "ven-twin-vtn"

Resolve = Callable[[str, int], list[str]]


class CallbackFault(StrEnum):
    """Reasons for which a callback could not be called, in words for its client."""

    UNKNOWN_NAME = "its name is not known"
    NOT_PUBLIC = "it leads to an address that is not public"
    NOT_TRUSTED = "its certificate is not trusted"
    NO_TLS = "TLS fails"
    NO_CONNECTION = "no connection"
    NO_ANSWER = "no answer in time"
    NO_HTTP = "no HTTP answer"
    REDIRECTS = "it redirects, which is not followed"
    WRONG_STATUS = "it did not answer 2xx"
    NO_ECHO = "it did not return what echo said"


class CallbackError(VenTwinError):
    """Raised when a callback could not be called, or did not answer as it must. *fault* says why."""

    def __init__(self, fault: CallbackFault, status: int | None = None) -> None:
        self.fault = fault
        self.status = status
        super().__init__(fault.value if status is None else f"{fault.value}: {status}")


def resolve(host: str, port: int) -> list[str]:
    """The addresses that *host* leads to now.

    Raises:
        CallbackError: none.
    """
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CallbackError(CallbackFault.UNKNOWN_NAME) from None
    return [str(address[0]) for *_, address in resolved]


@dataclass(frozen=True)
class Callbacks:
    """Calls callbacks at *hosts*. Their certificates are of the system's CAs, or of *ca_pem*'s."""

    hosts: CallbackHosts = CallbackHosts.PUBLIC
    ca_pem: str = ""
    resolve: Resolve = resolve

    def check(self, url: CallbackUrl, word: str) -> None:
        """Ask *url* to echo *word*: as its query, or, as receivers of the reference have it, below ``/echo``.

        Raises:
            CallbackError: it does neither; the first fault.
        """
        try:
            self._echo(url.echoing(word), word)
        except CallbackError as error:
            if error.fault not in {CallbackFault.WRONG_STATUS, CallbackFault.NO_ECHO}:
                raise
            try:
                self._echo(url.below("echo").echoing(word), word)
            except CallbackError:
                raise error from None

    def post(self, url: CallbackUrl, body: bytes, *, bearer_token: str | None) -> int:
        """Post *body*, a JSON object, and return the status, which is a 2xx.

        Raises:
            CallbackError: it did not come there.
        """
        headers = {"Content-Type": "application/json"}
        if bearer_token is not None:
            headers["Authorization"] = f"Bearer {bearer_token}"
        with self._answer("POST", url, headers, body, DEADLINE_S) as response:
            return _checked(response.status)

    def _echo(self, url: CallbackUrl, word: str) -> None:
        with self._answer("GET", url, {"Accept": "*/*"}, None, ECHO_DEADLINE_S) as response:
            _checked(response.status)
            text = response.read(ECHO_MAX_BYTES).decode("utf-8", "replace").strip()
        if text not in {word, codec.encode(word).decode()}:
            raise CallbackError(CallbackFault.NO_ECHO)

    @contextlib.contextmanager
    def _answer(
        self, method: str, url: CallbackUrl, headers: Mapping[str, str], body: bytes | None, deadline_s: float
    ) -> Iterator[HTTPResponse]:
        """The answer to one request; whatever goes wrong is a `CallbackError`."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - who calls nobody need not import it

        named = {"Host": url.authority, "User-Agent": USER_AGENT, "Connection": "close", **headers}
        addresses = self._judged(url)
        with contextlib.ExitStack() as ended:
            deadline = ended.enter_context(_deadline(deadline_s))
            try:
                connection = ended.enter_context(self._connected(url, addresses, deadline))
                connection.request(method, url.target, body=body, headers=named, preload_content=False)
                response = ended.enter_context(contextlib.closing(connection.getresponse()))
                if deadline.is_over:  # an answer that was cut short reads like a whole one
                    raise TimeoutError
                yield response
            except (OSError, HTTPException, HTTPError, ValueError) as error:
                fault = CallbackFault.NO_ANSWER if deadline.is_over else _fault(error)
                raise CallbackError(fault) from None

    def _judged(self, url: CallbackUrl) -> list[str]:
        """The addresses of *url*, all of which may be connected to."""
        addresses = self.resolve(url.host, url.port)
        if not addresses:
            raise CallbackError(CallbackFault.UNKNOWN_NAME)
        if not all(may_connect(address, self.hosts) for address in addresses):
            raise CallbackError(CallbackFault.NOT_PUBLIC)
        return list(dict.fromkeys(addresses))[:ADDRESSES_MAX]

    @contextlib.contextmanager
    def _connected(
        self, url: CallbackUrl, addresses: Sequence[str], deadline: _Deadline
    ) -> Iterator[HTTPSConnection]:
        """A connection to the first of *addresses* that takes one. Errors of urllib3 pass through."""
        from urllib3.connection import HTTPSConnection  # noqa: PLC0415
        from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415

        for place, address in enumerate(addresses, 1):
            connection = HTTPSConnection(
                address,
                url.port,
                timeout=CONNECT_S,
                ssl_context=self._tls,
                server_hostname=url.host,
            )
            with contextlib.closing(connection):
                try:
                    connection.connect()
                except (ConnectTimeoutError, NewConnectionError):
                    if place == len(addresses) or deadline.is_over:
                        raise
                    continue
                connection.sock.settimeout(deadline.length_s)
                deadline.ends(connection.sock)
                yield connection
                return

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.ca_pem:
            context.load_verify_locations(cadata=self.ca_pem)
        return context


@dataclass
class _Deadline:
    """The end of a call, at which its socket is shut down."""

    length_s: float
    is_over: bool = False
    sock: socket.socket | None = None

    def ends(self, sock: socket.socket) -> None:
        """Shut down *sock* at the end; at once when that has come."""
        self.sock = sock
        if self.is_over:
            self.end()

    def end(self) -> None:
        """It has come."""
        self.is_over = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _deadline(length_s: float) -> Iterator[_Deadline]:
    """A deadline that runs as long as the block does."""
    deadline = _Deadline(length_s)
    timer = threading.Timer(length_s, deadline.end)
    timer.daemon = True
    timer.start()
    try:
        yield deadline
    finally:
        timer.cancel()


def _checked(status: int) -> int:
    if 300 <= status < 400:
        raise CallbackError(CallbackFault.REDIRECTS)
    if not 200 <= status < 300:
        raise CallbackError(CallbackFault.WRONG_STATUS, status)
    return status


def _fault(error: Exception) -> CallbackFault:
    """The fault behind *error*, whose text a callback may have written."""
    causes: list[BaseException | None] = [error, error.__cause__, error.__context__]
    kinds: tuple[tuple[type[BaseException], CallbackFault], ...] = (
        (ssl.SSLCertVerificationError, CallbackFault.NOT_TRUSTED),
        (ssl.SSLError, CallbackFault.NO_TLS),
        (TimeoutError, CallbackFault.NO_ANSWER),
        (HTTPException, CallbackFault.NO_HTTP),
        (OSError, CallbackFault.NO_CONNECTION),
    )
    for kind, fault in kinds:
        if any(isinstance(cause, kind) for cause in causes):
            return fault
    return CallbackFault.NO_CONNECTION
