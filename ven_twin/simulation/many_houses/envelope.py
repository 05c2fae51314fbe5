"""`ven_twin.house.devices.envelope` over many lengths of time."""

from math import sqrt
from typing import NamedTuple

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.envelope import BuildingEnvelope, ThermalTransition
from ven_twin.house.devices.envelope import cached_transition as cached_transition  # noqa: PLC0414 - beside it
from ven_twin.simulation.many_houses.arrays import Floats, exps


class ManyTransitions(NamedTuple):
    """`ThermalTransition` for each of many parts."""

    air_air: Floats
    air_mass: Floats
    mass_air: Floats
    mass_mass: Floats


Transitions = ThermalTransition | ManyTransitions


def transitions(envelope: BuildingEnvelope, dt_s: Floats) -> ManyTransitions:
    """The matrix exponential over each of *dt_s*; the closed form of `transition`."""
    air_kwh_c, mass_kwh_c = envelope.air_kwh_c, envelope.mass_kwh_c
    ua_kw_c, coupling_kw_c = envelope.ua_kw_c, envelope.coupling_kw_c
    dt_h = dt_s / S_PER_H
    a, b = -(ua_kw_c + coupling_kw_c) / air_kwh_c, coupling_kw_c / air_kwh_c
    c, d = coupling_kw_c / mass_kwh_c, -coupling_kw_c / mass_kwh_c
    mean, half = (a + d) / 2.0, (a - d) / 2.0
    root = sqrt(half * half + b * c)
    slow, fast = exps((mean + root) * dt_h), exps((mean - root) * dt_h)
    even, odd = (slow + fast) / 2.0, (slow - fast) / 2.0 / root
    return ManyTransitions(even + odd * half, odd * b, odd * c, even - odd * half)
