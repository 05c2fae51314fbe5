"""Houses that leave their comfort limits without any event say so."""

import msgspec
import pytest

from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.water_heater import WaterHeaterSpec
from ven_twin.house.library import load_profile, packaged_houses
from ven_twin.house.profile import Profile
from ven_twin.house.sizing import undersized
from ven_twin.house.weather import read_weather


def with_tank(profile: Profile, **changes: float) -> Profile:
    """The profile with another tank."""
    return msgspec.structs.replace(
        profile,
        circuits=tuple(
            msgspec.structs.replace(spec, **changes) if isinstance(spec, WaterHeaterSpec) else spec
            for spec in profile.circuits
        ),
    )


@pytest.mark.parametrize("name", [name for name in packaged_houses() if name != "standard"])
def test_a_house_that_stays_within_its_limits_says_nothing(name: str) -> None:
    """Flat and leaky house are sized for Greensboro's year."""
    assert undersized(load_profile(name), read_weather(None)) == ()


def test_the_standard_house_is_too_small_for_a_hard_frost() -> None:
    """Only the HVAC's 30 A circuit is named, with the outdoor temperature and the limit."""
    (words,) = undersized(load_profile("standard"), read_weather(None))
    assert words == (
        "hvac1 is undersized: below -10 °C outdoors it does not hold 16.7 °C, and this weather has -17 °C; "
        "no event takes heat off it in such cold"
    )


def test_leaks_count_towards_what_a_machine_has_to_hold() -> None:
    """With leaks, 1.2 kW of heat at -8 °C, the standard house is too small in a lesser frost already."""
    profile = load_profile("standard")
    leaking = msgspec.structs.replace(
        profile,
        circuits=tuple(
            msgspec.structs.replace(spec, envelope=msgspec.structs.replace(spec.envelope, stack_kw_c15=0.01))
            if isinstance(spec, HvacSpec)
            else spec
            for spec in profile.circuits
        ),
    )
    (words,) = undersized(leaking, read_weather(None))
    assert "below -8 °C outdoors it does not hold 16.7 °C" in words


def test_a_tank_too_small_for_its_draws_says_so() -> None:
    """The litres that may be drawn are named, and those that the tank keeps hot."""
    (words,) = undersized(with_tank(load_profile("leaky"), tank_kwh_c=0.08), read_weather(None))
    assert words == (
        "heater1 is undersized: two draws of 30 L are more than the 57 L that are hot when it is full; "
        "no event takes heat off it"
    )


def test_a_tank_that_cools_to_its_limit_says_so() -> None:
    """The lower edge of its deadband is named, and the limit."""
    (words,) = undersized(with_tank(load_profile("leaky"), least_c=48.0), read_weather(None))
    assert words == (
        "heater1 is undersized: its thermostat lets it cool to 48.9 °C, below its limit of 48 °C and 1 °C "
        "for its losses; no event takes heat off it"
    )


def test_a_reserve_below_the_largest_draw_says_so() -> None:
    """Both keys are named with their values."""
    (words,) = undersized(with_tank(load_profile("leaky"), reserve_l=20.0), read_weather(None))
    assert "reserve_l is 20, and habits.hot_water_draw_l 30" in words
