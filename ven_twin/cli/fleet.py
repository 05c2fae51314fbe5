"""``ven-twin fleet``: the VENs together, in a list, on one terminal screen, and on the operator's page."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text

from contracts.api.event_text import parse_seconds
from contracts.api.fleet import Fleet
from contracts.errors import FieldError
from ven_twin.cli.connection import JsonOption, with_aggregator, with_reaching
from ven_twin.cli.console import Plain, console, echo, print_json
from ven_twin.cli.fleet_run import remove_fleet, run_fleet
from ven_twin.cli.load_test import load_test
from ven_twin.cli.tables import Column, table_lines
from ven_twin.cli.tree import CommandGroup

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ven_twin.operations.aggregator.protocol import Aggregator
    from ven_twin.operations.fleet.app import FleetPage
    from ven_twin.operations.fleet.poller import FleetPoller
    from ven_twin.webkit.settings import WebSettings

LEAST_S, MOST_S = 0.5, 3600.0
TICK_S = 0.5
"""Between two frames: countdowns go on while the cloud answers."""
PORT = 8090
RefreshOption = Annotated[str, typer.Option("--refresh", help="Between two reads of the whole fleet: 2s.")]

app = CommandGroup("The VENs together: status, one screen, a page, many twins at once.")


@app.command()
@with_aggregator
def status(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """Show the VENs online, in events and opted out, the events that run, and the flexibility now.

    Examples:
        ven-twin fleet status
    """
    calls = aggregator()
    fleet, letters = calls.fleet(), calls.dead_letters()
    if json_output:
        counts = {} if letters is None else {"deadLetters": letters}
        print_json({**msgspec.to_builtins(fleet), **counts})
    else:
        show(fleet, letters, console)


def show(fleet: Fleet, letters: Mapping[str, int] | None, out: Console) -> None:
    """Print the fleet for people: a row a VEN, a line an event, the sums, dead letters. It fits 80 columns.

    *letters* are the dead letters by queue; None where they are not known.
    """
    from ven_twin.operations.fleet.texts import dead_letters

    _show_fleet(fleet, out)
    if words := dead_letters(letters):
        out.print(Text(words, "dim" if letters is None else "red"))


def _show_fleet(fleet: Fleet, out: Console) -> None:
    from ven_twin.operations.fleet.screen import COLUMNS, ven_cells
    from ven_twin.operations.fleet.texts import NO_VENS, forecast, offers
    from ven_twin.webkit.formatting import counted, power, reduction, share_text

    if not fleet.total:
        out.print(NO_VENS)
        return
    numbers = {event.event_id: f"#{number}" for number, event in enumerate(fleet.events, 1)}
    rows = [ven_cells(ven, numbers, fleet.ts) for ven in fleet.vens]
    figures = ("requested", "gives", "", "uses", "offers", "for")
    columns = [
        Column(name, name in figures, (name or "share") if name in figures else "") for name in COLUMNS
    ]
    for line in table_lines(columns, rows, out.width):
        out.print(line, soft_wrap=True)
    if fleet.left_off:
        out.print(f"… and {fleet.left_off} more", style="dim")
    out.print()
    for event in fleet.events:
        share = share_text(event.delivered_kw, event.requested_kw)
        out.print(
            Text(
                f"{numbers[event.event_id]} {event.event_id}: requested {reduction(event.requested_kw)} of "
                f"{counted(event.vens, 'VEN')}, delivered {reduction(event.delivered_kw)}"
                f"{f' ({share})' if share else ''}"
            )
        )
    out.print(
        f"{fleet.online} of {counted(fleet.total, 'VEN')} online, {fleet.shedding} in an event, "
        f"{fleet.opted_out} opted out."
    )
    out.print(f"Requested {reduction(fleet.requested_kw)}, delivered {reduction(fleet.delivered_kw)}.")
    out.print(f"Flexibility {power(fleet.flexibility_kw)}, of which {offers(fleet.holds)}.")
    if ahead := forecast(fleet.forecast, fleet.ts):
        out.print(f"Expected, kW for 15 min: {ahead}.")


app.command("run")(run_fleet)
app.command("remove")(remove_fleet)
app.command("load-test")(load_test)


@app.command()
@with_reaching
def watch(
    *,
    refresh: RefreshOption = "2s",
    once: Annotated[bool, typer.Option("--once", help="Print one screen and end.")] = False,
    reaching: Callable[[], tuple[Callable[[], Aggregator], str]],
) -> None:
    """Watch the fleet: its VENs, power requested and delivered, flexibility. Ctrl-C ends it.

    Examples:
        ven-twin fleet watch
        ven-twin fleet watch --once
    """
    from ven_twin.operations.fleet.poller import FleetPoller

    refresh_s = _refresh_s(refresh)
    reach, place = reaching()
    poller = FleetPoller(reach, place, period_s=refresh_s)
    if once:
        poller.poll()
        _require_answer(poller)
        console.print(_frame(poller))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _show_live(poller)


def _refresh_s(refresh: str) -> float:
    """The time between two reads, s. Raises FieldError."""
    refresh_s = parse_seconds(refresh, "--refresh")
    if not LEAST_S <= refresh_s <= MOST_S:
        raise FieldError("--refresh", f"write {LEAST_S:g}s to 1h, not {refresh}")
    return refresh_s


def _show_live(poller: FleetPoller) -> None:
    """Show the fleet until Ctrl-C: in place on a terminal, else a screen after every answer."""
    from rich.live import Live

    changed = threading.Event()
    poller.start(lambda _: changed.set())
    poller.resume()
    if not console.is_terminal:
        while True:
            changed.wait()
            changed.clear()
            console.print(_frame(poller))
    with Live(
        get_renderable=lambda: _frame(poller),
        console=console,
        screen=True,
        auto_refresh=False,
        vertical_overflow="crop",
    ) as live:
        while True:
            live.refresh()
            changed.wait(TICK_S)
            changed.clear()


def _frame(poller: FleetPoller) -> RenderableType:
    from ven_twin.operations.fleet.screen import frame

    return Plain(frame(poller.state(), console.width, console.height))


def _require_answer(poller: FleetPoller) -> None:
    """Raises CloudError where the cloud did not answer."""
    from ven_twin.operations.aggregator.cloud_errors import CloudError

    cloud = poller.state().cloud
    if not cloud.reached:
        raise CloudError(cloud.why or "the cloud does not answer")


@app.command()
@with_reaching
def serve(
    *,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="The page's port; 0 is any that is free. 8090 or the next when left out."
        ),
    ] = None,
    refresh: RefreshOption = "2s",
    reaching: Callable[[], tuple[Callable[[], Aggregator], str]],
) -> None:
    """Serve the operator's page on loopback: the fleet, its events and reports. Ctrl-C ends it.

    Examples:
        ven-twin fleet serve
        ven-twin fleet serve --port 8091 --stage dev
    """
    from ven_twin.cli.logs import log_to_stderr
    from ven_twin.operations.fleet.app import FleetPage
    from ven_twin.webkit.settings import WebSettings

    refresh_s = _refresh_s(refresh)
    settings = WebSettings(port=port, usual_port=PORT)
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
    async with hosted(page.application, settings, page.close, must=True) as address:
        echo(f"The fleet's page is at {address}, for this machine alone. Ctrl-C ends it.")
        page.start(loop)
        await stopped.wait()
