"""The home battery: its modes, what it gives on command, and how it fills itself."""

from math import inf, sqrt
from typing import Annotated, ClassVar, Literal, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Circuit, Fraction, Hour, Impossible, Kw
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType
from ven_twin.house.weather import calendar

HOLD_H = 0.25
"""Interpretation: a battery offers what it can hold for a quarter of an hour, so that an offer is kept."""

BACKUP_RESERVE_SOC = 0.3
"""Interpretation: told to cover the house, a battery in backup mode keeps so much for an outage, as the modes
of makers do that save money."""

Mode = Literal["backup", "self_consumption", "time_of_use"]


class BatterySpec(Circuit, frozen=True, kw_only=True):
    """The battery's circuit: size, limits, its mode, and when it refills from the grid, and how gently.

    ``reserve_soc`` is where a mode's own discharging stops; what is below it, down to ``least_soc``, is for
    events. The peak hours are those of ``time_of_use``, local standard time, on weekdays; with
    ``peak_weekends`` on every day.
    """

    type: ClassVar[str] = "battery"
    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw", "charge_kw", "discharge_kw", "refill_kw")

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
    mode: Mode = "backup"
    reserve_soc: Fraction | None = None
    peak_from_h: Hour | None = None
    peak_until_h: Hour | None = None
    peak_weekends: bool = False

    def impossible(self) -> Impossible | None:
        """A reserve out of its range, a key of another mode, peak hours that are none or off-peak too."""
        if self.least_soc > self.full_soc:
            return Impossible("least_soc", f"<= full_soc, {self.full_soc:g}")
        if self.reserve_soc is not None:
            if self.mode == "backup":
                return Impossible("reserve_soc", 'none with mode "backup", which keeps all of it')
            if not self.least_soc <= self.reserve_soc <= self.full_soc:
                return Impossible("reserve_soc", f">= {self.least_soc:g} and <= {self.full_soc:g}")
        return self._impossible_hours()

    def _impossible_hours(self) -> Impossible | None:
        start_h, end_h = self.peak_from_h, self.peak_until_h
        if self.mode != "time_of_use":
            wrong = next(
                (key for key in ("peak_from_h", "peak_until_h") if getattr(self, key) is not None), ""
            )
            wrong = wrong or ("peak_weekends" if self.peak_weekends else "")
            return Impossible(wrong, 'only with mode "time_of_use"') if wrong else None
        if start_h is None or end_h is None:
            key = "peak_from_h" if start_h is None else "peak_until_h"
            return Impossible(key, 'an hour from 0 to 24 with mode "time_of_use"')
        if start_h >= end_h:
            return Impossible("peak_until_h", f"> peak_from_h, {start_h:g}")
        if self.refill_from_h < self.refill_until_h and (
            start_h < self.refill_until_h and self.refill_from_h < end_h
        ):
            hours = f"{self.refill_from_h:g} to {self.refill_until_h:g} h"
            return Impossible("peak_from_h", f"peak hours outside those in which it refills, {hours}")
        return None

    @property
    def covering_floor_soc(self) -> float:
        """The charge at which a mode's discharging stops."""
        return self.least_soc if self.reserve_soc is None else self.reserve_soc

    @property
    def lent_floor_soc(self) -> float:
        """The charge at which a battery stops that is told to cover the house."""
        if self.mode == "backup":
            return min(max(self.least_soc, BACKUP_RESERVE_SOC), self.full_soc)
        return self.covering_floor_soc

    @property
    def refill_soc(self) -> float:
        """The charge to which the grid refills it: in self-consumption only its reserve."""
        return self.covering_floor_soc if self.mode == "self_consumption" else self.full_soc

    def covers(self, env: Environment) -> bool:
        """Tell if the mode covers what the house draws, in this step."""
        if self.mode == "backup":
            return False
        if self.mode == "self_consumption" or self.peak_from_h is None or self.peak_until_h is None:
            return True
        if not self.peak_from_h <= env.hour_of_day < self.peak_until_h:
            return False
        return self.peak_weekends or not calendar(env.day)[2]


class Battery(msgspec.Struct, frozen=True, gc=False):
    """A battery that discharges when told to or as its mode has it, and otherwise fills itself.

    In each mode it charges from what the house would export, up to ``full_soc``, and in the small hours
    gently from the grid. ``backup`` then idles, full. ``self_consumption`` covers what the house draws, down
    to its reserve, and takes from the grid only up to that. ``time_of_use`` covers it in its peak hours.

    A limit below zero discharges it by that much, within its power and down to ``least_soc``; a limit above
    zero slows its charging. Asked to charge it draws that much at least, from the grid if need be, within its
    power and up to ``full_soc``. Half of the round-trip loss falls on each way.

    Source: the modes of Tesla's Powerwall ("Self-Powered", "Time-Based Control", backup reserve) and of
    Enphase's IQ Battery ("Self-Consumption", "Savings", "Full Backup"); OCHRE's battery, self-consumption
    with and without charging from the grid.
    Interpretation: what a maker keeps back from events too is ``least_soc``; the reserve is there for them.
    In backup mode all of it is, and the counterfactual's battery is simply full.
    """

    spec_type: ClassVar[type[Circuit]] = BatterySpec
    stream_type: ClassVar[StreamType | None] = None

    spec: BatterySpec
    soc: float

    @classmethod
    def at_rest(cls, spec: BatterySpec) -> Self:
        """The battery at its start's charge."""
        return cls(spec, spec.start_soc)

    def step(
        self, control: Control, env: Environment, dt_s: float, surplus_kw: float = 0.0, most_kw: float = inf
    ) -> Stepped[Self]:
        """Advance *dt_s*.

        Args:
            control: of its circuit.
            env: the world in the step.
            dt_s: s of house time.
            surplus_kw: what the rest of the house exports; below zero it imports.
            most_kw: the most that the site has room for, of what it gives.
        """
        power_kw = self.power_kw(control, env, dt_s / S_PER_H, surplus_kw, most_kw)
        if power_kw == 0.0:
            return Stepped(self, 0.0)
        one_way = sqrt(self.spec.round_trip)
        stored_kw = power_kw * one_way if power_kw > 0.0 else power_kw / one_way
        soc = self.soc + stored_kw * dt_s / S_PER_H / self.spec.battery_kwh
        return Stepped(type(self)(self.spec, soc), power_kw)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:
        """From the most it can charge down to the most it can discharge, each for a quarter of an hour."""
        spec = self.spec
        usable = (self.soc - spec.least_soc) / max(spec.full_soc - spec.least_soc, 1e-6)
        ceiling_kw = self._most_charge_kw(HOLD_H)
        return Flexibility(
            demand_kw,
            min(demand_kw, -self._most_discharge_kw(HOLD_H, spec.least_soc)),
            "charging slowed",
            continuous=True,
            in_use=False,
            headroom=clamp_unit(usable),
            ceiling_kw=ceiling_kw if ceiling_kw > demand_kw else None,
            follows_house=spec.covers(env),
        )

    def power_kw(
        self, control: Control, env: Environment, dt_h: float, surplus_kw: float, most_kw: float = inf
    ) -> float:
        """The power it can hold for *dt_h* hours under *control*, kW; below zero it discharges."""
        if not control.enabled:
            return 0.0
        limit_kw, charge_kw = control.limit_kw, control.charge_kw
        spec = self.spec
        if limit_kw is not None and limit_kw < 0.0:
            return -min(-limit_kw, most_kw, self._most_discharge_kw(dt_h, spec.least_soc))
        is_ordered = control.covers is not None
        covers = control.covers if control.covers is not None else spec.covers(env)
        if surplus_kw < 0.0 and (charge_kw is None or charge_kw <= 0.0) and covers:
            floor_soc = spec.lent_floor_soc if is_ordered else spec.covering_floor_soc
            gives_kw = min(-surplus_kw, self._most_discharge_kw(dt_h, floor_soc))
            if gives_kw > 0.0:
                return -gives_kw
        if self.soc >= spec.full_soc:
            return 0.0
        wished_kw = surplus_kw
        if not is_ordered and spec.refill_from_h <= env.hour_of_day < spec.refill_until_h:
            wished_kw = max(wished_kw, self._refill_kw(dt_h))
        if charge_kw is not None:
            wished_kw = max(wished_kw, charge_kw)
        if wished_kw <= 0.0:
            return 0.0
        power_kw = min(wished_kw, self._most_charge_kw(dt_h))
        return power_kw if limit_kw is None else min(power_kw, limit_kw)

    def _refill_kw(self, dt_h: float) -> float:
        spec = self.spec
        if spec.refill_soc >= spec.full_soc:
            return spec.refill_kw
        room_kwh = max(spec.refill_soc - self.soc, 0.0) * spec.battery_kwh / sqrt(spec.round_trip)
        return min(spec.refill_kw, room_kwh / dt_h)

    def _most_charge_kw(self, dt_h: float) -> float:
        spec = self.spec
        room_kwh = max(spec.full_soc - self.soc, 0.0) * spec.battery_kwh / sqrt(spec.round_trip)
        return min(spec.charge_kw, room_kwh / dt_h)

    def _most_discharge_kw(self, dt_h: float, least_soc: float) -> float:
        spec = self.spec
        usable_kwh = max(self.soc - least_soc, 0.0) * spec.battery_kwh * sqrt(spec.round_trip)
        return min(spec.discharge_kw, usable_kwh / dt_h)
