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
    from ven_twin.operations.fleet.watch import FleetPoll

LEAST_S, MOST_S = 0.5, 3600.0
TICK_S = 0.5
"""Between two frames: countdowns go on while an answer is waited for."""

RefreshOption = Annotated[
    float,
    typer.Option("--refresh", help="Between two questions to the cloud, s; each reads the whole fleet."),
]


@with_reaching
def watch(
    *,
    refresh_s: RefreshOption = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one screen and end.")] = False,
    reaching: Callable[[], tuple[Callable[[], Aggregator], str]],
) -> None:
    """Watch the fleet: who is there, what is asked and delivered, what is on offer. Ctrl-C ends it."""
    from rich.console import Console

    from ven_twin.operations.fleet.watch import FleetPoll

    check_refresh(refresh_s)
    reach, place = reaching()
    watched = FleetPoll(reach, place, period_s=refresh_s)
    console = Console(highlight=False)
    if once:
        watched.ask()
        _must_have_answered(watched)
        console.print(_frame(watched, console))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _go_on(watched, console)


def check_refresh(refresh_s: float) -> None:
    """Raises FieldError for what is no time between two questions."""
    if not LEAST_S <= refresh_s <= MOST_S:
        raise FieldError("--refresh", f"{LEAST_S:g} to {MOST_S:g} s, got {refresh_s:g}")


def _go_on(watched: FleetPoll, console: Console) -> None:
    """Show what there is until Ctrl-C: in place on a terminal, else a screen after every answer."""
    from rich.live import Live

    news = threading.Event()
    watched.start(lambda _: news.set())
    watched.look(wanted=True)
    if not console.is_terminal:
        while True:
            news.wait()
            news.clear()
            console.print(_frame(watched, console))
    with Live(
        get_renderable=lambda: _frame(watched, console),
        console=console,
        screen=True,
        auto_refresh=False,
        vertical_overflow="crop",
    ) as live:
        while True:
            live.refresh()
            news.wait(TICK_S)
            news.clear()


def _frame(watched: FleetPoll, console: Console) -> RenderableType:
    from ven_twin.operations.fleet.screen import frame

    return frame(watched.board(), console.width, console.height)


def _must_have_answered(watched: FleetPoll) -> None:
    """Raises CloudError where there is nothing to show."""
    from ven_twin.operations.aggregator.cloud import CloudError

    cloud = watched.board().cloud
    if not cloud.reached:
        raise CloudError(cloud.why or "the cloud does not answer")
