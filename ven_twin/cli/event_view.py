"""Events and their reports for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from contracts.api.reports import EventReport
from contracts.api.requests import EventDispatched
from contracts.api.resources import Event, EventSummary, VenParticipation
from contracts.errors import FieldError
from contracts.wire.events import Interval, Phase, loads_up
from contracts.wire.ids import in_order
from ven_twin.cli.console import console, echo, print_json
from ven_twin.webkit.formatting import PHASES, clock, duration, kw, power, signal_value

if TYPE_CHECKING:
    from ven_twin.house.tariff import Tariff


def show_dispatched(dispatched: EventDispatched, *, json_output: bool) -> None:
    """Print the answer to an event that was created or revised."""
    if json_output:
        print_json(dispatched)
        return
    echo(f"Event {dispatched.event_id}, {clock(dispatched.start_ts)} to {clock(dispatched.end_ts)}:")
    for assignment in sorted(dispatched.assignments, key=lambda assignment: in_order(assignment.ven_id)):
        echo(f"  {assignment.ven_id:16}  {_values(assignment.values)}")
    for ven_id, why in sorted(dispatched.unavailable.items(), key=lambda item: in_order(item[0])):
        echo(f"  {ven_id:16}  not counted on: {why}")
    if dispatched.shortfall_kw > 0:
        offer, requested, missing = (
            power(value)
            for value in (dispatched.available_kw, dispatched.requested_kw, dispatched.shortfall_kw)
        )
        echo(f"Less is on offer than requested: {offer} of {requested}. {missing} could not be allocated.")
    if dispatched.note:
        echo(f"Note: {dispatched.note}")


def show_list(events: Sequence[EventSummary]) -> None:
    """Print a row an event."""
    from ven_twin.operations.reports.texts import result

    table = Table(box=None, pad_edge=False)
    # The id is what other commands take: where it is narrow, the request is what goes on in the next line.
    for name in ("event", "phase", "start", "request", "dispatched"):
        justify: JustifyMethod = "right" if name == "dispatched" else "left"
        table.add_column(name, justify=justify, no_wrap=name != "request")
    for event in events:
        outcome = result(event.result, loads_up=loads_up(event.intervals)) if event.result else ""
        table.add_row(
            event.event_id,
            PHASES[event.phase],
            clock(event.start_ts),
            f"{request(event.intervals)}{f': {outcome}' if outcome else ''}",
            power(event.dispatched_kw),
        )
    console.print(table if events else "There are no events. Create one: ven-twin event create --help")


def show(event: Event) -> None:
    """Print an event and the answer of each VEN."""
    console.print(
        Text.assemble(
            (event.event_id, "bold"),
            f"  {PHASES[event.phase]}, revision {event.revision}, "
            f"{clock(event.start_ts)}, {request(event.intervals)}",
        )
    )
    terms = [
        f"requested {power(event.requested_kw)}",
        f"dispatched {power(event.dispatched_kw)}",
        f"program {event.program}",
    ]
    terms += [f"targets {', '.join(event.targets)}"] if event.targets else []
    terms += [f"short by {power(event.shortfall_kw)}"] if event.shortfall_kw else []
    console.print(", ".join(terms))
    table = Table(box=None, pad_edge=False)
    for name in ("VEN", "dispatched", "answers", "delivered"):
        table.add_column(name)
    for ven in sorted(event.vens, key=lambda ven: in_order(ven.ven_id)):
        table.add_row(ven.ven_id, _values(ven.values), _answers(ven), _delivered(ven))
    console.print(table)


def load_tariff(path: Path) -> Tariff:
    """The tariff in a file, by its option's name.

    Raises:
        FieldError: there is no such file, or no tariff in it that can be read.
    """
    from ven_twin.house.errors import ProfileError
    from ven_twin.house.tariff import tariff_in

    try:
        return tariff_in(path.read_text(encoding="utf-8"), str(path))
    except ProfileError as error:
        raise FieldError("--tariff", str(error)) from None
    except OSError as error:
        raise FieldError("--tariff", f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FieldError("--tariff", f"{path} is no text") from None


def show_report(settled: EventReport, tariff: Tariff | None = None) -> None:
    """Print a report: delivered power by baseline and by VEN, what followed, and what it cost."""
    from ven_twin.operations.reports import terminal

    terminal.show(settled, console, tariff)


def print_report(settled: EventReport, tariff: Tariff | None) -> None:
    """Print a report as JSON; with a tariff also what it cost the residents, as *residentCost*."""
    from ven_twin.operations.reports import resident_texts

    amount = resident_texts.cost(settled, tariff)
    if tariff is None or amount is None:
        print_json(settled)
        return
    cost = {"amount": round(amount, 4), "currency": tariff.currency}
    print_json({**msgspec.to_builtins(settled), "residentCost": cost})


def save_report(
    settled: EventReport, *, html: Path | None, csv: str | None, tariff: Tariff | None = None
) -> None:
    """Write the report's page and its table over the files; ``-`` is standard output.

    Raises:
        FieldError: a file cannot be written; names the option.
    """
    from ven_twin.operations.reports import page, table

    if html is not None:
        text = page.html(settled, tariff)
        _write("--html", html, text)
        echo(f"Page   {html}", err=True)
    if csv is not None:
        rows = StringIO()
        table.write(settled, rows)
        if csv == "-":
            echo(rows.getvalue().removesuffix("\n"))
        else:
            _write("--csv", Path(csv), rows.getvalue())
            echo(f"Table  {csv}", err=True)


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FieldError(option, f"{path} cannot be written: {error.strerror or error}") from None


def request(intervals: Iterable[Interval]) -> str:
    """The request of an event, interval by interval."""
    return ", ".join(
        f"{signal_value(interval, of_fleet=True)} for {duration(interval.duration_s)}"
        for interval in intervals
    )


def _values(values: Iterable[float]) -> str:
    return ", ".join(kw(value) for value in values)


def _answers(ven: VenParticipation) -> str:
    from ven_twin.operations.fleet.event_detail import PHASE_TEXTS

    if not ven.phases:
        return f"not counted on: {ven.unavailable}" if ven.unavailable else "not yet"
    reached = sorted(ven.phases.items(), key=lambda item: (item[1].ts, item[1].received_ts))
    return " → ".join(
        f"{PHASE_TEXTS.get(name, name)}{_reason(answer.data.get('reason'))}" for name, answer in reached
    )


def _reason(reason: object) -> str:
    return f" ({reason})" if reason else ""


def _delivered(ven: VenParticipation) -> str:
    answer = ven.phases.get(Phase.COMPLETED) or ven.phases.get(Phase.ACTIVE)
    return power(answer.actual_shed_kw if answer else None)
