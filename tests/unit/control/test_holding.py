"""The answer before promising: yes or no, until when, and at what cost."""

from __future__ import annotations

import pytest

from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from tests.unit.control.test_offers import trial
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.futures import FUTURES, futures
from ven_twin.control.holding import Hold, can_hold
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offer_search import Search
from ven_twin.control.offers import LEVELS_KW, WINDOWS_S, HouseOffer, Trial
from ven_twin.house.control import Control
from ven_twin.house.house import House


def hold(tried: Trial, kw: float, minutes: float, window_s: float = WINDOWS_S[0]) -> Hold:
    """The answer in the evening's futures."""
    _, site = evening()
    return can_hold(tried, futures(site, EVENING_TS), kw, minutes, window_s)


def test_can_hold_says_yes_with_the_curve() -> None:
    """A yes is kept in all futures, and in each window of the curve."""
    answer = hold(trial(), 4.0, 30.0)
    assert answer.holds
    assert (answer.successes, answer.tried) == (FUTURES, FUTURES)
    assert (answer.sustained_min, answer.minutes, answer.requested_kw) == (30.0, 30.0, 4.0)
    assert [after_min for after_min, _ in answer.curve] == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
    assert all(kw >= 3.6 for _, kw in answer.curve)
    assert answer.least_kw == min(kw for _, kw in answer.curve)


def test_can_hold_says_no_and_until_when() -> None:
    """A no falls below nine tenths in the window after the minute that is named."""
    answer = hold(trial(), 6.0, 240.0)
    assert not answer.holds
    assert answer.successes < FUTURES
    assert 0 < answer.sustained_min < 240
    failing = next(kw for after_min, kw in answer.curve if after_min > answer.sustained_min)
    assert failing < 5.4
    assert all(kw >= 5.4 for after_min, kw in answer.curve if after_min <= answer.sustained_min)


def test_can_hold_takes_part_of_a_window() -> None:
    """The last window is as short as what is left."""
    answer = hold(trial(), 2.0, 6.5)
    assert [after_min for after_min, _ in answer.curve] == [5.0, 6.5]
    assert answer.mean_kw == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("window_s", WINDOWS_S)
def test_can_hold_says_yes_to_what_is_on_offer(window_s: float) -> None:
    """HouseOffer and answer are one computation: yes to each promise, no to the next level above it."""
    _, site = evening()
    search = Search.of(trial(), futures(site, EVENING_TS), HouseOffer(WINDOWS_S[0])).advanced(10**6)
    if window_s != WINDOWS_S[0]:
        search = search.in_quarters(HouseOffer(window_s)).advanced(10**6)
    assert search.offer.promises
    for kw, sustain_s, _ in search.offer.promises:
        above_kw = LEVELS_KW[LEVELS_KW.index(kw) + 4]
        assert hold(trial(), kw, sustain_s / 60.0, window_s).holds
        assert not hold(trial(), above_kw, sustain_s / 60.0, window_s).holds


def test_can_hold_names_the_cost_in_comfort() -> None:
    """Degrees, charge given up, minutes of each circuit: nothing for little, something for much."""
    little = hold(trial(), 0.1, 60.0).comfort
    assert little.beyond_setpoint_c == pytest.approx(little.alone_c, abs=0.01)
    assert little.battery_soc_used is not None
    assert little.battery_soc_used > 0.0
    assert little.curtailed_min == {"batt1": 60.0}
    much = hold(trial({"batt1": CircuitSetting(enabled=False)}), 20.0, 60.0).comfort
    assert much.alone_c + 1.0 < much.beyond_setpoint_c < 10.0
    assert much.battery_soc_used == 0.0
    assert much.ev_soc_forgone is not None
    assert much.ev_soc_forgone > 0.05
    assert much.curtailed_min["hvac1"] > 30.0


def test_can_hold_costs_no_comfort_in_a_house_without_air_conditioning() -> None:
    """There are no setpoints that the air could go beyond, with the event or without."""
    house, site = evening()
    bare = House.of({device.spec.id: device for device in house.devices() if device is not house.hvac})
    comfort = hold(Trial(HousePair(bare, bare), site.environment, EVENING_TS), 1.0, 2.0).comfort
    assert (comfort.beyond_setpoint_c, comfort.alone_c) == (0.0, 0.0)


def test_can_hold_uses_no_charge_of_a_battery_that_is_fuller_than_the_counterfactual_s() -> None:
    """After an event that kept the battery full, what is left above the other's charge is no cost."""
    house, site = evening()
    drained = house
    for minute in range(30):
        env = site.environment(EVENING_TS + minute * STEP_S, STEP_S)
        drained = drained.step({"batt1": Control(limit_kw=-4.0)}, env, STEP_S).house
    pair = HousePair(house, drained)
    comfort = hold(Trial(pair, site.environment, EVENING_TS), 0.1, 1.0).comfort
    assert comfort.battery_soc_used == 0.0
