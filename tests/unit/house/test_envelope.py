"""The two-state house, against plain integration."""

import msgspec
import pytest
from msgspec.structs import astuple

from ven_twin.house.devices.envelope import (
    BuildingEnvelope,
    Temperatures,
    drift,
    equilibrium,
    stack_kw,
    transition,
)

HOUSE = BuildingEnvelope(
    air_kwh_c=0.447,
    mass_kwh_c=1.812,
    ua_kw_c=0.419,
    coupling_kw_c=4.124,
    aperture_m2=8.18,
    mass_gain_fraction=0.5,
)


def test_transition_agrees_with_a_thousand_small_steps() -> None:
    """The closed form is the two-state house itself, not an approximation of it."""
    outdoor_c, air_kw, mass_kw, dt_h = 35.0, -8.0, 1.5, 0.25 / 20_000
    air_c, mass_c = 24.0, 25.0
    for _ in range(20_000):
        to_mass_kw = HOUSE.coupling_kw_c * (air_c - mass_c)
        out_kw = HOUSE.ua_kw_c * (air_c - outdoor_c)
        air_c += (air_kw - to_mass_kw - out_kw) / HOUSE.air_kwh_c * dt_h
        mass_c += (mass_kw + to_mass_kw) / HOUSE.mass_kwh_c * dt_h
    rest = equilibrium(HOUSE, outdoor_c, air_kw, mass_kw)
    end = drift(Temperatures(24.0, 25.0), rest, transition(HOUSE, 900.0))
    assert astuple(end) == pytest.approx((air_c, mass_c), abs=1e-3)


def test_transition_over_two_steps_is_that_over_both() -> None:
    """The length of a step does not change where the house ends."""
    rest = equilibrium(HOUSE, 30.0, 1.0, 1.0)
    start = Temperatures(22.0, 23.0)
    twice = drift(drift(start, rest, transition(HOUSE, 60.0)), rest, transition(HOUSE, 240.0))
    assert astuple(twice) == pytest.approx(astuple(drift(start, rest, transition(HOUSE, 300.0))))


def test_equilibrium_balances_gains_against_losses() -> None:
    """At rest what comes in goes out through the walls."""
    rest = equilibrium(HOUSE, 10.0, 2.0, 1.0)
    assert HOUSE.ua_kw_c * (rest.air_c - 10.0) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("outdoor_c", "expected_kw"), [(20.0, 0.0), (16.0, -0.08), (4.0, -0.64), (36.0, 0.64)]
)
def test_leaks_carry_heat_by_the_power_of_one_and_a_half(outdoor_c: float, expected_kw: float) -> None:
    """Four times the difference carries eight times the heat, out in the cold and in when it is hot."""
    leaking = msgspec.structs.replace(HOUSE, stack_kw_c15=0.01)
    assert stack_kw(leaking, outdoor_c, 20.0) == pytest.approx(expected_kw)


def test_a_house_has_no_leaks_unless_its_file_has() -> None:
    """A file without the key is the house that it was."""
    assert stack_kw(HOUSE, -20.0, 20.0) == 0.0
