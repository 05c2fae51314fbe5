"""``ven-twin fleet watch``: the fleet on one terminal screen."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import with_reaching

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ven_twin.operations.aggregator.protocol import Aggregator
    from ven_twin.operations.fleet.poller import FleetPoller

LEAST_S, MOST_S = 0.5, 3600.0
TICK_S = 0.5
"""Between two frames: countdowns go on while the cloud answers."""

RefreshOption = Annotated[
    float,
    typer.Option("--refresh", help="Seconds between two reads of the whole fleet."),
]


@with_reaching
def watch(
    *,
    refresh_s: RefreshOption = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one screen and end.")] = False,
    reaching: Callable[[], tuple[Callable[[], Aggregator], str]],
) -> None:
    """Watch the fleet: its VENs, power requested and delivered, flexibility. Ctrl-C ends it."""
    from rich.console import Console

    from ven_twin.operations.fleet.poller import FleetPoller

    check_refresh(refresh_s)
    reach, place = reaching()
    poller = FleetPoller(reach, place, period_s=refresh_s)
    console = Console(highlight=False)
    if once:
        poller.poll()
        _require_answer(poller)
        console.print(_frame(poller, console))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _run(poller, console)


def check_refresh(refresh_s: float) -> None:
    """Check the time between two reads. Raises FieldError."""
    if not LEAST_S <= refresh_s <= MOST_S:
        raise FieldError("--refresh", f"{LEAST_S:g} to {MOST_S:g} s, got {refresh_s:g}")


def _run(poller: FleetPoller, console: Console) -> None:
    """Show the fleet until Ctrl-C: in place on a terminal, else a screen after every answer."""
    from rich.live import Live

    changed = threading.Event()
    poller.start(lambda _: changed.set())
    poller.resume()
    if not console.is_terminal:
        while True:
            changed.wait()
            changed.clear()
            console.print(_frame(poller, console))
    with Live(
        get_renderable=lambda: _frame(poller, console),
        console=console,
        screen=True,
        auto_refresh=False,
        vertical_overflow="crop",
    ) as live:
        while True:
            live.refresh()
            changed.wait(TICK_S)
            changed.clear()


def _frame(poller: FleetPoller, console: Console) -> RenderableType:
    from ven_twin.operations.fleet.screen import frame

    return frame(poller.state(), console.width, console.height)


def _require_answer(poller: FleetPoller) -> None:
    """Raises CloudError where the cloud did not answer."""
    from ven_twin.operations.aggregator.cloud_errors import CloudError

    cloud = poller.state().cloud
    if not cloud.reached:
        raise CloudError(cloud.why or "the cloud does not answer")
