"""``ven-twin event``: DR events."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from contracts.api.resources import EventBody
from contracts.errors import FieldError
from contracts.wire.topics import check_event_id
from ven_twin.cli import event_view, report
from ven_twin.cli.connection import JsonOption, with_aggregator
from ven_twin.cli.console import print_json
from ven_twin.cli.event_options import with_event
from ven_twin.operations.aggregator.protocol import Aggregator, RefusedError

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

app = typer.Typer(help="DR events: create, look at, revise, cancel, delete, report.", no_args_is_help=True)

EventArgument = Annotated[str, typer.Argument(help="The event's id.")]


@app.command()
@with_aggregator
@with_event
def create(
    *,
    asked: Callable[..., dict[str, Any]],
    event_id: Annotated[
        str | None, typer.Option("--event-id", help="Makes a repeat of this call one event.")
    ] = None,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Create a DR event, for now or later, and give it to the VENs."""
    identity = {"eventId": check_event_id(event_id, "--event-id") if event_id else new_event_id()}
    request = asked() | identity
    with _told(json_output=json_output):
        dispatched = aggregator().create_event(request)
    event_view.show_dispatched(dispatched, json_output=json_output)


@app.command()
@with_aggregator
@with_event
def revise(
    event_id: EventArgument,
    *,
    asked: Callable[..., dict[str, Any]],
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Change what an event asks for: what is given changes, the rest stays.

    When somebody else has changed the event meanwhile, nothing is done.
    """
    check_event_id(event_id)
    with _told(json_output=json_output):
        reached = aggregator()
        event = reached.event(event_id)
        changes = asked(stays=event.intervals)
        if not changes:
            raise FieldError("--shed-kw", "give what is to change: ven-twin event revise --help")
        there_is = msgspec.to_builtins(event)
        names = [field.encode_name for field in msgspec.structs.fields(EventBody)]
        stays = {name: there_is[name] for name in names if name in there_is}
        dispatched = reached.revise_event(event_id, stays | changes, etag=event.etag)
    event_view.show_dispatched(dispatched, json_output=json_output)


@app.command()
@with_aggregator
def cancel(
    event_id: EventArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Cancel an event: the VENs give their loads back, and it is settled for what it lasted."""
    check_event_id(event_id)
    with _told(json_output=json_output):
        dispatched = aggregator().cancel_event(event_id)
    if json_output:
        print_json(msgspec.to_builtins(dispatched))
    else:
        typer.echo(f"Event {event_id} is cancelled.")


@app.command()
@with_aggregator
def delete(
    event_id: EventArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Delete an event: the VENs give their loads back, and it is listed no more."""
    check_event_id(event_id)
    with _told(json_output=json_output):
        aggregator().delete_event(event_id)
    if json_output:
        print_json({"ok": True, "eventId": event_id})
    else:
        typer.echo(f"Event {event_id} is deleted.")


@app.command()
@with_aggregator
def show(
    event_id: EventArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Show an event: what it asks for, and how each VEN has answered."""
    check_event_id(event_id)
    with _told(json_output=json_output):
        reached = aggregator()
        event = reached.event(event_id)
        settled = reached.report(event_id) if event.settled else None
    if json_output:
        shown = msgspec.to_builtins(event)
        print_json({"event": shown, "vens": shown.pop("vens", []), "report": settled})
        return
    event_view.show(event)
    if settled is None:
        typer.echo("Not settled yet.")
    else:
        report.show_report(settled)


@app.command("list")
@with_aggregator
def list_events(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """List the events, the newest first."""
    with _told(json_output=json_output):
        events = list(aggregator().events())
    if json_output:
        print_json(msgspec.to_builtins(events))
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
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Print what an event delivered; it is settled now when it is over and was not."""
    check_event_id(event_id)
    with _told(json_output=json_output):
        reached = aggregator()
        settled = reached.report(event_id)
    whole = report.whole(settled, reached.report_parts(event_id)) if html or csv else settled
    report.save(whole, html=html, csv=csv)
    if json_output:
        print_json(settled)
    elif csv != "-":
        report.show_report(settled)


def new_event_id() -> str:
    """An id that says when the event was made; made here, so that a call tried again is one event."""
    return f"evt-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def dispatch(cloud: Cloud, request: Mapping[str, Any]) -> dict[str, Any]:
    """Create an event by the functions of *cloud*; what `dispatch_event` answers. Raises FieldError."""
    from ven_twin.operations.aggregator.by_functions import DirectAggregator

    answer: dict[str, Any] = msgspec.to_builtins(DirectAggregator(cloud).create_event(request))
    return answer


@contextlib.contextmanager
def _told(*, json_output: bool) -> Iterator[None]:
    """A refusal within is told as JSON when that is wanted, with exit 1."""
    try:
        yield
    except RefusedError as error:
        if not json_output:
            raise
        print_json(error.answer)
        raise typer.Exit(1) from None
