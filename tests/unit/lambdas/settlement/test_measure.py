"""Powers held against a baseline: what has none, what is not covered, how it is scored."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lambdas.settle_event.logic.days import Frame
from lambdas.settle_event.logic.measure import Reduction, VenTraces, by_quarters, score, score_windows
from lambdas.shared.power_traces import Integral, PowerRow, Trace, Window

START = 20_649 * 86_400 + 17 * 3600
EVENT = Window(START, START + 3600)
FRAME = Frame(EVENT)
FIRST = 16
"""The frame's quarter hour that the event starts in."""


def site(*spans: tuple[int, int, float, str | None]) -> VenTraces:
    """A VEN's rows each minute in spans after the start: from, to, power, event; its clone draws 5 kW."""
    rows = [
        PowerRow(timestamp=START + at, used_power_kw=kw, baseline_power_kw=5.0, event_id=event_id)
        for from_s, to_s, kw, event_id in spans
        for at in range(from_s + 60, to_s + 1, 60)
    ]
    return VenTraces.of(Trace.of(rows), "e1")


WHOLE = site((0, 3600, 2.0, "e1"))


def baseline(*kw: float | None) -> list[float | None]:
    """4 kW but in the event's quarter hours."""
    return [4.0] * FIRST + list(kw) + [4.0] * (FRAME.count - FIRST - len(kw))


def by_quarters_of(traces: VenTraces, window: Window, kw: list[float | None]) -> Reduction | None:
    """The reduction by a baseline in the frame."""
    return by_quarters(traces.quarters(window, FRAME), kw)


def test_a_quarter_hour_without_baseline_counts_for_nothing() -> None:
    """One of four quarter hours has no baseline: 6 kW in the others less 2 drawn are 3 kWh in 45 minutes."""
    reduction = by_quarters_of(WHOLE, EVENT, baseline(6.0, None, 6.0, 6.0))
    assert reduction is not None
    assert (reduction.covered_s, reduction.kwh) == (2700, pytest.approx(3.0))
    assert (reduction.baseline_kw, reduction.kw) == (pytest.approx(6.0), pytest.approx(4.0))
    assert by_quarters_of(WHOLE, EVENT, baseline(None, None, None, None)) is None


def test_a_quarter_hours_baseline_counts_for_the_share_of_the_window_in_it() -> None:
    """From 17:05 to 17:20: ten minutes at 6 kW and five at 9, 7 kW on the mean, less 2."""
    reduction = by_quarters_of(WHOLE, Window(START + 300, START + 1200), baseline(6.0, 9.0, 0.0, 0.0))
    assert reduction is not None
    assert (reduction.covered_s, reduction.baseline_kw, reduction.kw) == (
        pytest.approx(900),
        pytest.approx(7.0),
        pytest.approx(5.0),
    )


def test_a_window_beyond_the_frame_is_measured_as_far_as_the_frame_goes() -> None:
    """The frame ends four hours after the event and begins four before: outside there is no baseline."""
    rows = site((-5 * 3600, 6 * 3600, 2.0, None))
    reduction = by_quarters_of(rows, Window(START - 5 * 3600, START + 6 * 3600), baseline(4.0, 4.0, 4.0, 4.0))
    assert reduction is not None
    assert (reduction.covered_s, reduction.kw) == (9 * 3600, pytest.approx(2.0))


def test_an_event_that_nothing_covers_is_measured_by_no_baseline() -> None:
    """Without a row in the event there is no delivery, rather than none delivered."""
    before = site((-3600, 0, 5.0, None))
    assert before.by_clone(EVENT) is None
    assert before.by_level(EVENT, 5.0) is None
    assert by_quarters_of(before, EVENT, baseline(6.0, 6.0, 6.0, 6.0)) is None


def test_a_ven_that_marks_its_rows_delivers_only_in_those() -> None:
    """Half the hour in the event at 2 kW of 5: 1.5 kWh, over the hour 1.5 kW; unmarked rows add nothing."""
    half = site((0, 1800, 2.0, "e1"), (1800, 3600, 1.0, None))
    by_frame = by_quarters_of(half, EVENT, baseline(5.0, 5.0, 5.0, 5.0))
    for reduction in (half.by_clone(EVENT), half.by_level(EVENT, 5.0), by_frame):
        assert reduction is not None
        assert (reduction.kwh, reduction.kw) == (pytest.approx(1.5), pytest.approx(1.5))
        assert (reduction.baseline_kwh, reduction.covered_s) == (pytest.approx(5.0), 3600)
    assert Reduction(5.0, 1.5, 1800).baseline_kw == 10.0


def test_a_ven_that_marks_no_row_of_this_event_is_counted_throughout() -> None:
    """Rows of another event are no mark of this one."""
    reduction = site((0, 3600, 2.0, "e2")).by_clone(EVENT)
    assert reduction is not None
    assert reduction.kwh == pytest.approx(3.0)


@pytest.mark.parametrize(("duration_s", "count"), [(0, 0), (-5, 0), (60, 4), (3600, 4), (4500, 5), (7200, 8)])
def test_a_baseline_is_scored_over_quarter_hours_and_four_windows_at_least(
    duration_s: int, count: int
) -> None:
    """The windows follow one another from the start to the end."""
    windows = score_windows(Window(START, START + duration_s))
    assert len(windows) == count
    if windows:
        assert (windows[0].start_ts, windows[-1].end_ts) == (START, START + duration_s)
        assert all(one.end_ts == other.start_ts for one, other in pairwise(windows))


def test_a_score_is_in_percent_of_the_clone_where_both_are_known() -> None:
    """Errors of 1 and −2 kW beside 4 and 6: bias −0.5 / 5, root of 2.5 / 5; unknown windows do not count."""
    found = score([5.0, 4.0, None, 9.0], [4.0, 6.0, 5.0, None])
    assert found is not None
    assert found.bias_percent == pytest.approx(-10.0)
    assert found.cvrmse_percent == pytest.approx(100 * 2.5**0.5 / 5)


def test_a_clone_that_draws_nothing_scores_no_baseline() -> None:
    """Percents of less than 50 W are no measure; of 50 W they are."""
    assert score([1.0], [0.0499]) is None
    assert score([1.0], [0.0499, -9.0][:1]) is None
    assert score([None], [5.0]) is None
    assert score([], []) is None
    assert score([1.0], [0.05]) is not None


@pytest.mark.parametrize(
    ("baseline_kw", "clone_kw", "bias_percent", "cvrmse_percent"),
    [
        ([-3.0], [-3.3], 100 / 11, 100 / 11),
        ([-3.3], [-3.0], -10.0, 10.0),
        ([0.5, -0.5], [1.0, -0.9], 100 * -0.05 / 0.95, 100 * 0.205**0.5 / 0.95),
    ],
)
def test_a_site_that_exports_has_a_score_by_the_size_of_its_load(
    baseline_kw: list[float], clone_kw: list[float], bias_percent: float, cvrmse_percent: float
) -> None:
    """0.3 of 3.3 kW is 9.1 %; 1.0 and −0.9 kW have a mean size of 0.95, errors −0.5 and 0.4: 47.7 %."""
    found = score(baseline_kw, clone_kw)
    assert found is not None
    assert found.bias_percent == pytest.approx(bias_percent)
    assert found.cvrmse_percent == pytest.approx(cvrmse_percent)


def test_a_mean_is_of_any_time_that_is_covered() -> None:
    """Half a second is a time too; none at all has no mean."""
    assert Integral(0.5, 0.001, 0.002).used_kw == pytest.approx(7.2)
    assert Integral(0.0, 0.0, 0.0).used_kw is None
