"""Rows as time that they cover: the reach of a row, gaps, and what lies in a window of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate

import pytest

from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import read_telemetry
from lambdas.shared.power_traces import Integral, PowerRow, Trace, Window
from tests.support.older_vens import OLDER_ROW, TS


def trace_of(gaps_s: Sequence[int], powers_kw: Sequence[float] | None = None) -> Trace:
    """Rows from second 1000 on with these spacings, the clone 1 kW above what is drawn."""
    times = list(accumulate(gaps_s, initial=1000))
    kws = powers_kw or [2.0] * len(times)
    return Trace.of(PowerRow(time, kw, kw + 1.0) for time, kw in zip(times, kws, strict=True))


TENS = [10] * 8


@pytest.mark.parametrize(
    ("before", "gap_s", "after", "covered_s"),
    [
        (TENS, 15, TENS, 15),
        (TENS, 16, TENS, 10),
        ([100] * 8, 150, [100] * 8, 150),
        ([100] * 8, 151, [100] * 8, 100),
        ([10, 100, 10, 100, 100, 10, 10], 300, TENS, 10),
        (TENS, 300, [10, 10, 100, 100, 10, 100, 10], 10),
        ([100, 100], 300, TENS, 100),
        ([100], 300, TENS, 10),
        (TENS, 300, [100, 100], 100),
        (TENS, 300, [100], 10),
        (TENS, 300, [100] * 8, 100),
        (TENS, 300, [300, 300, 10, 10, 10], 10),
        ([100] * 8, 300, TENS, 100),
        ([10], 15, [], 15),
        ([10], 30, [], 30),
        ([10] * 2, 30, [], 10),
        ([1] * 8, 5, [], 1),
        ([10, 10, 0, 0, 0], 30, [], 10),
        ([], 30, [10, 10], 10),
        ([], 5, [1] * 8, 1),
    ],
)
def test_a_row_reaches_back_over_one_and_a_half_usual_spacings_or_over_one(
    before: list[int], gap_s: int, after: list[int], covered_s: int
) -> None:
    """The usual spacing is the lower median of six to either side, this one with them; the longer of both.

    A side of fewer than three tells nothing while the other has them; where neither has, both together do.
    Rows of one second are no spacing.
    """
    trace = trace_of([*before, gap_s, *after])
    end_s = 1000 + sum(before) + gap_s
    assert trace.over(Window(end_s - gap_s, end_s)).covered_s == covered_s


def test_the_first_row_covers_what_is_usual_after_it() -> None:
    """The lower median of the six spacings that follow: three of 10 s, three of 60."""
    assert trace_of([10] * 3 + [60] * 8).over(Window(0, 1000)).covered_s == 10


@pytest.mark.parametrize("at", [0, 1, 62, 63, 64, 65, 66, 127, 128, 129, 191])
def test_a_gap_is_noticed_wherever_it_stands(at: int) -> None:
    """The same gap in a long row of rows counts alike at every place."""
    gaps_s = [10] * 192
    gaps_s[at] = 40
    trace = trace_of(gaps_s)
    whole = Window(1000, 1000 + sum(gaps_s))
    assert trace.longest_gap_s(whole) == 30
    assert trace.over(whole).covered_s == whole.duration_s - 30


def test_the_first_row_covers_one_usual_spacing_and_a_lone_one_a_minute() -> None:
    """Before it nothing is covered."""
    assert trace_of([10, 20, 20, 20]).over(Window(0, 1000)).covered_s == 20
    assert trace_of([]).over(Window(0, 2000)) == Integral(60.0, 120 / 3600, 180 / 3600)


def test_rows_of_one_second_cover_it_once() -> None:
    """Of two rows at 1020 s one is left, with rows of a second each beside them."""
    trace = trace_of([1] * 20 + [0] + [1] * 20)
    assert len(trace.rows) == 41
    assert [row.timestamp for row in trace.rows] == list(range(1000, 1041))
    assert trace.over(Window(1000, 1040)).covered_s == 40


def test_integrals_are_of_the_part_of_each_row_in_the_window() -> None:
    """2 kW to 1000 s, 4 kW to 1010 s, 8 kW to 1020 s: half of the middle ones; the first from its begin."""
    trace = trace_of([10, 10, 10], [2.0, 4.0, 8.0, 16.0])
    part = trace.over(Window(1005, 1015))
    assert (part.covered_s, part.used_kw, part.clone_kw) == (10, pytest.approx(6.0), pytest.approx(7.0))
    first = trace.over(Window(0, 1000))
    assert (first.covered_s, first.used_kw, first.clone_kw) == (10, pytest.approx(2.0), pytest.approx(3.0))
    assert trace.over(Window(1030, 9999)) == Integral(0.0, 0.0, 0.0)
    assert trace.over(Window(1015, 1005)) == Integral(0.0, 0.0, 0.0)
    assert Trace.of(()).over(Window(0, 9999)) == Integral(0.0, 0.0, 0.0)
    assert Trace.of(()).bins(0, 10, 2) == [Integral(0.0, 0.0, 0.0)] * 2


def test_a_mean_is_of_the_time_that_is_covered() -> None:
    """Half a second of 1.8 kJ and 3.6 is 3.6 and 7.2 kW; no time has no mean."""
    half = Integral(0.5, 0.0005, 0.001)
    assert (half.used_kw, half.clone_kw) == (pytest.approx(3.6), pytest.approx(7.2))
    nothing = Integral(0.0, 0.0, 0.0)
    assert (nothing.used_kw, nothing.clone_kw) == (None, None)


def test_bins_follow_one_another_from_the_start() -> None:
    """Steps of 5 s from 1005 s on: the rest of one row, the two halves of the next, and nothing."""
    bins = trace_of([10, 10], [2.0, 4.0, 8.0]).bins(1005, 5, 4)
    assert [step.used_kw for step in bins] == [
        pytest.approx(4.0),
        pytest.approx(8.0),
        pytest.approx(8.0),
        None,
    ]
    assert [step.covered_s for step in bins] == [5, 5, 5, 0]


@pytest.mark.parametrize(
    ("marked", "covered_s", "used_kw", "gap_s"),
    [
        ((1, 3), 20, 10.0, 10),
        ((0, 1), 20, 3.0, 20),
        ((1, 2), 20, 6.0, 10),
        ((3,), 10, 16.0, 20),
        ((0, 1, 2, 3), 40, 7.5, 0),
    ],
)
def test_the_rows_of_an_event_cover_their_own_time_alone(
    marked: tuple[int, ...], covered_s: float, used_kw: float, gap_s: float
) -> None:
    """The rows that are left out leave gaps, and the rows that stay do not grow."""
    powers = (2.0, 4.0, 8.0, 16.0)
    trace = Trace.of(
        PowerRow(1000 + 10 * at, kw, 1.0, EventId("e") if at in marked else None)
        for at, kw in enumerate(powers)
    )
    some = trace.acting_on(EventId("e"))
    assert some is not None
    assert some.over(Window(990, 1030)).covered_s == covered_s
    assert some.over(Window(990, 1030)).used_kw == pytest.approx(used_kw)
    assert some.over(Window(0, 990)) == Integral(0.0, 0.0, 0.0)
    assert some.longest_gap_s(Window(1000, 1030)) == gap_s
    assert trace.acting_on(EventId("other")) is None


@pytest.mark.parametrize(
    ("at_s", "ends_s"), [(999, float("-inf")), (1000, 1000), (1009, 1000), (1010, 1010), (5000, 1020)]
)
def test_the_last_row_wholly_before_a_time_may_end_at_it(at_s: float, ends_s: float) -> None:
    """A row that spans the time is not before it."""
    assert trace_of([10, 10]).ends_before(at_s) == ends_s


@pytest.mark.parametrize(
    ("window", "gap_s"),
    [
        (Window(1000, 1040), 0),
        (Window(1000, 1200), 80),
        (Window(1000, 1120), 30),
        (Window(1045, 1065), 20),
        (Window(1061, 1065), 4),
        (Window(1055, 1120), 15),
        (Window(1060, 1070), 10),
        (Window(1065, 1085), 5),
        (Window(900, 1010), 90),
        (Window(1110, 1200), 80),
        (Window(1200, 1300), 100),
        (Window(1070, 1110), 0),
        (Window(1000, 1075), 30),
    ],
)
def test_the_longest_gap_is_of_the_window_alone(window: Window, gap_s: float) -> None:
    """Covered are 990 to 1040 s and 1070 to 1120 s; what is missing outside of the window does not count."""
    assert trace_of([10, 10, 10, 10, 40, 10, 10, 10, 10]).longest_gap_s(window) == gap_s


def test_energy_requested_is_of_the_time_in_the_window() -> None:
    """Rows of 3, none and 6 kW of 10 s each: from the middle of the first to that of the last 45 kJ."""
    powers = (3.0, None, 6.0, 9.0)
    trace = Trace.of(
        PowerRow(1000 + 10 * at, 1.0, 1.0, requested_reduction_kw=kw) for at, kw in enumerate(powers)
    )
    assert trace.requested_kwh(Window(995, 1015)) == pytest.approx(45 / 3600)
    assert trace.requested_kwh(Window(1000, 1010)) == 0.0
    assert trace.requested_kwh(Window(0, 9999)) == pytest.approx(180 / 3600)


def test_a_window_that_ends_before_it_starts_has_no_length() -> None:
    """Cut to another that lies elsewhere, nothing is left."""
    assert Window(0, 10).cut(Window(5, 20)) == Window(5, 10)
    assert Window(0, 10).cut(Window(20, 30)).duration_s == 0.0
    assert Window(10, 9.5).duration_s == 0.0


@pytest.mark.parametrize(
    ("stamps", "covered_s"),
    [([30, 60, 90, 120], 120), ([30, 60, 120, 150], 120), ([30, 61, 90, 120], 120)],
    ids=["whole", "one lost", "late"],
)
def test_rows_with_a_derived_identity_chain_by_time(stamps: list[int], covered_s: int) -> None:
    """A row without boot and seq reaches back to the row before, and not over one that was lost."""
    read = [
        read_telemetry(json.dumps(OLDER_ROW | {"timestamp": TS + at_s}).encode(), ven_id=VenId("v"))
        for at_s in stamps
    ]
    rows = [
        PowerRow(row.timestamp, row.used_power_kw, row.baseline_power_kw, boot_id=row.boot_id, seq=row.seq)
        for row in (*read, read[1])
    ]
    over = Trace.of(rows).over(Window(TS - 60, TS + 300))
    assert (over.covered_s, over.used_kwh) == (covered_s, pytest.approx(2.7 * covered_s / 3600))
