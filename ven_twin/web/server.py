"""Serves the page in the twin's own loop. Whatever becomes of the page, the twin goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn

from ven_twin.twin import Twin
from ven_twin.web.app import Page
from ven_twin.web.settings import WebSettings

BACKLOG = 64
CONNECTIONS_MAX = 200
STOP_S = 1
ADDRESS_FILE = "page.url"
"""In the twin's folder while it serves: where the page is."""

logger = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the twin's, which ends its server in order."""
        yield


@contextlib.asynccontextmanager
async def serving(twin: Twin, settings: WebSettings, folder: Path) -> AsyncIterator[str | None]:
    """Serve *twin*'s page for as long as the block lasts; gives its address, or None when it cannot.

    While it serves, the address stands in `ADDRESS_FILE` in *folder*.
    """
    listening = _listen(settings)
    if listening is None:
        yield None
        return
    page = Page(twin, settings)
    server = _Server(
        uvicorn.Config(
            page.application(),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=STOP_S,
        )
    )
    task = asyncio.create_task(server.serve([listening]))
    address = _address(settings.host, listening.getsockname()[1])
    logger.info("page: %s", address)
    (folder / ADDRESS_FILE).write_text(address)
    try:
        yield address
    finally:
        (folder / ADDRESS_FILE).unlink(missing_ok=True)
        page.hub.close()
        server.should_exit = True
        await task
        listening.close()


def _listen(settings: WebSettings) -> socket.socket | None:
    """A socket that listens at the first port that is free; None, and a line that says so, when none is."""
    last: OSError | None = None
    for port in settings.ports:
        listening = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((settings.host, port))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            last = error
        else:
            listening.setblocking(False)
            return listening
    why = last.strerror if last is not None else "no port"
    logger.warning(
        "no page: %s port %s: %s; --web-port gives another, 0 any that is free",
        settings.host,
        settings.ports[0],
        why,
    )
    return None


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
