"""A settled event for people: in a terminal, as a page, as a table."""

from __future__ import annotations

import csv
import re
import time
from html import escape
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from contracts.api.reports import (
    Delivered,
    EventReport,
    IntervalReport,
    Participation,
    Quality,
    Score,
    Series,
    VenReport,
)
from contracts.api.resources import EventSummary
from contracts.errors import FieldError
from contracts.wire.events import Interval, Phase, Signal
from contracts.wire.ids import EventId
from ven_twin.cli import event_view
from ven_twin.operations.reports import page, table, terminal, texts
from ven_twin.webkit import formatting

START = 1_784_134_800
HOUR = 3600
WHOLE = Quality(rows=120, coverage=1.0, longest_gap_s=0.0)


def delivered(kw: float, **fields: Any) -> Delivered:
    """So much in each of two half hours."""
    defaults = {"intervals_kw": (kw, kw), "baseline_kw": kw + 2, "delivered_kwh": kw} | fields
    return Delivered(delivered_kw=kw, **defaults)


def ven(number: int, kw: float = 1.5, **fields: Any) -> VenReport:
    """A VEN that was dispatched for 2 kW."""
    defaults: dict[str, Any] = {
        "ven_id": f"house-{number}",
        "requested_kw": 2.0,
        "requested_kwh": 2.0,
        "requested_intervals_kw": (2.0, 2.0),
        "used_kw": 1.0,
        "delivered": {"residential_5_of_10": delivered(kw, low_kw=1.0, high_kw=2.0), "clone": delivered(kw)},
        "quality": WHOLE,
        "acknowledged": True,
        "start_ts": START,
        "end_ts": START + HOUR,
    }
    return VenReport(**(defaults | fields))


def settled(*vens: VenReport, **fields: Any) -> EventReport:
    """An event of an hour of 4 kW that delivered 3."""
    defaults: dict[str, Any] = {
        "event_id": "e1",
        "revision": 0,
        "start_ts": START,
        "end_ts": START + HOUR,
        "settled_ts": START + HOUR + 120,
        "requested_kw": 4.0,
        "dispatched_kw": 4.4,
        "settled_by": "residential_5_of_10",
        "delivered": {
            "residential_5_of_10": delivered(3.0, vens=2, score=Score(bias_percent=1.5, cvrmse_percent=5.25)),
            "clone": delivered(2.9, vens=2),
        },
        "vens": vens or (ven(1), ven(2)),
        "intervals": (
            IntervalReport(start_ts=START, end_ts=START + 1800, requested_kw=4.0, dispatched_kw=4.4),
            IntervalReport(start_ts=START + 1800, end_ts=START + HOUR, requested_kw=4.0, dispatched_kw=4.4),
        ),
        "participation": Participation(called=2, answered=2, delivered=2, opted_out=0, silent=0),
        "quality": WHOLE,
        "rebound_1h_kwh": 0.25,
        "series": Series(
            start_ts=START - 600,
            step_s=600,
            requested_kw=(None, 4.0, 4.0, 4.0, None),
            used_kw=(5.0, 2.0, None, 2.0, 6.0),
            baseline_kw=(5.0, 5.0, 5.0, 5.0, 5.0),
            clone_kw=(5.0, 5.0, None, 5.0, 5.0),
        ),
        "notes": ("something <b>to know</b>",),
    }
    return EventReport(**(defaults | fields))


def shown(report: EventReport, width: int) -> str:
    """The report on a terminal of so many columns."""
    console = Console(width=width, file=StringIO(), highlight=False)
    terminal.show(report, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


class Tags(HTMLParser):
    """The addresses that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetches: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an address."""
        del tag
        self.fetches += [value for name, value in attrs if name in {"src", "href"}]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_terminal_shows_the_report_whole(width: int) -> None:
    """In 80 columns as in more no line is too long, no figure is cut, and what settles is marked."""
    text = shown(settled(), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text.replace(" … ", "")
    assert "The fleet shed 2.90 of 4.00 kW requested (73 %) for 1 h" in text
    assert "▸ residential 5 of 10" in text
    assert "VENs: 2 called, 2 answered" in text
    assert "something <b>to know</b>" in text


HEADLINES: list[tuple[str, dict[str, Any], str]] = [
    (
        "a twin's truth first, then what is paid and why",
        {},
        (
            "The fleet shed 2.90 of 4.00 kW requested (73 %) for 1 h; 4.40 kW were dispatched; the program's "
            "baseline, residential 5 of 10, pays for 3.00 kW (75 %), because it is 0.10 kW above what would "
            "have been drawn."
        ),
    ),
    (
        "the program's baseline agrees with the truth",
        {
            "delivered": {"residential_5_of_10": delivered(3.0), "clone": delivered(3.0)},
            "dispatched_kw": 4.0,
        },
        (
            "The fleet shed 3.00 of 4.00 kW requested (75 %) for 1 h; the program's baseline, residential 5 "
            "of 10, pays for 3.00 kW (75 %)."
        ),
    ),
    (
        "a VEN without a counterfactual, by what settles",
        {"vens": (ven(1),), "delivered": {"residential_5_of_10": delivered(3.0)}, "dispatched_kw": 4.0},
        "house-1 shed 3.00 of 4.00 kW requested (75 %) for 1 h, by residential 5 of 10.",
    ),
    (
        "another baseline than the program's",
        {
            "delivered": {"meter_before": delivered(3.0)},
            "settled_by": "meter_before",
            "instead_because": "needs 5 of 10 weekdays, has 3",
            "dispatched_kw": 4.0,
        },
        (
            "The fleet shed 3.00 of 4.00 kW requested (75 %) for 1 h, by meter before. Meter before settles, "
            "since residential 5 of 10 needs 5 of 10 weekdays, has 3."
        ),
    ),
    (
        "more was drawn, not less",
        {"delivered": {"residential_5_of_10": delivered(-0.5)}, "dispatched_kw": 4.0},
        (
            "The fleet drew 0.50 kW more than without the event for 1 h, by residential 5 of 10; "
            "4.00 kW less were requested."
        ),
    ),
    (
        "no percent of nearly nothing",
        {
            "delivered": {"clone": delivered(0.03)},
            "settled_by": "clone",
            "program_baseline": "clone",
            "requested_kw": 0.04,
            "dispatched_kw": 0.04,
        },
        "The fleet shed 0.03 of 0.04 kW requested for 1 h.",
    ),
    (
        "nothing is known",
        {"delivered": {}, "settled_by": None},
        "4.00 kW were requested. What was delivered is not known.",
    ),
]


@pytest.mark.parametrize(
    ("fields", "text"), [row[1:] for row in HEADLINES], ids=[row[0] for row in HEADLINES]
)
def test_the_headline_says_what_was_shed_and_what_is_paid(fields: dict[str, Any], text: str) -> None:
    """In plain words, the same on the terminal and on the page, above all else."""
    report = settled(**({"program_baseline": "residential_5_of_10"} | fields))
    assert texts.headline(report) == text
    assert shown(report, 400).startswith(text)
    assert page.html(report).index(escape(text)) < page.html(report).index("Requested")


def test_a_twins_truth_is_delivered_and_what_settles_is_paid() -> None:
    """2.90 kW were shed and 3.00 are paid: the truth stands first in table, tiles and plot."""
    report = settled(program_baseline="residential_5_of_10")
    table_rows = shown(report, 160).partition("all VENs, by")[2].splitlines()[2:4]
    assert ["house without events" in row for row in table_rows] == [True, False]
    text = page.html(report)
    tiles = re.findall(r"<b>(\w+)</b><strong>([^<]+)</strong>", text)
    assert ("Delivered", "2.90") in tiles
    assert ("Paid", "3.00") in tiles
    assert "kW below the house without events" in text


def test_a_baseline_that_says_more_was_drawn_pays_nothing() -> None:
    """A negative payment is no payment; by how much the baseline is off stands beside it."""
    off = {"residential_5_of_10": delivered(-1.0, baseline_kw=1.0), "clone": delivered(3.0, baseline_kw=5.0)}
    report = settled(delivered=off, program_baseline="residential_5_of_10", dispatched_kw=4.0)
    assert texts.headline(report).endswith(
        "residential 5 of 10, pays nothing, because it is 4.00 kW below what would have been drawn."
    )


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("America/Los_Angeles", "Wed 15 Jul 2026, 10:00 to 11:00 PDT (America/Los_Angeles)"),
        ("Asia/Kathmandu", "Wed 15 Jul 2026, 22:45 to 23:45 Asia/Kathmandu"),
        ("UTC", "Wed 15 Jul 2026, 17:00 to 18:00 UTC"),
    ],
)
def test_times_are_the_sites_with_their_zone(zone: str, text: str) -> None:
    """Wherever the reader is; the intervals too."""
    report = settled(time_zone=zone, preliminary=True, final_from_ts=START + HOUR + 15_300)
    assert texts.event_time(report) == text
    assert text in shown(report, 160)
    first = text.split(", ")[1][:5]
    assert shown(report, 160).count(first) >= 2


def test_a_zone_that_this_machine_does_not_know_is_the_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name from elsewhere is no error of the reader's; the time is then the reader's own."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert texts.event_time(settled(time_zone="Mars/Olympus")).startswith("Wed 15 Jul 2026, 17:00")


def test_what_is_not_measured_yet_says_so() -> None:
    """Of a preliminary report the rebound is still to come, and it becomes final by itself."""
    report = settled(rebound_1h_kwh=None, preliminary=True, final_from_ts=START + 5 * HOUR, time_zone="UTC")
    text = shown(report, 160)
    assert "Rebound: not measured yet." in text
    assert "preliminary; final by itself from Wed 22:00 on" in text


def test_a_terminal_shows_the_worst_of_many_vens() -> None:
    """Of forty VENs those furthest from their request are shown; the option for the others is named."""
    vens = [ven(number, 2.0 - number / 100) for number in range(40)]
    text = shown(settled(*vens), 100)
    assert "house-39" in text
    assert "house-1 " not in text
    assert "--csv has the 15 others" in text


def test_an_event_of_which_nothing_is_stored_is_shown() -> None:
    """No telemetry: the report says that it is not known, in every form."""
    silent = ven(1, delivered={}, used_kw=None, quality=Quality(rows=0, coverage=0.0, longest_gap_s=HOUR))
    report = settled(silent, delivered={}, settled_by=None, series=None, rebound_1h_kwh=None)
    assert "What was delivered is not known." in shown(report, 80)
    assert "Energy: not measured. Response: not measured." in shown(report, 80)
    assert "Rebound: not measured." in shown(report, 80)
    assert "silent" in shown(report, 80)
    assert "By baseline" not in page.html(report)


def test_markup_in_what_vens_say_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A reason or a note is no markup, in the terminal or on the page."""
    odd = ven(1, opted_out=True, opt_out_reason="[red]x[/] <script>", notes=("[bold]a[/] <i>\x1b[2J",))
    assert "[red]x[/]" in shown(settled(odd), 160)
    assert "[bold]a[/]" in shown(settled(odd), 160)
    assert "\x1b" not in shown(settled(odd), 160)
    assert "<script>" not in page.html(settled(odd))
    assert not capsys.readouterr().err


def test_the_page_fetches_nothing() -> None:
    """It opens without a network, in light and dark, and its gaps are gaps."""
    html = page.html(settled())
    tags = Tags()
    tags.feed(html)
    assert tags.fetches == []
    assert not re.search(r"url\(|@import|https?://|<script", html)
    assert "prefers-color-scheme: dark" in html
    assert "something &lt;b&gt;to know" in html
    drawn = re.search(r'd="([^"]*)" stroke="var\(--hvac\)"', html)
    assert drawn is not None
    assert drawn[1].count("M") == 2


def test_a_short_event_has_a_clock_under_its_plots() -> None:
    """Ticks are minutes where hours would leave none."""
    html = page.html(settled())
    assert len(re.findall(r'<span class="[^"]*" style="left:[^"]*">\d\d:\d\d</span>', html)) >= 2 * 3


def test_the_table_has_a_row_by_ven_interval_and_baseline() -> None:
    """Two VENs, two intervals, two baselines: eight rows, each with all that tells it from the others."""
    file = StringIO()
    table.write(settled(), file)
    rows = list(csv.DictReader(StringIO(file.getvalue())))
    assert len(rows) == 8
    assert {(row["ven"], row["interval"], row["baseline"]) for row in rows} == {
        (f"house-{n}", str(i), name)
        for n in (1, 2)
        for i in (1, 2)
        for name in ("residential_5_of_10", "clone")
    }
    assert (
        rows[0] | {"settles": "yes", "requested_kw": "2", "delivered_kw": "1.5", "coverage": "1"} == rows[0]
    )
    assert rows[0]["start"] == "2026-07-15T17:00:00Z"


def test_a_silent_ven_is_in_the_table() -> None:
    """Its request is there, and its delivery is empty, not nought."""
    file = StringIO()
    table.write(settled(ven(1, delivered={})), file)
    row = next(iter(csv.DictReader(StringIO(file.getvalue()))))
    assert (row["requested_kw"], row["baseline"], row["delivered_kw"]) == ("2", "", "")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The option and the reason, in one line."""
    whole = settled()
    with pytest.raises(FieldError, match=r"--html: .*No such file"):
        event_view.save_report(whole, html=tmp_path / "none" / "x.html", csv=None)
    event_view.save_report(whole, html=tmp_path / "x.html", csv=str(tmp_path / "x.csv"))
    assert (tmp_path / "x.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "x.csv").read_text().startswith("event,ven,interval,")


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (-0.001, "0.00"), (-1.5, "−1.50"), (1234.5, "1234.50"), (0.0, "0.00")]
)
def test_figures_are_written_alike(value: float | None, text: str) -> None:
    """A dash for what is not known, a minus sign, and none before nought."""
    assert formatting.figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (45, "45 s"), (600, "10 min"), (5430, "1 h 30 min")]
)
def test_durations_are_written_as_one_would_say_them(seconds: float, text: str) -> None:
    """The two largest units that there are."""
    assert formatting.duration(seconds) == text


def test_the_list_of_events_shows_their_ids_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 80 columns too: an id is what the other commands take."""
    console = Console(width=80, file=StringIO(), highlight=False)
    monkeypatch.setattr(event_view, "console", console)
    interval = Interval(duration_s=60, signal=Signal.SHED_KW, value=3.0)
    event = EventSummary(
        event_id=EventId("evt-20261127-155531-1ab9"),
        revision=0,
        start_ts=START,
        end_ts=START + 60,
        intervals=(interval,),
        phase=Phase.COMPLETED,
        etag="a",
        requested_kw=3.0,
        created_ts=START,
        dispatched_kw=3.02,
    )
    event_view.show_list([event])
    assert isinstance(console.file, StringIO)
    assert "evt-20261127-155531-1ab9  completed" in console.file.getvalue()
