"""``ven-twin fleet``: the VENs together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.api.fleet import Fleet, FleetVen, VenStatus
from contracts.wire.units import S_PER_MIN
from ven_twin.cli.connection import JsonOption, with_aggregator
from ven_twin.cli.console import clock_time, print_json
from ven_twin.operations.aggregator.protocol import Aggregator

app = typer.Typer(help="The VENs together.", no_args_is_help=True)

console = Console(highlight=False)
WORDS = {
    VenStatus.SHEDDING: "[green]sheds[/]",
    VenStatus.OPTED_OUT: "[yellow]opted out[/]",
    VenStatus.DISABLED: "[yellow]disabled[/]",
    VenStatus.READY: "ready",
    VenStatus.OFFLINE: "[red]offline[/]",
    VenStatus.NEVER_SEEN: "[dim]never seen[/]",
}
NONE = "There are no VENs. Deploy some: ven-twin cloud deploy --vens ven-1,ven-2"


@app.command()
@with_aggregator
def status(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """Say who is online, who sheds for which event, who has opted out, and what flexibility there is now."""
    fleet = aggregator().fleet()
    if json_output:
        print_json(msgspec.to_builtins(fleet))
    else:
        show(fleet, console)


def show(fleet: Fleet, out: Console) -> None:
    """The fleet for a person's eyes: a line a VEN, a line an event, the sums."""
    if not fleet.known:
        out.print(NONE)
        return
    numbers = {event.event_id: f"#{number}" for number, event in enumerate(fleet.events, 1)}
    out.print(_table(fleet.vens, numbers))
    if fleet.left_off:
        out.print(f"… and {fleet.left_off} more", style="dim")
    out.print()
    for event in fleet.events:
        out.print(
            Text(
                f"{numbers[event.event_id]} {event.event_id}: of {_count(event.vens, 'VEN')} asked "
                f"{event.requested_kw:.2f} kW, delivered {event.delivered_kw:.2f} kW"
                f"{_share(event.delivered_kw, event.requested_kw)}"
            )
        )
    out.print(
        f"{fleet.online} of {_count(fleet.known, 'VEN')} online, {fleet.shedding} shedding, "
        f"{fleet.opted_out} opted out."
    )
    out.print(f"Asked {fleet.requested_kw:.2f} kW, delivered {fleet.delivered_kw:.2f} kW.")
    held = ", ".join(f"{each.kw:.2f} for {_span(each.minutes * S_PER_MIN)}" for each in fleet.holds)
    out.print(f"Flexibility {fleet.flexibility_kw:.2f} kW, of which {held}.")


def _table(vens: Sequence[FleetVen], numbers: Mapping[str, str]) -> Table:
    """Fits 80 columns: figures are kept whole, long ids and reasons are folded, events are numbered."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("VEN", overflow="fold", min_width=6, max_width=24)
    table.add_column("now", no_wrap=True)
    for name in ("uses", "asked", "gives", "offers", "for"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("event", overflow="fold", min_width=12)
    for ven in vens:
        table.add_row(
            Text(ven.ven_id),
            WORDS[ven.standing],
            *(_kw(value) for value in (ven.used_kw, ven.requested_kw, ven.delivered_kw, ven.offers_kw)),
            _span(ven.sustain_s) if ven.sustain_s is not None and ven.offers_kw else "",
            Text(_why(ven, numbers)),
        )
    return table


def _why(ven: FleetVen, numbers: Mapping[str, str]) -> str:
    """The number of the event that a VEN sheds for, or why it does not: its opt-out with its end."""
    if ven.event_id is not None:
        return numbers[ven.event_id]
    if ven.opt_out is not None:
        until_ts = ven.opt_out.until_ts
        return f"{ven.opt_out.reason}, {'until ' + clock_time(until_ts) if until_ts else 'until it opts in'}"
    return ""


def _kw(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _span(seconds: float) -> str:
    """A length of time, to the minute."""
    minutes = int(seconds // S_PER_MIN)
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02} h" if hours and rest else f"{hours} h" if hours else f"{minutes} min"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _share(part: float, whole: float) -> str:
    return f" ({part / whole:.0%})" if whole else ""
