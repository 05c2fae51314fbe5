"""Undersized houses: what cannot keep its comfort limits even without events, in words for people. Pure."""

from __future__ import annotations

from ven_twin.house.devices.envelope import stack_kw
from ven_twin.house.devices.heat_pump import AUX, output
from ven_twin.house.devices.hot_water import WaterHeaterHabits
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.water_heater import (
    DRAWS_IN_RESERVE,
    USABLE_MARGIN_C,
    WaterHeaterSpec,
    hot_when_full_l,
    is_undersized,
)
from ven_twin.house.profile import Profile
from ven_twin.house.weather import Weather

FROST_HUMIDITY = 0.8
STEP_C = 0.5


def undersized(profile: Profile, weather: Weather) -> tuple[str, ...]:
    """A sentence for each circuit that leaves its comfort limits without any event; empty when none does.

    A tank has to keep its largest draw twice, and not cool to its comfort limit; a machine has to hold the
    lower limit in the coldest hour of *weather*, without sun and people.
    """
    words = []
    for spec in profile.circuits:
        if isinstance(spec, WaterHeaterSpec):
            words += _tank(spec, profile.habits.of(WaterHeaterHabits).hot_water_draw_l)
        elif isinstance(spec, HvacSpec):
            words += _machine(spec, min(hour.outdoor_c for hour in weather.hours))
    return tuple(words)


def _tank(spec: WaterHeaterSpec, draw_l: float) -> list[str]:
    if spec.reserve_l < draw_l:
        reserve = f"reserve_l is {spec.reserve_l:g}, and habits.hot_water_draw_l {draw_l:g}"
        return [f"{spec.id} is undersized: {reserve}; a shed may leave the tank below its comfort limit"]
    if not is_undersized(spec):
        return []
    if hot_when_full_l(spec) < DRAWS_IN_RESERVE * spec.reserve_l:
        full = f"the {hot_when_full_l(spec):.0f} L that are hot when it is full"
        why = f"two draws of {spec.reserve_l:g} L are more than {full}"
    else:
        coolest_c = spec.setpoint_c - spec.deadband_c / 2.0
        limit = f"its limit of {spec.least_c:g} °C and {USABLE_MARGIN_C:g} °C for its losses"
        why = f"its thermostat lets it cool to {coolest_c:.1f} °C, below {limit}"
    return [f"{spec.id} is undersized: {why}; no event takes heat off it"]


def _machine(spec: HvacSpec, coldest_c: float) -> list[str]:
    outdoor_c = coldest_c
    while outdoor_c < spec.coolest_c and _steady_c(spec, outdoor_c) < spec.coolest_c:
        outdoor_c += STEP_C
    if outdoor_c == coldest_c:
        return []
    limit = f"below {outdoor_c:.0f} °C outdoors it does not hold {spec.coolest_c:g} °C"
    weather = f"this weather has {coldest_c:.0f} °C"
    return [f"{spec.id} is undersized: {limit}, and {weather}; no event takes heat off it in such cold"]


def _steady_c(spec: HvacSpec, outdoor_c: float) -> float:
    """The air at rest with the machine at its most, °C."""
    heat_kw = output(spec.machine, AUX, outdoor_c, FROST_HUMIDITY).heat_kw
    heat_kw += stack_kw(spec.envelope, outdoor_c, spec.coolest_c)
    return outdoor_c + heat_kw / spec.envelope.ua_kw_c
