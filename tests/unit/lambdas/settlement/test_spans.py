"""The time that rows measured: chains to the millisecond, what nobody measured, rows of hostile size."""

from __future__ import annotations

import pytest

from lambdas.shared.power_traces import PowerRow, Trace, Window
from lambdas.shared.row_spans import row_spans

Stamped = tuple[int, int | None, float | None]
"""A row's timestamp, seq and measuredS."""


def rows_of(*stamped: Stamped, boot_id: str | None = "b1", kw: float = 1.0) -> list[PowerRow]:
    """Rows of one boot."""
    return [
        PowerRow(stamp, kw, kw + 1.0, boot_id=boot_id, seq=seq, measured_s=measured_s)
        for stamp, seq, measured_s in stamped
    ]


def spans_of(rows: list[PowerRow]) -> list[tuple[float, float]]:
    """The spans, to the millisecond."""
    _, starts_s, ends_s = row_spans(rows)
    return [(round(start, 3), round(end, 3)) for start, end in zip(starts_s, ends_s, strict=True)]


def test_rows_that_follow_one_another_are_a_chain_to_the_millisecond() -> None:
    """Lived to 1010.25, 1020.75 and 1031.0 s, stamped 1010, 1020 and 1031.

    Times less stamps are 0.25, 0.75 and 0 beyond the least, so the chain lies where it was lived.
    """
    rows = rows_of((1010, 1, 10.25), (1020, 2, 10.5), (1031, 3, 10.25))
    assert spans_of(rows) == [(1000.0, 1010.25), (1010.25, 1020.75), (1020.75, 1031.0)]
    integral = Trace.of(rows).over(Window(1000, 1031))
    assert (integral.covered_s, integral.used_kwh) == (pytest.approx(31.0), pytest.approx(31 / 3600))


def test_rows_of_one_second_cover_their_own_time() -> None:
    """One that ends where an event starts, at 1005.0 s, and the next, of 0.9 s: both are stamped 1005."""
    rows = rows_of((1004, 1, 1.0), (1005, 2, 0.6), (1005, 3, 0.9), (1006, 4, 1.0))
    assert spans_of(rows) == [(1003.4, 1004.4), (1004.4, 1005.0), (1005.0, 1005.9), (1005.9, 1006.9)]


def test_time_that_nobody_measured_is_a_gap_though_no_seq_is_missing() -> None:
    """A host that was stopped at 1040 s for 90: the row after it measured 30 s and ends at 1160."""
    rows = rows_of((1030, 1, 30.0), (1040, 2, 10.0), (1160, 3, 30.0), (1190, 4, 30.0))
    assert spans_of(rows) == [(1000, 1030), (1030, 1040), (1130, 1160), (1160, 1190)]
    trace = Trace.of(rows)
    assert trace.longest_gap_s(Window(1000, 1190)) == 90
    assert trace.over(Window(1030, 1130)).used_kwh == pytest.approx(10 / 3600)


@pytest.mark.parametrize("measured_s", [120.0, None])
def test_a_long_row_with_no_seq_missing_is_a_measurement(measured_s: float | None) -> None:
    """120 s between rows of 30 are 120 s measured, as the row says or by its seq."""
    every_s = None if measured_s is None else 30.0
    rows = rows_of(*((1000 + 30 * at, at, every_s) for at in range(5)), (1240, 5, measured_s))
    assert spans_of(rows)[-1] == (1120, 1240)
    assert Trace.of(rows).over(Window(1000, 1240)).covered_s == 240


@pytest.mark.parametrize(("seq", "boot_id"), [(6, "b1"), (0, "b2"), (None, "b1")])
def test_a_row_without_its_time_reaches_one_usual_spacing_where_one_may_be_missing(
    seq: int | None, boot_id: str
) -> None:
    """Rows of 30 s, and one 120 s later whose seq is not the next, or whose boot is another: 30 s of it."""
    rows = rows_of(*((1000 + 30 * at, at, None) for at in range(5)))
    last = rows_of((1240, seq, None), boot_id=boot_id)
    assert spans_of([*rows, *last])[-1] == (1210, 1240)


@pytest.mark.parametrize("measured_s", [86_400.0, 31.0, 30.5])
def test_a_row_measures_no_more_than_has_passed_since_the_row_before(measured_s: float) -> None:
    """30 s after the row before, whatever it says, as far as a second of rounding does not explain it."""
    rows = rows_of((1030, 1, 30.0), (1060, 2, measured_s), (1090, 3, 30.0))
    covered_s = Trace.of(rows).over(Window(1000, 2000)).covered_s
    assert 90 - 1e-6 <= covered_s <= 91
    starts_s = [start for start, _ in spans_of(rows)]
    assert starts_s == sorted(starts_s)
    assert starts_s[1] >= 1030


def test_rows_of_two_boots_that_overlap_count_but_once() -> None:
    """A row of another boot that says 60 s, 10 s after the last: only these 10 are its own."""
    rows = [*rows_of((1030, 1, 30.0)), *rows_of((1040, 0, 60.0), boot_id="b2", kw=5.0)]
    assert spans_of(rows) == [(1000, 1030), (1030, 1040)]
    assert Trace.of(rows).over(Window(0, 2000)).used_kwh == pytest.approx((30 + 5 * 10) / 3600)


@pytest.mark.parametrize("again_at", [1060, 1065])
@pytest.mark.parametrize("measured_s", [30.0, None])
def test_a_row_that_was_sent_again_counts_once(measured_s: float | None, again_at: int) -> None:
    """The same boot and seq, at the same time or later."""
    stamped: list[Stamped] = [(1030, 1, measured_s), (1060, 2, measured_s), (1090, 3, measured_s)]
    again = rows_of((again_at, 2, measured_s), kw=9.0)
    once, twice = (
        Trace.of(rows).over(Window(0, 2000)) for rows in (rows_of(*stamped), rows_of(*stamped) + again)
    )
    assert twice == once


def test_a_row_lost_between_two_that_say_their_time_is_a_gap() -> None:
    """Rows of 30 s at 1030 and 1090; that of 1060 never came."""
    assert spans_of(rows_of((1030, 1, 30.0), (1090, 3, 30.0))) == [(1000, 1030), (1060, 1090)]


def test_a_clock_that_runs_off_its_stamps_moves_rows_by_no_more_than_a_second() -> None:
    """Rows of 30.010 s stamped each 30 s: after 105 of them the chain is 1.05 s ahead, and begins anew."""
    rows = rows_of(*((1000 + 30 * at, at, 30.01) for at in range(200)))
    _, starts_s, ends_s = row_spans(rows)
    assert all(0 <= end - row.timestamp <= 1.06 for end, row in zip(ends_s, rows, strict=True))
    covered_s = sum(end - start for start, end in zip(starts_s, ends_s, strict=True))
    assert covered_s == pytest.approx(200 * 30.01 - 1.05, abs=0.05)
