"""A report in a terminal, for 80 columns and more."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contracts.api.reports import EventReport, VenReport
from ven_twin.operations.reports import words
from ven_twin.operations.reports.words import TITLES, energy, number, percent, share

MOST_VENS = 25
"""Beyond, those that are furthest from what was asked are shown, and the table has the others."""
WIDE = 100


def show(report: EventReport, console: Console) -> None:
    """Print *report*."""
    state = "cancelled" if report.cancelled else words.standing(report)
    console.print(f"[bold]{escape(report.event_id)}[/]  {words.when(report)}")
    console.print(f"programme {escape(report.programme)}, {state}", style="dim")
    console.print(words.headline(report))
    console.print()
    if report.delivered:
        console.print(_baselines(report, wide=console.width >= WIDE))
    if len(report.intervals) > 1:
        console.print(_intervals(report))
    if report.vens:
        console.print(_vens(report, wide=console.width >= WIDE))
    for line in (
        words.took_part(report.participation) if report.participation else "",
        words.after_and_data(report),
    ):
        if line:
            console.print(escape(line))
    for note in words.all_notes(report, report.vens):
        console.print(f"[dim]•[/] {escape(note)}")


def _table(title: str, *columns: str) -> Table:
    """A table whose first column is words and whose others are figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(title, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _baselines(report: EventReport, *, wide: bool) -> Table:
    scored = ("bias", "CVRMSE") if any(each.score for each in report.delivered.values()) else ()
    more = ("of kW", "kWh") if wide else ()
    table = _table("all VENs, by", "delivered kW", "of asked", *more, "80 % band kW", *scored)
    for name, found in report.delivered.items():
        settles = name == report.settled_by
        cells = [number(found.delivered_kw), share(found.delivered_kw, report.requested_kw)]
        cells += [number(found.baseline_kw), energy(found.delivered_kwh)] if wide else []
        cells.append(words.band(found))
        if scored:
            bias, cvrmse = (
                (found.score.bias_percent, found.score.cvrmse_percent) if found.score else (None, None)
            )
            cells += [percent(bias, 0), percent(cvrmse, 0)]
        table.add_row(f"{'▸' if settles else ' '} {TITLES[name]}", *cells, style="bold" if settles else None)
    return table


def _intervals(report: EventReport) -> Table:
    table = _table("interval", "asked kW", "called kW", "delivered kW", "of asked")
    found = report.delivered.get(report.settled_by) if report.settled_by else None
    for index, interval in enumerate(report.intervals):
        delivered_kw = found.intervals_kw[index] if found else None
        table.add_row(
            words.span(interval.start_ts, interval.end_ts),
            number(interval.requested_kw),
            number(interval.dispatched_kw),
            number(delivered_kw),
            share(delivered_kw, interval.requested_kw),
        )
    return table


def _vens(report: EventReport, *, wide: bool) -> Table:
    settled_by = report.settled_by
    beside = wide and settled_by != "clone" and any("clone" in ven.delivered for ven in report.vens)
    columns = ["asked kW", "delivered kW", "of asked", *(["80 % band kW", "kWh"] if wide else [])]
    columns += [*(["by clone"] if beside else []), "data"]
    table = _table("VEN", *columns)
    table.add_column("")
    shown = _shown(report)
    for ven in shown:
        found = ven.delivered.get(settled_by) if settled_by else None
        clone = ven.delivered.get("clone")
        delivered_kw = found.delivered_kw if found else None
        cells = [number(ven.requested_kw), number(delivered_kw), share(delivered_kw, ven.requested_kw)]
        if wide:
            cells += [words.band(found), energy(found.delivered_kwh)] if found else [words.DASH] * 2
        cells += [number(clone.delivered_kw if clone else None)] if beside else []
        state = escape(words.ven_state(ven))
        table.add_row(escape(ven.ven_id), *cells, f"{ven.quality.coverage:.0%}", state)
    left = len(report.vens) - len(shown)
    if left:
        table.caption = f"the {len(shown)} furthest from what was asked; --csv has the {left} others too"
    return table


def _shown(report: EventReport) -> list[VenReport]:
    if len(report.vens) <= MOST_VENS:
        return list(report.vens)
    settled_by = report.settled_by

    def short_kw(ven: VenReport) -> float:
        found = ven.delivered.get(settled_by) if settled_by else None
        return abs(ven.requested_kw - (found.delivered_kw if found else 0.0))

    return sorted(report.vens, key=lambda ven: (-short_kw(ven), ven.ven_id))[:MOST_VENS]
