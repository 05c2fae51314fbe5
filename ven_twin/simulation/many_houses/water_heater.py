"""`ven_twin.house.devices.water_heater` over many tanks of one make."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.layered_tank import (
    LEAST_LAYER_L,
    LEAST_SUBSTEP_S,
    LOWER,
    NONE,
    UPPER,
    WATER_KWH_L_C,
    Element,
    Layers,
    Thresholds,
)
from ven_twin.house.devices.water_heater import (
    SUBSTEP_S,
    WaterHeater,
    WaterHeaterSpec,
    regulation,
    tank_size,
)
from ven_twin.simulation.many_houses.arrays import Bools, Controls, Floats, Indices, Modes, Number, at
from ven_twin.simulation.many_houses.environments import Environments


class ManyThresholds(NamedTuple):
    """`Thresholds` for all tanks, or for each."""

    lower_on_c: Number
    lower_off_c: Number
    upper_on_c: Number
    upper_off_c: Number
    reserve_l: Number
    usable_c: Number

    def of(self, houses: Indices) -> "ManyThresholds":
        """Those of some tanks."""
        return ManyThresholds(*(at(edge, houses) for edge in self))


@dataclass(frozen=True, slots=True)
class WaterHeaters:
    """The layers and the elements of each house's tank."""

    spec: WaterHeaterSpec
    hot_c: Floats
    cold_c: Floats
    cold_l: Floats
    element: Modes

    @classmethod
    def of(cls, houses: list[WaterHeater]) -> "WaterHeaters":
        """The array form of *houses*, which share a spec."""
        return cls(
            houses[0].spec,
            np.array([one.layers.hot_c for one in houses]),
            np.array([one.layers.cold_c for one in houses]),
            np.array([one.layers.cold_l for one in houses]),
            np.array([one.element for one in houses], np.int8),
        )

    def one(self, house: int) -> WaterHeater:
        """A house as a value."""
        layers = Layers(float(self.hot_c[house]), float(self.cold_c[house]), float(self.cold_l[house]))
        return WaterHeater(self.spec, layers, Element(int(self.element[house])))

    def step(
        self, controls: Controls | None, env: Environments, dt_s: float
    ) -> tuple["WaterHeaters", Floats]:
        """Advance *dt_s*; the draw is spread evenly over it."""
        spec, count = self.spec, len(self.hot_c)
        edges, allowed = ManyThresholds(*regulation(spec, 0.0)[1]), None
        if controls is not None:
            edges = _thresholds(spec, controls.setpoint_offset_c)
            allowed = controls.allow_kw(spec.element_kw)
        now = WaterHeaters(
            spec, self.hot_c.copy(), self.cold_c.copy(), self.cold_l.copy(), self.element.copy()
        )
        draw_l_s = env.hot_water_l / dt_s
        draws = np.flatnonzero(draw_l_s > 0.0)
        heated_s, left_s = np.zeros(count), dt_s
        while left_s > 0.0:
            substep_s = min(left_s, SUBSTEP_S)
            left_s -= substep_s
            if len(draws):
                now._draw(draws, draw_l_s[draws] * substep_s)
            share = min(spec.loss_kw_c * substep_s / S_PER_H / spec.tank_kwh_c, 1.0)
            now.hot_c[:] = now.hot_c - share * (now.hot_c - spec.ambient_c)
            now.cold_c[:] = now.cold_c - share * (now.cold_c - spec.ambient_c)
            now._heat(edges, allowed, substep_s, heated_s)
        return now, spec.element_kw * heated_s / dt_s

    def _draw(self, houses: Indices, draw_l: Floats) -> None:
        """Draw from some tanks, in place: `drawn`."""
        capacity_l, inlet_c = tank_size(self.spec).capacity_l, self.spec.inlet_c
        hot_c, cold_c, cold_l = self.hot_c[houses], self.cold_c[houses], self.cold_l[houses]
        hot_l = capacity_l - cold_l
        while (used := draw_l >= hot_l).any():
            mixed_c = (cold_c * cold_l + inlet_c * hot_l) / capacity_l
            hot_c, cold_c = np.where(used, mixed_c, hot_c), np.where(used, mixed_c, cold_c)
            draw_l = np.where(used, draw_l - hot_l, draw_l)
            hot_l, cold_l = np.where(used, capacity_l, hot_l), np.where(used, 0.0, cold_l)
        whole_l = cold_l + draw_l
        layered = draw_l > 0.0
        mixed_c = (cold_c * cold_l + inlet_c * draw_l) / np.where(layered, whole_l, 1.0)
        two = layered & (mixed_c < hot_c) & (whole_l >= LEAST_LAYER_L)
        one_c = np.where(layered, (hot_c * (capacity_l - whole_l) + mixed_c * whole_l) / capacity_l, hot_c)
        self.hot_c[houses] = np.where(two, hot_c, one_c)
        self.cold_c[houses] = np.where(two, mixed_c, one_c)
        self.cold_l[houses] = np.where(two, whole_l, 0.0)

    def _heat(self, edges: ManyThresholds, allowed: Bools | None, substep_s: float, heated_s: Floats) -> None:
        """Run the elements for *substep_s*, in place; *heated_s* counts how long."""
        left_s = np.full(len(self.hot_c), substep_s)
        rest = np.arange(len(self.hot_c))
        while len(rest):
            calls = self._calling(rest, edges.of(rest))
            if allowed is not None:
                calls = np.where(allowed[rest], calls, np.int8(NONE))
            self.element[rest] = calls
            lower, upper = rest[calls == LOWER], rest[calls == UPPER]
            for houses, warmed, off_c in (
                (lower, self._warmed_below, edges.lower_off_c),
                (upper, self._warmed_above, edges.upper_off_c),
            ):
                if len(houses):
                    run_s = warmed(houses, at(off_c, houses), left_s[houses])
                    left_s[houses] -= run_s
                    heated_s[houses] += run_s
            rest = rest[(calls != NONE) & (left_s[rest] > 0.0)]

    def _felt(self, houses: Indices) -> tuple[Floats, Floats]:
        """The means that the upper and the lower thermostat of some tanks feel, °C."""
        size = tank_size(self.spec)
        hot_c, cold_c, cold_l = self.hot_c[houses], self.cold_c[houses], self.cold_l[houses]
        apart_c, most_cold_l = hot_c - cold_c, size.capacity_l - size.upper_l
        above_c = cold_c + apart_c * ((size.capacity_l - cold_l) / size.upper_l)
        return (
            np.where(cold_l <= most_cold_l, hot_c, above_c),
            np.where(cold_l >= size.lower_l, cold_c, hot_c - apart_c * (cold_l / size.lower_l)),
        )

    def _calling(self, houses: Indices, edges: ManyThresholds) -> Modes:
        upper_c, lower_c = self._felt(houses)
        element = self.element[houses]
        upper = (upper_c < edges.upper_on_c) | ((element == UPPER) & (upper_c < edges.upper_off_c))
        lower = (lower_c < edges.lower_on_c) | ((element != NONE) & (lower_c < edges.lower_off_c))
        hot_l = tank_size(self.spec).capacity_l - self.cold_l[houses]
        lower |= (hot_l < edges.reserve_l) & (self.cold_c[houses] < edges.usable_c)
        return np.where(upper, np.int8(UPPER), np.where(lower, np.int8(LOWER), np.int8(NONE)))

    def _warmed_below(self, houses: Indices, off_c: Number, most_s: Floats) -> Floats:
        """Run the lower elements of some tanks, in place: `warmed_below`."""
        size, element_kw = tank_size(self.spec), self.spec.element_kw
        hot_c, cold_c, cold_l = self.hot_c[houses], self.cold_c[houses], self.cold_l[houses]
        one = cold_l == 0.0
        heats_l = np.where(one, size.capacity_l, cold_l)
        rise_c_s = element_kw / S_PER_H / (heats_l * WATER_KWH_L_C)
        until_one_s = np.where(one, np.inf, (hot_c - cold_c) / rise_c_s)
        felt = np.where(one, 1.0, np.minimum(cold_l / size.lower_l, 1.0))
        until_off_s = (off_c - self._felt(houses)[1]) / (rise_c_s * felt)
        until_off_s = np.maximum(until_off_s, LEAST_SUBSTEP_S)
        run_s = np.minimum(np.minimum(until_off_s, until_one_s), most_s)
        warm_c = np.where(one, hot_c, cold_c) + rise_c_s * run_s
        merges = ~one & ((until_one_s <= run_s) | ((until_off_s <= run_s) & (felt == 1.0)))
        mixed_c = (hot_c * (size.capacity_l - cold_l) + warm_c * cold_l) / size.capacity_l
        self.hot_c[houses] = np.where(one, warm_c, np.where(merges, mixed_c, hot_c))
        self.cold_c[houses] = np.where(merges, mixed_c, warm_c)
        self.cold_l[houses] = np.where(merges, 0.0, cold_l)
        return run_s

    def _warmed_above(self, houses: Indices, off_c: Number, most_s: Floats) -> Floats:
        """Run the upper elements of some tanks, in place: `warmed_above`."""
        size, element_kw = tank_size(self.spec), self.spec.element_kw
        hot_c, cold_c, cold_l = self.hot_c[houses], self.cold_c[houses], self.cold_l[houses]
        most_cold_l = size.capacity_l - size.upper_l
        sinks = cold_l > most_cold_l
        kws_l = WATER_KWH_L_C * S_PER_H * (hot_c - cold_c)
        sinks_s = (cold_l - most_cold_l) * kws_l / element_kw
        whole = sinks_s <= most_s
        sunk_l = cold_l - element_kw * most_s / np.where(sinks & ~whole, kws_l, 1.0)
        below_c = (cold_c * cold_l + hot_c * (most_cold_l - cold_l)) / most_cold_l
        rise_c_s = element_kw / S_PER_H / (size.upper_l * WATER_KWH_L_C)
        run_s = np.minimum(most_s, np.maximum((off_c - hot_c) / rise_c_s, LEAST_SUBSTEP_S))
        self.hot_c[houses] = np.where(sinks, hot_c, hot_c + rise_c_s * run_s)
        self.cold_c[houses] = np.where(sinks, cold_c, below_c)
        self.cold_l[houses] = np.where(sinks & ~whole, sunk_l, most_cold_l)
        return np.where(sinks, np.where(whole, sinks_s, most_s), run_s)


def _thresholds(spec: WaterHeaterSpec, offsets_c: Floats) -> ManyThresholds:
    """The thresholds of each tank under its offset."""
    by_offset: dict[float, Thresholds] = {
        offset_c: regulation(spec, offset_c)[1] for offset_c in np.unique(offsets_c).tolist()
    }
    rows = [by_offset[offset_c] for offset_c in offsets_c.tolist()]
    return ManyThresholds(*np.array(rows).T)
