"""Properties of energy from rows that come when they come."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.settle_event.baselines import meter_before
from lambdas.settle_event.energy import Row, Window, integrate, longest_gap_s, spans, used_kw

T0 = 1_800_000_000
KW = st.floats(-10, 10).map(lambda kw: round(kw, 3))
ROWS = st.lists(st.tuples(st.integers(0, 900), KW), min_size=1, max_size=60)


def rows_of(steps: list[tuple[int, float]]) -> list[Row]:
    """Rows after so many seconds each, with so much power."""
    times = accumulate((gap_s for gap_s, _ in steps), initial=T0)
    next(times)
    return [
        Row(timestamp=time, used_power_kw=kw, baseline_power_kw=kw + 1)
        for time, (_, kw) in zip(times, steps, strict=True)
    ]


@given(st.integers(1, 300), KW, st.integers(3, 50))
def test_a_constant_power_is_itself_at_any_interval(every_s: int, kw: float, count: int) -> None:
    """Mean power and energy do not depend on how often it is reported: never the sum of samples."""
    covered = spans(rows_of([(every_s, kw)] * count))
    whole = Window(T0, T0 + every_s * count)
    integral = integrate(covered, whole, used_kw)
    assert integral.covered_s == pytest.approx(whole.duration_s)
    assert integral.mean_kw == pytest.approx(kw)
    assert integral.energy_kwh == pytest.approx(kw * whole.duration_s / 3600)


@given(ROWS)
def test_no_second_is_counted_twice(steps: list[tuple[int, float]]) -> None:
    """Spans are in order and do not overlap, whatever gaps and repeats there are."""
    covered = spans(rows_of(steps))
    edges = [edge for span in covered for edge in (span.window.start_ts, span.window.end_ts)]
    assert edges == sorted(edges)


@given(ROWS, st.integers(-100, 4000), st.integers(1, 4000), st.floats(0, 1))
def test_energy_adds_up_over_neighbouring_windows(
    steps: list[tuple[int, float]], start_s: int, length_s: int, cut: float
) -> None:
    """The integral over a window is the sum of those over its two parts."""
    covered = spans(rows_of(steps))
    start, end = T0 + start_s, T0 + start_s + length_s
    middle = start + cut * length_s
    whole, left, right = (
        integrate(covered, window, used_kw)
        for window in (Window(start, end), Window(start, middle), Window(middle, end))
    )
    assert whole.energy_kwh == pytest.approx(left.energy_kwh + right.energy_kwh, abs=1e-9)
    assert whole.covered_s == pytest.approx(left.covered_s + right.covered_s, abs=1e-3)


@given(ROWS, st.integers(-100, 4000), st.integers(1, 4000))
def test_a_mean_lies_between_the_powers_that_it_is_of(
    steps: list[tuple[int, float]], start_s: int, length_s: int
) -> None:
    """A time-weighted mean stays within the rows' powers; coverage and gaps within the window."""
    rows = rows_of(steps)
    covered, window = spans(rows), Window(T0 + start_s, T0 + start_s + length_s)
    integral = integrate(covered, window, used_kw)
    assert -1e-6 <= integral.covered_s <= window.duration_s + 1e-6
    assert 0 <= longest_gap_s(covered, window) <= window.duration_s - integral.covered_s + 1e-6
    if integral.mean_kw is not None:
        powers = [row.used_power_kw for row in rows]
        assert min(powers) - 1e-6 <= integral.mean_kw <= max(powers) + 1e-6


@given(st.integers(1, 60), st.integers(3, 30), st.integers(3, 30), st.integers(2, 200))
def test_a_gap_is_a_gap(every_s: int, before: int, after: int, missing: int) -> None:
    """Rows that were lost are not made up from the row that follows."""
    steps = [(every_s, 1.0)] * before + [(every_s * (missing + 1), 1.0)] + [(every_s, 1.0)] * after
    rows = rows_of(steps)
    window = Window(T0, rows[-1].timestamp)
    assert longest_gap_s(spans(rows), window) == pytest.approx(every_s * missing)


@given(st.integers(1, 60), st.integers(61, 900))
def test_another_report_interval_is_no_gap(fast_s: int, slow_s: int) -> None:
    """When the VEN is told to report less or more often, nothing is missing."""
    steps = [(fast_s, 1.0)] * 20 + [(slow_s, 1.0)] * 20 + [(fast_s, 1.0)] * 20
    rows = rows_of(steps)
    assert longest_gap_s(spans(rows), Window(T0, rows[-1].timestamp)) == pytest.approx(0.0)


@given(ROWS, st.integers(0, 7200), KW)
def test_what_happens_in_the_event_moves_no_baseline_before_it(
    steps: list[tuple[int, float]], start_s: int, kw: float
) -> None:
    """The mean of the hour before is the same whatever the site draws from the start on (defect 6)."""
    rows = rows_of(steps)
    event = Window(T0 + start_s, T0 + start_s + 3600)
    changed = [
        Row(timestamp=row.timestamp, used_power_kw=kw, baseline_power_kw=0)
        if row.timestamp > event.start_ts
        else row
        for row in rows
    ]
    one, other = (meter_before(spans(each), event) for each in (rows, changed))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one(rows[0]) == other(rows[0])
