"""Properties of energy from rows that come when they come."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.settle_event.logic.ven_delivery import meter_before_kw
from lambdas.shared.power_traces import PowerRow, Trace, Window

T0 = 1_800_000_000
KW = st.floats(-10, 10).map(lambda kw: round(kw, 3))
ROWS = st.lists(st.tuples(st.integers(0, 900), KW), min_size=1, max_size=60)


def rows_of(steps: list[tuple[int, float]]) -> list[PowerRow]:
    """Rows after so many seconds each, with so much power."""
    times = accumulate((gap_s for gap_s, _ in steps), initial=T0)
    next(times)
    return [
        PowerRow(timestamp=time, used_power_kw=kw, baseline_power_kw=kw + 1)
        for time, (_, kw) in zip(times, steps, strict=True)
    ]


@given(st.integers(1, 300), KW, st.integers(3, 50))
def test_a_constant_power_is_itself_at_any_interval(every_s: int, kw: float, count: int) -> None:
    """Mean power and energy do not depend on how often it is reported: never the sum of samples."""
    whole = Window(T0, T0 + every_s * count)
    integral = Trace.of(rows_of([(every_s, kw)] * count)).over(whole)
    assert integral.covered_s == pytest.approx(whole.duration_s)
    assert integral.used_kw == pytest.approx(kw, abs=1e-9)
    assert integral.clone_kw == pytest.approx(kw + 1, abs=1e-9)
    assert integral.used_kwh == pytest.approx(kw * whole.duration_s / 3600)


@given(ROWS)
def test_no_second_is_counted_twice(steps: list[tuple[int, float]]) -> None:
    """Spans are in order and do not overlap, whatever gaps and repeats there are."""
    trace = Trace.of(rows_of(steps))
    edges = [edge for span in zip(trace.starts_s, trace.ends_s, strict=True) for edge in span]
    assert edges == sorted(edges)


@given(ROWS, st.integers(-100, 4000), st.integers(1, 4000), st.floats(0, 1))
def test_energy_adds_up_over_neighbouring_windows(
    steps: list[tuple[int, float]], start_s: int, length_s: int, cut: float
) -> None:
    """The integral over a window is the sum of those over its two parts."""
    trace = Trace.of(rows_of(steps))
    start, end = T0 + start_s, T0 + start_s + length_s
    middle = start + cut * length_s
    whole, left, right = (
        trace.over(window) for window in (Window(start, end), Window(start, middle), Window(middle, end))
    )
    assert whole.used_kwh == pytest.approx(left.used_kwh + right.used_kwh, abs=1e-9)
    assert whole.covered_s == pytest.approx(left.covered_s + right.covered_s, abs=1e-3)


@given(ROWS, st.integers(-100, 4000), st.integers(1, 4000))
def test_a_mean_lies_between_the_powers_that_it_is_of(
    steps: list[tuple[int, float]], start_s: int, length_s: int
) -> None:
    """A time-weighted mean stays within the rows' powers; coverage and gaps within the window."""
    rows = rows_of(steps)
    trace, window = Trace.of(rows), Window(T0 + start_s, T0 + start_s + length_s)
    integral = trace.over(window)
    assert -1e-6 <= integral.covered_s <= window.duration_s + 1e-6
    assert 0 <= trace.longest_gap_s(window) <= window.duration_s - integral.covered_s + 1e-6
    if integral.used_kw is not None and integral.covered_s > 1e-3:
        powers = [row.used_power_kw for row in rows]
        assert min(powers) - 1e-6 <= integral.used_kw <= max(powers) + 1e-6


@given(st.integers(1, 60), st.integers(3, 30), st.integers(3, 30), st.integers(2, 200))
def test_a_gap_is_a_gap(every_s: int, before: int, after: int, missing: int) -> None:
    """Rows that were lost are not made up from the row that follows."""
    steps = [(every_s, 1.0)] * before + [(every_s * (missing + 1), 1.0)] + [(every_s, 1.0)] * after
    rows = rows_of(steps)
    window = Window(T0, rows[-1].timestamp)
    assert Trace.of(rows).longest_gap_s(window) == pytest.approx(every_s * missing)


@given(st.integers(1, 60), st.integers(61, 900))
def test_another_report_interval_is_no_gap(fast_s: int, slow_s: int) -> None:
    """When the VEN is told to report less or more often, nothing is missing."""
    steps = [(fast_s, 1.0)] * 20 + [(slow_s, 1.0)] * 20 + [(fast_s, 1.0)] * 20
    rows = rows_of(steps)
    assert Trace.of(rows).longest_gap_s(Window(T0, rows[-1].timestamp)) == pytest.approx(0.0)


@given(ROWS, st.integers(0, 7200), KW)
def test_what_happens_in_the_event_moves_no_baseline_before_it(
    steps: list[tuple[int, float]], start_s: int, kw: float
) -> None:
    """The mean of the hour before is the same whatever the site draws from the start on (defect 6)."""
    rows = rows_of(steps)
    event = Window(T0 + start_s, T0 + start_s + 3600)
    changed = [
        PowerRow(timestamp=row.timestamp, used_power_kw=kw, baseline_power_kw=0)
        if row.timestamp > event.start_ts
        else row
        for row in rows
    ]
    one, other = (meter_before_kw(Trace.of(each), event.start_ts) for each in (rows, changed))
    assert one == other


@given(ROWS, st.integers(-100, 4000), st.integers(1, 600), st.integers(1, 30))
def test_bins_add_up_to_their_window(
    steps: list[tuple[int, float]], start_s: int, step_s: int, count: int
) -> None:
    """The integrals over windows that follow one another are together that over the whole."""
    trace, start = Trace.of(rows_of(steps)), T0 + start_s
    bins = trace.bins(start, step_s, count)
    whole = trace.over(Window(start, start + step_s * count))
    assert len(bins) == count
    assert sum(each.used_kwh for each in bins) == pytest.approx(whole.used_kwh, abs=1e-9)
    assert sum(each.clone_kwh for each in bins) == pytest.approx(whole.clone_kwh, abs=1e-9)
    assert sum(each.covered_s for each in bins) == pytest.approx(whole.covered_s, abs=1e-6)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_is_of_no_matter(
    steps: list[tuple[int, float]], rng: random.Random
) -> None:
    """A late row stands where it belongs; of one second's rows, any may stand for it."""
    rows = list({row.timestamp: row for row in rows_of(steps)}.values())
    mixed = rng.sample(rows, len(rows))
    window = Window(T0, T0 + 4000)
    assert Trace.of(mixed).over(window) == Trace.of(rows).over(window)


LIVED = st.lists(st.tuples(st.integers(1, 90_000), KW), min_size=1, max_size=60)
"""Milliseconds that each row measured, and its power."""


@given(LIVED, st.integers(0, 999), st.integers(0, 59))
def test_stamps_in_whole_seconds_lose_no_energy(
    lived: list[tuple[int, float]], begins_ms: int, whole: int
) -> None:
    """Rows of one boot, one of which ends at a whole second, lie to the millisecond where they were lived."""
    lengths_ms = [length_ms for length_ms, _ in lived]
    lengths_ms[whole % len(lived)] += -(begins_ms + sum(lengths_ms[: whole % len(lived) + 1])) % 1000
    edges_ms = list(accumulate(lengths_ms, initial=begins_ms))
    rows = [
        PowerRow(T0 + floor(end_ms / 1000), kw, kw + 1, boot_id="b", seq=seq, measured_s=length_ms / 1000)
        for seq, (end_ms, length_ms, (_, kw)) in enumerate(zip(edges_ms[1:], lengths_ms, lived, strict=True))
    ]
    trace = Trace.of(rows)
    for (start_ms, end_ms), (_, kw) in zip(pairwise(edges_ms), lived, strict=True):
        integral = trace.over(Window(T0 + start_ms / 1000, T0 + end_ms / 1000))
        assert integral.used_kwh == pytest.approx(kw * (end_ms - start_ms) / 3.6e6, abs=1e-7)
        assert integral.covered_s == pytest.approx((end_ms - start_ms) / 1000, abs=1e-4)
    everything = trace.over(Window(T0 - 1000, rows[-1].timestamp + 1000))
    energy = sum(kw * length_ms for length_ms, (_, kw) in zip(lengths_ms, lived, strict=True))
    assert everything.used_kwh == pytest.approx(energy / 3.6e6, abs=1e-6)


ANY_ROWS = st.lists(
    st.builds(
        PowerRow,
        timestamp=st.integers(T0, T0 + 300),
        used_power_kw=st.just(1.0),
        baseline_power_kw=st.just(2.0),
        boot_id=st.sampled_from(["a", "b"]),
        seq=st.none() | st.integers(0, 20),
        measured_s=st.none() | st.sampled_from([0.001, 1.0, 29.999, 30.0, 86_400.0]),
    ),
    max_size=30,
)


@given(ANY_ROWS, st.integers(-50, 300), st.integers(1, 400))
def test_no_rows_make_a_ven_deliver_more_than_the_clock_allows(
    rows: list[PowerRow], start_s: int, length_s: int
) -> None:
    """Spans do not overlap, end in their second, and cover a window but once, whatever rows say of them."""
    trace, window = Trace.of(rows), Window(T0 + start_s, T0 + start_s + length_s)
    edges = [edge for span in zip(trace.starts_s, trace.ends_s, strict=True) for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= end - row.timestamp <= 1.06 for end, row in zip(trace.ends_s, trace.rows, strict=True))
    integral = trace.over(window)
    assert 0 <= integral.used_kwh <= window.duration_s / 3600 + 1e-9
    assert integral.covered_s <= window.duration_s + 1e-6


@given(st.lists(st.tuples(st.integers(1, 900), KW), min_size=2, max_size=40))
def test_without_a_missing_seq_all_the_time_is_measured(steps: list[tuple[int, float]]) -> None:
    """Rows of any spacing by seq alone: each reaches to the one before, and energy is power times that."""
    rows = [
        PowerRow(row.timestamp, row.used_power_kw, 0.0, boot_id="b", seq=seq)
        for seq, row in enumerate(rows_of(steps))
    ]
    integral = Trace.of(rows).over(Window(rows[0].timestamp, rows[-1].timestamp))
    assert integral.covered_s == pytest.approx(rows[-1].timestamp - rows[0].timestamp)
    assert integral.used_kwh == pytest.approx(sum(kw * gap_s for gap_s, kw in steps[1:]) / 3600, abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(5, 60), KW), min_size=14, max_size=40),
    st.integers(11, 10**6) | st.integers(-(10**6), -11),
    st.integers(0, 900),
    st.integers(1, 900),
)
def test_a_clock_that_is_off_by_any_time_settles_to_the_same_energy(
    steps: list[tuple[int, float]], skew_s: int, start_s: int, length_s: int
) -> None:
    """Rows stamped by such a clock and received when they were measured count as those of a right one."""
    right = [
        PowerRow(row.timestamp, row.used_power_kw, 0.0, boot_id="b", seq=seq, received_ts=row.timestamp)
        for seq, row in enumerate(rows_of(steps))
    ]
    off = [
        PowerRow(
            row.timestamp - skew_s,
            row.used_power_kw,
            0.0,
            boot_id="b",
            seq=row.seq,
            received_ts=row.received_ts,
        )
        for row in right
    ]
    window = Window(T0 + start_s, T0 + start_s + length_s)
    assert (Trace.of(right).skew_s, Trace.of(off).skew_s) == (0.0, skew_s)
    one, other = Trace.of(right).over(window), Trace.of(off).over(window)
    assert other.used_kwh == pytest.approx(one.used_kwh, abs=1e-9)
    assert other.covered_s == pytest.approx(one.covered_s, abs=1e-6)
