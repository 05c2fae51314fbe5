"""The meter: energy is the integral over time, power the time-weighted mean."""

from __future__ import annotations

import pytest

from ven_twin.control.event_history import Meter


def test_meter_reads_a_time_weighted_mean() -> None:
    """Nine minutes at 1 kW and one at 11 kW are 2 kW, not 6 (defect 1)."""
    meter = Meter().count({"ev1": 1.0}, 1.0, 540).count({"ev1": 11.0}, 11.0, 60)
    assert meter.used_kw == pytest.approx(2.0)
    assert meter.baseline_kw == pytest.approx(2.0)


def test_meter_integrates_energy_whatever_the_sampling() -> None:
    """An hour at 2 kW less is 2 kWh, counted in one step or in 720 (defect 1)."""
    often, once = Meter(), Meter().count({"hvac1": 1.0}, 3.0, 3600)
    for _ in range(720):
        often = often.count({"hvac1": 1.0}, 3.0, 5)
    for meter in (often, once):
        assert meter.reduction_kwh == pytest.approx(2.0)
        assert meter.reduction_kw == pytest.approx(2.0)


def test_meter_counts_each_circuit_and_sums_them() -> None:
    """What the site draws is the sum of its circuits; export is below zero."""
    meter = Meter().count({"ev1": 3.0, "pv1": -4.0}, 0.0, 1800)
    assert meter.used_kwh == pytest.approx(-0.5)
    assert meter.circuits_kwh == pytest.approx({"ev1": 1.5, "pv1": -2.0})


def test_meter_that_counted_nothing_reads_nothing() -> None:
    """No time, no power; and no division by it."""
    assert (Meter().used_kw, Meter().baseline_kw, Meter().reduction_kw) == (0.0, 0.0, 0.0)


def test_meter_shows_a_rise_below_zero() -> None:
    """What is drawn on top of the baseline is a negative reduction, not none."""
    assert Meter().count({"ev1": 3.0}, 1.0, 60).reduction_kw == pytest.approx(-2.0)
