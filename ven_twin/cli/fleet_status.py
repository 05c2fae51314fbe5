"""``ven-twin fleet``: the VENs together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from contracts.api.fleet import Fleet
from ven_twin.cli.connection import JsonOption, with_aggregator
from ven_twin.cli.console import print_json

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

app = typer.Typer(help="The VENs together.", no_args_is_help=True)

console = Console(highlight=False)


@app.command()
@with_aggregator
def status(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """Show the VENs online, shedding and opted out, the events that run, and the flexibility now."""
    fleet = aggregator().fleet()
    if json_output:
        print_json(msgspec.to_builtins(fleet))
    else:
        show(fleet, console)


def show(fleet: Fleet, out: Console) -> None:
    """Print the fleet for people: a row a VEN, a line an event, the sums. It fits 80 columns."""
    from ven_twin.operations.fleet.screen import ven_table
    from ven_twin.operations.fleet.texts import NO_VENS, offers
    from ven_twin.webkit.formatting import counted, power, share_text

    if not fleet.total:
        out.print(NO_VENS)
        return
    numbers = {event.event_id: f"#{number}" for number, event in enumerate(fleet.events, 1)}
    out.print(ven_table(fleet.vens, numbers, fleet.ts, out.width, folded=True))
    if fleet.left_off:
        out.print(f"… and {fleet.left_off} more", style="dim")
    out.print()
    for event in fleet.events:
        share = share_text(event.delivered_kw, event.requested_kw)
        out.print(
            Text(
                f"{numbers[event.event_id]} {event.event_id}: requested {power(event.requested_kw)} of "
                f"{counted(event.vens, 'VEN')}, delivered {power(event.delivered_kw)}"
                f"{f' ({share})' if share else ''}"
            )
        )
    out.print(
        f"{fleet.online} of {counted(fleet.total, 'VEN')} online, {fleet.shedding} shedding, "
        f"{fleet.opted_out} opted out."
    )
    out.print(f"Requested {power(fleet.requested_kw)}, delivered {power(fleet.delivered_kw)}.")
    out.print(f"Flexibility {power(fleet.flexibility_kw)}, of which {offers(fleet.holds)}.")
