"""The house of a fit: two states under a thermostat that heats and cools just as much as is needed.

The house that runs switches its machine by a deadband. Over an hour that comes to a share of it, so here the
machine gives in each hour the heat that brings the air to its setpoint, as far as it can. The outcome is then
smooth in the parameters, and a fit has slopes to go by.

    air  ── coupling ── mass          hour by hour:  drift alone
     │                                               below heating_c: heat up to it, within capacity and strip
    ua ── outdoors                                   above cooling_c: cool down to it, within capacity
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.wire.units import S_PER_H
from ven_twin.house.devices.envelope import W_PER_KW, BuildingEnvelope, transition
from ven_twin.house.devices.heat_pump import HeatPump, Mode, output
from ven_twin.house.environment import Environment

Floats = NDArray[np.float64]

FAN_SHARE = 0.0226
"""The fan's power by the machine's rated heat. Source: GridLAB-D ``house_e``, 0.318 kW to 14.07 kW."""
LATENT_FRACTION = 0.3
"""Source: GridLAB-D ``house_e``."""
DEADBAND_C = 1.11
"""Of the thermostat. Source: GridLAB-D, 2 °F. Not identified: an hour's mean does not see it."""
TURNS_KW = 0.3
"""Mean heat from which on a machine runs by turns within the hour. Interpretation: ours, to be continuous."""
UNIT_MACHINE = HeatPump(
    cooling_kw=1.0,
    cooling_cop=1.0,
    heating_kw=1.0,
    heating_cop=1.0,
    aux_kw=0.0,
    most_kw=40.0,
    fan_kw=0.0,
    latent_fraction=LATENT_FRACTION,
)
"""Its outputs are the curves alone: heat, and power at a COP of 1, of each rated kW."""


@dataclass(frozen=True, slots=True)
class ThermalHouse:
    """The parameters of the model. With *furnace* the strip alone heats, and *heating_kw* is the strip."""

    envelope: BuildingEnvelope
    heating_c: float
    cooling_c: float
    heating_kw: float
    heating_cop: float
    cooling_kw: float
    cooling_cop: float
    aux_kw: float
    people_kw: float
    heat_fraction: float
    furnace: bool = False


@dataclass(frozen=True, slots=True)
class Drive:
    """The drive of a house, hour by hour: weather, and the curves of a machine of 1 kW at it."""

    outdoor_c: Floats
    walls_kw_m2: Floats
    sky_less_ground_kw_m2: Floats
    heat_kw: Floats
    heat_power_kw: Floats
    cool_kw: Floats
    cool_power_kw: Floats

    @classmethod
    def of(cls, environments: Sequence[Environment]) -> "Drive":
        """The drive of hours in *environments*."""
        curves = np.array([(*_heating(env), *_cooling(env)) for env in environments])
        return cls(
            np.array([env.outdoor_c for env in environments]),
            np.array([env.walls_w_m2 / W_PER_KW for env in environments]),
            np.array([env.sky_less_ground_w_m2 / W_PER_KW for env in environments]),
            *curves.T,
        )


def _heating(env: Environment) -> tuple[float, float]:
    warm = output(UNIT_MACHINE, Mode.HEAT, env.outdoor_c, env.humidity)
    return warm.heat_kw, warm.power_kw


def _cooling(env: Environment) -> tuple[float, float]:
    cold = output(UNIT_MACHINE, Mode.COOL, env.outdoor_c, env.humidity)
    return -cold.heat_kw, cold.power_kw


@dataclass(frozen=True, slots=True)
class ThermalHours:
    """Of some houses (columns) in each hour (rows): mean air, and power for heating and for cooling."""

    air_c: Floats
    heating_kw: Floats
    cooling_kw: Floats

    @property
    def hvac_kw(self) -> Floats:
        """Heating and cooling together."""
        return self.heating_kw + self.cooling_kw


def live(houses: Sequence[ThermalHouse], drive: Drive, base_kw: Floats, start_c: float) -> ThermalHours:
    """Step *houses* beside each other through all hours of *drive*; all have *base_kw* of other loads."""
    hours, count = len(drive.outdoor_c), len(houses)
    over = np.array([transition(house.envelope, S_PER_H) for house in houses]).T
    air_air, air_mass, mass_air, mass_mass = over
    ua, coupling = _of(houses, "ua_kw_c"), _of(houses, "coupling_kw_c")
    rise_air, rise_mass = (1.0 - air_air - air_mass) / ua, (1.0 - mass_air - mass_mass) / ua
    machine, strip_waits = _Machines.of(houses), DEADBAND_C / 2.0 / rise_air
    aperture, ground_view = _of(houses, "aperture_m2"), 1.0 - _of(houses, "sky_view")
    people = np.array([house.people_kw for house in houses])
    heat_fraction = np.array([house.heat_fraction for house in houses])
    share = _of(houses, "mass_gain_fraction")
    air, mass, heat, cold = np.full(count, start_c), np.full(count, start_c), np.zeros(count), np.zeros(count)
    means, heating, cooling = (np.empty((hours, count)) for _ in range(3))
    for hour in range(hours):
        seen = drive.walls_kw_m2[hour] - ground_view * drive.sky_less_ground_kw_m2[hour]
        free = people + heat_fraction * base_kw[hour] + aperture * seen
        rest_air = drive.outdoor_c[hour] + free / ua
        off_air, off_mass = air - rest_air, mass - (rest_air + share * free / coupling)
        new_air = rest_air + air_air * off_air + air_mass * off_mass
        new_mass = mass - off_mass + mass_air * off_air + mass_mass * off_mass
        heat_to, cool_to = machine.heating_c - _waits_c(heat), machine.cooling_c + _waits_c(cold)
        heat, heating[hour] = machine.heats(drive, hour, (heat_to - new_air) / rise_air, strip_waits)
        cold, cooling[hour] = machine.cools(drive, hour, (new_air - cool_to) / rise_air)
        before, air = air, new_air + (heat - cold) * rise_air
        mass = new_mass + (heat - cold) * rise_mass
        means[hour] = (before + air) / 2.0
    return ThermalHours(means, heating, cooling)


def _waits_c(before_kw: Floats) -> Floats:
    """The distance beyond the setpoint that a thermostat waits, with *before_kw* of heat the hour before.

    A machine that was off starts at the edge of the deadband; one that runs by turns is at the setpoint on
    average.
    """
    return DEADBAND_C / 2.0 * (1.0 - np.minimum(before_kw / TURNS_KW, 1.0))


def _of(houses: Sequence[ThermalHouse], name: str) -> Floats:
    return np.array([getattr(house.envelope, name) for house in houses])


@dataclass(frozen=True, slots=True)
class _Machines:
    """The machines and thermostats of some houses."""

    heating_c: Floats
    cooling_c: Floats
    heating_kw: Floats
    heating_cop: Floats
    cooling_kw: Floats
    cooling_cop: Floats
    aux_kw: Floats
    furnace: NDArray[np.bool_]

    @classmethod
    def of(cls, houses: Sequence[ThermalHouse]) -> "_Machines":
        return cls(*(np.array([getattr(house, name) for house in houses]) for name in cls.__slots__))

    def heats(
        self, drive: Drive, hour: int, needed_kw: Floats, strip_waits_kw: Floats
    ) -> tuple[Floats, Floats]:
        """Heat given and power drawn for it, of *needed_kw* of heat.

        The strip comes on a deadband below the compressor and goes off with it: on average half a deadband
        below the setpoint, which is *strip_waits_kw* less of heat.
        """
        fan = FAN_SHARE * self.heating_kw
        heat = np.where(self.furnace, self.heating_kw, self.heating_kw * drive.heat_kw[hour]) + fan
        power = self.heating_kw * drive.heat_power_kw[hour] / self.heating_cop + fan
        power = np.where(self.furnace, self.heating_kw + fan, power)
        needed = np.maximum(needed_kw, 0.0)
        run = np.minimum(needed / heat, 1.0)
        strip = np.where(self.furnace, 0.0, np.clip(needed - strip_waits_kw - heat, 0.0, self.aux_kw))
        return run * heat + strip, run * power + strip

    def cools(self, drive: Drive, hour: int, needed_kw: Floats) -> tuple[Floats, Floats]:
        """Heat taken out and power drawn for it, of *needed_kw*."""
        fan = FAN_SHARE * self.cooling_kw
        cold = np.maximum(self.cooling_kw * drive.cool_kw[hour] - fan, 1e-6)
        power = self.cooling_kw * drive.cool_power_kw[hour] / self.cooling_cop + fan
        run = np.clip(needed_kw / cold, 0.0, 1.0)
        return run * cold, run * power
