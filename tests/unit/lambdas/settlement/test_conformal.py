"""The band of left-out days' errors, worked by hand."""

from __future__ import annotations

import pytest

from lambdas.settle_event.logic.conformal import LeftOut, half_band_kw


def test_the_band_holds_four_in_five_of_the_errors() -> None:
    """Errors of 1 to 9 kW at equal power: ⌈0.8 × 10⌉ = 8, the next to largest; of 1 to 19 ⌈0.8 × 20⌉ = 16."""
    for count, expected_kw in ((9, 8.0), (19, 16.0)):
        days = [LeftOut(float(error_kw), 5.0, 0.0) for error_kw in range(1, count + 1)]
        assert half_band_kw(days, 5.0, 0.0) == pytest.approx(expected_kw)


def test_the_sign_of_an_error_is_of_no_matter() -> None:
    """Errors to either side are one size."""
    days = [LeftOut((-1.0) ** n * n, 5.0, 0.0) for n in range(1, 20)]
    assert half_band_kw(days, 5.0, 0.0) == pytest.approx(16.0)


def test_four_times_the_power_has_twice_the_band() -> None:
    """Errors grow with the root of the power."""
    days = [LeftOut(2.0, 5.0, 0.0)] * 10
    assert half_band_kw(days, 20.0, 0.0) == pytest.approx(4.0)


def test_a_power_near_nothing_has_the_band_of_a_quarter_of_the_usual() -> None:
    """At 0 kW and at an export of 0.1 kW the size is that of a quarter of 5 kW: half of the band at 5 kW."""
    days = [LeftOut(2.0, 5.0, 0.0)] * 10
    for power_kw in (0.0, -0.1):
        assert half_band_kw(days, power_kw, 0.0) == pytest.approx(1.0)


def test_weather_unlike_the_days_widens_the_band() -> None:
    """A leverage of 3 beside days of none doubles it."""
    days = [LeftOut(2.0, 5.0, 0.0)] * 10
    assert half_band_kw(days, 5.0, 3.0) == pytest.approx(4.0)


def test_three_days_are_too_few_for_a_band() -> None:
    """⌈0.8 × 4⌉ = 4 errors are needed, there are three; with four days there is one."""
    days = [LeftOut(2.0, 5.0, 0.0)] * 4
    assert half_band_kw(days[:3], 5.0, 0.0) is None
    assert half_band_kw(days, 5.0, 0.0) == pytest.approx(2.0)
