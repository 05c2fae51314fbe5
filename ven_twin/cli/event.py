"""``ven-twin event``: DR events."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from contracts.api.reports import EventReport
from contracts.api.resources import Event, EventBody, NewEvent, VenParticipation
from contracts.errors import FieldError
from contracts.wire.ids import EventId
from contracts.wire.topics import check_event_id
from ven_twin.cli import event_view
from ven_twin.cli.connection import JsonOption, TariffOption, with_aggregator
from ven_twin.cli.console import echo, print_answer, print_json, refusals
from ven_twin.cli.event_options import with_event
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.tree import CommandGroup
from ven_twin.cli.usage import naming

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

app = CommandGroup("DR events: create, look at, revise, cancel, delete, report.")


class EventDeleted(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The answer for a program when an event is deleted."""

    event_id: EventId
    ok: Literal[True] = True


class ShownEvent(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event for a program: its VENs beside it, and its report once it is settled."""

    event: Event
    vens: tuple[VenParticipation, ...]
    report: EventReport | None


EventArgument = Annotated[str, typer.Argument(metavar="EVENT", help="The event's id, as event list has it.")]


@app.command()
@with_event
@with_aggregator
def create(
    *,
    body: Callable[..., EventBody],
    event_id: Annotated[
        str | None, typer.Option("--event-id", help="Makes a repeat of this call one event.")
    ] = None,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Create a DR event, for now or later, and give it to the VENs. Exit 3 when it calls none.

    Examples:
        ven-twin event create --shed-kw 3kW --duration 1h
        ven-twin event create --shed-kw 3 --duration 2h30 --start 2030-07-01T17:00+02:00 --target ven-1
        ven-twin event create --interval 30m/loadup=2kW --interval 2h/limit=5kW
    """
    chosen_id = new_event_id() if event_id is None else check_event_id(event_id, "--event-id")
    event = NewEvent(event_id=chosen_id, **msgspec.structs.asdict(body()))
    with naming("eventId", "--event-id"), refusals(json_output=json_output):
        dispatched = aggregator().create_event(event)
    event_view.show_dispatched(dispatched, json_output=json_output)
    if event_view.calls_nobody(dispatched):
        raise typer.Exit(ExitCode.NOTHING_TO_GIVE)


@app.command()
@with_event
@with_aggregator
def revise(
    event_id: EventArgument,
    *,
    body: Callable[..., EventBody],
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Change what an event asks for: what is given changes, the rest stays.

    When somebody else has changed the event meanwhile, nothing is done.

    Examples:
        ven-twin event revise evt-20260714-170000-ab12 --shed-kw 2kW
        ven-twin event revise evt-20260714-170000-ab12 --duration 90m
    """
    checked_id = check_event_id(event_id)
    with refusals(json_output=json_output):
        reached = aggregator()
        event = reached.event(checked_id)
        dispatched = reached.revise_event(checked_id, body(event.body), etag=event.etag)
    event_view.show_dispatched(dispatched, json_output=json_output)
    if event_view.calls_nobody(dispatched):
        raise typer.Exit(ExitCode.NOTHING_TO_GIVE)


@app.command()
@with_aggregator
def cancel(
    event_id: EventArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Cancel an event: the VENs give their loads back, and it is settled for what it lasted.

    Examples:
        ven-twin event cancel evt-20260714-170000-ab12
    """
    checked_id = check_event_id(event_id)
    with refusals(json_output=json_output):
        dispatched = aggregator().cancel_event(checked_id)
    print_answer(dispatched, f"Event {event_id} is cancelled.", json_output=json_output)


@app.command()
@with_aggregator
def delete(
    event_id: EventArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Delete an event: the VENs give their loads back, and it is listed no more.

    Examples:
        ven-twin event delete evt-20260714-170000-ab12
    """
    checked_id = check_event_id(event_id)
    with refusals(json_output=json_output):
        aggregator().delete_event(checked_id)
    deleted = EventDeleted(event_id=checked_id)
    print_answer(deleted, f"Event {event_id} is deleted.", json_output=json_output)


@app.command()
@with_aggregator
def show(
    event_id: EventArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Show an event: what it asks for, and how each VEN has answered.

    Examples:
        ven-twin event show evt-20260714-170000-ab12
    """
    checked_id = check_event_id(event_id)
    with refusals(json_output=json_output):
        reached = aggregator()
        event = reached.event(checked_id)
        settled = reached.report(checked_id) if event.settled else None
    if json_output:
        without_vens = msgspec.structs.replace(event, vens=())
        print_json(ShownEvent(event=without_vens, vens=event.vens, report=settled))
        return
    event_view.show(event)
    if settled is None:
        echo("Not settled yet.")
    else:
        event_view.show_report(settled)


@app.command("list")
@with_aggregator
def list_events(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """List the events with what each delivered, the newest first.

    Examples:
        ven-twin event list
        ven-twin event list --stage dev --json
    """
    with refusals(json_output=json_output):
        events = list(aggregator().events())
    if json_output:
        print_json(events)
    else:
        event_view.show_list(events)


@app.command("report")
@with_aggregator
def show_report(
    event_id: EventArgument,
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with plots to this file.")] = None,
    csv: Annotated[
        str | None,
        typer.Option(
            "--csv", help="Write a row by VEN, interval and baseline to this file; - for the terminal."
        ),
    ] = None,
    tariff: TariffOption = None,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Print what an event delivered; it is settled now when it is over and was not.

    Examples:
        ven-twin event report evt-20260714-170000-ab12
        ven-twin event report evt-20260714-170000-ab12 --html report.html --csv report.csv
    """
    from ven_twin.operations.aggregator.protocol import whole_report

    if csv == "-" and json_output:
        raise FieldError("--csv", "- is standard output, where --json goes too: name a file")
    prices = None if tariff is None else event_view.load_tariff(tariff)
    checked_id = check_event_id(event_id)
    with refusals(json_output=json_output):
        reached = aggregator()
        settled = whole_report(reached, checked_id) if html or csv else reached.report(checked_id)
    event_view.save_report(settled, html=html, csv=csv, tariff=prices)
    if json_output:
        event_view.print_report(settled, prices)
    elif csv != "-":
        event_view.show_report(settled, prices)


def new_event_id() -> EventId:
    """An id that says when the event was made; made here, so that a call tried again is one event."""
    return EventId(f"evt-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
