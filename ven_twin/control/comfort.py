"""Comfort that an event took: minutes beyond what the resident has set, against the counterfactual. Pure.

Air and hot water count. A minute beyond in the house is taken with one beyond in the counterfactual, whose
machines run by other turns: what is left over event and payback together is what the event took.

Interpretation: a thermostat is not exact. Air is beyond the setpoints once it is a whole deadband past one of
them; the tank once it is below its deadband. Water that is too hot is no discomfort. Beyond the limits is
past ``warmest_c``, ``coolest_c`` or ``least_c``.
"""

from __future__ import annotations

from typing import NamedTuple

from contracts.wire.units import S_PER_MIN
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.house import House


class Beyond(NamedTuple):
    """Tell what of a house is beyond the setpoints, and beyond the critical limits."""

    air_setpoints: bool = False
    air_limits: bool = False
    tank_setpoints: bool = False
    tank_limits: bool = False

    @property
    def setpoints(self) -> bool:
        """Air or hot water is beyond what the resident has set."""
        return self.air_setpoints or self.tank_setpoints

    @property
    def limits(self) -> bool:
        """Air or hot water is beyond a critical limit."""
        return self.air_limits or self.tank_limits


WITHIN = Beyond()


def beyond(house: House) -> Beyond:
    """What of *house* is beyond setpoints and limits now."""
    air, tank = (False, False), (False, False)
    if house.hvac is not None:
        spec, air_c = house.hvac.spec, house.hvac.air_c
        warm_c, cool_c = spec.cooling_c + spec.deadband_c, spec.heating_c - spec.deadband_c
        air = not cool_c <= air_c <= warm_c, not spec.coolest_c <= air_c <= spec.warmest_c
    heater = next((load for load in house.loads if isinstance(load, WaterHeater)), None)
    if heater is not None:
        edge_c = heater.spec.setpoint_c - heater.spec.deadband_c / 2.0
        tank = heater.tank_c < edge_c, heater.tank_c < heater.spec.least_c
    return Beyond(*air, *tank)


class ComfortLost(NamedTuple):
    """Minutes beyond setpoints and limits in the house less those in the counterfactual, so far."""

    setpoints_min: float = 0.0
    limits_min: float = 0.0

    def count(self, house: Beyond, counterfactual: Beyond, dt_s: float) -> ComfortLost:
        """The minutes after *dt_s* of house time."""
        if house == counterfactual:
            return self
        minutes = dt_s / S_PER_MIN
        return ComfortLost(
            self.setpoints_min + minutes * (house.setpoints - counterfactual.setpoints),
            self.limits_min + minutes * (house.limits - counterfactual.limits),
        )
