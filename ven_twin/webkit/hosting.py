"""An application served on this machine, in the loop that runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import VenTwinError
from ven_twin.webkit import answers
from ven_twin.webkit.connections import Connections, PageConnection, PageSocket, connections_max
from ven_twin.webkit.guard import Guard
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.settings import WebSettings

BACKLOG = 1024
"""A crowd of visitors that come at once does not keep the next from the queue."""
STOP_S = 1
HEALTH_PLACES_SHARE = 0.1
"""Places that only calls of the page's health take."""
HEALTH = frozenset({"/live", "/health"})

logger = logging.getLogger(__name__)


class _Admission:
    """Refuses calls where all places but those of the page's health are taken by calls that run."""

    def __init__(self, app: ASGIApp, connections_most: int) -> None:
        self._app = app
        self._most = connections_most - max(2, round(HEALTH_PLACES_SHARE * connections_most))
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or say that there are too many."""
        if self._running >= self._most and scope.get("path") not in HEALTH:
            busy = PageProblemError(503, "too many calls run", headers={"retry-after": "5"})
            await answers.problem(busy)(scope, receive, send)
            return
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the caller, which stops the server in order."""
        yield


class NoPortError(VenTwinError):
    """Raised when a page has no port to be served at. Name another port."""


@contextlib.asynccontextmanager
async def hosted(
    application: Callable[[], Guard],
    settings: WebSettings,
    close: Callable[[], None],
    *,
    must: bool = False,
) -> AsyncIterator[str | None]:
    """Serve for as long as the block lasts; gives the address, or None when no port is free.

    Args:
        application: makes the application, once there is a port.
        settings: the address.
        close: ends every open stream, before the server stops.
        must: whether there is nothing to do without a page.

    Raises:
        NoPortError: no port is free, and there *must* be one.
    """
    try:
        listening = _listen(settings)
    except NoPortError as error:
        if must:
            raise
        logger.warning("no page: %s", error)
        yield None
        return
    with contextlib.closing(listening), contextlib.closing(listening.connections):
        server = _server(application(), listening.connections)
        async with _served(server, listening, close):
            yield _address(settings.host, listening.getsockname()[1])


def _server(application: Guard, connections: Connections) -> _Server:
    """The server; a visitor's bad requests are answered and not logged."""
    return _Server(
        uvicorn.Config(
            _Admission(application, connections.most),
            http=partial(PageConnection, connections),  # type: ignore[arg-type]  # it is only called
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=STOP_S,
        )
    )


@contextlib.asynccontextmanager
async def _served(
    server: _Server, listening: socket.socket, close: Callable[[], None]
) -> AsyncIterator[None]:
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield
    finally:
        try:
            close()
        finally:
            server.should_exit = True
            await task


def _listen(settings: WebSettings) -> PageSocket:
    """A socket that listens at the first port that is free. Raises NoPortError when none is."""
    last: OSError | None = None
    for port in settings.ports:
        listening = PageSocket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((settings.host, port))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            last = error
        except BaseException:
            listening.close()
            raise
        else:
            listening.setblocking(False)
            listening.connections = Connections(connections_max())
            return listening
    why = last.strerror if last is not None else "no port"
    place = f"{settings.host} port {settings.ports[0]}"
    raise NoPortError(f"{place}: {why}; --port gives another, 0 any that is free")


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
