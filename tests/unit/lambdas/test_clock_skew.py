"""Clocks that are off: told from rows that had to wait, by when the cloud received them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lambdas.shared.clock_skew import ReceivedRow, clock_skew_s, skew_of

T0 = 1_800_000_000


def skew(*delays_s: float, every_s: float = 30.0) -> float:
    """The skew by rows at this spacing with these delays."""
    return clock_skew_s([T0 + at * every_s for at in range(len(delays_s))], delays_s)


@pytest.mark.parametrize("skew_s", [1200.0, -1200.0, 11.0, -11.0, 86_400.0])
def test_a_clock_that_is_off_delays_all_rows_alike(skew_s: float) -> None:
    """Rows on their way for 0.2, 0.4 and 0.9 s: the median is of the clock."""
    assert skew(skew_s + 0.2, skew_s + 0.9, skew_s + 0.4) == pytest.approx(skew_s + 0.4)


def test_an_outage_is_no_skew_of_the_clock() -> None:
    """Ten rows of 30 s that waited and came together at T0 + 300 s: 300 s late, 270 and so on to 0.5."""
    waited_s = [300.5 - 30 * at for at in range(11)]
    assert skew(*waited_s) == 0.0
    assert skew(*waited_s[:8]) == 0.0
    assert skew(*[late_s + 600 for late_s in waited_s]) == 0.0


def test_an_outage_of_a_ven_whose_clock_is_off_leaves_the_skew_as_it_is() -> None:
    """20 min slow, live for two minutes, then cut off for five: the rows that waited do not count."""
    live_s = [1200.3] * 5
    waited_s = [1200.3 + 300 - 30 * at for at in range(9)]
    assert skew(*live_s, *waited_s) == pytest.approx(1200.3)


@pytest.mark.parametrize("delay_s", [0.0, 0.9, 10.0, -10.0])
def test_some_seconds_are_no_skew(delay_s: float) -> None:
    """So long a row may be on its way, and so far a clock may be off."""
    assert skew(*[delay_s] * 10) == 0.0


@pytest.mark.parametrize(("rows", "known"), [(1, False), (2, False), (3, True)])
def test_a_slow_clock_is_told_after_a_minute_of_live_rows(rows: int, known: bool) -> None:
    """One late row may have waited; three at 30 s that are late alike have not."""
    assert bool(skew(*[1200.0] * rows)) is known
    assert skew(-600.0) == -600.0  # nothing is received before it was measured


@pytest.mark.parametrize(
    ("received", "skew_s"), [([], 0.0), ([None, None, None], 0.0), ([100.0, None, 160.0, 190.0], 100.0)]
)
def test_rows_that_nobody_knows_the_receipt_of_say_nothing(
    received: Sequence[float | None], skew_s: float
) -> None:
    """They are passed over."""
    rows = [ReceivedRow(T0 + 30 * at, None if ts is None else T0 + ts) for at, ts in enumerate(received)]
    assert skew_of(rows) == skew_s
