"""Comfort limits of a house, and how far a shed took it past them."""

from __future__ import annotations

from collections.abc import Mapping

from ven_twin.control.house_pair import HousePair
from ven_twin.house.devices.ev import Ev, EvUse
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

LEAVES_H = 1.5 / 60.0
"""A car is about to leave: what it needs is measured then."""


def beyond(house: House, env: Environment) -> dict[str, float]:
    """The distance past each limit: of air and tank in °C, of the car in state of charge."""
    past = {}
    if house.hvac is not None:
        spec, air_c = house.hvac.spec, house.hvac.air_c
        past["air"] = max(spec.coolest_c - air_c, air_c - spec.warmest_c, 0.0)
    for load in house.devices():
        if isinstance(load, WaterHeater):
            past["tank"] = max(load.spec.least_c - load.outlet_c, 0.0)
        elif isinstance(load, Ev):
            use = env.use(EvUse)
            leaves = use.home and use.departs_in_h <= LEAVES_H
            past["car"] = max(load.spec.need_soc - load.soc, 0.0) if leaves else 0.0
    return past


def past_by_shed(pair: HousePair, env: Environment) -> Mapping[str, float]:
    """The distance past each limit that is a shed's: what is beyond the counterfactual's."""
    anyway = beyond(pair.counterfactual, env)
    return {
        name: past - anyway[name] for name, past in beyond(pair.house, env).items() if past > anyway[name]
    }
