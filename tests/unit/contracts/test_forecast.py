"""Forecasts: what the cloud believes of ``metrics.forecast``."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.wire.forecast import POINTS_MAX, ForecastPoint, read_forecast


def point(ts: object, likely_kw: object, sure_kw: object) -> dict[str, Any]:
    """An entry of ``metrics.forecast``."""
    return {"ts": ts, "likelyKw": likely_kw, "sureKw": sure_kw}


def test_points_are_in_the_order_of_their_times() -> None:
    """Each time once, the last one told."""
    entries = [point(7200, 3.0, 1.0), point(3600, 2.0, 2.0), point(7200, 4.0, 0.5)]
    assert read_forecast(entries) == (ForecastPoint(3600, 2.0, 2.0), ForecastPoint(7200, 4.0, 0.5))


@pytest.mark.parametrize(
    "entries",
    [
        None,
        "soon",
        {"ts": 1},
        [7, None, [], "x"],
        [point(None, 1, 1)],
        [point(1, "much", 1)],
        [point(1, 1, True)],
        [point(-1, 1, 1)],
        [point(1e300, 1, 1)],
        [point(float("nan"), 1, 1)],
        [{"ts": 1, "likelyKw": 1}],
    ],
)
def test_what_is_no_forecast_is_passed_over(entries: object) -> None:
    """Nothing of it is believed, and nothing fails."""
    assert read_forecast(entries) == ()


def test_powers_are_bounded_and_what_is_sure_is_likely() -> None:
    """Below zero there is nothing, above the largest power no more, and sure is no more than likely."""
    read = read_forecast([point(1, -5, -7), point(2, 1e9, 1e9), point(3, 2.0, 3.0)])
    assert [(p.likely_kw, p.sure_kw) for p in read] == [(0.0, 0.0), (10_000.0, 10_000.0), (2.0, 2.0)]


def test_a_long_list_is_cut_at_its_earliest_points() -> None:
    """No VEN fills the table with its future."""
    read = read_forecast([point(ts, 1, 1) for ts in range(3000, 0, -1)])
    assert [p.ts for p in read] == list(range(1, POINTS_MAX + 1))
