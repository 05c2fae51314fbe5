"""The fridge: a duty cycle that keeps its energy."""

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.fridge import Fridge, FridgeUse
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

KITCHEN = Environment().using(FridgeUse(mean_kw=0.0705))


@pytest.fixture
def fridge(house: House) -> Fridge:
    """The fridge, cold."""
    device = house.device("fridge1")
    assert isinstance(device, Fridge)
    return device


def energy_kwh(fridge: Fridge, dt_s: float, hours: float) -> float:
    """Energy over some hours at a step length, kWh."""
    total = 0.0
    for _ in range(int(hours * 3600 / dt_s)):
        fridge, power_kw = fridge.step(FREE, KITCHEN, dt_s)
        total += power_kw * dt_s / 3600
    return total


@pytest.mark.parametrize("dt_s", [1.0, 60.0, 300.0, 3600.0])
def test_fridge_runs_at_its_duty_whatever_the_step(fridge: Fridge, dt_s: float) -> None:
    """Over two days it uses what the hour's mean says, at any step length."""
    assert energy_kwh(fridge, dt_s, 48.0) == pytest.approx(0.0705 * 48, rel=0.02)


def test_fridge_cycles_between_on_and_off(fridge: Fridge) -> None:
    """It is a compressor, not a heater of constant power: on for minutes, off for minutes."""
    now, starts = fridge, 0
    for _ in range(24 * 360):
        after = now.step(FREE, KITCHEN, 10.0).device
        starts += after.running and not now.running
        now = after
    assert starts == pytest.approx(24 * 3600 / (480 / (0.47 * 0.53)), abs=2)


def test_fridge_catches_up_after_an_outage(fridge: Fridge) -> None:
    """Cold that was not made is made afterwards: the energy comes back."""
    off = fridge
    for _ in range(60):
        off, power_kw = off.step(Control(enabled=False), KITCHEN, 60.0)
        assert power_kw == 0.0
    missed_kwh = 0.0705
    extra_kwh = energy_kwh(off, 60.0, 12.0) - energy_kwh(fridge, 60.0, 12.0)
    assert extra_kwh == pytest.approx(missed_kwh, abs=fridge.spec.cycle_s / 3600 * fridge.spec.compressor_kw)


def test_a_fridge_without_power_for_days_owes_only_a_warm_cabinet(fridge: Fridge) -> None:
    """Warm food takes up no more heat, so what is owed has an end."""
    off = replace(fridge, owed_s=0.0)
    for _ in range(72):
        off = off.step(Control(enabled=False), KITCHEN, 3600.0).device
    assert off.owed_s == fridge.spec.warm_s


def test_fridge_never_sheds(fridge: Fridge) -> None:
    """It offers nothing, and says why."""
    offer = fridge.flexibility(KITCHEN, 0.15)
    assert (offer.floor_kw, offer.blocked) == (0.15, "critical")
