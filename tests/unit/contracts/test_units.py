"""Units: energy from power and time, and the lengths of time that it is reckoned by."""

from __future__ import annotations

import pytest

from contracts.wire import units


@pytest.mark.parametrize(
    ("power_kw", "duration_s", "energy_kwh"),
    [(2.0, 3600.0, 2.0), (2.0, 1800.0, 1.0), (-3.0, 60.0, -0.05), (0.0, 900.0, 0.0), (4.0, 0.0, 0.0)],
)
def test_energy_is_power_times_hours(power_kw: float, duration_s: float, energy_kwh: float) -> None:
    """An export is negative."""
    assert units.kwh(power_kw, duration_s) == pytest.approx(energy_kwh)


@pytest.mark.parametrize(("celsius", "fahrenheit"), [(0.0, 32.0), (100.0, 212.0), (-40.0, -40.0)])
def test_water_freezes_at_32_fahrenheit_and_boils_at_212(celsius: float, fahrenheit: float) -> None:
    """The two scales meet at -40."""
    assert units.celsius_to_fahrenheit(celsius) == pytest.approx(fahrenheit)


def test_a_day_is_24_hours_of_four_quarters_of_15_minutes() -> None:
    """In seconds."""
    assert units.S_PER_QUARTER == 15 * units.S_PER_MIN
    assert units.S_PER_H == 4 * units.S_PER_QUARTER == 60 * units.S_PER_MIN
    assert units.S_PER_DAY == 24 * units.S_PER_H
