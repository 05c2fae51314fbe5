"""The PV array."""

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

SUN = Environment(array_w_m2=800.0, outdoor_c=20.0)


def test_generation_is_negative(house: House) -> None:
    """Export is below zero: 6 kW at 800 W/m², 14 % of losses and cells at 45 °C."""
    power_kw = house.device("pv1").step(FREE, SUN, 60.0).power_kw
    assert power_kw == pytest.approx(-6.0 * 0.8 * 0.86 * (1 - 0.0035 * 20))


def test_heat_costs_generation(house: House) -> None:
    """The same sun gives less on a hotter day."""
    hot = house.device("pv1").step(FREE, replace(SUN, outdoor_c=38.0), 60.0).power_kw
    assert hot > house.device("pv1").step(FREE, SUN, 60.0).power_kw


def test_the_inverter_clips(house: House) -> None:
    """No more goes out than the inverter carries."""
    assert (
        house.device("pv1").step(FREE, replace(SUN, array_w_m2=1300.0, outdoor_c=-10.0), 60.0).power_kw
        == -5.0
    )


def test_night_and_an_open_relay_generate_nothing(house: House) -> None:
    """Without sun or without a connection there is no power."""
    assert house.device("pv1").step(FREE, Environment(), 60.0).power_kw == 0.0
    assert house.device("pv1").step(Control(enabled=False), SUN, 60.0).power_kw == 0.0


def test_a_limit_on_imports_does_not_stop_generation(house: House) -> None:
    """Shedding asks for less import; the sun already gives that."""
    free = house.device("pv1").step(FREE, SUN, 60.0)
    assert house.device("pv1").step(Control(limit_kw=0.0), SUN, 60.0) == free
    assert house.device("pv1").flexibility(SUN, free.power_kw).blocked == "generation"
