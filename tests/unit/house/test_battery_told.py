"""A battery that is told to cover the house, or not to, whatever its mode."""

from __future__ import annotations

import msgspec
import pytest

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import BACKUP_RESERVE_SOC, Battery
from ven_twin.house.environment import Environment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

NIGHT_TS = 1_784_185_200.0
"""02:00 in the house: the battery refills."""
COVER, KEEP = Control(covers=True), Control(covers=False)


@pytest.fixture(scope="module")
def night() -> Environment:
    """The world at night."""
    return load_environment(load_profile()).environment(NIGHT_TS, 60.0)


def battery(soc: float, **fields: object) -> Battery:
    """The standard house's battery at a charge."""
    house = build_house(load_profile())
    assert house.battery is not None
    return Battery(msgspec.structs.replace(house.battery.spec, **fields), soc)


def test_a_backup_battery_covers_the_house_when_told_and_keeps_a_reserve(night: Environment) -> None:
    """What an outage needs stays in it; an event may still take it."""
    assert battery(0.9).step(COVER, night, 60.0, surplus_kw=-2.0).power_kw == -2.0
    assert battery(BACKUP_RESERVE_SOC).step(COVER, night, 60.0, surplus_kw=-2.0).power_kw == 0.0
    assert battery(BACKUP_RESERVE_SOC).step(Control(limit_kw=-2.0), night, 60.0).power_kw == -2.0


def test_another_mode_keeps_its_own_reserve(night: Environment) -> None:
    """A resident's reserve is theirs."""
    mine = {"mode": "self_consumption", "reserve_soc": 0.6}
    assert battery(0.6, **mine).step(COVER, night, 60.0, surplus_kw=-2.0).power_kw == 0.0
    assert battery(0.7, **mine).step(COVER, night, 60.0, surplus_kw=-2.0).power_kw == -2.0


def test_a_battery_told_not_to_cover_takes_the_sun_alone(night: Environment) -> None:
    """It neither gives nor refills from the grid; untold it does as its mode has it."""
    assert battery(0.5).step(FREE, night, 60.0, surplus_kw=-2.0).power_kw == 1.0
    assert battery(0.5).step(KEEP, night, 60.0, surplus_kw=-2.0).power_kw == 0.0
    assert battery(0.5).step(KEEP, night, 60.0, surplus_kw=3.0).power_kw == 3.0
    own = battery(0.5, mode="self_consumption")
    assert own.step(FREE, night, 60.0, surplus_kw=-2.0).power_kw == -2.0
    assert own.step(KEEP, night, 60.0, surplus_kw=-2.0).power_kw == 0.0


def test_a_battery_asked_to_charge_does_so_to_its_end(night: Environment) -> None:
    """From the grid, at the power that it is asked for."""
    asked = Control(covers=False, charge_kw=5.0)
    assert battery(0.5).step(asked, night, 60.0, surplus_kw=-2.0).power_kw == 5.0
    assert battery(0.95).step(asked, night, 60.0, surplus_kw=-2.0).power_kw == 0.0
