"""Dryer and range: uses that start, wait and finish."""

from dataclasses import replace

import pytest

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.appliance import Appliance, ApplianceSpec, DryerUse, RangeUse
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

QUIET = Environment()
START = Environment().using(DryerUse(started_s=600.0), RangeUse(started_s=600.0))
HOLD = Control(limit_kw=0.0)
OFF = Control(enabled=False)


@pytest.fixture(params=["dryer1", "range1"])
def appliance(request: pytest.FixtureRequest, house: House) -> Appliance[ApplianceSpec]:
    """Each appliance in turn, idle."""
    device = house.device(request.param)
    assert isinstance(device, Appliance)
    return device


def finish(appliance: Appliance[ApplianceSpec], dt_s: float = 60.0) -> float:
    """Energy until the appliance is done, kWh."""
    total = 0.0
    for _ in range(60):
        appliance, power_kw = appliance.step(FREE, QUIET, dt_s)
        total += power_kw * dt_s
    return total / 3600


def test_a_use_draws_its_power_until_it_is_done(appliance: Appliance[ApplianceSpec]) -> None:
    """Ten minutes of use are ten minutes of power, and then nothing."""
    after, power_kw = appliance.step(FREE, START, 60.0)
    assert power_kw == appliance.spec.run_kw
    assert after.running
    assert finish(after) == pytest.approx(appliance.spec.run_kw * 540 / 3600)


def test_a_start_can_be_held_back_and_loses_nothing(appliance: Appliance[ApplianceSpec]) -> None:
    """A use that is delayed draws nothing now and all of it later."""
    held, power_kw = appliance.step(HOLD, START, 60.0)
    assert power_kw == 0.0
    assert finish(held) == pytest.approx(appliance.spec.run_kw * 600 / 3600)


def test_a_use_that_has_begun_is_not_interrupted_by_a_limit(appliance: Appliance[ApplianceSpec]) -> None:
    """Dinner is not stopped half-way: a limit waits for the end."""
    running = appliance.step(FREE, START, 60.0).device
    assert running.step(HOLD, QUIET, 60.0).power_kw == appliance.spec.run_kw
    assert running.flexibility(QUIET, appliance.spec.run_kw).blocked == "mid-use"


def test_an_open_relay_interrupts_and_the_rest_runs_later(appliance: Appliance[ApplianceSpec]) -> None:
    """What is asked for by hand is done at once, and what is missing is made up for."""
    stopped, power_kw = appliance.step(FREE, START, 60.0).device.step(OFF, QUIET, 60.0)
    assert power_kw == 0.0
    assert finish(stopped) == pytest.approx(appliance.spec.run_kw * 540 / 3600)


def test_a_step_longer_than_the_use_is_billed_for_the_use(appliance: Appliance[ApplianceSpec]) -> None:
    """The mean over half an hour of a ten-minute use is a third of its power."""
    assert appliance.step(FREE, START, 1800.0).power_kw == pytest.approx(appliance.spec.run_kw / 3)


def test_a_waiting_use_can_be_shed(appliance: Appliance[ApplianceSpec]) -> None:
    """Before it has begun, all of its power can wait."""
    waiting = replace(appliance, owed_s=600.0)
    offer = waiting.flexibility(QUIET, appliance.spec.run_kw)
    assert (offer.floor_kw, offer.blocked) == (0.0, "")
