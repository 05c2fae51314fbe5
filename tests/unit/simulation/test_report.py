"""The page of a run."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contracts.wire.units import S_PER_DAY
from ven_twin.house.profile import Profile
from ven_twin.simulation.bins import MOST_BINS, Bins, width_s
from ven_twin.simulation.folder import Written, simulate, summary
from ven_twin.simulation.plot import Plot
from ven_twin.simulation.scenario import Minute, Scenario

VOID = {"meta", "br"}
CLOSED_BY_OTHERS = {"tr", "td", "th", "p", "thead", "li"}


class Tags(HTMLParser):
    """Counts what is open, and what the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetches: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and anything that it would fetch."""
        if tag not in VOID | CLOSED_BY_OTHERS:
            self.open.append(tag)
        self.fetches += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        """Match it with what was opened last."""
        if tag not in CLOSED_BY_OTHERS:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(profile: Profile, scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The day, run into a folder."""
    return simulate(profile, scenario, profile.seed, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(written: Written) -> str:
    """Its page."""
    return written.report.read_text(encoding="utf-8")


def test_the_page_fetches_nothing(page: str) -> None:
    """It opens without a network: no script, no link, no URL."""
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.fetches == []
    assert not re.search(r"url\(|@import|https?://|<script", page)


def test_the_page_shows_requested_and_delivered_power(page: str) -> None:
    """Power by circuit, temperatures against comfort, requested and delivered, and rebound."""
    for words in ("Power by circuit", "comfort limits", "Requested and delivered", "Rebound", "Washer-dryer"):
        assert words in page
    assert "prefers-color-scheme: dark" in page
    assert "nan" not in page.lower().replace("finance", "")


def test_a_repeated_run_writes_the_same_files(
    profile: Profile, scenario: Scenario, written: Written, tmp_path: Path
) -> None:
    """Trace and page are the same to the byte."""
    again = simulate(profile, scenario, profile.seed, tmp_path / "new" / "folder")
    assert again.trace.read_bytes() == written.trace.read_bytes()
    assert again.report.read_bytes() == written.report.read_bytes()


def test_the_summary_is_what_programs_need(written: Written, scenario: Scenario) -> None:
    """Where the files are, energy by circuit, and each event's figures in the wire's spelling."""
    told = summary(written, scenario)
    (event,) = told["events"]
    assert told["usedKwh"] == pytest.approx(sum(told["circuitsKwh"].values()), abs=1e-4)
    assert (told["days"], told["livedOnS"]) == (1, 68_400)
    assert {"askedKw", "deliveredKw", "reboundKwh", "payback24hKwh", "eventId"} <= event.keys()


@pytest.mark.parametrize("days", [1, 2, 30, 365])
def test_a_long_run_still_fits_on_a_page(days: int) -> None:
    """However many days, a plot has a few hundred points."""
    assert days * S_PER_DAY / width_s(days * S_PER_DAY) <= max(MOST_BINS, days)


def test_bins_are_means_over_the_minutes_that_had_a_value() -> None:
    """A quantity that a bin never saw is a gap and not a zero."""
    bins = Bins(0.0, 600.0, 300)
    for minute in range(12):
        requested_kw = 2.0 if minute < 2 else None
        shown = Minute(60.0 * minute, {"a": float(minute)}, 1.0, 1.0, 20.0, requested_kw)
        bins.add(shown.at_s, shown.quantities())
    assert bins.means("a") == [(0.0, 2.0), (300.0, 7.0)]
    assert bins.means("requested") == [(0.0, 2.0), (300.0, None)]


def test_labels_are_escaped() -> None:
    """A house or circuit may be called anything."""
    plot = Plot("<b>&", "kW", 0.0, 3600.0, 0.0, 1.0)
    plot.line([(0.0, 0.5), (1800.0, None), (3000.0, 0.2)], "red", "<script>")
    assert "<script>" not in plot.html()
    assert "&lt;b&gt;&amp;" in plot.html()


def test_a_plot_of_a_constant_has_a_scale(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is divided by a range of zero."""
    plot = Plot("flat", "kW", 0.0, 3600.0, 0.0, 0.0)
    plot.line([(0.0, 0.0)], "red", "zero", width_s=60.0)
    assert "NaN" not in plot.html()
    assert capsys.readouterr().err == ""
