"""A settled event for people: in a terminal, as a page, as a table."""

from __future__ import annotations

import csv
import json
import re
import time
from html import escape
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from contracts.api.aftermath import Aftermath, Bought, CircuitReport, Cut
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
from contracts.errors import FieldError
from contracts.wire.ids import EventId
from ven_twin.cli import event_view
from ven_twin.house.tariff import Tariff, TariffPeriod
from ven_twin.operations.reports import page, resident_texts, table, terminal, texts
from ven_twin.operations.reports.money import EventMoney, event_money
from ven_twin.webkit import formatting

START = 1_784_134_800
HOUR = 3600
END = START + HOUR
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


@pytest.mark.parametrize("width", [60, 70, 80, 100, 160, 200])
def test_a_terminal_shows_the_report_whole(width: int) -> None:
    """In 60 columns as in more no line is too long, no figure is cut, and what settles is marked."""
    text = shown(settled(), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text.replace(" … ", "")
    assert "The fleet shed 2.90 of 4.00 kW requested (73 %) for 1 h" in " ".join(text.split())
    assert "▸ residential 5 of 10" in text
    assert "VENs: 2 called, 2 answered" in text
    assert ("CVRMSE" in text) == (width >= 80)
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


TOLD: dict[str, Any] = {
    "time_zone": "America/New_York",
    "rebound_4h": Aftermath(kwh=0.8, until_ts=END + 4 * HOUR, whole=True, vens=2),
    "payback_24h": Aftermath(kwh=-0.5, until_ts=END + 4 * HOUR, whole=False, vens=2),
    "payback_from_ts": END + 24 * HOUR + 900,
    "counting": True,
    "bought": Bought(start_ts=START, step_s=900, kwh=(-0.75, -0.75, None, 0.25)),
    "comfort_minutes_lost": 37.0,
    "comfort_minutes_beyond_limits": 2.0,
    "comfort_vens": 1,
    "circuits": (
        CircuitReport(circuit_id="hvac1", name="<i>Heat pump", delivered_kwh=1.92, curtailed_kw=2.1, vens=2),
    ),
}


@pytest.mark.parametrize("width", [80, 120])
def test_a_report_tells_what_followed_and_what_it_was_to_the_residents(width: int) -> None:
    """Each figure with until when it was counted; the same sentences on the terminal and on the page."""
    report = settled(**TOLD)
    text = " ".join(shown(report, width).split())
    assert max(len(line) for line in shown(report, width).splitlines()) <= width
    sentences = (
        "Rebound (4 h): 0.800 kWh above the house without events.",
        (
            "Payback (24 h): 0.500 kWh below the house without events, counted until 18:00 so far; "
            "counted on from Thu 16 Jul 14:15."
        ),
        "The residents bought 1.250 kWh less over the event and what was counted after it.",
        "Comfort: 37 min beyond the setpoints, 2 min beyond the comfort limits, reported by 1 VEN.",
    )
    html = page.html(report)
    for sentence in sentences:
        assert sentence in text
        assert sentence in html
    assert "&lt;i&gt;Heat pump" in html
    assert "kWh of 24 h, until 18:00" in html
    assert "reboundKwh" not in html


@pytest.mark.parametrize("loads_up", [False, True])
def test_a_report_names_the_direction_of_what_was_delivered(loads_up: bool) -> None:
    """Circuits and plots of a load up tell what was drawn more, above the house without events."""
    report = settled(**TOLD, loads_up=loads_up)
    text, html = " ".join(shown(report, 120).split()), page.html(report)
    for lines in (text.lower(), html.lower()):
        assert ("more kwh" in lines) is loads_up
        assert ("less kwh" in lines) is not loads_up
    assert ("kW above the house without events" in html) is loads_up
    assert ("put on top of" in html) is loads_up


def _fills(report: EventReport) -> list[tuple[float, str]]:
    """The areas of the plot of what was delivered: where each begins, in thousandths, and its words."""
    html = page.html(report)
    areas = re.findall(r'<path d="M([\d.]+) [^"]*" fill="[^"]*"><title>([^<]*)</title>', html)
    return [(float(left), words) for left, words in areas if words.startswith("drawn")]


@pytest.mark.parametrize(
    ("loads_up", "as_in"), [(False, "more, as in a rebound"), (True, "less, as in a payback")]
)
def test_only_what_follows_an_event_is_shown_as_its_rebound(loads_up: bool, as_in: str) -> None:
    """A baseline that misses something before the event says nothing about the event."""
    sign = -1.0 if loads_up else 1.0
    steps = (9.0, 3.0, 6.0, 3.0, 7.0)  # against 5 of the baseline: more before, once within, and after
    series = Series(
        start_ts=START - 600,
        step_s=600,
        requested_kw=(None, 4.0, 4.0, 4.0, None),
        used_kw=tuple(5.0 + sign * (kw - 5.0) for kw in steps),
        baseline_kw=(5.0,) * 5,
        clone_kw=(5.0,) * 5,
    )
    report = settled(series=series, end_ts=START + 1800, loads_up=loads_up)
    areas = dict(reversed(area) for area in _fills(report))  # type: ignore[misc]
    good, against = ("drawn more", "drawn less") if loads_up else ("drawn less", "drawn more")
    assert areas == {good: 200.0, against: 400.0, f"drawn {as_in}": 800.0}


def test_there_is_no_percent_of_nothing() -> None:
    """Nothing requested has no share, a VEN without time in it no coverage, no VEN no participation."""
    uncalled = ven(1, requested_kw=0.0, start_ts=START, end_ts=START)
    people = Participation(called=0, answered=0, delivered=0, opted_out=0, silent=0)
    report = settled(uncalled, requested_kw=0.0, participation=people, intervals=(), quality=None)
    html, text = page.html(report), shown(report, 120)
    assert "of the request" not in html
    assert "Participated" not in html
    assert re.findall(r"\d %", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)) == ["5 %", "3 %"]
    assert "100 %" not in text


def test_an_event_cancelled_before_its_start_is_no_event_of_nothing() -> None:
    """It says so in its first line, and has no time from its start to its start."""
    report = settled(ven(1), cancelled=True, end_ts=START, delivered={}, requested_kw=0.0, settled_by=None)
    text = shown(report, 80)
    assert text.startswith("The event was cancelled before it started: nothing was shed for it.")
    assert "13:00 to 13:00" not in text


def test_an_aftermath_without_data_is_no_figure() -> None:
    """It is told as not measured, beside no time until which it was counted."""
    tail = Aftermath(kwh=None, until_ts=END + 2, whole=False)
    html = page.html(
        settled(**(TOLD | {"rebound_4h": tail, "payback_24h": tail, "counting": True, "preliminary": True}))
    )
    assert "Rebound (4 h): not measured yet." in html
    assert "kWh of 4 h" not in html
    assert "0.0000" not in html


PAYBACKS: list[tuple[Aftermath, str]] = [
    (
        Aftermath(kwh=1.0, until_ts=END + 2 * HOUR, whole=False, cut=1, cut_by=EventId("e2")),
        "1.000 kWh above the house without events, counted until 16:00, when event e2 began.",
    ),
    (
        Aftermath(kwh=1.0, until_ts=END + 2 * HOUR, whole=False, vens=3, cut=2, cut_by=EventId("e2")),
        "counted until 16:00 at the latest; of 2 VENs only until event e2 began.",
    ),
    (
        Aftermath(kwh=1.0, until_ts=END + 2 * HOUR, whole=False),
        "counted until 16:00, where the stored telemetry ends.",
    ),
    (Aftermath(kwh=None, until_ts=END + 24 * HOUR, whole=True), "Payback (24 h): not measured."),
]


@pytest.mark.parametrize(("payback", "words"), PAYBACKS)
def test_a_count_that_is_not_whole_says_why(payback: Aftermath, words: str) -> None:
    """Another event that began, telemetry that ends, or too little of it stored."""
    report = settled(**(TOLD | {"payback_24h": payback, "counting": False}))
    assert words in " ".join(shown(report, 80).split())


def test_a_report_says_in_plain_words_what_was_cut() -> None:
    """Before all figures: who, what, and when, at the sites; of many VENs a few."""
    cuts = (
        Cut(kind="silent", from_ts=START + 600, until_ts=START + 1500),
        Cut(kind="other_event", from_ts=START + 1800, until_ts=START + 2400, event_id=EventId("urgent")),
        Cut(kind="let_go", from_ts=START + 3000, until_ts=END),
    )
    left = Cut(kind="opted_out", from_ts=START + 1500, until_ts=END, reason="overrideStatus")
    late = Cut(kind="called_later", from_ts=START, until_ts=START + 600)
    others = [ven(number, cuts=(late,)) for number in range(3, 13)]
    report = settled(
        ven(1, cuts=(left,)),
        ven(2, cuts=cuts),
        *others,
        cuts=(
            Cut(kind="revised", from_ts=START + 900, until_ts=END),
            Cut(kind="cancelled", from_ts=START + 1800, until_ts=END),
        ),
        time_zone="America/New_York",
    )
    assert resident_texts.cuts(report)[:5] == [
        "The event was revised at 13:15, while it ran; from then on it was to end at 14:00.",
        "The event was cancelled at 13:30, while it ran; it was to go on until 14:00.",
        "house-1 opted out at 13:25 (comfort).",
        (
            "house-2 sent nothing from 13:10 to 13:25; acted on event urgent from 13:30 to 13:40; was let "
            "go at 13:50, before the event's end."
        ),
        "house-3 was called from 13:10 on, when the event ran already.",
    ]
    assert resident_texts.cuts(report)[-1] == "The parts of 4 more VENs were cut too; --json has them."
    text = " ".join(shown(report, 80).split())
    assert text.index("opted out at 13:25") < text.index("delivered kW")
    assert "opted out at 13:25 (comfort)." in page.html(report)
    assert resident_texts.cuts(settled()) == []


PEAK = Tariff(
    currency="USD",
    price=0.1,
    periods=(TariffPeriod(begins="13:15", until="13:30", price=1.0),),
)


def test_money_is_shown_by_a_tariff_alone() -> None:
    """Each step at its price at the sites: -0.075 - 0.75 + 0.025 USD. Without a tariff there is none."""
    report = settled(**TOLD)
    assert event_money(report, PEAK).amount == pytest.approx(-0.8)
    assert event_money(settled(), PEAK) == EventMoney(currency="USD")
    assert "and paid 0.80 USD less." in page.html(report, PEAK)
    assert "paid 0.80" not in page.html(report)
    console = Console(width=120, file=StringIO(), highlight=False)
    terminal.show(report, console, PEAK)
    assert isinstance(console.file, StringIO)
    assert "and paid 0.80 USD less." in console.file.getvalue()


def test_co2_and_pay_are_shown_where_the_tariff_has_them() -> None:
    """CO2 by each step's period: -0.75 × 0.4 - 0.75 × 0.8 + 0.25 × 0.4 kg; the pay is for what settles."""
    (peak,) = PEAK.periods
    tariff = replace(PEAK, co2_kg_kwh=0.4, incentive_kwh=0.5, periods=(replace(peak, co2_kg_kwh=0.8),))
    report = settled(**TOLD)
    at = event_money(report, tariff)
    assert at.co2_kg == pytest.approx(-0.8)
    assert at.incentive == pytest.approx(0.5 * report.delivered["residential_5_of_10"].delivered_kwh)
    html = page.html(report, tariff)
    assert "That is 0.800 kg of CO2 less." in html
    assert "The program pays" in html
    assert "CO2" not in page.html(report, PEAK)
    assert "The program pays" not in page.html(report, PEAK)
    flat = replace(tariff, periods=(replace(peak, co2_kg_kwh=None),))
    assert event_money(report, flat).co2_kg == pytest.approx(-0.5)


def test_what_settles_below_zero_is_paid_nothing() -> None:
    """A baseline that is too low takes no money from the residents."""
    report = settled(**TOLD)
    below = {name: replace(one, delivered_kwh=-1.0) for name, one in report.delivered.items()}
    assert event_money(replace(report, delivered=below), replace(PEAK, incentive_kwh=0.5)).incentive == 0.0


def test_a_tariff_is_read_from_a_file_and_a_mistake_names_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON has the cost beside the report's own fields."""
    path = tmp_path / "tariff.toml"
    for text, words in (
        (None, "cannot be read"),
        ("[tariff]\ncurrency = 'USD'\n", "tariff.price"),
        ("price = 1", "tariff"),
    ):
        if text is not None:
            path.write_text(text, encoding="utf-8")
        with pytest.raises(FieldError, match=words) as caught:
            event_view.load_tariff(path)
        assert caught.value.field == "--tariff"
    path.write_text("[tariff]\ncurrency = 'USD'\nprice = 0.1\n", encoding="utf-8")
    event_view.print_report(settled(**TOLD), event_view.load_tariff(path))
    printed = json.loads(capsys.readouterr().out)
    assert printed["residentCost"] == {"amount": -0.125, "currency": "USD", "incentive": None, "co2Kg": None}
    assert printed["payback24h"]["whole"] is False
    event_view.print_report(settled(**TOLD), None)
    assert "residentCost" not in json.loads(capsys.readouterr().out)


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
