"""Events and their reports for people."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contracts.api.reports import EventReport
from contracts.api.requests import EventDispatched
from contracts.api.resources import Event, EventSummary, VenParticipation
from contracts.errors import FieldError
from contracts.wire.events import Interval, Phase
from contracts.wire.ids import counting_key
from ven_twin.cli.console import echo, print_json
from ven_twin.cli.tables import Column, table_lines
from ven_twin.webkit.formatting import (
    DASH,
    PHASES,
    dated_clock,
    dated_period,
    duration,
    kw,
    local,
    percent,
    power,
    share,
    signal_value,
)

if TYPE_CHECKING:
    from ven_twin.house.tariff import Tariff


def show_dispatched(dispatched: EventDispatched, *, json_output: bool) -> None:
    """Print the answer to an event that was created or revised."""
    if json_output:
        print_json(dispatched)
        return
    lasts = dated_period(dispatched.start_ts, dispatched.end_ts, time.time())
    echo(f"Event {dispatched.event_id}, {lasts}:")
    values = {assignment.ven_id: _values(assignment.values) for assignment in dispatched.assignments}
    rows = [
        (ven_id, values.get(ven_id, DASH), f"not counted on: {why}" if why else "")
        for ven_id, why in (dict.fromkeys(values, "") | dispatched.unavailable).items()
    ]
    _show_table([Column("VEN"), Column("dispatched", right=True, label="dispatched"), Column("")], rows)
    if calls_nobody(dispatched):
        echo("No VEN is called: the event stands, and calls VENs that have something to give while it lasts.")
    if dispatched.shortfall_kw > 0:
        offer, requested, missing = (
            power(value)
            for value in (dispatched.available_kw or 0.0, dispatched.requested_kw, dispatched.shortfall_kw)
        )
        echo(f"Less is on offer than requested: {offer} of {requested}. {missing} could not be allocated.")
    if dispatched.note:
        echo(f"Note: {dispatched.note}")


def calls_nobody(dispatched: EventDispatched) -> bool:
    """True for an event that has no VEN to do anything; one without kW calls whoever is assigned."""
    if dispatched.requested_kw:
        return not dispatched.dispatched_kw
    return (
        not dispatched.assignments and dispatched.note is None
    )  # a note says of many that they are left out


def show_list(events: Sequence[EventSummary]) -> None:
    """Print a row an event: what was requested, dispatched and, once it is settled, delivered."""
    if not events:
        echo("There are no events. Create one: ven-twin event create --help")
        return
    now_ts = time.time()
    zone = f"{local(now_ts):%Z}"
    columns = [Column("event"), Column("phase"), Column(f"start ({zone})", label=f"start ({zone})")]
    columns += [Column(name, right=True, label=name) for name in ("dispatched", "delivered", "share")]
    columns.append(Column("request"))
    rows = []
    for event in events:
        result = event.result
        start = dated_clock(event.start_ts, now_ts)
        at = start if f"{local(event.start_ts):%Z}" == zone else f"{start} {local(event.start_ts):%Z}"
        rows.append(
            (
                event.event_id,
                PHASES[event.phase],
                at,
                power(event.dispatched_kw) if event.requested_kw else DASH,
                power(result.delivered_kw if result else None),
                percent(share(result.delivered_kw, result.requested_kw) if result else None),
                request(event.intervals),
            )
        )
    _show_table(columns, rows)


def _show_text(text: str) -> None:
    """Print a sentence, wrapped between words."""
    echo(textwrap.fill(text, shutil.get_terminal_size().columns, break_on_hyphens=False))


def _show_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose first column has ids; VENs by their ids, ven-9 before ven-10."""
    ordered = sorted(rows, key=lambda row: counting_key(row[0])) if columns[0].heading == "VEN" else rows
    for line in table_lines(columns, ordered, shutil.get_terminal_size().columns) if rows else ():
        echo(line)


def show(event: Event) -> None:
    """Print an event and the answer of each VEN."""
    start = f"{dated_clock(event.start_ts, time.time())} {local(event.start_ts):%Z}"
    echo(f"{event.event_id}  {PHASES[event.phase]}, revision {event.revision}")
    _show_text(f"{start}, {request(event.intervals)}")
    terms = [
        f"requested {power(event.requested_kw)}",
        f"dispatched {power(event.dispatched_kw)}",
        f"program {event.program}",
    ]
    terms += [f"targets {', '.join(event.targets)}"] if event.targets else []
    terms += [f"short by {power(event.shortfall_kw)}"] if event.shortfall_kw else []
    _show_text(", ".join(terms))
    columns = [Column("VEN"), *(Column(name, True, name) for name in ("dispatched", "delivered"))]
    rows = [(ven.ven_id, _values(ven.values), _delivered(ven), _answers(ven)) for ven in event.vens]
    _show_table([*columns, Column("answers")], rows)


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
    from ven_twin.cli.console import console
    from ven_twin.operations.reports import terminal

    terminal.show(settled, console, tariff)


def print_report(settled: EventReport, tariff: Tariff | None) -> None:
    """Print a report as JSON; with a tariff also what the event was in money and CO2, as *residentCost*."""
    from ven_twin.operations.reports.money import event_money

    if tariff is None:
        print_json(settled)
        return
    figures = msgspec.to_builtins(event_money(settled, tariff)).items()
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in figures}
    print_json({**msgspec.to_builtins(settled), "residentCost": rounded})


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
