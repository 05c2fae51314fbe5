"""Heating and cooling, with the house that they heat and cool."""

from typing import Annotated, ClassVar, NamedTuple, Self

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
from ven_twin.house.devices.variable_speed import VariableSpeed, share_within_kw
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType
from ven_twin.house.thermostat import Schedule, Setpoints, setpoints_at

LIMIT_MARGIN_C = 0.5
"""How far within a critical limit the machine comes on, so that no cycle time takes the air past it."""
WEATHER_AHEAD_C = 6.0
"""How much colder, or hotter, it may become outdoors before a house that was shed has caught up.

Interpretation: more than the weather changes in the three hours that this takes (Greensboro NC, TMY3)."""
SUBSTEP_S = 60.0
LEAST_SUBSTEP_S = 1.0
W_PER_KW = 1000.0


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


class Band(NamedTuple):
    """The air temperatures at which the machine switches, °C."""

    cool_on_c: float
    cool_off_c: float
    heat_on_c: float
    heat_off_c: float
    strip_c: float


class Hvac(msgspec.Struct, frozen=True, gc=False):
    """A two-state house with a thermostat and a heat pump of one speed, or of variable speed.

    A step runs in parts of at most a minute, cut where the thermostat switches, and each part is exact
    for constant weather. A relay held open, or a limit below what the machine draws, lets the air go almost
    to the critical limits; there the machine runs all the same. It never switches twice within ``cycle_s``.

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
        envelope, machine = self.spec.envelope, self.spec.machine
        variable = machine.variable
        mass_share = envelope.mass_gain_fraction
        free_kw = gains_kw + envelope.aperture_m2 * env.walls_w_m2 / W_PER_KW
        air_kw, mass_kw = free_kw * (1.0 - mass_share), free_kw * mass_share
        band = self.band(control, env)
        now, mode, in_mode_s = Temperatures(self.air_c, self.mass_c), self.mode, self.in_mode_s
        left_s, energy_kws = dt_s, 0.0
        while left_s > 0.0:
            wanted = self._thermostat(band, now.air_c, mode, in_mode_s)
            if wanted is not mode:
                # The strip coming on or off beside a running compressor is no new cycle.
                in_mode_s = in_mode_s if wanted > 0 and mode > 0 else 0.0
                mode = wanted
            if variable is None:
                drawn = output(machine, mode, env.outdoor_c, env.humidity)
            else:
                drawn = self._modulated(variable, band, mode, now.air_c, env, limit_kw=control.limit_kw)
            rest = equilibrium(envelope, env.outdoor_c, air_kw + drawn.heat_kw, mass_kw)
            substep_s = min(left_s, SUBSTEP_S)
            end = drift(now, rest, cached_transition(envelope, substep_s))
            cut_s = _switching_s(band, mode, now.air_c, end.air_c, substep_s)
            if cut_s < substep_s:
                cut_s = max(cut_s, self.spec.cycle_s - in_mode_s, LEAST_SUBSTEP_S)
                if cut_s < substep_s:
                    substep_s = cut_s
                    end = drift(now, rest, transition(envelope, substep_s))
            now = end
            energy_kws += drawn.power_kw * substep_s
            in_mode_s += substep_s
            left_s -= substep_s
        return Stepped(type(self)(self.spec, now.air_c, now.mass_c, mode, in_mode_s), energy_kws / dt_s)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:
        """All of it, until the air reaches the relaxed setpoint."""
        spec = self.spec
        shed = Control(setpoint_offset_c=spec.shed_offset_c)
        blocked, at_limit_kw = "", None
        mode = self._thermostat(self.band(shed, env), self.air_c, self.mode, self.in_mode_s)
        if mode is not OFF:
            waits = self.in_mode_s < spec.cycle_s
            blocked = f"minimum cycle time {spec.cycle_s:.0f} s" if waits else "comfort limit"
            at_limit_kw = self._power_kw(self.band(shed, env), mode, env)
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
        mode = self._thermostat(ahead, self.air_c, self.mode, self.in_mode_s)
        return None if mode is OFF else self._power_kw(ahead, mode, env)

    def lacks_heat(self, env: Environment) -> bool:
        """Tell whether the house is short of heat in this cold, so that every appliance's heat counts."""
        return env.outdoor_c < self.spec.heating_c and not self._can_catch_up(env)

    def _can_catch_up(self, env: Environment) -> bool:
        """Tell whether the machine holds the resident's setpoints though the weather becomes worse."""
        spec, outdoor_c = self.spec, env.outdoor_c
        ua_kw_c, machine = spec.envelope.ua_kw_c, spec.machine
        if outdoor_c < spec.heating_c:
            worst_c = outdoor_c - WEATHER_AHEAD_C
            return worst_c + output(machine, AUX, worst_c, env.humidity).heat_kw / ua_kw_c >= spec.heating_c
        worst_c = outdoor_c + WEATHER_AHEAD_C
        gains_kw = env.people_kw + spec.envelope.aperture_m2 * env.walls_w_m2 / W_PER_KW
        cooling_kw = output(machine, COOL, worst_c, env.humidity).heat_kw
        return worst_c + (gains_kw + cooling_kw) / ua_kw_c <= spec.cooling_c

    def band(self, control: Control, env: Environment) -> Band:
        """The switching temperatures under *control*: relaxed by its offset, within the critical limits."""
        spec = self.spec
        half_c = spec.deadband_c / 2.0
        cooling_c, heating_c = spec.setpoints(env) if spec.schedule else (spec.cooling_c, spec.heating_c)
        usual_c = heating_c
        offset_c = control.setpoint_offset_c
        # Below zero: how far both setpoints may move before cooling and heating meet.
        meet_c = (heating_c - cooling_c + spec.deadband_c) / 2.0
        if offset_c >= 0.0 or meet_c >= 0.0:
            offset_c = max(offset_c, meet_c)
            cooling_c, heating_c = cooling_c + offset_c, heating_c - offset_c
        # Ahead of its time the setpoint of the season moves: the other mode is not to pay for what is stored.
        elif env.outdoor_c >= heating_c:
            cooling_c += max(offset_c, 2.0 * meet_c)
        else:
            heating_c -= max(offset_c, 2.0 * meet_c)
        warmest_c = spec.warmest_c - LIMIT_MARGIN_C - half_c
        coolest_c = spec.coolest_c + LIMIT_MARGIN_C + half_c
        limit_kw = control.limit_kw
        stopped = not control.enabled or (limit_kw is not None and limit_kw < self._least_kw(env))
        if stopped or cooling_c > warmest_c:
            cooling_c = warmest_c
        if stopped or heating_c < coolest_c:
            heating_c = coolest_c
        heat_on_c = heating_c - half_c
        # Air that is heated ahead of its time is heated by the compressor alone.
        strip_on_c = min(heat_on_c, usual_c - half_c) - spec.deadband_c
        strip_c = max(strip_on_c, spec.coolest_c + LIMIT_MARGIN_C / 2.0)
        return Band(cooling_c + half_c, cooling_c - half_c, heat_on_c, heating_c + half_c, strip_c)

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

    def _power_kw(self, band: Band, mode: Mode, env: Environment) -> float:
        """Power of the machine in *mode* where the air is now, kW."""
        machine = self.spec.machine
        if machine.variable is None:
            return output(machine, mode, env.outdoor_c, env.humidity).power_kw
        return self._modulated(machine.variable, band, mode, self.air_c, env).power_kw

    def _modulated(
        self,
        variable: VariableSpeed,
        band: Band,
        mode: Mode,
        air_c: float,
        env: Environment,
        *,
        limit_kw: float | None = None,
    ) -> HeatPumpOutput:
        """Heat and power at the speed that the air calls for, slowed to what a limit leaves.

        Past its critical limit the air is defended at the speed that it takes.
        """
        if mode is OFF:
            return IDLE
        spec, least = self.spec, variable.least_share
        full = full_speed(spec.machine, variable, mode, env.outdoor_c, env.humidity)
        off_c, on_c = (band.cool_off_c, band.cool_on_c) if mode is COOL else (band.heat_off_c, band.heat_on_c)
        share = least + (1.0 - least) * clamp_unit((air_c - off_c) / (on_c - off_c))
        if limit_kw is not None and spec.coolest_c < air_c < spec.warmest_c:
            share = min(share, max(share_within_kw(full, limit_kw), least))
        return at_speed(full, share)

    def _thermostat(self, band: Band, air_c: float, mode: Mode, in_mode_s: float) -> Mode:
        """The mode that the thermostat calls for: hysteresis, and no switching within the cycle time."""
        if mode > 0 and air_c < band.heat_off_c:
            strip = air_c <= band.strip_c
            return AUX if strip or mode is AUX else HEAT
        if in_mode_s < self.spec.cycle_s:
            return mode
        if mode is COOL and air_c > band.cool_off_c:
            return mode
        if air_c >= band.cool_on_c:
            return COOL
        return HEAT if air_c <= band.heat_on_c else OFF

    def _headroom(self) -> float:
        """1 within the resident's setpoints, 0 at a critical limit."""
        spec = self.spec
        warm = (spec.warmest_c - self.air_c) / max(spec.warmest_c - spec.cooling_c, 0.1)
        cool = (self.air_c - spec.coolest_c) / max(spec.heating_c - spec.coolest_c, 0.1)
        return clamp_unit(min(warm, cool))


def _switching_s(band: Band, mode: Mode, start_c: float, end_c: float, substep_s: float) -> float:
    """The time at which the air, on a straight line between two temperatures, meets the next threshold."""
    if mode is OFF:
        edge_c = band.cool_on_c if end_c > start_c else band.heat_on_c
    else:
        edge_c = band.cool_off_c if mode is COOL else band.heat_off_c
    if (start_c - edge_c) * (end_c - edge_c) >= 0.0:
        return substep_s
    return substep_s * (edge_c - start_c) / (end_c - start_c)
