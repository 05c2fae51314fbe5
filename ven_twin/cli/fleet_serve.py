"""``ven-twin fleet serve``: the operator's page."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import VenTwinError
from ven_twin.cli.connection import with_reaching
from ven_twin.cli.fleet_watch import RefreshOption, check_refresh

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator
    from ven_twin.operations.fleet.app import FleetPage
    from ven_twin.webkit.settings import WebSettings

PORT = 8090


@with_reaching
def serve(
    *,
    port: Annotated[
        int | None,
        typer.Option("--port", help="0 any that is free; 8090 or the next that is free when left out."),
    ] = None,
    refresh_s: RefreshOption = 2.0,
    reaching: Callable[[], tuple[Callable[[], Aggregator], str]],
) -> None:
    """Serve the operator's page on loopback: the fleet, its events and reports. Ctrl-C ends it."""
    from ven_twin.cli.run import log_to_stderr
    from ven_twin.operations.fleet.app import FleetPage
    from ven_twin.webkit.settings import WebSettings

    check_refresh(refresh_s)
    settings = WebSettings(port=port, usual_port=PORT, port_option="--port")
    reach, place = reaching()
    log_to_stderr(json_output=False)
    page = FleetPage(reach, place, settings, period_s=refresh_s)
    asyncio.run(_until_stopped(page, settings))


async def _until_stopped(page: FleetPage, settings: WebSettings) -> None:
    from ven_twin.webkit.hosting import hosted

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    async with hosted(page.application, settings, page.close) as address:
        if address is None:
            raise VenTwinError("there is no port for the page")
        typer.echo(f"The fleet's page is at {address}, for this machine alone. Ctrl-C ends it.")
        page.start(loop)
        await stopped.wait()
