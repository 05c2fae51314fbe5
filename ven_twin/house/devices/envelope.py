"""The building as two coupled heat stores, air and mass: equivalent thermal parameters (ETP)."""

from functools import lru_cache
from math import exp, sqrt
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H

W_PER_KW = 1000.0


class BuildingEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, cache_hash=True
):
    """The parameters of the two-state model.

    ``ua_kw_c`` joins air to outdoors, ``coupling_kw_c`` air to mass. ``aperture_m2`` turns the mean
    irradiance on the walls into solar gain. ``sky_view`` is the share of what the walls see that is sky, the
    rest is ground: 0.5 for upright walls on open ground, 1 in GridLAB-D, whose walls see the sky alone.
    Of solar and internal gains a fraction goes into the mass.
    ``stack_kw_c15`` is the heat that air through leaks carries at a difference of 1 °C to outdoors: warm air
    rises in the house and draws the rest, a flow that grows with the root of the difference, and so a heat
    with its power of 1.5.

    Source: GridLAB-D ``house_e`` and its defaults; of the leaks Sherman and Grimsrud,
    Infiltration-pressurization correlation, 1980, and ASHRAE Handbook of Fundamentals, Ventilation and
    infiltration, without wind.
    """

    air_kwh_c: Annotated[float, Meta(gt=0.0, le=10.0)]
    mass_kwh_c: Annotated[float, Meta(gt=0.0, le=50.0)]
    ua_kw_c: Annotated[float, Meta(gt=0.0, le=5.0)]
    coupling_kw_c: Annotated[float, Meta(gt=0.0, le=50.0)]
    aperture_m2: Annotated[float, Meta(ge=0.0, le=100.0)]
    mass_gain_fraction: Annotated[float, Meta(ge=0.0, le=1.0)]
    stack_kw_c15: Annotated[float, Meta(ge=0.0, le=0.2)] = 0.0
    sky_view: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0


class ThermalTransition(NamedTuple):
    """Decay of a deviation from the equilibrium over a time: ``new = matrix · old`` for (air, mass)."""

    air_air: float
    air_mass: float
    mass_air: float
    mass_mass: float


def transition(envelope: BuildingEnvelope, dt_s: float) -> ThermalTransition:
    """The matrix exponential over *dt_s*, in closed form.

    Exact for any *dt_s* while outdoors and gains are constant; both eigenvalues are real and negative.
    """
    air_kwh_c, mass_kwh_c = envelope.air_kwh_c, envelope.mass_kwh_c
    ua_kw_c, coupling_kw_c = envelope.ua_kw_c, envelope.coupling_kw_c
    dt_h = dt_s / S_PER_H
    a, b = -(ua_kw_c + coupling_kw_c) / air_kwh_c, coupling_kw_c / air_kwh_c
    c, d = coupling_kw_c / mass_kwh_c, -coupling_kw_c / mass_kwh_c
    mean, half = (a + d) / 2.0, (a - d) / 2.0
    root = sqrt(half * half + b * c)
    slow, fast = exp((mean + root) * dt_h), exp((mean - root) * dt_h)
    even, odd = (slow + fast) / 2.0, (slow - fast) / 2.0 / root
    return ThermalTransition(even + odd * half, odd * b, odd * c, even - odd * half)


cached_transition = lru_cache(maxsize=256)(transition)
"""For the steps that recur; a switching falls anywhere within a step and computes its own."""


def solar_kw(envelope: BuildingEnvelope, walls_w_m2: float, sky_less_ground_w_m2: float) -> float:
    """The sun's heat into the house; the light is an `Environment`'s.

    Source: the view of a tilted surface under an isotropic sky, Duffie and Beckman, Solar Engineering of
    Thermal Processes, 2.15.
    """
    seen_w_m2 = walls_w_m2 - (1.0 - envelope.sky_view) * sky_less_ground_w_m2
    return envelope.aperture_m2 * seen_w_m2 / W_PER_KW


def stack_kw(envelope: BuildingEnvelope, outdoor_c: float, air_c: float) -> float:
    """Heat into the air at *air_c* with what comes in through leaks; below 0 it is lost."""
    apart_c = outdoor_c - air_c
    return envelope.stack_kw_c15 * apart_c * sqrt(abs(apart_c))


class Temperatures(msgspec.Struct, frozen=True, gc=False):
    """Air and mass, °C."""

    air_c: float
    mass_c: float


def equilibrium(envelope: BuildingEnvelope, outdoor_c: float, air_kw: float, mass_kw: float) -> Temperatures:
    """The temperatures at rest, with *air_kw* of heat into the air and *mass_kw* into the mass."""
    air_c = outdoor_c + (air_kw + mass_kw) / envelope.ua_kw_c
    return Temperatures(air_c, air_c + mass_kw / envelope.coupling_kw_c)


def drift(start: Temperatures, rest: Temperatures, over: ThermalTransition) -> Temperatures:
    """The temperatures after *over*, on their way from *start* to *rest*."""
    air_air, air_mass, mass_air, mass_mass = over
    air_c, mass_c = start.air_c - rest.air_c, start.mass_c - rest.mass_c
    return Temperatures(
        rest.air_c + air_air * air_c + air_mass * mass_c,
        rest.mass_c + mass_air * air_c + mass_mass * mass_c,
    )
