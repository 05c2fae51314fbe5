"""What is on offer, for how long, and at what cost."""

from __future__ import annotations

import time

import pytest

from contracts.wire.events import Interval, Signal
from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offers import SUSTAIN_HORIZON_S, Trial, can_hold, sustain_s
from ven_twin.house.control import Control
from ven_twin.house.house import House


def trial(settings: dict[str, CircuitSetting] | None = None) -> Trial:
    """The standard house on a July evening."""
    house, site = evening()
    return Trial(HousePair(house, house), site.environment, EVENING_TS, settings or {})


def test_sustain_is_found_by_trying_and_changes_nothing() -> None:
    """Copies are stepped; the house that is asked about stays as it is, and answers alike."""
    tried = trial()
    before = tried.pair
    assert sustain_s(tried, 3.0) == sustain_s(tried, 3.0)
    assert tried.pair == before == trial().pair


def test_sustain_is_longer_for_less() -> None:
    """What takes less lasts longer, from hours down to nothing."""
    held_s = [sustain_s(trial(), kw) for kw in (0.1, 1.0, 3.0, 8.0, 40.0)]
    assert held_s == sorted(held_s, reverse=True)
    assert held_s[0] == SUSTAIN_HORIZON_S == 4 * 3600.0
    assert held_s[-1] == 0.0


def test_sustain_of_nothing_is_nothing() -> None:
    """A house that offers nothing holds nothing."""
    assert sustain_s(trial(), 0.0) == 0.0


def test_sustain_counts_with_what_the_resident_has_set() -> None:
    """A circuit that is switched off cannot be counted on."""
    off = trial({"batt1": CircuitSetting(enabled=False), "ev1": CircuitSetting(enabled=False)})
    assert sustain_s(off, 4.0) < sustain_s(trial(), 4.0)


def test_sustain_is_worked_out_within_milliseconds() -> None:
    """It is asked for once a minute and must cost next to nothing."""
    tried = trial()
    started_s = time.process_time()
    for _ in range(10):
        sustain_s(tried, 0.1)
    assert (time.process_time() - started_s) / 10 < 0.05


def test_can_hold_says_yes_with_the_curve() -> None:
    """What can be held is held in every minute of the curve."""
    held = can_hold(trial(), 4.0, 30.0)
    assert held.holds
    assert (held.sustained_min, held.minutes, held.requested_kw) == (30.0, 30.0, 4.0)
    assert [after_min for after_min, _ in held.curve] == [float(minute) for minute in range(1, 31)]
    assert all(kw == pytest.approx(4.0, abs=0.4) for _, kw in held.curve)
    assert held.least_kw == min(kw for _, kw in held.curve)


def test_can_hold_says_no_and_until_when() -> None:
    """What cannot be held falls below nine tenths at the minute that is named."""
    held = can_hold(trial(), 5.0, 120.0)
    assert not held.holds
    assert 0 < held.sustained_min < 120
    failing = next(kw for after_min, kw in held.curve if after_min > held.sustained_min)
    assert failing < 4.5
    assert all(kw >= 4.5 for after_min, kw in held.curve if after_min <= held.sustained_min)


def test_can_hold_takes_part_of_a_minute() -> None:
    """The last step is as short as what is left."""
    held = can_hold(trial(), 2.0, 1.5)
    assert [after_min for after_min, _ in held.curve] == [1.0, 1.5]
    assert held.mean_kw == pytest.approx(2.0, abs=0.05)
    assert [after_min for after_min, _ in can_hold(trial(), 2.0, 1.0 + 0.5 / 60.0).curve] == pytest.approx(
        [1.0, 1.0 + 0.5 / 60.0]
    )


def test_can_hold_names_the_cost_in_comfort() -> None:
    """Degrees, charge given up, minutes of each circuit: nothing for little, something for much."""
    little = can_hold(trial(), 0.1, 60.0).comfort
    assert little.beyond_setpoint_c == pytest.approx(little.alone_c, abs=0.01)
    assert little.battery_soc_used is not None
    assert little.battery_soc_used > 0.0
    assert little.curtailed_min == {"batt1": 60.0}
    much = can_hold(trial({"batt1": CircuitSetting(enabled=False)}), 20.0, 60.0).comfort
    assert much.alone_c + 1.0 < much.beyond_setpoint_c < 10.0
    assert much.battery_soc_used == 0.0
    assert much.ev_soc_forgone is not None
    assert much.ev_soc_forgone > 0.05
    assert much.curtailed_min["hvac1"] > 30.0


def test_can_hold_costs_no_comfort_in_a_house_without_air_conditioning() -> None:
    """There are no setpoints that the air could go beyond, with the event or without."""
    house, site = evening()
    bare = House.of({device.spec.id: device for device in house.devices() if device is not house.hvac})
    comfort = can_hold(Trial(HousePair(bare, bare), site.environment, EVENING_TS), 1.0, 2.0).comfort
    assert (comfort.beyond_setpoint_c, comfort.alone_c) == (0.0, 0.0)


def test_can_hold_uses_no_charge_of_a_battery_that_is_fuller_than_its_clone_s() -> None:
    """After an event that kept the battery full, what is left above the clone's charge is no cost."""
    house, site = evening()
    drained = house
    for minute in range(30):
        env = site.environment(EVENING_TS + minute * STEP_S, STEP_S)
        drained = drained.step({"batt1": Control(limit_kw=-4.0)}, env, STEP_S).house
    pair = HousePair(house, drained)
    comfort = can_hold(Trial(pair, site.environment, EVENING_TS), 0.1, 1.0).comfort
    assert comfort.battery_soc_used == 0.0


@pytest.mark.parametrize("kw", [2.0, 4.0, 8.0])
def test_can_hold_agrees_with_the_house_as_it_is_run(kw: float) -> None:
    """What was foretold is what a minute-by-minute run delivers."""
    house, site = evening()
    settings = {"batt1": CircuitSetting(enabled=False)}
    foretold = can_hold(trial(settings), kw, 240.0)
    premises, ask = HousePair(house, house), Interval(duration_s=14400, signal=Signal.SHED_KW, value=kw)
    for minute, (_, foretold_kw) in enumerate(foretold.curve):
        env = site.environment(EVENING_TS + minute * STEP_S, STEP_S)
        premises, flow = premises.planned(env, STEP_S, ask, settings=settings).step(env, STEP_S, settings)
        assert flow.baseline_kw - flow.used_kw == pytest.approx(foretold_kw, abs=1e-6)
