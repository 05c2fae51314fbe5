"""Thirty homes that differ: three profiles, each varied by its number in building, machines and people."""

from __future__ import annotations

import random

import msgspec

from contracts.wire.codec import JsonDict
from ven_twin.house.devices.battery import BatterySpec
from ven_twin.house.devices.ev import EvSpec
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.pv import PvSpec
from ven_twin.house.library import load_profile
from ven_twin.house.profile import Profile

PROFILES = ("standard", "flat", "leaky")
HOMES = 30


def home(number: int) -> Profile:
    """Home *number*, always the same.

    Walls and windows within a quarter of the profile's, setpoints within 1.5 °C, people and their habits
    within a third, cars that leave and return up to two hours sooner or later. Of homes that could, two in
    five have a car, one in five PV, and half of those a battery: the standard house has them all.
    """
    draw = random.Random(number)
    profile = load_profile(PROFILES[number % len(PROFILES)])
    pv, car = draw.random() < 0.2, draw.random() < 0.4
    battery = pv and draw.random() < 0.5
    absent = {PvSpec: not pv, EvSpec: not car, BatterySpec: not battery}
    circuits = tuple(
        _varied(spec, draw) if isinstance(spec, HvacSpec) else spec
        for spec in profile.circuits
        if not absent.get(type(spec), False)
    )
    habits = profile.habits
    leaves_h = min(max(habits.ev_leaves_h + draw.uniform(-2, 2), 5.0), 11.0)
    returns_h = min(max(habits.ev_returns_h + draw.uniform(-2, 2), 14.0), 21.0)
    changed: JsonDict = {
        name: getattr(habits, name) * draw.uniform(0.67, 1.33)
        for name in (
            "people_kw",
            "lights_kwh_d",
            "outlets_kwh_d",
            "hot_water_l_d",
            "dryer_runs_d",
            "ev_miles_d",
        )
    }
    habits = msgspec.structs.replace(habits, ev_leaves_h=leaves_h, ev_returns_h=returns_h, **changed)
    return msgspec.structs.replace(profile, circuits=circuits, habits=habits, seed=1_000 + number)


def _varied(spec: HvacSpec, draw: random.Random) -> HvacSpec:
    envelope = spec.envelope
    shift_c = draw.uniform(-1.5, 1.5)
    return msgspec.structs.replace(
        spec,
        cooling_c=spec.cooling_c + shift_c,
        heating_c=spec.heating_c + shift_c,
        envelope=msgspec.structs.replace(
            envelope,
            ua_kw_c=envelope.ua_kw_c * draw.uniform(0.75, 1.25),
            aperture_m2=envelope.aperture_m2 * draw.uniform(0.75, 1.25),
        ),
    )
