"""`ven_twin.house.devices.hvac` over many houses of one building and machine."""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from msgspec.structs import astuple

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.envelope import BuildingEnvelope, ThermalTransition, cached_transition, solar_kw
from ven_twin.house.devices.heat_pump import IDLE, HeatPumpOutput, Mode, at_speed, full_speed, output
from ven_twin.house.devices.hvac import (
    LEAST_SUBSTEP_S,
    SUBSTEP_S,
    Hvac,
    HvacSpec,
)
from ven_twin.house.devices.switching import LIMIT_MARGIN_C
from ven_twin.house.devices.variable_speed import FullSpeed, VariableSpeed
from ven_twin.house.environment import Environment
from ven_twin.house.thermostat import Setpoints
from ven_twin.simulation.many_houses.arrays import Bools, Controls, Floats, Indices, Modes, Number, at, exps

AT_REST = FullSpeed(0.0, 0.0, 0.0, 0.0, 0.0)
MODES = (Mode.COOL, Mode.OFF, Mode.HEAT, Mode.AUX)


class ManyTransitions(NamedTuple):
    """`ThermalTransition` for each of many parts."""

    air_air: Floats
    air_mass: Floats
    mass_air: Floats
    mass_mass: Floats


Transitions = ThermalTransition | ManyTransitions


def transitions(envelope: BuildingEnvelope, dt_s: Floats) -> ManyTransitions:
    """The matrix exponential over each of *dt_s*; the closed form of `transition`."""
    air_kwh_c, mass_kwh_c = envelope.air_kwh_c, envelope.mass_kwh_c
    ua_kw_c, coupling_kw_c = envelope.ua_kw_c, envelope.coupling_kw_c
    dt_h = dt_s / S_PER_H
    a, b = -(ua_kw_c + coupling_kw_c) / air_kwh_c, coupling_kw_c / air_kwh_c
    c, d = coupling_kw_c / mass_kwh_c, -coupling_kw_c / mass_kwh_c
    mean, half = (a + d) / 2.0, (a - d) / 2.0
    root = sqrt(half * half + b * c)
    slow, fast = exps((mean + root) * dt_h), exps((mean - root) * dt_h)
    even, odd = (slow + fast) / 2.0, (slow - fast) / 2.0 / root
    return ManyTransitions(even + odd * half, odd * b, odd * c, even - odd * half)


class Bands(NamedTuple):
    """`Band` for all houses, or for each."""

    cool_on_c: Number
    cool_off_c: Number
    heat_on_c: Number
    heat_off_c: Number
    strip_c: Number

    def at(self, houses: Indices) -> "Bands":
        """Those of some houses."""
        return Bands(*(at(edge_c, houses) for edge_c in self))


class _State(NamedTuple):
    """Of some houses: temperatures, mode, seconds since it was taken, gains, band and limit."""

    air_c: Floats
    mass_c: Floats
    mode: Modes
    in_mode_s: Floats
    air_kw: Floats
    mass_kw: Floats
    band: Bands
    limit_kw: Number


@dataclass(frozen=True, slots=True)
class Hvacs:
    """Air, mass and machine of each house."""

    spec: HvacSpec
    air_c: Floats
    mass_c: Floats
    mode: Modes
    in_mode_s: Floats

    @classmethod
    def of(cls, houses: list[Hvac]) -> "Hvacs":
        """The array form of *houses*, which share a spec."""
        return cls(
            houses[0].spec,
            np.array([one.air_c for one in houses]),
            np.array([one.mass_c for one in houses]),
            np.array([one.mode for one in houses], np.int8),
            np.array([one.in_mode_s for one in houses]),
        )

    def one(self, house: int) -> Hvac:
        """A house as a value."""
        mode = Mode(int(self.mode[house]))
        return Hvac(
            self.spec, float(self.air_c[house]), float(self.mass_c[house]), mode, float(self.in_mode_s[house])
        )

    def step(
        self, controls: Controls | None, env: Environment, dt_s: float, gains_kw: Floats
    ) -> tuple["Hvacs", Floats]:
        """Advance *dt_s*; each house's parts end where they would end if it were stepped alone."""
        envelope = self.spec.envelope
        free_kw = gains_kw + solar_kw(envelope, env.walls_w_m2, env.sky_less_ground_w_m2)
        mass_share = envelope.mass_gain_fraction
        outputs = [output(self.spec.machine, mode, env.outdoor_c, env.humidity) for mode in MODES]
        now = _State(
            self.air_c,
            self.mass_c,
            self.mode,
            self.in_mode_s,
            free_kw * (1.0 - mass_share),
            free_kw * mass_share,
            self._bands(controls, env, outputs),
            np.inf if controls is None else controls.limit_kw,
        )
        substep_s = min(dt_s, SUBSTEP_S)
        air_c, mass_c, mode, in_mode_s, energy_kws, spent_s = self._substep(now, env, outputs, substep_s)
        left_s = dt_s - spent_s
        # Most are through after the first part; the few that switched within it go on by themselves.
        while len(rest := np.flatnonzero(left_s > 0.0)):
            few = _State(
                air_c[rest],
                mass_c[rest],
                mode[rest],
                in_mode_s[rest],
                now.air_kw[rest],
                now.mass_kw[rest],
                now.band.at(rest),
                at(now.limit_kw, rest),
            )
            substeps_s = np.minimum(left_s[rest], SUBSTEP_S)
            air_c[rest], mass_c[rest], mode[rest], in_mode_s[rest], used_kws, spent_s = self._substep(
                few, env, outputs, substeps_s
            )
            energy_kws[rest] += used_kws
            left_s[rest] -= spent_s
        return Hvacs(self.spec, air_c, mass_c, mode, in_mode_s), energy_kws / dt_s

    def _substep(
        self, now: _State, env: Environment, outputs: list[HeatPumpOutput], substep_s: Number
    ) -> tuple[Floats, Floats, Modes, Floats, Floats, Floats]:
        """One part, cut where a thermostat switches: the state after, energy in kWs, and its length."""
        envelope = self.spec.envelope
        mode = self._thermostats(now)
        fresh = (mode != now.mode) & ~((mode > 0) & (now.mode > 0))
        in_mode_s = np.where(fresh, 0.0, now.in_mode_s)
        variable = self.spec.machine.variable
        if variable is None:
            heat_kw = np.array([one.heat_kw for one in outputs])[mode + 1]
            power_kw = np.array([one.power_kw for one in outputs])[mode + 1]
        else:
            heat_kw, power_kw = self._modulated(variable, now, mode, env)
        air_kw = now.air_kw + heat_kw
        if envelope.stack_kw_c15 > 0.0:
            apart_c = env.outdoor_c - now.air_c
            air_kw += envelope.stack_kw_c15 * apart_c * np.sqrt(np.abs(apart_c))
        rest_air_c = env.outdoor_c + (air_kw + now.mass_kw) / envelope.ua_kw_c
        rest_mass_c = rest_air_c + now.mass_kw / envelope.coupling_kw_c
        off_air_c, off_mass_c = now.air_c - rest_air_c, now.mass_c - rest_mass_c
        over: Transitions = (
            transitions(envelope, substep_s)
            if isinstance(substep_s, np.ndarray)
            else cached_transition(envelope, substep_s)
        )
        air_c = rest_air_c + over.air_air * off_air_c + over.air_mass * off_mass_c
        mass_c = rest_mass_c + over.mass_air * off_air_c + over.mass_mass * off_mass_c
        spent_s = np.array(substep_s) if isinstance(substep_s, np.ndarray) else np.full(len(air_c), substep_s)
        crossed, edge_c = _crossed(now.band, mode, now.air_c, air_c)
        if len(cut := np.flatnonzero(crossed)):
            start_c, end_c, whole_s = now.air_c[cut], air_c[cut], spent_s[cut]
            cut_s = whole_s * (edge_c[cut] - start_c) / (end_c - start_c)
            cut_s = np.maximum(np.maximum(cut_s, self.spec.cycle_s - in_mode_s[cut]), LEAST_SUBSTEP_S)
            cut, cut_s = cut[cut_s < whole_s], cut_s[cut_s < whole_s]
            over = transitions(envelope, cut_s)
            air_c[cut] = rest_air_c[cut] + over.air_air * off_air_c[cut] + over.air_mass * off_mass_c[cut]
            mass_c[cut] = rest_mass_c[cut] + over.mass_air * off_air_c[cut] + over.mass_mass * off_mass_c[cut]
            spent_s[cut] = cut_s
        return air_c, mass_c, mode, in_mode_s + spent_s, power_kw * spent_s, spent_s

    def _modulated(
        self, variable: VariableSpeed, now: _State, mode: Modes, env: Environment
    ) -> tuple[Floats, Floats]:
        """Heat and power at the speed that each air calls for: `Hvac._drawn`."""
        spec, least = self.spec, variable.least_share
        running = [
            full_speed(spec.machine, variable, one, env.outdoor_c, env.humidity) if one else AT_REST
            for one in MODES
        ]
        heat_kw, compressor_kw, fan_kw, strip_kw, gain = np.array([astuple(one) for one in running])[
            mode + 1
        ].T
        cools, band = mode == Mode.COOL, now.band
        off_c = np.where(cools, band.cool_off_c, band.heat_off_c)
        on_c = np.where(cools, band.cool_on_c, band.heat_on_c)
        share = least + (1.0 - least) * np.clip((now.air_c - off_c) / (on_c - off_c), 0.0, 1.0)
        limited = (now.limit_kw < np.inf) & (spec.coolest_c < now.air_c) & (now.air_c < spec.warmest_c)
        limited &= mode != Mode.OFF
        room_kw = np.where(limited, now.limit_kw - strip_kw, 0.0)
        a, c = fan_kw * gain, room_kw * (1.0 + gain)
        b = compressor_kw + fan_kw * (1.0 + gain) + room_kw * gain
        root = np.where(limited, b + np.sqrt(np.maximum(b * b - 4.0 * a * c, 0.0)), 1.0)
        within = np.where(room_kw <= 0.0, 0.0, 2.0 * c / root)
        share = np.where(limited, np.minimum(share, np.maximum(within, least)), share)
        blown_kw = fan_kw * share + strip_kw
        turned_kw = compressor_kw * share / (1.0 + gain * (1.0 - share))
        return heat_kw * share + blown_kw, turned_kw + blown_kw

    def _thermostats(self, now: _State) -> Modes:
        band, air_c, mode = now.band, now.air_c, now.mode
        cools = (mode == Mode.COOL) & (air_c > band.cool_off_c)
        wanted = np.where(
            cools | (air_c >= band.cool_on_c),
            np.int8(Mode.COOL),
            np.where(air_c <= band.heat_on_c, np.int8(Mode.HEAT), np.int8(Mode.OFF)),
        )
        wanted = np.where(now.in_mode_s < self.spec.cycle_s, mode, wanted)
        heats = (mode > 0) & (air_c < band.heat_off_c)
        if heats.any():
            strip = (air_c <= band.strip_c) | (mode == Mode.AUX)
            wanted = np.where(heats, np.where(strip, np.int8(Mode.AUX), np.int8(Mode.HEAT)), wanted)
        return wanted

    def _bands(self, controls: Controls | None, env: Environment, outputs: list[HeatPumpOutput]) -> Bands:
        spec = self.spec
        half_c = spec.deadband_c / 2.0
        warmest_c = spec.warmest_c - LIMIT_MARGIN_C - half_c
        coolest_c = spec.coolest_c + LIMIT_MARGIN_C + half_c
        usual = spec.setpoints(env)
        if controls is None:
            cooling_c, heating_c = self._setpoints(0.0, usual, env)
            cooling_c, heating_c = min(float(cooling_c), warmest_c), max(float(heating_c), coolest_c)
        else:
            cooling_c, heating_c = self._setpoints(controls.setpoint_offset_c, usual, env)
            off = ~controls.enabled | self._limited(controls, env, outputs)
            cooling_c = np.where(off, warmest_c, np.minimum(cooling_c, warmest_c))
            heating_c = np.where(off, coolest_c, np.maximum(heating_c, coolest_c))
        heat_on_c = heating_c - half_c
        strip_on_c = np.minimum(heat_on_c, usual.heating_c - half_c) - spec.deadband_c
        strip_c = np.maximum(strip_on_c, spec.coolest_c + LIMIT_MARGIN_C / 2.0)
        return Bands(cooling_c + half_c, cooling_c - half_c, heat_on_c, heating_c + half_c, strip_c)

    def _setpoints(self, offset_c: Number, usual: Setpoints, env: Environment) -> tuple[Number, Number]:
        meet_c = (usual.heating_c - usual.cooling_c + self.spec.deadband_c) / 2.0
        relaxed_c = np.maximum(offset_c, max(meet_c, 0.0))
        cooling_c, heating_c = usual.cooling_c + relaxed_c, usual.heating_c - relaxed_c
        if meet_c >= 0.0:
            return cooling_c, heating_c
        tightened_c = np.minimum(np.maximum(offset_c, 2.0 * meet_c), 0.0)
        if env.outdoor_c >= usual.heating_c:
            return cooling_c + tightened_c, heating_c
        return cooling_c, heating_c - tightened_c

    def _limited(self, controls: Controls, env: Environment, outputs: list[HeatPumpOutput]) -> Bools:
        idle = Mode.COOL if env.outdoor_c > self.spec.heating_c else Mode.HEAT
        mode = np.where(self.mode == Mode.OFF, np.int8(idle), self.mode)
        if (variable := self.spec.machine.variable) is not None:
            outputs = [
                at_speed(
                    full_speed(self.spec.machine, variable, one, env.outdoor_c, env.humidity),
                    variable.least_share,
                )
                if one
                else IDLE
                for one in MODES
            ]
        limited: Bools = controls.limit_kw < np.array([one.power_kw for one in outputs])[mode + 1]
        return limited


def _crossed(band: Bands, mode: Modes, start_c: Floats, end_c: Floats) -> tuple[Bools, Floats]:
    """The houses that meet the next threshold, and that threshold, °C."""
    edge_c = np.where(
        mode == Mode.OFF,
        np.where(end_c > start_c, band.cool_on_c, band.heat_on_c),
        np.where(mode == Mode.COOL, band.cool_off_c, band.heat_off_c),
    )
    return (start_c - edge_c) * (end_c - edge_c) < 0.0, edge_c
