"""A report as a page: self-contained, light and dark, for a screen or a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from contracts.api.reports import EventReport, Series
from contracts.wire.ids import counting_key
from ven_twin.house.tariff import Tariff
from ven_twin.operations.reports import resident_texts, texts
from ven_twin.operations.reports.money import money_tiles
from ven_twin.operations.reports.texts import TITLES
from ven_twin.simulation.plot import PAGE, Plot
from ven_twin.simulation.report import tiles_html
from ven_twin.webkit.formatting import (
    DASH,
    duration,
    energy,
    figure,
    local,
    percent,
    period,
    share,
)

Values = Sequence[float | None]


def html(report: EventReport, tariff: Tariff | None = None) -> str:
    """The page of *report*, with money where there is a *tariff*."""
    status = texts.settlement_status(report)
    subtitle = f"{texts.event_time(report)}; program {report.program}; {status}"
    sections = [
        f"<p class=headline>{escape(texts.headline(report))}</p>",
        *(f"<p class=cut>{escape(line)}</p>" for line in resident_texts.cuts(report)),
        _tiles(report, tariff),
        *(_plots(report, report.series) if report.series else []),
    ]
    if report.delivered:
        sections += ["<h2>By baseline</h2>", _baselines(report)]
    if report.intervals:
        sections += ["<h2>By interval</h2>", _intervals(report)]
    if report.participation:
        sections += ["<h2>Participation</h2>", f"<p>{escape(texts.participation(report.participation))}</p>"]
    sections.append(f"<p>{escape(texts.energy_and_response(report))}</p>")
    after = [*resident_texts.aftermath(report), *resident_texts.residents(report, tariff)]
    sections += ["<h2>After the event</h2>", *(f"<p>{escape(line)}</p>" for line in after)]
    sections += ["<h2>By circuit</h2>", _circuits(report)] if report.circuits else []
    sections += ["<h2>By VEN</h2>", _vens(report)] if report.vens else []
    notes = texts.all_notes(report, report.vens)
    if notes:
        sections += ["<h2>Notes</h2>", "<ul>", *(f"<li>{escape(note)}" for note in notes), "</ul>"]
    title = f"Event {report.event_id}"
    return PAGE.format(title=escape(title), subtitle=escape(subtitle), body="\n".join(sections))


def _tiles(report: EventReport, tariff: Tariff | None) -> str:
    tiles = [
        ("Requested", figure(report.requested_kw), f"kW for {duration(report.end_ts - report.start_ts)}")
    ]
    truth = texts.truth_of(report)
    if truth is not None:
        delivered = report.delivered[truth]
        of_request = share(delivered.delivered_kw, report.requested_kw)
        beside = "" if of_request is None else f", {percent(of_request)} of the request"
        tiles += [
            ("Delivered", figure(delivered.delivered_kw), f"kW{beside}, by {TITLES[truth]}"),
            ("Energy", energy(delivered.delivered_kwh), "kWh not drawn"),
        ]
    if report.settled_by is not None:
        settled = report.delivered[report.settled_by]
        band = f", {texts.band(settled)} in 8 of 10" if settled.low_kw is not None else ""
        tiles.append(("Paid", figure(settled.delivered_kw), f"kW by {TITLES[report.settled_by]}{band}"))
    tiles += _after_tiles(report, tariff)
    people = report.participation
    if people is not None and people.called:
        tiles.append(("Participated", f"{people.delivered}/{people.called}", "VENs delivered half or more"))
    return f"{tiles_html(tiles)}<p></p>"


def _after_tiles(report: EventReport, tariff: Tariff | None) -> Iterator[tuple[str, str, str]]:
    """Rebound and payback, or the hour after it of an older report; what it was to the residents."""
    tails = resident_texts.aftermath_tails(report)
    if not tails:
        rebound = "kWh in the hour after" if report.rebound_1h_kwh is not None else texts.unknown(report)
        yield "Rebound", energy(report.rebound_1h_kwh), rebound
    for name, hours, tail, _ in tails:
        counted = f"kWh {resident_texts.counted_time(report, tail, hours)}"
        yield name, energy(tail.kwh), texts.unknown(report) if tail.kwh is None else counted
    yield from money_tiles(report, tariff)


def _circuits(report: EventReport) -> str:
    head = ("Circuit", *(name[0].upper() + name[1:] for name in resident_texts.circuits_head(report)))
    rows = [resident_texts.circuit_row(circuit) for circuit in report.circuits]
    return f"{_table(head, rows, 'figures')}<p class=note>{escape(resident_texts.circuits_note(report))}</p>"


def _plots(report: EventReport, series: Series) -> list[str]:
    starts = [series.start_ts + index * series.step_s for index in range(len(series.used_kw))]
    truth_kw = series.clone_kw if texts.truth_of(report) == "clone" else series.baseline_kw
    delivered = [
        _delivered_kw(report, base_kw, used_kw) if start_ts + series.step_s > report.start_ts else None
        for start_ts, base_kw, used_kw in zip(starts, truth_kw, series.used_kw, strict=True)
    ]
    if not any(used is not None for used in series.used_kw):
        return []
    caption = f"Means over {duration(series.step_s)}; the event is shaded."
    return [
        _power(report, series, starts).html(caption),
        _requested_and_delivered(report, series, starts, delivered).html(),
    ]


def _delivered_kw(report: EventReport, base_kw: float | None, used_kw: float | None) -> float | None:
    if base_kw is None or used_kw is None:
        return None
    return used_kw - base_kw if report.loads_up else base_kw - used_kw


def _power(report: EventReport, series: Series, starts: Sequence[float]) -> Plot:
    settled = TITLES[report.settled_by] if report.settled_by else "baseline"
    plot = _plot(
        "Power of the VENs together",
        "kW",
        report,
        series,
        [series.used_kw, series.baseline_kw, series.clone_kw],
    )
    if report.settled_by != "clone":
        plot.line(_points(starts, series.clone_kw), "var(--muted)", TITLES["clone"], width_s=series.step_s)
    plot.line(
        _points(starts, series.baseline_kw),
        "var(--limit)",
        f"baseline: {settled}",
        dashed=True,
        width_s=series.step_s,
    )
    plot.line(_points(starts, series.used_kw), "var(--hvac)", "drawn", width_s=series.step_s)
    return plot


def _requested_and_delivered(
    report: EventReport, series: Series, starts: Sequence[float], delivered: Values
) -> Plot:
    """The power delivered in the event, and what follows it; a baseline misses something before it too."""
    truth = texts.truth_of(report)
    side, good, against, as_in = (
        ("above", "drawn more", "drawn less", "payback")
        if report.loads_up
        else ("below", "drawn less", "drawn more", "rebound")
    )
    beside = f"kW {side} {'the ' if truth == 'clone' else ''}{TITLES[truth] if truth else 'the baseline'}"
    plot = _plot("Requested and delivered", beside, report, series, [delivered, series.requested_kw])
    as_requested = [None if kw is None else max(kw, 0.0) for kw in delivered]
    plot.fill(_area(plot, starts, as_requested, series.step_s), "var(--good)", good)
    for after, colour, words in (
        (False, "var(--muted)", against),
        (True, "var(--bad)", f"{against}, as in a {as_in}"),
    ):
        against_kw = [
            kw if kw is not None and kw < 0.0 and (start_ts >= report.end_ts) is after else None
            for start_ts, kw in zip(starts, delivered, strict=True)
        ]
        if _values([against_kw]):
            plot.fill(_area(plot, starts, against_kw, series.step_s), colour, words)
    plot.line(_points(starts, series.requested_kw), "var(--ink)", "requested", width_s=series.step_s)
    return plot


def _area(plot: Plot, starts: Sequence[float], kw: Values, width_s: float) -> str:
    """Filled from zero; a gap stays a gap."""
    path = ""
    for is_stored, run in groupby(zip(starts, kw, strict=True), key=lambda point: point[1] is not None):
        if is_stored:
            at, values = zip(*run, strict=True)
            tops = [value or 0.0 for value in values]
            path += plot.area(list(at), [0.0] * len(tops), tops, width_s)
    return path


def _plot(title: str, unit: str, report: EventReport, series: Series, lines: Iterable[Values]) -> Plot:
    end_ts = series.start_ts + series.step_s * len(series.used_kw)
    values = [*_values(lines), 0.0]
    offset = local(report.start_ts, texts.site_zone(report)).utcoffset()
    offset_h = offset.total_seconds() / 3600 if offset else 0.0
    room = 0.05 * (max(values) - min(values))
    plot = Plot(title, unit, series.start_ts, end_ts, min(values), max(values) + room, offset_h)
    plot.windows([(report.start_ts, report.end_ts)])
    return plot


def _values(lines: Iterable[Values]) -> list[float]:
    return [value for line in lines for value in line if value is not None]


def _points(starts: Sequence[float], kw: Values) -> list[tuple[float, float | None]]:
    return list(zip(starts, kw, strict=True))


def _baselines(report: EventReport) -> str:
    head = (
        "Baseline",
        "",
        "Of kW",
        "Delivered kW",
        "8 of 10 kW",
        "Share",
        "kWh",
        "VENs",
        "Bias",
        "CVRMSE",
    )
    rows = []
    for name, delivered in texts.truth_first(report):
        score = delivered.score
        rows.append(
            (
                TITLES[name],
                "settles" if name == report.settled_by else "",
                figure(delivered.baseline_kw),
                figure(delivered.delivered_kw),
                texts.band(delivered),
                percent(share(delivered.delivered_kw, report.requested_kw)),
                energy(delivered.delivered_kwh),
                str(delivered.vens),
                percent(score.bias_percent / 100 if score else None, 1),
                percent(score.cvrmse_percent / 100 if score else None, 1),
            )
        )
    scored = any(delivered.score for delivered in report.delivered.values())
    why = (
        "Bias and CVRMSE are against the house without events, by quarter hours or shorter." if scored else ""
    )
    return _table(head, rows) + (f"<p class=note>{why}</p>" if why else "")


def _intervals(report: EventReport) -> str:
    delivered, zone = texts.delivered_by(report, texts.truth_of(report)), texts.site_zone(report)
    rows = []
    for index, interval in enumerate(report.intervals):
        delivered_kw = delivered.intervals_kw[index] if delivered else None
        rows.append(
            (
                period(interval.start_ts, interval.end_ts, zone),
                duration(interval.end_ts - interval.start_ts),
                figure(interval.requested_kw),
                figure(interval.dispatched_kw),
                figure(delivered_kw),
                percent(share(delivered_kw, interval.requested_kw)),
            )
        )
    return _table(("Interval", "", "Requested kW", "Dispatched kW", "Delivered kW", "Share"), rows)


def _vens(report: EventReport) -> str:
    head = (
        "VEN",
        "",
        "Requested kW",
        "Delivered kW",
        "Share",
        "kWh",
        "Paid kW",
        "8 of 10 kW",
        "Response s",
    )
    rows = []
    for ven in sorted(report.vens, key=lambda ven: counting_key(ven.ven_id)):
        names = texts.truth_of(report), report.settled_by
        delivered, settled = (texts.delivered_by(ven, name) for name in names)
        delivered_kw = delivered.delivered_kw if delivered else None
        rows.append(
            (
                ven.ven_id,
                texts.ven_status(ven),
                figure(ven.requested_kw),
                figure(delivered_kw),
                percent(share(delivered_kw, ven.requested_kw)),
                energy(delivered.delivered_kwh if delivered else None),
                figure(settled.delivered_kw if settled else None),
                texts.band(settled) if settled else DASH,
                figure(ven.response_s, 1),
                percent(texts.coverage(ven)),
            )
        )
    return _table((*head, "Data"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "words") -> str:
    cells = "".join(f"<th>{escape(name)}" for name in head)
    body = "".join(
        f"<tr><th>{escape(row[0])}" + "".join(f"<td>{escape(cell)}" for cell in row[1:]) for row in rows
    )
    opening = f'<div class="wide" role="group" aria-label="{escape(head[0])}, table" tabindex="0">'
    return f'{opening}<table class="{kind}"><thead><tr>{cells}</thead>{body}</table></div>'
