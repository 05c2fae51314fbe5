"""Cars and batteries over many houses."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.battery import Battery, BatterySpec
from ven_twin.house.devices.ev import Ev, EvSpec
from ven_twin.house.environment import Environment
from ven_twin.simulation.many_houses.arrays import Bools, Controls, Floats, Number
from ven_twin.simulation.many_houses.environments import Environments


@dataclass(frozen=True, slots=True)
class Evs:
    """`ven_twin.house.devices.ev`."""

    spec: EvSpec
    soc: Floats
    away: Bools

    @classmethod
    def of(cls, houses: list[Ev]) -> "Evs":
        """The array form of *houses*, which share a spec."""
        soc = np.array([one.soc for one in houses])
        return cls(houses[0].spec, soc, np.array([one.away for one in houses]))

    def one(self, house: int) -> Ev:
        """A house as a value."""
        return Ev(self.spec, float(self.soc[house]), bool(self.away[house]))

    def step(self, controls: Controls | None, env: Environments, dt_s: float) -> tuple["Evs", Floats]:
        """Charge for *dt_s* where a car is home, below full and allowed."""
        spec, soc = self.spec, self.soc
        back = self.away & env.ev_home
        if back.any():
            spent = env.ev_trip_miles * spec.kwh_per_mile / spec.battery_kwh
            soc = np.where(back, np.maximum(soc - spent, np.minimum(spec.empty_soc, soc)), soc)
        offered_kw: Number = spec.charger_kw
        if controls is not None:
            limit_kw = controls.limit_kw
            slowed_kw = np.where(limit_kw >= spec.least_kw, limit_kw, 0.0)
            offered_kw = np.where(limit_kw >= spec.charger_kw, spec.charger_kw, slowed_kw)
            offered_kw = np.where(controls.enabled, offered_kw, 0.0)
        room_kwh = (spec.full_soc - soc) * spec.battery_kwh / spec.efficiency
        power_kw = np.minimum(offered_kw, np.maximum(room_kwh, 0.0) * S_PER_H / dt_s)
        power_kw = np.where(env.ev_home, power_kw, 0.0)
        charged = power_kw * dt_s / S_PER_H * spec.efficiency / spec.battery_kwh
        return Evs(spec, soc + charged, ~env.ev_home), power_kw


@dataclass(frozen=True, slots=True)
class Batteries:
    """`ven_twin.house.devices.battery`."""

    spec: BatterySpec
    soc: Floats

    @classmethod
    def of(cls, houses: list[Battery]) -> "Batteries":
        """The array form of *houses*, which share a spec."""
        return cls(houses[0].spec, np.array([one.soc for one in houses]))

    def one(self, house: int) -> Battery:
        """A house as a value."""
        return Battery(self.spec, float(self.soc[house]))

    def step(
        self, controls: Controls | None, env: Environment, dt_s: float, surplus_kw: Floats
    ) -> tuple["Batteries", Floats]:
        """Advance *dt_s*; *surplus_kw* is what the rest of each house exports."""
        spec, soc, dt_h = self.spec, self.soc, dt_s / S_PER_H
        one_way = sqrt(spec.round_trip)
        refills = spec.refill_from_h <= env.hour_of_day < spec.refill_until_h
        wished_kw = np.maximum(surplus_kw, spec.refill_kw if refills else 0.0)
        if controls is not None:
            wished_kw = np.maximum(wished_kw, controls.charge_kw)
        room_kw = np.maximum(spec.full_soc - soc, 0.0) * spec.battery_kwh / one_way / dt_h
        power_kw = np.minimum(wished_kw, np.minimum(spec.charge_kw, room_kw))
        power_kw = np.where((soc >= spec.full_soc) | (wished_kw <= 0.0), 0.0, power_kw)
        if controls is not None:
            limit_kw = controls.limit_kw
            usable_kwh = np.maximum(soc - spec.least_soc, 0.0) * spec.battery_kwh * one_way
            most_kw = np.minimum(spec.discharge_kw, usable_kwh / dt_h)
            limited_kw = np.minimum(power_kw, limit_kw)
            power_kw = np.where(limit_kw < 0.0, -np.minimum(-limit_kw, most_kw), limited_kw)
            power_kw = np.where(controls.enabled, power_kw, 0.0)
        stored_kw = np.where(power_kw > 0.0, power_kw * one_way, power_kw / one_way)
        return Batteries(spec, soc + stored_kw * dt_s / S_PER_H / spec.battery_kwh), power_kw
