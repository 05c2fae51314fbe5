"""A report in a terminal: figures are whole at any width, and where it is narrow there are fewer."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.api.reports import EventReport, VenReport
from contracts.wire.ids import counting_key
from ven_twin.house.tariff import Tariff
from ven_twin.operations.reports import resident_texts, texts
from ven_twin.operations.reports.texts import TITLES
from ven_twin.webkit.formatting import DASH, energy, figure, percent, period, share

MOST_VENS = 25
"""Of more VENs, those furthest from their requested power are shown; the CSV table has all of them."""
WIDE_COLUMNS = 100
SCORED_COLUMNS, BAND_COLUMNS = 80, 64
"""From how many columns on errors, dispatched power and data are shown; and the band."""


def show(report: EventReport, console: Console, tariff: Tariff | None = None) -> None:
    """Print *report*, with money where there is a *tariff*."""
    console.print(Text(texts.headline(report), "bold"))
    console.print(Text(f"{report.event_id}  {texts.event_time(report)}"))
    console.print(Text(f"program {report.program}, {texts.settlement_status(report)}", "dim"))
    for line in resident_texts.cuts(report):
        console.print(Text(line))
    console.print()
    if report.delivered:
        console.print(_baselines(report, console.width))
    if len(report.intervals) > 1:
        console.print(_intervals(report, narrow=console.width < SCORED_COLUMNS))
    if report.vens:
        console.print(_vens(report, console.width))
    if report.circuits:
        console.print(_circuits(report))
    lines = [texts.participation(report.participation)] if report.participation else []
    lines += [texts.energy_and_response(report), *resident_texts.aftermath(report)]
    for line in (*lines, *resident_texts.residents(report, tariff)):
        console.print(Text(line))
    for note in texts.all_notes(report, report.vens):
        console.print(Text.assemble(("•", "dim"), f" {note}"))


def _table(title: str, *columns: str) -> Table:
    """A table with a first column of words and others of figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(title, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _baselines(report: EventReport, width: int) -> Table:
    wide, banded = width >= WIDE_COLUMNS, width >= BAND_COLUMNS
    any_score = any(delivered.score for delivered in report.delivered.values())
    scored = ("bias", "CVRMSE") if any_score and width >= SCORED_COLUMNS else ()
    more = ("of kW", "kWh") if wide else ()
    band = ("80 % band kW",) if banded else ()
    table = _table("all VENs, by", "delivered kW", "share", *more, *band, *scored)
    for name, delivered in texts.truth_first(report):
        settles = name == report.settled_by
        cells = [figure(delivered.delivered_kw), percent(share(delivered.delivered_kw, report.requested_kw))]
        cells += [figure(delivered.baseline_kw), energy(delivered.delivered_kwh)] if wide else []
        cells += [texts.band(delivered)] if banded else []
        if scored:
            score = delivered.score
            bias, cvrmse = (score.bias_percent / 100, score.cvrmse_percent / 100) if score else (None, None)
            cells += [percent(bias), percent(cvrmse)]
        table.add_row(f"{'▸' if settles else ' '} {TITLES[name]}", *cells, style="bold" if settles else None)
    return table


def _circuits(report: EventReport) -> Table:
    table = _table("circuit, as reported", *resident_texts.circuits_head(report))
    for circuit in report.circuits:
        table.add_row(*(Text(cell) for cell in resident_texts.circuit_row(circuit)))
    return table


def _intervals(report: EventReport, *, narrow: bool) -> Table:
    dispatched = () if narrow else ("dispatched kW",)
    table = _table("interval", "requested kW", *dispatched, "delivered kW", "share")
    delivered, zone = texts.delivered_by(report, texts.truth_of(report)), texts.site_zone(report)
    for index, interval in enumerate(report.intervals):
        delivered_kw = delivered.intervals_kw[index] if delivered else None
        table.add_row(
            period(interval.start_ts, interval.end_ts, zone),
            figure(interval.requested_kw),
            *(() if narrow else (figure(interval.dispatched_kw),)),
            figure(delivered_kw),
            percent(share(delivered_kw, interval.requested_kw)),
        )
    return table


def _vens(report: EventReport, width: int) -> Table:
    wide, narrow = width >= WIDE_COLUMNS, width < SCORED_COLUMNS
    settled_by, truth = report.settled_by, texts.truth_of(report)
    beside = settled_by != truth
    columns = ["requested kW", "delivered kW", "share", *(["kWh"] if wide else [])]
    columns += ["paid kW"] if beside else []
    columns += [*(["80 % band kW"] if wide else []), *([] if narrow else ["data"])]
    table = _table("VEN", *columns)
    table.add_column("")
    shown = _shown(report)
    for ven in shown:
        delivered, settled = (texts.delivered_by(ven, name) for name in (truth, settled_by))
        delivered_kw = delivered.delivered_kw if delivered else None
        cells = [
            figure(ven.requested_kw),
            figure(delivered_kw),
            percent(share(delivered_kw, ven.requested_kw)),
        ]
        cells += [energy(delivered.delivered_kwh if delivered else None)] if wide else []
        cells += [figure(settled.delivered_kw if settled else None)] if beside else []
        cells += [texts.band(settled) if settled else DASH] if wide else []
        cells += [] if narrow else [percent(texts.coverage(ven))]
        table.add_row(Text(ven.ven_id), *cells, Text(texts.ven_status(ven)))
    left = len(report.vens) - len(shown)
    if left:
        table.caption = f"the {len(shown)} furthest from their request; --csv has the {left} others too"
    return table


def _shown(report: EventReport) -> list[VenReport]:
    if len(report.vens) <= MOST_VENS:
        return sorted(report.vens, key=lambda ven: counting_key(ven.ven_id))
    truth = texts.truth_of(report)

    def short_kw(ven: VenReport) -> float:
        delivered = texts.delivered_by(ven, truth)
        return abs(ven.requested_kw - (delivered.delivered_kw if delivered else 0.0))

    return sorted(report.vens, key=lambda ven: (-short_kw(ven), counting_key(ven.ven_id)))[:MOST_VENS]
