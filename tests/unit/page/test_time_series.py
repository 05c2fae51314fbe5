"""Power over time for the charts: thinned by time, with gaps as gaps, and the same as a file."""

from __future__ import annotations

import pytest

from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.time_series import (
    DRAWN_MAX,
    TimeMean,
    TimeWindow,
    ahead_of,
    csv,
    drawn,
    filled,
    read_window,
    refuse_others,
    thinned,
    within,
)

NOW_TS = 1_800_000_000.0


def minutes(first_ts: float, *kws: float | None) -> list[TimeMean]:
    """A mean a minute from *first_ts* on."""
    return [TimeMean(first_ts + 60 * n, first_ts + 60 * (n + 1), (kw,)) for n, kw in enumerate(kws)]


def test_a_gap_is_a_gap() -> None:
    """Behind a mean that no other follows its value ends, and a null stands until the next."""
    means = [*minutes(600, 1.0, 2.0), *minutes(1800, 3.0)]
    chart = drawn(["used"], means, TimeWindow(0, 3600))
    assert chart.ts == [600, 660, 720, 720.001, 1800, 1860]
    assert chart.columns["used"] == [1.0, 2.0, 2.0, None, 3.0, 3.0]


def test_nothing_stored_is_nothing_drawn() -> None:
    """Neither a point nor a line of a file."""
    chart = drawn(["used"], [], TimeWindow(0, 3600))
    assert (chart.ts, chart.columns) == ([], {"used": []})
    assert csv(["used_kw"], []) == "start_utc,duration_s,used_kw\r\n"


@pytest.mark.parametrize("span_s", [10, 900, 3600, 86_400, 7 * 86_400, 42 * 86_400, 400 * 86_400])
def test_no_window_has_more_means_than_a_screen_is_wide(span_s: int) -> None:
    """The step grows with the span."""
    assert span_s / TimeWindow(0, span_s).step_s <= DRAWN_MAX


def test_a_week_is_in_quarter_hours_and_a_day_in_minutes() -> None:
    """As the guides say."""
    assert [TimeWindow(0, days * 86_400).step_s for days in (1, 7)] == [60, 900]


def test_thinned_means_are_weighted_by_time() -> None:
    """Ten seconds count a sixth of a minute; what is not known does not count."""
    means = [TimeMean(0, 10, (6.0, None)), TimeMean(10, 60, (0.0, 2.0)), TimeMean(60, 70, (5.0, 5.0))]
    assert thinned(means, 60) == [TimeMean(0, 60, (1.0, 2.0)), TimeMean(60, 70, (5.0, 5.0))]


def test_means_that_are_longer_than_a_step_stay_as_they_are() -> None:
    """A quarter hour is not cut into minutes that nobody measured."""
    means = [TimeMean(0, 900, (1.0,)), TimeMean(900, 1800, (2.0,))]
    assert thinned(means, 60) == means


def test_coarse_means_stand_before_the_fine_ones_alone() -> None:
    """A hole between minutes is not filled by the quarter hour that it lies in."""
    fine = [*minutes(1200, 1.0), *minutes(1500, 2.0)]
    coarse = [TimeMean(0, 900, (7.0,)), TimeMean(900, 1800, (8.0,))]
    first, cut, *rest = ahead_of(fine, coarse)
    assert (first, cut, rest) == (coarse[0], TimeMean(900, 1200, (8.0,)), fine)


def test_samples_fill_the_times_that_nobody_watched() -> None:
    """Before, between and behind what was watched, each cut to it."""
    watched = [TimeMean(100, 200, (1.0,)), TimeMean(250, 310, (2.0,))]
    samples = [TimeMean(0, 300, (8.0,)), TimeMean(300, 600, (9.0,))]
    assert filled(watched, samples) == [
        TimeMean(0, 100, (8.0,)),
        TimeMean(100, 200, (1.0,)),
        TimeMean(200, 250, (8.0,)),
        TimeMean(250, 310, (2.0,)),
        TimeMean(310, 600, (9.0,)),
    ]


def test_a_window_cuts_what_reaches_beyond_its_end() -> None:
    """A mean whose time is not over ends where the window does; others are left out."""
    means = minutes(0, 1.0, 2.0, 3.0, 4.0)
    assert [mean.end_ts for mean in within(means, TimeWindow(70, 150))] == [120, 150]


def test_a_file_has_utc_times_and_units() -> None:
    """ISO 8601 with Z, the unit in every column's name, and nothing where nothing is known."""
    means = [TimeMean(NOW_TS, NOW_TS + 60, (1.2345, None)), TimeMean(NOW_TS + 60.5, NOW_TS + 61, (-0.0, 2.0))]
    assert csv(["used_kw", "target_kw"], means).split("\r\n") == [
        "start_utc,duration_s,used_kw,target_kw",
        "2027-01-15T08:00:00Z,60,1.234,",
        "2027-01-15T08:01:00.500Z,0.5,0,2",
        "",
    ]


def test_the_window_is_the_last_hour_when_none_is_given() -> None:
    """Each end may be left out."""
    assert read_window({}, NOW_TS, 3600) == (NOW_TS - 3600, NOW_TS)
    assert read_window({"to": "1700000000"}, NOW_TS, 3600) == (1_699_996_400, 1_700_000_000)


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"from": "yesterday"}, "from", "UTC seconds"),
        ({"to": "nan"}, "to", "UTC seconds"),
        ({"to": "1800000000000"}, "to", "UTC seconds"),
        ({"from": "1800000000", "to": "1700000000"}, "from", "before to"),
        ({"from": "1000000000", "to": "1800000000"}, "from", "400 days"),
    ],
)
def test_a_window_that_is_none_is_refused_at_its_field(query: dict[str, str], field: str, words: str) -> None:
    """With what is right in its place."""
    with pytest.raises(PageProblemError) as refusal:
        read_window(query, NOW_TS, 3600)
    assert (refusal.value.problem.status, refusal.value.problem.field) == (400, field)
    assert words in refusal.value.problem.detail


def test_a_parameter_that_is_not_known_is_refused() -> None:
    """So that a mistyped one is not the last hour."""
    with pytest.raises(PageProblemError, match="there are from, to"):
        refuse_others({"form": "1"}, ("from", "to"))
