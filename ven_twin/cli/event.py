"""``ven-twin event``: DR events."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts import records
from contracts.errors import FieldError
from contracts.names import Output, check_event_id
from ven_twin.cli import report
from ven_twin.cli.console import clock_time, duration_s, kw, print_json, refused, start_ts
from ven_twin.cli.places import LOCAL, JsonOption, ProfileOption, RegionOption, StageOption, connect

if TYPE_CHECKING:
    from ven_twin.io.cloud import Cloud

app = typer.Typer(help="DR events: create, look at, cancel, report.", no_args_is_help=True)

EventArgument = Annotated[str, typer.Argument(help="The event's id.")]


@app.command()
def create(
    *,
    duration: Annotated[str, typer.Option("--duration", help="10m, 1h30m, 45s.")],
    shed_kw: Annotated[
        float | None, typer.Option("--shed-kw", help="Draw so many kW less, over all targets.")
    ] = None,
    import_limit_kw: Annotated[
        float | None, typer.Option("--import-limit-kw", help="Import no more than this, each VEN.")
    ] = None,
    level: Annotated[int | None, typer.Option("--level", help="0 normal to 3 emergency.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="ISO 8601; now when left out.")] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="A VEN; repeat for more; all when left out.")
    ] = None,
    priority: Annotated[int | None, typer.Option("--priority", help="0 is the highest.")] = None,
    randomize_start: Annotated[
        str | None, typer.Option("--randomize-start", help="Spread the starts by up to ± this.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--event-id", help="Makes a repeat of this call one event.")
    ] = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Create a DR event, for now or later, and give it to the VENs."""
    signals = {"shedKw": shed_kw, "importLimitKw": import_limit_kw, "level": level}
    given = {signal: value for signal, value in signals.items() if value is not None}
    if len(given) != 1:
        raise FieldError("--shed-kw", "give one of --shed-kw, --import-limit-kw, --level")
    ((signal, value),) = given.items()
    request: dict[str, Any] = {
        "intervals": [{"durationS": duration_s(duration, "--duration"), "signal": signal, "value": value}],
        "targets": target or [],
    }
    request |= {"startTs": start_ts(start, "--start")} if start else {}
    request |= {"priority": priority} if priority is not None else {}
    request |= (
        {"randomizeStartS": duration_s(randomize_start, "--randomize-start")} if randomize_start else {}
    )
    request["eventId"] = check_event_id(event_id, "--event-id") if event_id else new_event_id()
    answer = dispatch(connect(stage, profile, region), request, json_output=json_output)
    if json_output:
        return
    window = f"{clock_time(answer['startTs'])} to {clock_time(answer['endTs'])}"
    typer.echo(f"Event {answer['eventId']}, {window}:")
    for assignment in answer["assignments"]:
        typer.echo(f"  {assignment['venId']:16}  {', '.join(f'{v:.2f}' for v in assignment['values'])}")
    for ven_id, why in answer.get("unavailable", {}).items():
        typer.echo(f"  {ven_id:16}  not counted on: {why}")
    if answer.get("shortfallKw", 0) > 0:
        offer, asked, missing = (kw(answer.get(key)) for key in ("availableKw", "askedKw", "shortfallKw"))
        typer.echo(f"There is less than asked: {offer} of {asked}. {missing} could not be allocated.")


@app.command()
def cancel(
    event_id: EventArgument,
    *,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Cancel an event: the VENs give their loads back."""
    request = {"action": "cancel", "eventId": check_event_id(event_id)}
    dispatch(connect(stage, profile, region), request, json_output=json_output)
    if not json_output:
        typer.echo(f"Event {event_id} is cancelled.")


@app.command()
def show(
    event_id: EventArgument,
    *,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show an event: what it asks for, and how each VEN has answered."""
    parts = _parts(connect(stage, profile, region), event_id)
    if json_output:
        print_json(parts)
    else:
        report.show(parts)


@app.command("list")
def list_events(
    *,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """List the events, the newest first."""
    items = connect(stage, profile, region).items(Output.EVENTS_TABLE)
    events = [item for item in items if item[str(records.EVENTS.sort)] == records.EVENT_PART]
    events.sort(key=lambda event: -event["startTs"])
    if json_output:
        print_json(events)
    else:
        report.list_events(events)


@app.command("report")
def show_report(
    event_id: EventArgument,
    *,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Print what an event delivered; it is settled now when it is over and was not."""
    cloud = connect(stage, profile, region)
    settled = cloud.invoke(Output.SETTLE_EVENT, {"eventId": check_event_id(event_id)})
    refusal = refused(settled)
    if json_output:
        print_json(settled)
        if refusal is not None:
            raise typer.Exit(1)
        return
    if refusal is not None:
        raise refusal
    report.show_report(settled)


def new_event_id() -> str:
    """An id that says when the event was made; made here, so that a call tried again is one event."""
    return f"evt-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def dispatch(cloud: Cloud, request: Mapping[str, Any], *, json_output: bool = False) -> dict[str, Any]:
    """Ask `dispatch_event`; print its answer when that is wanted in JSON.

    Raises:
        FieldError: it was refused.
    """
    answer = cloud.invoke(Output.DISPATCH_EVENT, request)
    refusal = refused(answer)
    if json_output:
        print_json(answer)
        if refusal is not None:
            raise typer.Exit(1)
    if refusal is not None:
        raise refusal
    return answer


def _parts(cloud: Cloud, event_id: str) -> dict[str, Any]:
    """The event, its VENs' parts, and its report when there is one.

    Raises:
        FieldError: there is no such event.
    """
    found: dict[str, Any] = {"event": None, "vens": [], "report": None}
    for item in cloud.parts(check_event_id(event_id)):
        part = item[str(records.EVENTS.sort)]
        if part == records.EVENT_PART:
            found["event"] = item
        elif part == records.REPORT_PART:
            found["report"] = item.get("report")
        else:
            found["vens"].append(item)
    if found["event"] is None:
        raise FieldError("event", f"there is no event {event_id!r}: ven-twin event list shows what there is")
    return found
