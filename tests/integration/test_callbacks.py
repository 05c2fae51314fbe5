"""Calls to callbacks on loopback, by TLS: the echo, the post, and what a hostile one can do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.shared import callbacks
from lambdas.shared.callback_urls import CallbackHosts, CallbackUrl, read_callback_url
from lambdas.shared.callbacks import CallbackError, CallbackFault, Callbacks
from tests.support.loopback_server import loopback_server
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority

WORD = "a-word-2f"


@dataclass
class Receiver:
    """A callback's server.

    Attributes:
        echo: what it answers an echo with, after its path and the word that it was asked for.
        status: what it answers a post with.
        requests: method, path and headers of what came.
    """

    url: CallbackUrl
    ca_pem: str
    echo: str = "plain"
    status: int = 200
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def callbacks(self, **changed: object) -> Callbacks:
        """Calls that trust its authority."""
        return Callbacks(**{"hosts": CallbackHosts.LOOPBACK, "ca_pem": self.ca_pem, **changed})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A CA of the tests' own."""
    return Authority()


@contextmanager
def serving(authority: Authority, folder: Path, host: str = "localhost") -> Iterator[Receiver]:
    """A callback on a free port, with a certificate for *host*."""
    pair = authority.issue("callback", host=host)
    (folder / "pair.pem").write_text(pair.key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")

    class Handler(BaseHTTPRequestHandler):
        def _take(self, body: bytes) -> None:
            receiver.requests.append((self.command, self.path, dict(self.headers.items()), body))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "https://localhost/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who reads no more of it has hung up
                self.wfile.write(body)

        def do_GET(self) -> None:
            self._take(b"")
            split = urlsplit(self.path)
            word = parse_qs(split.query).get("echo", [""])[0]
            below = split.path.endswith("/echo")
            answers = {
                "plain": (200, word),
                "json": (200, f'"{word}"\n'),
                "below": (200, word) if below else (404, ""),
                "other": (200, "<html>Welcome</html>"),
                "redirect": (302, ""),
                "large": (200, word * 100_000),
            }
            status, text = answers[receiver.echo]
            self._answer(status, text.encode())

        def do_POST(self) -> None:
            self._take(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(receiver.status, b"")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with loopback_server(Handler, tls=context) as port:
        receiver = Receiver(CallbackUrl(host, port, "/in", "key=1"), authority.certificate)
        yield receiver


@pytest.fixture
def receiver(authority: Authority, tmp_path: Path) -> Iterator[Receiver]:
    """A callback on loopback."""
    with serving(authority, tmp_path) as running:
        yield running


@pytest.mark.parametrize("echo", ["plain", "json", "below"])
def test_a_callback_that_echoes_is_taken(receiver: Receiver, echo: str) -> None:
    """As text, as JSON's string, or below ``/echo``, as receivers of the reference do."""
    receiver.echo = echo
    receiver.callbacks().check(receiver.url, WORD)
    assert receiver.requests[0][1] == f"/in?key=1&echo={WORD}"


@pytest.mark.parametrize(
    ("echo", "fault"),
    [
        ("other", CallbackFault.NO_ECHO),
        ("large", CallbackFault.NO_ECHO),
        ("redirect", CallbackFault.REDIRECTS),
    ],
)
def test_a_callback_that_does_not_echo_is_refused(
    receiver: Receiver, echo: str, fault: CallbackFault
) -> None:
    """Another text, a page, a redirect."""
    receiver.echo = echo
    with pytest.raises(CallbackError) as refused:
        receiver.callbacks().check(receiver.url, WORD)
    assert refused.value.fault is fault


def test_a_notification_is_one_post_with_the_clients_token(receiver: Receiver) -> None:
    """JSON, the token as a bearer's, the host by its name though it is connected to by address."""
    assert receiver.callbacks().post(receiver.url, b'{"a":1}', bearer_token="word") == 200
    ((method, path, headers, body),) = receiver.requests
    assert (method, path, body) == ("POST", "/in?key=1", b'{"a":1}')
    assert headers["Authorization"] == "Bearer word"
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] == f"localhost:{receiver.url.port}"


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (301, CallbackFault.REDIRECTS),
        (307, CallbackFault.REDIRECTS),
        (404, CallbackFault.WRONG_STATUS),
        (503, CallbackFault.WRONG_STATUS),
    ],
)
def test_an_answer_other_than_2xx_is_a_fault(receiver: Receiver, status: int, fault: CallbackFault) -> None:
    """And no redirect is followed: one request comes."""
    receiver.status = status
    with pytest.raises(CallbackError) as refused:
        receiver.callbacks().post(receiver.url, b"{}", bearer_token=None)
    assert refused.value.fault is fault
    assert len(receiver.requests) == 1


def test_a_name_that_leads_inside_is_not_connected_to(receiver: Receiver) -> None:
    """Also where it leads to a public address as well: nothing comes to the callback."""
    for addresses in (["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"]):
        strict = receiver.callbacks(hosts=CallbackHosts.PUBLIC, resolve=lambda *_, got=addresses: got)
        with pytest.raises(CallbackError) as refused:
            strict.post(receiver.url, b"{}", bearer_token="word")
        assert refused.value.fault is CallbackFault.NOT_PUBLIC
    assert not receiver.requests


def test_the_address_that_was_judged_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere at the second look is not looked up a second time."""
    looks: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: looks.append(host) or _loopback(host))

    def _loopback(host: str) -> list[tuple[object, ...]]:
        if host != "127.0.0.1":
            raise AssertionError(f"{host} was looked up again")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.url.port))]

    calls = receiver.callbacks(resolve=lambda *_: ["127.0.0.1"])
    assert calls.post(receiver.url, b"{}", bearer_token=None) == 200
    assert set(looks) == {"127.0.0.1"}


def test_the_next_address_is_tried_when_the_first_takes_no_connection(receiver: Receiver) -> None:
    """A name that leads to IPv6 as well, on a network that has none."""
    calls = receiver.callbacks(resolve=lambda *_: ["::1", "127.0.0.1"])
    assert calls.post(receiver.url, b"{}", bearer_token=None) == 200


def test_a_name_that_is_bound_anew_between_two_calls_leads_nowhere(receiver: Receiver) -> None:
    """Public when it is checked, inside when it is called: each call judges what it is told then."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    calls = receiver.callbacks(resolve=lambda *_: next(answers))
    calls.check(receiver.url, WORD)
    with pytest.raises(CallbackError) as refused:
        calls.post(receiver.url, b"{}", bearer_token="word")
    assert refused.value.fault is CallbackFault.NOT_PUBLIC
    assert len(receiver.requests) == 1


def test_a_certificate_of_another_name_or_ca_is_not_trusted(
    receiver: Receiver, authority: Authority, tmp_path: Path
) -> None:
    """The token goes to nobody but the host that the client named."""
    other = tmp_path / "other"
    other.mkdir()
    with serving(authority, other, host="other.example.org") as named_otherwise:
        url = CallbackUrl("localhost", named_otherwise.url.port, "/", "")
        for calls, asked in ((receiver.callbacks(ca_pem=""), receiver.url), (receiver.callbacks(), url)):
            with pytest.raises(CallbackError) as refused:
                calls.post(asked, b"{}", bearer_token="word")
            assert refused.value.fault is CallbackFault.NOT_TRUSTED
        assert not named_otherwise.requests
    assert not receiver.requests


@pytest.mark.parametrize("drips", [b"", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_callback_that_drips_is_ended_at_the_deadline(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drips: bytes
) -> None:
    """One that never answers, and one that sends a byte now and then."""
    monkeypatch.setattr(callbacks, "DEADLINE_S", 0.6)
    pair = authority.issue("callback")
    (tmp_path / "pair.pem").write_text(pair.key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.sendall(drips)
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"x" if drips else b"")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = CallbackUrl("localhost", listener.getsockname()[1], "/", "")
        calls = Callbacks(CallbackHosts.LOOPBACK, authority.certificate)
        with pytest.raises(CallbackError) as refused:
            calls.post(url, b"{}", bearer_token=None)
        over.set()
        thread.join(GIVE_UP_S)
    assert refused.value.fault is CallbackFault.NO_ANSWER


def test_what_is_no_tls_or_not_there_is_a_fault_of_its_own() -> None:
    """A plain server, a closed port, a name that nobody knows."""
    calls = Callbacks(CallbackHosts.LOOPBACK)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def speak_plainly() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                connection.recv(1024)

        thread = threading.Thread(target=speak_plainly, daemon=True)
        thread.start()
        with pytest.raises(CallbackError) as plain:
            calls.post(CallbackUrl("localhost", port, "/", ""), b"{}", bearer_token=None)
        thread.join(GIVE_UP_S)
    with pytest.raises(CallbackError) as closed:
        calls.post(CallbackUrl("localhost", port, "/", ""), b"{}", bearer_token=None)
    unknown = read_callback_url("https://nobody.invalid/")
    with pytest.raises(CallbackError) as nameless:
        calls.post(unknown, b"{}", bearer_token=None)
    faults = [each.value.fault for each in (plain, closed, nameless)]
    assert faults == [CallbackFault.NO_TLS, CallbackFault.NO_CONNECTION, CallbackFault.UNKNOWN_NAME]
