"""The forecast of what a house can shed in the hours to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

import pytest

from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.forecasting import HOURS_AHEAD, ForecastHour, Forecasting
from ven_twin.control.free_course import FreeCourse
from ven_twin.control.offers import LEVELS_KW, Trial
from ven_twin.ven.house_clock import HouseClock, hours_ahead
from ven_twin.ven.startup import warm_house

AFTERNOON_TS = datetime(2026, 7, 15, 22, 30, tzinfo=UTC).timestamp()


@lru_cache
def trial_of(house: str, at_ts: float = AFTERNOON_TS) -> tuple[Trial, Forecasting]:
    """A house at a time, and what it forecasts for the six full hours after it."""
    runtime = warm_house(house, HouseClock(at_ts, 0.0))
    trial = Trial(runtime.pair, runtime.environment.environment, at_ts)
    hours = hours_ahead(runtime.clock, 0.0, at_ts)
    forecasting, now_s = Forecasting(), 0.0
    while not forecasting.expected:
        forecasting = forecasting.advanced(trial, runtime.environment, hours, now_s)
        now_s += 1.0
    return trial, forecasting


@pytest.mark.parametrize("house", ["standard", "flat"])
def test_a_forecast_has_the_next_full_hours(house: str) -> None:
    """Six of them, each with no more for sure than is likely, on the levels of offers."""
    _, forecasting = trial_of(house)
    assert [point.ts for point in forecasting.expected] == [
        (AFTERNOON_TS // 3600 + number) * 3600 for number in range(1, HOURS_AHEAD + 1)
    ]
    for point in forecasting.expected:
        assert 0.0 <= point.sure_kw <= point.likely_kw
        assert {point.sure_kw, point.likely_kw} <= {0.0, *LEVELS_KW}


def test_what_is_sure_can_be_shed_when_the_hour_has_come() -> None:
    """The house lives on as it really does: at each hour it keeps nine tenths of it for a quarter hour."""
    trial, forecasting = trial_of("standard")
    pair, at_ts = trial.pair, trial.from_ts
    for hour, point in zip(forecasting.hours, forecasting.expected, strict=True):
        while at_ts < hour.house_ts:
            pair, _ = pair.step(trial.weather(at_ts, 60.0), 60.0)
            at_ts += 60.0
        then = replace(trial, pair=replace(pair, course=FreeCourse()), from_ts=at_ts)
        for window in then.windows(point.sure_kw, 900.0):
            assert window.delivered_kw >= 0.9 * point.sure_kw


def test_a_forecast_is_made_once_an_hour_and_a_piece_at_a_time() -> None:
    """Within the hour nothing is done again; pieces wait for their turn; another hour is another forecast."""
    trial, forecasting = trial_of("flat")
    environment = warm_house("flat", HouseClock(AFTERNOON_TS, 0.0)).environment
    assert forecasting.advanced(trial, environment, forecasting.hours, 1e6) is forecasting
    later = tuple(ForecastHour(hour.ts + 3600, hour.house_ts + 3600) for hour in forecasting.hours)
    begun = forecasting.advanced(trial, environment, later, 1e6)
    assert begun.expected == forecasting.expected, "the last one stands until the next is whole"
    assert begun.advanced(trial, environment, later, 1e6 + 0.1) is begun
    assert sum(len(of_hour) for of_hour in begun.levels) == 1


def test_circuits_that_the_resident_has_switched_off_are_not_forecast() -> None:
    """The forecast lives under the settings of the moment, as offers do."""
    trial, before = trial_of("standard")
    runtime = warm_house("standard", HouseClock(AFTERNOON_TS, 0.0))
    off = replace(trial, settings={"ev1": CircuitSetting(enabled=False)})
    forecasting, now_s = Forecasting(), 0.0
    while not forecasting.expected:
        forecasting = forecasting.advanced(off, runtime.environment, before.hours, now_s)
        now_s += 1.0
    assert forecasting.expected[0].likely_kw < before.expected[0].likely_kw - 3.0


def test_no_hour_is_forecast_beyond_hours_that_come_again() -> None:
    """A house that is set back after two and a half hours has two full ones ahead, a fifth on the wall."""
    clock = HouseClock(AFTERNOON_TS, 100.0, 5.0, 9000.0)
    hours = hours_ahead(clock, 100.0, 1_800_000_000.0)
    assert [hour.ts for hour in hours] == [1_800_000_000.0 + 720.0 * number for number in (1, 2)]
    assert [hour.house_ts for hour in hours] == [AFTERNOON_TS + 3600.0 * number for number in (1, 2)]
    assert hours_ahead(clock, 100.0 + 1790.0, 1_800_001_790.0) == ()


def test_a_forecast_goes_with_its_hours() -> None:
    """Nothing is forecast when no full hour is ahead."""
    trial, forecasting = trial_of("flat")
    environment = warm_house("flat", HouseClock(AFTERNOON_TS, 0.0)).environment
    assert forecasting.advanced(trial, environment, (), 1e6).expected == ()
