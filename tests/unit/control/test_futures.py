"""Futures: what may come differs in each of them, what is seen now in none."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.unit.control.test_house_pair import EVENING_TS, evening
from ven_twin.control.futures import FUTURES, are_possible, futures
from ven_twin.control.house_pair import HousePair
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.devices.hot_water import WaterHeaterUse
from ven_twin.house.house import House

HOME_COMES_AT_TS = EVENING_TS - 3600.0
"""17:00 in Greensboro: the car comes between half past four and half past five."""


def test_futures_differ_in_draws_weather_and_walls() -> None:
    """No two have the same draws, and warmer, colder, tighter and leakier ones are among them."""
    _, site = evening()
    ahead = futures(site, EVENING_TS)
    draws = {
        tuple(one.weather(EVENING_TS + 300.0 * step, 300.0).use(WaterHeaterUse).drawn_l for step in range(24))
        for one in ahead
    }
    assert len(draws) == len(ahead) == FUTURES
    assert {one.warmer_c for one in ahead} == {-1.5, 0.0, 1.5}
    assert {one.ua_factor for one in ahead} == {0.85, 1.0, 1.15}


def test_a_future_s_weather_is_the_forecast_and_its_error() -> None:
    """The temperature outside differs by the error, at each time; the sun is the forecast's."""
    _, site = evening()
    for one in futures(site, EVENING_TS):
        env, forecast = one.weather(EVENING_TS + 600.0, 60.0), site.environment(EVENING_TS + 600.0, 60.0)
        assert env.outdoor_c == pytest.approx(forecast.outdoor_c + one.warmer_c)
        assert env.array_w_m2 == forecast.array_w_m2


@pytest.mark.parametrize("minute", range(-30, 31, 6))
def test_the_car_is_in_each_future_where_it_is_now(minute: int) -> None:
    """A car that has come home is at home in all, one that is still away is away in all."""
    _, site = evening()
    at_ts = HOME_COMES_AT_TS + 60.0 * minute
    is_home = site.environment(at_ts, 1.0).use(EvUse).home
    ahead = futures(site, at_ts)
    assert {one.weather(at_ts, 1.0).use(EvUse).home for one in ahead} == {is_home}
    assert are_possible(ahead, site, at_ts)


def test_futures_are_not_possible_any_more_when_the_car_came_otherwise() -> None:
    """Drawn while the car was away, they have it come home at times of their own."""
    _, site = evening()
    ahead = futures(site, HOME_COMES_AT_TS - 3600.0)
    arrivals = [are_possible(ahead, site, HOME_COMES_AT_TS + 60.0 * minute) for minute in range(-30, 31)]
    assert not all(arrivals)


def test_futures_are_the_same_throughout_an_hour_and_others_in_the_next() -> None:
    """An offer does not flicker by chance from minute to minute, nor lean on one draw for ever."""
    _, site = evening()
    seeds = [
        [one.environment.seed for one in futures(site, EVENING_TS + after_s)]
        for after_s in (3600.0, 7199.0, 7200.0)
    ]
    assert seeds[0] == seeds[1] != seeds[2]


def test_a_future_has_its_walls_around_both_houses() -> None:
    """House and counterfactual lose as much in one future, and all else is as it was."""
    house, site = evening()
    assert house.hvac is not None
    envelope = replace(house.hvac.spec.envelope, stack_kw_c15=0.01)
    spec = replace(house.hvac.spec, envelope=envelope)
    house = replace(house, hvac=replace(house.hvac, spec=spec))
    pair = HousePair(house, house)
    for one in futures(site, EVENING_TS):
        varied = one.pair(pair)
        assert varied.house == varied.counterfactual
        assert house.hvac is not None
        assert varied.house.hvac is not None
        expected_kw_c = house.hvac.spec.envelope.ua_kw_c * one.ua_factor
        assert varied.house.hvac.spec.envelope.ua_kw_c == pytest.approx(expected_kw_c)
        assert varied.house.hvac.spec.envelope.stack_kw_c15 == pytest.approx(0.01 * one.ua_factor)
        assert varied.house.hvac.air_c == house.hvac.air_c
        assert varied.house.loads == house.loads


def test_a_house_without_hvac_has_futures_too() -> None:
    """There are no walls to vary."""
    house, site = evening()
    bare = House.of({device.spec.id: device for device in house.devices() if device is not house.hvac})
    pair = HousePair(bare, bare)
    assert all(one.pair(pair) == pair for one in futures(site, EVENING_TS))
