"""Any bytes from a visitor get an answer or an end: no 500 and no traceback, on both pages."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.ven_stand import Stand
from tests.unit.operations.conftest import FakeAggregator
from ven_twin.operations.fleet.app import FleetPage
from ven_twin.ven.page.app import Page
from ven_twin.webkit.connections import Connections, PageConnection
from ven_twin.webkit.guard import Guard
from ven_twin.webkit.hosting import _server
from ven_twin.webkit.settings import WebSettings

TOKEN = "0123456789abcdef-token"
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ")
PATHS = [
    b"/",
    b"/live",
    b"/login",
    b"/health",
    b"/metrics",
    b"/api/state",
    b"/api/events",
    b"/api/events/evt-evening",
    b"/api/opt-out",
    b"/api/circuits/ev1",
    b"/events/x/report",
    b"/static/kit/look.css",
    b"/static/../x",
    b"*",
    b"http://[/live",
    b"[::/x",
    b"//[",
    b"/%00%ff%5b",
    b"/live?a=%zz#",
]
HOSTS = [
    b"127.0.0.1:8080",
    b"localhost:8080",
    b"[::1]:8080",
    b"evil.example",
    b"[",
    b"127.0.0.1:" + b"1" * 5000,
]
NAMES = [
    b"Host",
    b"Content-Length",
    b"Content-Type",
    b"Transfer-Encoding",
    b"Authorization",
    b"Cookie",
    b"Origin",
    b"Sec-Fetch-Site",
    b"If-None-Match",
    b"If-Match",
    b"Accept-Encoding",
    b"Expect",
    b"Connection",
    b"Upgrade",
]
VALUES = [
    b"5",
    b"-1",
    b"9" * 30,
    b"\xb2",
    b"chunked",
    b"application/json",
    b"application/x-www-form-urlencoded",
    b"Bearer " + TOKEN.encode(),
    b"Bearer \xff",
    b"ven-twin=\xff; =;;",
    b"100-continue",
    b"websocket",
    b"close",
    b"upgrade",
    b"http://127.0.0.1:8080",
    b"gzip",
]
BODIES = [
    b"",
    b"{}",
    b'{"reason":"economic"}',
    b"token=%ff%00&token=",
    b"[" * 3000,
    b"5\r\nabcde\r\n0\r\n\r\n",
    b"zz\r\n",
]

CHUNKED = b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nTransfer-Encoding: chunked\r\n\r\n"
"""A stream that is open while its body still comes."""

targets = st.one_of(st.sampled_from(PATHS), st.binary(min_size=1, max_size=40))
values = st.one_of(st.sampled_from(VALUES), st.binary(max_size=40))
headers = st.lists(
    st.tuples(st.one_of(st.sampled_from(NAMES), st.binary(min_size=1, max_size=12)), values), max_size=5
)
requests = st.builds(
    lambda method, target, version, host, fields, body: b"".join(
        [method, b" ", target, b" HTTP/", version, b"\r\nHost: ", host, b"\r\n"]
        + [name + b": " + value + b"\r\n" for name, value in fields]
        + [b"\r\n", body]
    ),
    st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"get", b"\xff"]),
    targets,
    st.sampled_from([b"1.1", b"1.0", b"2.0", b"x"]),
    st.one_of(st.sampled_from(HOSTS), st.binary(max_size=30)),
    headers,
    st.one_of(st.sampled_from(BODIES), st.binary(max_size=60)),
)
visits = st.lists(st.one_of(requests, st.binary(min_size=1, max_size=80)), min_size=1, max_size=3)


class Wire(asyncio.Transport):
    """The page's answer to a visitor, until it hangs up."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 8080), "peername": ("192.0.2.9", 4000)})
        self.sent = bytearray()
        self.closed = False

    def write(self, data: Any) -> None:
        """Keep it."""
        self.sent += data

    def close(self) -> None:
        """Hang up."""
        self.closed = True

    def abort(self) -> None:
        """Hang up at once."""
        self.closed = True

    def is_closing(self) -> bool:
        """True once the page has hung up."""
        return self.closed

    def get_write_buffer_size(self) -> int:
        """All was taken."""
        return 0

    def pause_reading(self) -> None:
        """The page wants no more for now."""

    def resume_reading(self) -> None:
        """The page wants more."""


@pytest.fixture(scope="module")
def guards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Guard]]:
    """Both pages, and the VEN's behind a token."""
    stand = Stand(tmp_path_factory.mktemp("ven"))
    stand.start(house_start_ts=1_784_154_600.0, house_speed=10)
    stand.live(2)
    everywhere = WebSettings(host="0.0.0.0", token=TOKEN)  # noqa: S104 - nothing is bound
    yield [
        Page(stand.twin, WebSettings()).application(),
        Page(stand.twin, everywhere).application(),
        FleetPage(FakeAggregator, "here", WebSettings()).application(),
    ]
    stand.twin.close()


async def visit(guard: Guard, parts: list[bytes], *, whole: bool) -> tuple[bytes, list[dict[str, Any]]]:
    """The page's answer to *parts*, one after the other or all at once, and the complaints of its loop."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    places = Connections(10)
    server = _server(guard, places)
    server.config.load()
    wire = Wire()
    connection = PageConnection(places, config=server.config, server_state=server.server_state, app_state={})
    connection.connection_made(wire)
    for part in [b"".join(parts)] if whole else parts:
        if not wire.closed:
            connection.data_received(part)
        for _ in range(20):
            await asyncio.sleep(0)
    tasks = set(server.server_state.tasks)
    connection.connection_lost(None)
    await asyncio.gather(*tasks)
    places.close()
    assert len(places) == 0
    return bytes(wire.sent), complaints


class _Records(logging.Handler):
    """The errors that are logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, with its traceback."""
        self.lines.append(self.format(record))


@pytest.mark.parametrize("page", [0, 1, 2])
@settings(max_examples=150)
@example(parts=[b"GET [::/x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"], whole=True)
@example(parts=[b"GET /live HTTP/1.1\r\nHost: 127.0.0.1:" + b"1" * 5000 + b"\r\n\r\n"], whole=True)
@example(parts=[CHUNKED, b"zz\r\n"], whole=False)
@example(parts=[CHUNKED, b"0\r\n\r\n", b"\x00\r\n\r\n"], whole=False)
@given(parts=visits, whole=st.booleans())
def test_no_bytes_break_a_page(guards: list[Guard], page: int, parts: list[bytes], whole: bool) -> None:
    """An answer is never a 500, nothing is left running, and neither log nor loop has an error to tell."""
    records = _Records()
    logging.getLogger().addHandler(records)
    try:
        sent, complaints = asyncio.run(visit(guards[page], parts, whole=whole))
    finally:
        logging.getLogger().removeHandler(records)
    status = STATUS.match(sent)
    assert not sent or status is not None
    assert status is None or status[1] != b"500"
    assert b" 500 " not in sent
    assert (records.lines, complaints) == ([], [])
