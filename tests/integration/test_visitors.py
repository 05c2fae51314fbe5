"""Hostile visitors of a page: slow, idle, many, and some that read nothing. Its health answers throughout."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from ven_twin.webkit import connections, hosting
from ven_twin.webkit.connections import Connections, PageConnection, PageSocket, connections_max
from ven_twin.webkit.hosting import hosted
from ven_twin.webkit.settings import WebSettings

PLACES = 20
VISITORS = 300
HALF_A_HEAD = b"GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: "
LIVE = b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Site:
    """An application with its health, a call that reads its body, one that never ends, and a flood."""

    def __init__(self) -> None:
        self.running = 0
        self.changed = asyncio.Condition()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""
        await self._count(1)
        try:
            await self._answer(scope["path"], receive, send)
        finally:
            await self._count(-1)

    async def until_running(self, calls: int) -> None:
        """Wait until so many calls run."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.running == calls)

    async def _count(self, more: int) -> None:
        async with self.changed:
            self.running += more
            self.changed.notify_all()

    @staticmethod
    async def _answer(path: str, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = asyncio.ensure_future(receive())
        try:
            while path == "/flood" and not gone.done():
                await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
                await asyncio.sleep(0)
            if path == "/endless":
                await gone
            await send({"type": "http.response.body", "body": b"alive"})
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)


@pytest.fixture
def site() -> Site:
    """An application of its own for each test."""
    return Site()


@pytest.fixture
async def port(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A page with `PLACES` places."""
    monkeypatch.setattr(hosting, "connections_max", lambda: PLACES)
    async with hosted(lambda: site, WebSettings(port=0), lambda: None) as address:  # type: ignore[arg-type,return-value]
        assert address is not None
        yield int(address.rpartition(":")[2])


class Visitors:
    """Connections to a page that are all closed in the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def come(self, sends: bytes) -> asyncio.StreamReader:
        """One that sends so much."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.streams.append((reader, writer))
        writer.write(sends)
        return reader

    async def live(self) -> bytes:
        """The answer to a probe of the page's health."""
        return await (await self.come(LIVE)).read()

    def leave(self) -> None:
        """Close all."""
        for _, writer in self.streams:
            writer.transport.abort()


@pytest.fixture
async def visitors(port: int) -> AsyncIterator[Visitors]:
    """Nobody, yet."""
    visitors = Visitors(port)
    yield visitors
    visitors.leave()
    await asyncio.sleep(0)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the page closes the connection."""
    received = bytearray()
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(1 << 16):
            received += chunk
    return bytes(received)


async def is_spared(visitors: Visitors, first: asyncio.StreamReader) -> None:
    """A crowd for three times the places drives out its own; the first, who came before it, is answered."""
    crowd = [await visitors.come(b"") for _ in range(3 * PLACES)]
    assert await until_closed(crowd[0]) == b""
    visitors.streams[0][1].write(b"at last\r\nConnection: close\r\n\r\n")
    assert b"alive" in await until_closed(first)


@pytest.mark.parametrize("sends", [b"", HALF_A_HEAD])
async def test_health_answers_among_hundreds_that_send_no_head(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, sends: bytes
) -> None:
    """Those that wait longest make room; the page has never more connections than places."""
    counts: list[int] = []
    came = Connections.came

    def counted(places: Connections, connection: PageConnection) -> None:
        came(places, connection)
        counts.append(len(places))

    monkeypatch.setattr(Connections, "came", counted)
    for number in range(VISITORS):
        await visitors.come(sends)
        if number % 50 == 49:
            assert b"alive" in await visitors.live()
    assert len(counts) == VISITORS + VISITORS // 50
    assert PLACES // 2 < max(counts) <= PLACES


async def test_a_crowd_drives_out_its_own(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two addresses the one with more connections gives up its longest waiting."""
    source = iter(["192.0.2.1", *["192.0.2.66"] * VISITORS])
    came = Connections.came

    def from_elsewhere(places: Connections, connection: PageConnection) -> None:
        connection.client = (next(source), 1)
        came(places, connection)

    monkeypatch.setattr(Connections, "came", from_elsewhere)
    patient = await visitors.come(HALF_A_HEAD)
    await is_spared(visitors, patient)


async def test_one_whose_head_is_here_and_not_read_yet_is_spared(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is busy does not blame the client that was quick."""
    first: list[PageConnection] = []

    def is_first(connection: PageConnection) -> bool:
        first[:] = first or [connection]
        return connection is first[0]

    monkeypatch.setattr(PageConnection, "has_unread_bytes", property(is_first))
    quick = await visitors.come(HALF_A_HEAD)
    await is_spared(visitors, quick)


async def test_whoever_comes_amid_a_crowd_is_read_before_the_crowd_takes_the_place(port: int) -> None:
    """A server that was busy finds hundreds at its door at once, all with bytes: the probe first of all."""
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(VISITORS)]
        for number, visitor in enumerate(crowd):  # the loop stands still meanwhile
            visitor.sendall(LIVE if number == 0 else HALF_A_HEAD)
        answer = await asyncio.to_thread(crowd[0].makefile("rb").read)
        assert b"alive" in answer


async def test_health_answers_while_every_place_is_taken_by_calls_that_run(
    visitors: Visitors, site: Site
) -> None:
    """Other calls are refused with 503 and when to try again."""
    streams = PLACES - 2
    for _ in range(streams):
        await visitors.come(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    await site.until_running(streams)
    refused = await until_closed(
        await visitors.come(b"GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    )
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in refused
    assert b"alive" in await visitors.live()


@pytest.mark.parametrize(
    "sends",
    [
        b"",
        b"GET",
        HALF_A_HEAD,
        b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
        b"POST /other HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        LIVE.replace(b"Connection: close\r\n", b"") + b"GET",
    ],
)
async def test_a_head_or_body_that_does_not_come_in_time_ends_the_connection(
    visitors: Visitors, site: Site, monkeypatch: pytest.MonkeyPatch, sends: bytes
) -> None:
    """The first as well as the next of the same connection; no call is left running."""
    monkeypatch.setattr(connections, "WAIT_S", 0.05)
    received = await until_closed(await visitors.come(sends))
    assert (b"alive" in received) is sends.endswith(b"\r\n\r\nGET")
    await site.until_running(0)


async def test_a_byte_now_and_then_wins_no_time(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is that of the whole head, from its first byte or before."""
    monkeypatch.setattr(connections, "WAIT_S", 0.2)
    reader = await visitors.come(HALF_A_HEAD)
    writer = visitors.streams[-1][1]
    sent = 0
    with contextlib.suppress(ConnectionError):
        while not reader.at_eof():
            writer.write(b"x")
            sent += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.02)
    assert 2 < sent < 100


async def test_a_visitor_that_reads_nothing_is_cut_off(
    visitors: Visitors, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody takes ends with its connection."""
    monkeypatch.setattr(connections, "STALL_S", 0.05)
    await visitors.come(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
    visitors.streams[-1][1].transport.pause_reading()  # type: ignore[attr-defined]
    await site.until_running(1)
    await site.until_running(0)


async def test_a_stream_that_is_read_goes_on(
    visitors: Visitors, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither limit is for a page that is open and quiet."""
    monkeypatch.setattr(connections, "STALL_S", 0.02)
    monkeypatch.setattr(connections, "WAIT_S", 0.02)
    stream = await visitors.come(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    await stream.readuntil(b"\r\n\r\n")
    assert await until_closed(await visitors.come(HALF_A_HEAD)) == b"", "the limits are over"
    assert site.running == 1


@pytest.fixture
def listening() -> Iterator[PageSocket]:
    """A listening socket, and no server."""
    with PageSocket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.connections = Connections(PLACES)
        yield listening
        listening.connections.close()


def exhausted(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Let the system have no descriptor so many times."""
    refusals = list(range(times))
    accept = socket.socket.accept

    def refuse(listening: socket.socket) -> Any:
        if refusals:
            refusals.pop()
            raise OSError(errno.EMFILE, "too many open files")
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", refuse)
    return refusals


def test_descriptors_are_held_back_for_the_next_visitor(
    listening: PageSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process without any left, one that was held back serves the connection that comes."""
    exhausted(monkeypatch, 1)
    spares = len(listening.connections._spares)
    with socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        accepted.close()
    assert (spares, len(listening.connections._spares)) == (4, 3)
    assert len(listening.connections) == 1


def test_a_want_of_descriptors_is_raised_when_nothing_is_left_to_give(
    listening: PageSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop then waits before it accepts again, rather than turning round and round."""
    exhausted(monkeypatch, 100)
    listening.connections.close()
    with pytest.raises(OSError, match="too many open files"):
        listening.accept()


@pytest.mark.parametrize(
    ("limit", "in_use", "most"), [(65_536, 20, 200), (1024, 20, 200), (128, 20, 60), (64, 20, 8), (16, 15, 8)]
)
def test_connections_stay_below_the_descriptor_limit(
    monkeypatch: pytest.MonkeyPatch, limit: int, in_use: int, most: int
) -> None:
    """48 descriptors are left to MQTT, the identity and the outbox; 200 connections are enough for a page."""
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setattr(connections, "_descriptors_in_use", lambda: in_use)
    assert connections_max() == most
