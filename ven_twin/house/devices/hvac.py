"""Heating and cooling, with the house that they heat and cool."""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from ven_twin.house.circuit import Celsius, Circuit, Seconds
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.devices.envelope import (
    BuildingEnvelope,
    Temperatures,
    cached_transition,
    drift,
    equilibrium,
    solar_kw,
    stack_kw,
    transition,
)
from ven_twin.house.devices.heat_pump import (
    AUX,
    COOL,
    HEAT,
    IDLE,
    OFF,
    HeatPump,
    HeatPumpOutput,
    Mode,
    at_speed,
    full_speed,
    output,
)
from ven_twin.house.devices.switching import Band, cached_band, switching_s, wanted_mode
from ven_twin.house.devices.variable_speed import share_called_for, share_within_kw
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType
from ven_twin.house.thermostat import Schedule, Setpoints, setpoints_at

WEATHER_AHEAD_C = 6.0
"""How much colder, or hotter, it may become outdoors before a house that was shed has caught up.

Interpretation: more than the weather changes in the three hours that this takes (Greensboro NC, TMY3)."""
SUBSTEP_S = 60.0
LEAST_SUBSTEP_S = 1.0


class HvacSpec(Circuit, frozen=True, kw_only=True):
    """The HVAC circuit: building, machine and thermostat.

    ``coolest_c`` and ``warmest_c`` are the critical comfort limits: whatever is asked, the machine runs
    rather than let the air go beyond them. ``shed_offset_c`` is how far an event relaxes the setpoints,
    ``load_up_offset_c`` how far a load up moves them ahead.
    ``schedule`` has other setpoints at some hours.
    """

    type: ClassVar[str] = "hvac"

    envelope: BuildingEnvelope
    machine: HeatPump
    cooling_c: Celsius
    heating_c: Celsius
    deadband_c: Annotated[float, Meta(ge=0.1, le=5.0)]
    cycle_s: Seconds
    coolest_c: Celsius
    warmest_c: Celsius
    shed_offset_c: Annotated[float, Meta(ge=0.0, le=10.0)]
    load_up_offset_c: Annotated[float, Meta(ge=0.0, le=5.0)] = 1.1
    schedule: Schedule = ()

    def setpoints(self, env: Environment) -> Setpoints:
        """The thermostat's setpoints as a step starts."""
        usual = Setpoints(self.cooling_c, self.heating_c)
        if not self.schedule:
            return usual
        return setpoints_at(self.schedule, usual, env.day, env.hour_of_day)


class Hvac(msgspec.Struct, frozen=True, gc=False):
    """A two-state house with a thermostat and a heat pump of one speed, or of variable speed.

    A step runs in parts of at most a minute, cut where the thermostat switches, and each part is exact
    for constant weather, with what leaks carry as it is when the part starts. A relay held open, or a limit
    below what the machine draws, lets the air go almost to the critical limits; there the machine runs all
    the same. It never switches twice within ``cycle_s``.

    Source: GridLAB-D ``house_e``: gains split between air and mass, thermostat with deadband and cycle
    time, strip heat one deadband below the point where heating starts. Interpretation: but never below the
    comfort limit.
    """

    spec_type: ClassVar[type[Circuit]] = HvacSpec
    stream_type: ClassVar[StreamType | None] = None

    spec: HvacSpec
    air_c: float
    mass_c: float
    mode: Mode = OFF
    in_mode_s: float = 1e9

    @classmethod
    def at_rest(cls, spec: HvacSpec) -> Self:
        """The house in the middle between its setpoints."""
        middle_c = (spec.cooling_c + spec.heating_c) / 2.0
        return cls(spec, middle_c, middle_c)

    def step(self, control: Control, env: Environment, dt_s: float, gains_kw: float = 0.0) -> Stepped[Self]:
        """Advance *dt_s* with *gains_kw* of heat from people and appliances."""
        spec = self.spec
        envelope, cycle_s, outdoor_c = spec.envelope, spec.cycle_s, env.outdoor_c
        mass_share, leaks = envelope.mass_gain_fraction, envelope.stack_kw_c15 > 0.0
        free_kw = gains_kw + solar_kw(envelope, env.walls_w_m2, env.sky_less_ground_w_m2)
        air_kw, mass_kw = free_kw * (1.0 - mass_share), free_kw * mass_share
        band = self.band(control, env)
        now, mode, in_mode_s = Temperatures(self.air_c, self.mass_c), self.mode, self.in_mode_s
        left_s, energy_kws = dt_s, 0.0
        while left_s > 0.0:
            wanted = wanted_mode(band, now.air_c, mode, in_mode_s, cycle_s)
            if wanted is not mode:
                # The strip coming on or off beside a running compressor is no new cycle.
                in_mode_s = in_mode_s if wanted > 0 and mode > 0 else 0.0
                mode = wanted
            drawn = self._drawn(band, mode, now.air_c, env, control.limit_kw)
            heat_kw = air_kw + drawn.heat_kw
            if leaks:
                heat_kw += stack_kw(envelope, outdoor_c, now.air_c)
            rest = equilibrium(envelope, outdoor_c, heat_kw, mass_kw)
            substep_s = left_s if left_s < SUBSTEP_S else SUBSTEP_S
            end = drift(now, rest, cached_transition(envelope, substep_s))
            cut_s = switching_s(band, mode, now.air_c, end.air_c, substep_s)
            if cut_s < substep_s:
                cut_s = max(cut_s, cycle_s - in_mode_s, LEAST_SUBSTEP_S)
                if cut_s < substep_s:
                    substep_s = cut_s
                    end = drift(now, rest, transition(envelope, substep_s))
            now = end
            energy_kws += drawn.power_kw * substep_s
            in_mode_s += substep_s
            left_s -= substep_s
        return Stepped(type(self)(spec, now.air_c, now.mass_c, mode, in_mode_s), energy_kws / dt_s)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:
        """All of it, until the air reaches the relaxed setpoint."""
        spec = self.spec
        relaxed = self.band(Control(setpoint_offset_c=spec.shed_offset_c), env)
        blocked, at_limit_kw = "", None
        mode = wanted_mode(relaxed, self.air_c, self.mode, self.in_mode_s, spec.cycle_s)
        if mode is not OFF:
            waits = self.in_mode_s < spec.cycle_s
            blocked = f"minimum cycle time {spec.cycle_s:.0f} s" if waits else "comfort limit"
            at_limit_kw = self._drawn(relaxed, mode, self.air_c, env).power_kw
        if not self._can_catch_up(env):
            blocked, at_limit_kw = "comfort limit: no capacity to spare in this weather", None
        return Flexibility(
            demand_kw,
            demand_kw if blocked else 0.0,
            f"setpoint relaxed {spec.shed_offset_c:.1f} °C",
            in_use=self.mode is not OFF,
            headroom=self._headroom(),
            blocked=blocked,
            shed_offset_c=spec.shed_offset_c,
            at_limit_kw=at_limit_kw,
            ceiling_kw=self._ceiling_kw(env),
            raise_offset_c=spec.load_up_offset_c,
        )

    def _ceiling_kw(self, env: Environment) -> float | None:
        """The power at which the machine runs ahead of its time; None where the air is there already."""
        ahead = self.band(Control(setpoint_offset_c=-self.spec.load_up_offset_c), env)
        mode = wanted_mode(ahead, self.air_c, self.mode, self.in_mode_s, self.spec.cycle_s)
        return None if mode is OFF else self._drawn(ahead, mode, self.air_c, env).power_kw

    def lacks_heat(self, env: Environment) -> bool:
        """Tell whether the house is short of heat in this cold, so that every appliance's heat counts."""
        return env.outdoor_c < self.spec.heating_c and not self._can_catch_up(env)

    def _can_catch_up(self, env: Environment) -> bool:
        """Tell whether the machine holds the resident's setpoints though the weather becomes worse."""
        spec, outdoor_c = self.spec, env.outdoor_c
        ua_kw_c, machine = spec.envelope.ua_kw_c, spec.machine
        if outdoor_c < spec.heating_c:
            worst_c = outdoor_c - WEATHER_AHEAD_C
            heat_kw = output(machine, AUX, worst_c, env.humidity).heat_kw
            heat_kw += stack_kw(spec.envelope, worst_c, spec.heating_c)
            return worst_c + heat_kw / ua_kw_c >= spec.heating_c
        worst_c = outdoor_c + WEATHER_AHEAD_C
        gains_kw = env.people_kw + solar_kw(spec.envelope, env.walls_w_m2, env.sky_less_ground_w_m2)
        cooling_kw = output(machine, COOL, worst_c, env.humidity).heat_kw
        gains_kw += stack_kw(spec.envelope, worst_c, spec.cooling_c)
        return worst_c + (gains_kw + cooling_kw) / ua_kw_c <= spec.cooling_c

    def band(self, control: Control, env: Environment) -> Band:
        """The switching temperatures under *control*: relaxed by its offset, within the critical limits."""
        spec = self.spec
        cooling_c, heating_c = spec.setpoints(env) if spec.schedule else (spec.cooling_c, spec.heating_c)
        offset_c, limit_kw = control.setpoint_offset_c, control.limit_kw
        return cached_band(
            cooling_c,
            heating_c,
            spec.deadband_c,
            spec.coolest_c,
            spec.warmest_c,
            offset_c,
            offset_c < 0.0 and env.outdoor_c >= heating_c,
            not control.enabled or (limit_kw is not None and limit_kw < self._least_kw(env)),
        )

    def _least_kw(self, env: Environment) -> float:
        """The least power of the machine when it runs, kW."""
        machine, mode = (
            self.spec.machine,
            self.mode or (COOL if env.outdoor_c > self.spec.heating_c else HEAT),
        )
        if machine.variable is None:
            return output(machine, mode, env.outdoor_c, env.humidity).power_kw
        full = full_speed(machine, machine.variable, mode, env.outdoor_c, env.humidity)
        return at_speed(full, machine.variable.least_share).power_kw

    def _drawn(
        self, band: Band, mode: Mode, air_c: float, env: Environment, limit_kw: float | None = None
    ) -> HeatPumpOutput:
        """Heat and power where the air is now; with variable speed at the one that it calls for.

        A limit slows the machine to what it leaves. Past its critical limit the air is defended at the speed
        that it takes.
        """
        if mode is OFF:
            return IDLE
        spec = self.spec
        machine, variable = spec.machine, spec.machine.variable
        if variable is None:
            return output(machine, mode, env.outdoor_c, env.humidity)
        full = full_speed(machine, variable, mode, env.outdoor_c, env.humidity)
        off_c, on_c = (band.cool_off_c, band.cool_on_c) if mode is COOL else (band.heat_off_c, band.heat_on_c)
        share = share_called_for(variable, (air_c - off_c) / (on_c - off_c))
        if limit_kw is not None and spec.coolest_c < air_c < spec.warmest_c:
            share = min(share, max(share_within_kw(full, limit_kw), variable.least_share))
        return at_speed(full, share)

    def _headroom(self) -> float:
        """1 within the resident's setpoints, 0 at a critical limit."""
        spec = self.spec
        warm = (spec.warmest_c - self.air_c) / max(spec.warmest_c - spec.cooling_c, 0.1)
        cool = (self.air_c - spec.coolest_c) / max(spec.heating_c - spec.coolest_c, 0.1)
        return clamp_unit(min(warm, cool))
