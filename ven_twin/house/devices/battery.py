"""The home battery."""

from math import sqrt
from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Circuit, Fraction, Hour, Kw
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType

HOLD_H = 0.25
"""Interpretation: a battery offers what it can hold for a quarter of an hour, so that an offer is kept."""


class BatterySpec(Circuit, frozen=True, kw_only=True):
    """The battery's circuit: size, limits, and when it refills from the grid, and how gently."""

    type: ClassVar[str] = "battery"

    battery_kwh: Annotated[float, Meta(gt=0.0, le=100.0)]
    charge_kw: Kw
    discharge_kw: Kw
    round_trip: Annotated[float, Meta(gt=0.0, le=1.0)]
    least_soc: Fraction
    full_soc: Fraction
    refill_kw: Kw
    refill_from_h: Hour
    refill_until_h: Hour
    start_soc: Fraction


class Battery(msgspec.Struct, frozen=True, gc=False):
    """A battery that discharges when told to, and otherwise fills itself.

    Left alone it charges from what the house would export, and in the small hours gently from the grid,
    up to ``full_soc``; then it idles. A limit below zero discharges it, within its power and down to
    ``least_soc``; a limit above zero slows its charging. Asked to charge it draws that much at least, from
    the grid if need be, within its power and up to ``full_soc``. Half of the round-trip loss falls on each
    way.

    Interpretation: it does not discharge for self-consumption, so that all of it is there for an event
    and the counterfactual's battery is simply full.
    """

    spec_type: ClassVar[type[Circuit]] = BatterySpec
    stream_type: ClassVar[StreamType | None] = None

    spec: BatterySpec
    soc: float

    @classmethod
    def at_rest(cls, spec: BatterySpec) -> Self:
        """The battery at its start's charge."""
        return cls(spec, spec.start_soc)

    def step(self, control: Control, env: Environment, dt_s: float, surplus_kw: float = 0.0) -> Stepped[Self]:
        """Advance *dt_s*. *surplus_kw* is what the rest of the house exports; below zero it imports."""
        power_kw = self.power_kw(control, env, dt_s / S_PER_H, surplus_kw)
        if power_kw == 0.0:
            return Stepped(self, 0.0)
        one_way = sqrt(self.spec.round_trip)
        stored_kw = power_kw * one_way if power_kw > 0.0 else power_kw / one_way
        soc = self.soc + stored_kw * dt_s / S_PER_H / self.spec.battery_kwh
        return Stepped(type(self)(self.spec, soc), power_kw)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """From the most it can charge down to the most it can discharge, each for a quarter of an hour."""
        spec = self.spec
        usable = (self.soc - spec.least_soc) / max(spec.full_soc - spec.least_soc, 1e-6)
        ceiling_kw = self._most_charge_kw(HOLD_H)
        return Flexibility(
            demand_kw,
            -self._most_discharge_kw(HOLD_H),
            "charging slowed",
            continuous=True,
            in_use=False,
            headroom=clamp_unit(usable),
            ceiling_kw=ceiling_kw if ceiling_kw > demand_kw else None,
        )

    def power_kw(self, control: Control, env: Environment, dt_h: float, surplus_kw: float) -> float:
        """The power it can hold for *dt_h* hours under *control*, kW; below zero it discharges."""
        if not control.enabled:
            return 0.0
        limit_kw = control.limit_kw
        if limit_kw is not None and limit_kw < 0.0:
            return -min(-limit_kw, self._most_discharge_kw(dt_h))
        spec = self.spec
        if self.soc >= spec.full_soc:
            return 0.0
        refills = spec.refill_from_h <= env.hour_of_day < spec.refill_until_h
        wished_kw = max(surplus_kw, spec.refill_kw if refills else 0.0)
        if control.charge_kw is not None:
            wished_kw = max(wished_kw, control.charge_kw)
        if wished_kw <= 0.0:
            return 0.0
        power_kw = min(wished_kw, self._most_charge_kw(dt_h))
        return power_kw if limit_kw is None else min(power_kw, limit_kw)

    def _most_charge_kw(self, dt_h: float) -> float:
        spec = self.spec
        room_kwh = max(spec.full_soc - self.soc, 0.0) * spec.battery_kwh / sqrt(spec.round_trip)
        return min(spec.charge_kw, room_kwh / dt_h)

    def _most_discharge_kw(self, dt_h: float) -> float:
        spec = self.spec
        usable_kwh = max(self.soc - spec.least_soc, 0.0) * spec.battery_kwh * sqrt(spec.round_trip)
        return min(spec.discharge_kw, usable_kwh / dt_h)
