"""The bounded hour of the chart."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.ven_stand import Stand
from ven_twin.ven.page.power_history import COARSE, FINE, FOLDED, PowerHistory
from ven_twin.ven.page.presenter import power_view


def test_an_hour_and_a_day_take_the_same_room(stand: Stand) -> None:
    """Fine for a quarter of an hour, means before that, and nothing grows."""
    shown, history = power_view(stand.twin.snapshot()), PowerHistory()
    lengths = set()
    for second in range(8000):
        history.add(float(second), msgspec.structs.replace(shown, grid_kw=float(second)))
        if second > 4000:
            lengths.add(len(history.points()))
    assert max(lengths) < FINE + COARSE + FOLDED
    points = history.points()
    assert [point.ts for point in points] == sorted(point.ts for point in points)
    assert points[-1].ts - points[0].ts == pytest.approx(3600, abs=20)
    assert points[0].used_kw == points[0].ts + (FOLDED - 1) / 2, "a coarse point is the mean of its ten"


def test_two_ticks_in_a_second_are_one_point(stand: Stand) -> None:
    """The twin looks whenever something came in."""
    history = PowerHistory()
    for ts in (1.0, 1.2, 1.9, 2.0, 2.5, 3.0):
        history.add(ts, power_view(stand.twin.snapshot()))
    assert [point.ts for point in history.points()] == [1.0, 2.0, 3.0]
