"""Lights and outlets: loads with a floor."""

import pytest

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.dimmable import LightsUse, OutletsUse
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

EVENING = Environment().using(LightsUse(level_kw=0.3), OutletsUse(level_kw=0.2))
FLOORS = [("lights1", 0.3, 0.5), ("misc1", 0.2, 0.3)]


@pytest.mark.parametrize(("circuit", "level_kw", "floor"), FLOORS)
def test_a_dimmable_load_follows_its_occupants(
    house: House, circuit: str, level_kw: float, floor: float
) -> None:
    """Left alone it draws what is switched on."""
    offer = house.device(circuit).flexibility(EVENING, level_kw)
    assert house.device(circuit).step(FREE, EVENING, 60.0).power_kw == level_kw
    assert offer.floor_kw == pytest.approx(level_kw * floor)


@pytest.mark.parametrize(("circuit", "level_kw", "floor"), FLOORS)
def test_a_dimmable_load_keeps_its_floor(house: House, circuit: str, level_kw: float, floor: float) -> None:
    """A limit of nothing leaves half the light, and the network on."""
    assert house.device(circuit).step(Control(limit_kw=0.0), EVENING, 60.0).power_kw == level_kw * floor
    between_kw = level_kw * 0.9
    assert house.device(circuit).step(Control(limit_kw=between_kw), EVENING, 60.0).power_kw == between_kw


def test_an_open_relay_leaves_nothing_on(house: House) -> None:
    """Switching a circuit off by hand is not dimming."""
    assert house.device("lights1").step(Control(enabled=False), EVENING, 60.0).power_kw == 0.0


def test_a_dimmable_load_draws_no_more_than_its_circuit_is_rated_for(house: House) -> None:
    """A wild hour of the shapes does not exceed the circuit."""
    assert (
        house.device("lights1").step(FREE, Environment().using(LightsUse(level_kw=3.0)), 60.0).power_kw == 0.4
    )
