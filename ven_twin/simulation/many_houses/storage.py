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

    def step(
        self, controls: Controls | None, env: Environments, dt_s: float, most_kw: Number = np.inf
    ) -> tuple["Evs", Floats]:
        """Charge for *dt_s* where a car is home, below full and allowed; discharge where it is told to."""
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
        after_soc = soc + charged
        if controls is not None and spec.discharge_kw:
            gives = (controls.limit_kw < 0.0) & env.ev_home
            gives_kw = self._gives_kw(controls, soc, dt_s / S_PER_H, most_kw)
            spent = gives_kw / spec.efficiency * (dt_s / S_PER_H) / spec.battery_kwh
            power_kw = np.where(gives, 0.0 - gives_kw, power_kw)
            after_soc = np.where(gives, soc - spent, after_soc)
        return Evs(spec, after_soc, ~env.ev_home), power_kw

    def _gives_kw(self, controls: Controls, soc: Floats, dt_h: float, most_kw: Number) -> Floats:
        spec = self.spec
        usable_kwh = np.maximum(soc - spec.floor_soc, 0.0) * spec.battery_kwh * spec.efficiency
        discharge_kw = np.minimum(spec.discharge_kw, usable_kwh / dt_h)
        wished_kw = np.where(controls.enabled, -controls.limit_kw, 0.0)
        gives_kw: Floats = np.minimum(np.minimum(wished_kw, np.maximum(most_kw, 0.0)), discharge_kw)
        return gives_kw


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
        self,
        controls: Controls | None,
        env: Environment,
        dt_s: float,
        surplus_kw: Floats,
        most_kw: Number = np.inf,
    ) -> tuple["Batteries", Floats]:
        """Advance *dt_s*; *surplus_kw* is what the rest of each house exports, *most_kw* its site's room."""
        spec, soc, dt_h = self.spec, self.soc, dt_s / S_PER_H
        one_way = sqrt(spec.round_trip)
        wished_kw = surplus_kw
        if spec.refill_from_h <= env.hour_of_day < spec.refill_until_h:
            wished_kw = np.maximum(wished_kw, self._refill_kw(dt_h))
        if controls is not None:
            wished_kw = np.maximum(wished_kw, controls.charge_kw)
        room_kw = np.maximum(spec.full_soc - soc, 0.0) * spec.battery_kwh / one_way / dt_h
        power_kw = np.minimum(wished_kw, np.minimum(spec.charge_kw, room_kw))
        power_kw = np.where((soc >= spec.full_soc) | (wished_kw <= 0.0), 0.0, power_kw)
        if controls is not None:
            power_kw = np.minimum(power_kw, controls.limit_kw)
        if spec.covers(env):
            gives_kw = np.minimum(-surplus_kw, self._most_discharge_kw(dt_h, spec.covering_floor_soc))
            covers = (surplus_kw < 0.0) & (gives_kw > 0.0)
            if controls is not None:
                covers &= controls.charge_kw <= 0.0
            power_kw = np.where(covers, -gives_kw, power_kw)
        if controls is not None:
            limit_kw = controls.limit_kw
            commanded_kw = np.minimum(
                np.minimum(-limit_kw, most_kw), self._most_discharge_kw(dt_h, spec.least_soc)
            )
            power_kw = np.where(limit_kw < 0.0, -commanded_kw, power_kw)
            power_kw = np.where(controls.enabled, power_kw, 0.0)
        stored_kw = np.where(power_kw > 0.0, power_kw * one_way, power_kw / one_way)
        return Batteries(spec, soc + stored_kw * dt_s / S_PER_H / spec.battery_kwh), power_kw

    def _refill_kw(self, dt_h: float) -> Number:
        spec = self.spec
        if spec.refill_soc >= spec.full_soc:
            return spec.refill_kw
        room_kwh = np.maximum(spec.refill_soc - self.soc, 0.0) * spec.battery_kwh / sqrt(spec.round_trip)
        refill_kw: Floats = np.minimum(spec.refill_kw, room_kwh / dt_h)
        return refill_kw

    def _most_discharge_kw(self, dt_h: float, least_soc: float) -> Floats:
        spec = self.spec
        usable_kwh = np.maximum(self.soc - least_soc, 0.0) * spec.battery_kwh * sqrt(spec.round_trip)
        most_kw: Floats = np.minimum(spec.discharge_kw, usable_kwh / dt_h)
        return most_kw
