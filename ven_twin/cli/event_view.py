"""Events for a person's eyes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from contracts.api.requests import EventDispatched
from contracts.api.resources import Event, EventSummary, VenParticipation
from contracts.wire.events import Interval
from ven_twin.cli.console import clock_time, kw, print_json

console = Console(highlight=False)


def show_dispatched(dispatched: EventDispatched, *, json_output: bool) -> None:
    """What came of creating or revising an event."""
    if json_output:
        print_json(msgspec.to_builtins(dispatched))
        return
    typer.echo(
        f"Event {dispatched.event_id}, {clock_time(dispatched.start_ts)} to {clock_time(dispatched.end_ts)}:"
    )
    for assignment in dispatched.assignments:
        typer.echo(f"  {assignment.ven_id:16}  {_values(assignment.values)}")
    for ven_id, why in dispatched.unavailable.items():
        typer.echo(f"  {ven_id:16}  not counted on: {why}")
    if dispatched.shortfall_kw > 0:
        offer, asked, missing = (
            kw(value) for value in (dispatched.available_kw, dispatched.requested_kw, dispatched.shortfall_kw)
        )
        typer.echo(f"There is less than asked: {offer} of {asked}. {missing} could not be allocated.")
    if dispatched.note:
        typer.echo(f"Note: {dispatched.note}")


def show_list(events: Sequence[EventSummary]) -> None:
    """One line an event."""
    table = Table(box=None, pad_edge=False)
    for name in ("event", "phase", "start", "asks for", "called"):
        table.add_column(name, justify="right" if name == "called" else "left")
    for event in events:
        table.add_row(
            event.event_id,
            str(event.phase),
            clock_time(event.start_ts),
            asks(event.intervals),
            kw(event.dispatched_kw),
        )
    console.print(table if events else "There are no events. Create one: ven-twin event create --help")


def show(event: Event) -> None:
    """An event and how each VEN has answered."""
    console.print(
        f"[bold]{event.event_id}[/]  {event.phase}, revision {event.revision}, "
        f"{clock_time(event.start_ts)}, {asks(event.intervals)}"
    )
    terms = [
        f"asked {kw(event.requested_kw)}",
        f"called {kw(event.dispatched_kw)}",
        f"programme {event.programme}",
    ]
    terms += [f"targets {', '.join(event.targets)}"] if event.targets else []
    terms += [f"short by {kw(event.shortfall_kw)}"] if event.shortfall_kw else []
    console.print(", ".join(terms))
    table = Table(box=None, pad_edge=False)
    for name in ("VEN", "share", "answered", "shed"):
        table.add_column(name)
    for part in event.vens:
        table.add_row(part.ven_id, _values(part.values), _answered(part), _shed(part))
    console.print(table)


def asks(intervals: Iterable[Interval]) -> str:
    """What an event asks for, interval by interval."""
    return ", ".join(f"{each.signal} {each.value:g} for {each.duration_s} s" for each in intervals)


def _values(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _answered(part: VenParticipation) -> str:
    if not part.phases:
        return f"not counted on: {part.unavailable}" if part.unavailable else "not yet"
    reached = sorted(part.phases.items(), key=lambda item: (item[1].ts, item[1].received_ts))
    return " → ".join(f"{name}{_why(said.data.get('reason'))}" for name, said in reached)


def _why(reason: object) -> str:
    return f" ({reason})" if reason else ""


def _shed(part: VenParticipation) -> str:
    said = part.phases.get("completed") or part.phases.get("active")
    return kw(said.actual_shed_kw if said else None)
