"""`ven_twin.house.devices.water_heater` over many tanks of one make."""

from dataclasses import dataclass
from math import exp

import numpy as np

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.water_heater import (
    LEAST_SUBSTEP_S,
    SUBSTEP_S,
    WATER_KWH_L_C,
    WaterHeater,
    WaterHeaterSpec,
    shed_thresholds_c,
)
from ven_twin.simulation.many_houses.arrays import Bools, Controls, Floats, Indices, Number, at, exps
from ven_twin.simulation.many_houses.environments import Environments


@dataclass(frozen=True, slots=True)
class WaterHeaters:
    """The tank and the element of each house."""

    spec: WaterHeaterSpec
    tank_c: Floats
    heating: Bools
    drawn_l: Floats

    @classmethod
    def of(cls, houses: list[WaterHeater]) -> "WaterHeaters":
        """The array form of *houses*, which share a spec."""
        return cls(
            houses[0].spec,
            np.array([one.tank_c for one in houses]),
            np.array([one.heating for one in houses]),
            np.array([one.drawn_l for one in houses]),
        )

    def one(self, house: int) -> WaterHeater:
        """A house as a value."""
        return WaterHeater(
            self.spec, float(self.tank_c[house]), bool(self.heating[house]), float(self.drawn_l[house])
        )

    def step(
        self, controls: Controls | None, env: Environments, dt_s: float
    ) -> tuple["WaterHeaters", Floats]:
        """Advance *dt_s*; the draw is spread evenly over it."""
        spec, count = self.spec, len(self.tank_c)
        half_c = spec.deadband_c / 2.0
        setpoint_c = max(spec.setpoint_c, spec.least_c + half_c)
        on_c: Number = setpoint_c - half_c
        off_c: Number = setpoint_c + half_c
        allowed: Bools | None = None
        cold_l: Number = spec.cold_l
        if controls is not None:
            on_c, off_c = _thresholds_c(spec, controls.setpoint_offset_c, count)
            allowed = controls.allow_kw(spec.element_kw)
            cold_l = np.where(controls.setpoint_offset_c <= 0.0, spec.cold_l, np.inf)
        tank_c, heating, drawn_l = self.tank_c.copy(), self.heating.copy(), self.drawn_l.copy()
        heated_s, left_s = np.zeros(count), np.full(count, dt_s)
        rest = np.arange(count)
        while len(rest):
            few = rest if len(rest) < count else slice(None)
            draw_l_s, may = env.hot_water_l[few] / dt_s, None if allowed is None else allowed[few]
            on, off, now_c = at(on_c, rest), at(off_c, rest), tank_c[few]
            calls = heating[few] | (drawn_l[few] > at(cold_l, rest))
            heats = np.where(calls, now_c < off, now_c <= on)
            if may is not None:
                heats &= may
            substeps_s, tank_c[few] = self._substep(
                now_c, heats, may, np.where(heats, off, on), draw_l_s=draw_l_s, left_s=left_s[few]
            )
            left_s[few] -= substeps_s
            heated_s[few] += np.where(heats, substeps_s, 0.0)
            drawn_l[few] = np.where(heats, 0.0, drawn_l[few] + draw_l_s * substeps_s)
            heating[few] = heats
            rest = np.flatnonzero(left_s > 0.0)
        return WaterHeaters(spec, tank_c, heating, drawn_l), spec.element_kw * heated_s / dt_s

    def _substep(
        self,
        tank_c: Floats,
        heats: Bools,
        may: Bools | None,
        edge_c: Floats,
        *,
        draw_l_s: Floats,
        left_s: Floats,
    ) -> tuple[Floats, Floats]:
        """One part, cut where a thermostat switches: its length and the tank after it."""
        spec = self.spec
        drawn_kw_c = draw_l_s * WATER_KWH_L_C * S_PER_H
        loss_kw_c = spec.loss_kw_c + drawn_kw_c
        passive_kw = spec.loss_kw_c * spec.ambient_c + drawn_kw_c * spec.inlet_c
        heat_kw = np.where(heats, passive_kw + spec.element_kw, passive_kw)
        substeps_s = np.minimum(left_s, SUBSTEP_S)
        end_c = self._after(tank_c, heat_kw, loss_kw_c, substeps_s)
        crossed = (tank_c - edge_c) * (end_c - edge_c) < 0.0
        if may is not None:
            crossed &= may
        cut: Indices = np.flatnonzero(crossed)
        if len(cut):
            share = (edge_c[cut] - tank_c[cut]) / (end_c[cut] - tank_c[cut])
            substeps_s[cut] = np.minimum(
                np.maximum(substeps_s[cut] * share, LEAST_SUBSTEP_S), substeps_s[cut]
            )
            end_c[cut] = self._after(tank_c[cut], heat_kw[cut], loss_kw_c[cut], substeps_s[cut])
        return substeps_s, end_c

    def _after(self, tank_c: Floats, heat_kw: Floats, loss_kw_c: Floats, substeps_s: Floats) -> Floats:
        tank_kwh_c, still_kw_c = self.spec.tank_kwh_c, self.spec.loss_kw_c
        if still_kw_c == 0.0:
            still = loss_kw_c == 0.0
            loss_kw_c = np.where(still, 1.0, loss_kw_c)
            linear_c = tank_c + heat_kw * substeps_s / S_PER_H / tank_kwh_c
            rest_c = heat_kw / loss_kw_c
            decayed_c = rest_c + (tank_c - rest_c) * exps(-loss_kw_c * substeps_s / S_PER_H / tank_kwh_c)
            return np.where(still, linear_c, decayed_c)
        rest_c = heat_kw / loss_kw_c
        # Nearly every tank stands still for a whole part: one exponential serves them all.
        decay = np.full(len(tank_c), exp(-still_kw_c * SUBSTEP_S / S_PER_H / tank_kwh_c))
        other = np.flatnonzero((loss_kw_c != still_kw_c) | (substeps_s != SUBSTEP_S))
        decay[other] = exps(-loss_kw_c[other] * substeps_s[other] / S_PER_H / tank_kwh_c)
        after_c: Floats = rest_c + (tank_c - rest_c) * decay
        return after_c


def _thresholds_c(spec: WaterHeaterSpec, offset_c: Number, count: int) -> tuple[Floats, Floats]:
    """The temperatures at which each element goes on and off, °C."""
    offsets_c = np.broadcast_to(offset_c, count)
    half_c = spec.deadband_c / 2.0
    setpoint_c = np.maximum(spec.setpoint_c - offsets_c, spec.least_c + half_c)
    on_c, off_c = setpoint_c - half_c, setpoint_c + half_c
    for shed_c in np.unique(offsets_c[offsets_c > 0.0]):
        on_c[offsets_c == shed_c], off_c[offsets_c == shed_c] = shed_thresholds_c(spec, float(shed_c))
    return on_c, off_c
