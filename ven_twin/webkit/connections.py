"""The connections of a page: fewer than the process has descriptors, and none that makes it wait for long.

    accept ──▶ waits for a head or body ──all of it came──▶ answers ──answered──▶ waits for the next head
                     │ WAIT_S, or the place is needed          │ nothing read for STALL_S
                     └──────────────▶ cut off ◀────────────────┘

A visitor that sends nothing, or a byte now and then, has its time and no more. When all places are taken, the
connection that has waited longest makes room for the newest, so that a probe of the page's health gets in; it
is one of the address that has most of them, and none whose first bytes the page has had no time to read.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import resource
import select
import socket
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

WAIT_S = 5.0
"""For a whole head and body, and between two calls of one connection."""
STALL_S = 30.0
"""For a visitor to read something of what was sent."""
CONNECTIONS_MAX = 200
CONNECTIONS_LEAST = 8
DESCRIPTORS_LEFT = 48
"""Left to the rest of the process: MQTT, the identity's files, the outbox."""
_SPARES = 4
_LEAVING_MAX = 16
_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def connections_max() -> int:
    """As many connections as the process has descriptors for, beside what it needs by itself."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return CONNECTIONS_MAX
    return max(CONNECTIONS_LEAST, min(CONNECTIONS_MAX, limit - _descriptors_in_use() - DESCRIPTORS_LEFT))


def _descriptors_in_use() -> int:
    with contextlib.suppress(OSError):
        return sum(1 for _ in Path("/dev/fd").iterdir())
    return 0


class Connections:
    """The connections of one page, *most* at once, and descriptors that are held back for the next."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.cut_off = 0
        self._coming = 0
        self._open: set[PageConnection] = set()
        self._waiting: dict[PageConnection, None] = {}
        self._leaving: set[PageConnection] = set()
        self._spares: list[int] = []
        self._take_spares()

    def __len__(self) -> int:
        return len(self._open) + self._coming

    def check_leaving(self) -> None:
        """Let those that were cut off leave before more come.

        Raises:
            BlockingIOError: places come free as soon as the loop goes round.
        """
        if len(self._leaving) >= _LEAVING_MAX:
            raise BlockingIOError(errno.EAGAIN, "places come free")

    @property
    def full(self) -> bool:
        """True when whoever comes needs the place of another."""
        return len(self) - len(self._leaving) >= self.most

    def make_room(self) -> bool:
        """Find a place for the one that comes: the connection that has waited longest gives up its own.

        False when all who have one are being answered.

        Raises:
            BlockingIOError: some came so lately that they were not read yet; the loop goes round first.
        """
        if self._cut_off_longest_waiting():
            return True
        if self._coming or self._waiting:
            raise BlockingIOError(errno.EAGAIN, "those who came are read first")
        return False

    def out_of_descriptors(self) -> bool:
        """Give up what the process can do without; False when there is nothing."""
        if self._spares:
            os.close(self._spares.pop())
            return True
        if self.make_room():
            raise BlockingIOError(errno.EAGAIN, "descriptors come free")
        return False

    def coming(self) -> None:
        """A connection was accepted."""
        self._coming += 1

    def came(self, connection: PageConnection) -> None:
        """The connection that was accepted is served."""
        self._coming = max(0, self._coming - 1)
        self._open.add(connection)

    def waits(self, connection: PageConnection, *, for_client: bool) -> None:
        """Note that *connection* waits for its client, or does so no more."""
        if for_client and connection not in self._leaving:
            self._waiting.setdefault(connection)
        else:
            self._waiting.pop(connection, None)

    def leaves(self, connection: PageConnection) -> None:
        """The connection is cut off, and closed as soon as the loop goes round."""
        if connection not in self._leaving:
            self.cut_off += 1
            self._leaving.add(connection)
            self._waiting.pop(connection, None)

    def gone(self, connection: PageConnection) -> None:
        """The connection is closed."""
        for members in (self._open, self._leaving):
            members.discard(connection)
        self._waiting.pop(connection, None)
        self._take_spares()

    def close(self) -> None:
        """Give back the descriptors that are held back."""
        while self._spares:
            os.close(self._spares.pop())

    def _cut_off_longest_waiting(self) -> bool:
        """Cut off one of the source that has most of them, so that no source drives out another.

        One whose bytes are here and not read yet is no slow one: it is spared as long as there are others,
        and until it was read once.
        """
        counts = Counter(connection.source for connection in self._waiting)
        most = max(counts.values(), default=0)
        longest = [connection for connection in self._waiting if counts[connection.source] == most]
        slow = (connection for connection in longest if not connection.has_unread_bytes)
        for victim in itertools.chain(slow, (connection for connection in longest if connection.was_read)):
            victim.cut_off()
            return True
        return False

    def _take_spares(self) -> None:
        with contextlib.suppress(OSError):
            while len(self._spares) < _SPARES:
                self._spares.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))


class PageSocket(socket.socket):
    """A listening socket that accepts as long as its page has places, and outlives a want of descriptors."""

    connections: Connections

    def accept(self) -> tuple[socket.socket, Any]:
        """A connection that has a place; one that has none is closed at once.

        Raises:
            OSError: as `socket.accept` does.
        """
        self.connections.check_leaving()
        placed = not self.connections.full or not _has_news(self) or self.connections.make_room()
        try:
            accepted, address = super().accept()
        except OSError as error:
            if error.errno not in _OUT_OF_DESCRIPTORS or not self.connections.out_of_descriptors():
                raise
            accepted, address = super().accept()
        if not placed:
            accepted.close()
            self.connections.cut_off += 1
            raise BlockingIOError(errno.EAGAIN, "no place is free")
        self.connections.coming()
        return accepted, address


class PageConnection(H11Protocol):
    """One connection of a page: uvicorn's, with a limit on the time that its client may take."""

    def __init__(self, connections: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._connections = connections
        self._limit_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread = False
        self.was_read = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first head."""
        super().connection_made(transport)
        self._connections.came(self)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; bytes that fit no state of the connection end it."""
        self.was_read = True
        try:
            super().data_received(data)
        except h11.ProtocolError:
            self.cut_off()
        self._watch()

    def on_response_complete(self) -> None:
        """Start the time for the next head."""
        try:
            super().on_response_complete()
        except h11.ProtocolError:
            self.cut_off()
        self._watch()

    def pause_writing(self) -> None:
        """Start the time for the client to read."""
        super().pause_writing()
        self._unread = True
        self._watch()

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._unread = False
        self._watch()

    def eof_received(self) -> None:
        """The client sends no more: what is left to send has its time."""
        self._unread = True
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place."""
        self._set_limit(None)
        self._connections.gone(self)
        super().connection_lost(exc)

    @property
    def source(self) -> str:
        """The address of the client."""
        return self.client[0] if self.client else ""

    @property
    def has_unread_bytes(self) -> bool:
        """True when the system has bytes of the client that this connection has not read yet."""
        return _has_news(self.transport.get_extra_info("socket"))

    def cut_off(self) -> None:
        """End the connection now, whatever is left unsent."""
        self._connections.leaves(self)
        self.transport.abort()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Set the time that the client has from now on; the same limit as before runs on."""
        unread = self._unread or self.transport.is_closing()
        awaited = not self._answering or self.cycle.more_body
        self._connections.waits(self, for_client=awaited or unread)
        self._set_limit(STALL_S if unread else WAIT_S if awaited else None)

    def _set_limit(self, limit_s: float | None) -> None:
        if limit_s == self._limit_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._limit_s = limit_s
        self._timer = None if limit_s is None else self.loop.call_later(limit_s, self._on_limit)

    def _on_limit(self) -> None:
        """The time is over. An answer that is still on its way has that of a client that reads slowly."""
        if self._limit_s == WAIT_S and self.transport.get_write_buffer_size():
            self._set_limit(STALL_S)
        else:
            self.cut_off()


def _has_news(of: socket.socket) -> bool:
    """Tell whether a socket has bytes to read, or a listening one a connection to accept."""
    waiting = select.poll()
    waiting.register(of.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
