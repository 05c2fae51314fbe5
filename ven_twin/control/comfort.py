"""Comfort that an event took: minutes beyond what the resident has set, against the counterfactual. Pure.

Air and hot water count. A minute beyond in the house is taken with one beyond in the counterfactual, whose
machines run by other turns: what is left over event and payback together is what the event took.

Interpretation: a thermostat is not exact. Air is beyond the setpoints once it is a whole deadband past one of
them; the tank once it is below its deadband. Water that is too hot is no discomfort. Beyond the limits is
past ``warmest_c``, ``coolest_c`` or ``least_c``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from contracts.wire.ids import EventId
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
    """Tell what of *house* is beyond setpoints and limits now."""
    air, tank = (False, False), (False, False)
    if house.hvac is not None:
        spec, air_c = house.hvac.spec, house.hvac.air_c
        warm_c, cool_c = spec.cooling_c + spec.deadband_c, spec.heating_c - spec.deadband_c
        air = not cool_c <= air_c <= warm_c, not spec.coolest_c <= air_c <= spec.warmest_c
    heater = next((load for load in house.loads if isinstance(load, WaterHeater)), None)
    if heater is not None:
        edge_c = heater.spec.setpoint_c - heater.spec.deadband_c / 2.0
        tank = heater.outlet_c < edge_c, heater.outlet_c < heater.spec.least_c
    return Beyond(*air, *tank)


@dataclass(frozen=True, slots=True)
class ComfortLost:
    """Minutes beyond setpoints and limits in the house less those in the counterfactual, so far.

    Attributes:
        event_id: the event that they are of, with the time after it until the next.
        setpoints_min: beyond what the resident has set, min of house time.
        limits_min: beyond a critical limit, min of house time.
    """

    event_id: EventId
    setpoints_min: float = 0.0
    limits_min: float = 0.0

    def count(self, house: House, counterfactual: House, dt_s: float) -> ComfortLost:
        """The minutes after *dt_s* of house time."""
        here, free = beyond(house), beyond(counterfactual)
        if here == free:
            return self
        minutes = dt_s / S_PER_MIN
        return replace(
            self,
            setpoints_min=self.setpoints_min + minutes * (here.setpoints - free.setpoints),
            limits_min=self.limits_min + minutes * (here.limits - free.limits),
        )

    def summary(self) -> dict[str, object]:
        """Its figures in ``lastEventSummary``; an event gives no comfort, so that they are never below 0."""
        return {
            "comfortMinutesLost": max(0, round(self.setpoints_min)),
            "comfortMinutesBeyondLimits": max(0, round(self.limits_min)),
        }


@dataclass(frozen=True, slots=True)
class ComfortMeter:
    """The comfort that the event which is acted on, or was last, has taken, and the one before it."""

    latest: ComfortLost | None = None
    before: ComfortLost | None = None

    def begun(self, event_id: EventId) -> ComfortMeter:
        """Count for *event_id* from now on, if it is not counted for already."""
        if self.latest is not None and self.latest.event_id == event_id:
            return self
        return ComfortMeter(ComfortLost(event_id), self.latest)

    def count(self, house: House, counterfactual: House, dt_s: float) -> ComfortMeter:
        """The meter after *dt_s* of house time."""
        if self.latest is None:
            return self
        return replace(self, latest=self.latest.count(house, counterfactual, dt_s))
