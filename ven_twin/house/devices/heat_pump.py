"""Heat and power of a reversible heat pump at an outdoor temperature."""

from enum import IntEnum
from math import exp
from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.wire.units import celsius_to_fahrenheit
from ven_twin.house.devices.variable_speed import FullSpeed, VariableSpeed, defrost, gain_of


class Mode(IntEnum):
    """The machine's mode. AUX is heating with the resistance strip beside the compressor."""

    COOL = -1
    OFF = 0
    HEAT = 1
    AUX = 2


# By name, because looking a member up on its class takes as long as the rest of a comparison tenfold.
COOL, OFF, HEAT, AUX = Mode


class HeatPump(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rated capacities and COPs, the fan, and the strip that helps in the cold.

    With ``variable`` its compressor turns as fast as it is needed; without, it is on or off.
    With ``heating_kw`` 0 the compressor only cools and the strip alone heats: an electric furnace.
    ``most_kw`` is what the circuit carries: the compressor is held to it on the rare warm day that still
    asks for heat, and the strip takes what compressor and fan leave of it.
    """

    cooling_kw: Annotated[float, Meta(gt=0.0, le=60.0)]
    cooling_cop: Annotated[float, Meta(gt=0.5, le=12.0)]
    heating_kw: Annotated[float, Meta(ge=0.0, le=60.0)]
    heating_cop: Annotated[float, Meta(gt=0.5, le=12.0)]
    aux_kw: Annotated[float, Meta(ge=0.0, le=20.0)]
    most_kw: Annotated[float, Meta(gt=0.0, le=40.0)]
    fan_kw: Annotated[float, Meta(ge=0.0, le=3.0)]
    latent_fraction: Annotated[float, Meta(ge=0.0, le=1.0)]
    variable: VariableSpeed | None = None


class HeatPumpOutput(msgspec.Struct, frozen=True, gc=False):
    """Sensible heat into the air (cooling is negative) and electric power, kW."""

    heat_kw: float
    power_kw: float


IDLE = HeatPumpOutput(0.0, 0.0)


def output(machine: HeatPump, mode: Mode, outdoor_c: float, humidity: float) -> HeatPumpOutput:
    """Heat and power of *machine* in *mode*, at its full speed.

    Source: GridLAB-D ``house_e``, default capacity and COP curves (°F), with the fan's heat in the air and
    the latent share growing with humidity. There the strip replaces the compressor; here it helps,
    within what one 30 A circuit carries.
    """
    if mode is OFF:
        return IDLE
    if machine.variable is not None:
        return at_speed(full_speed(machine, machine.variable, mode, outdoor_c, humidity), 1.0)
    return _single_speed(machine, mode, outdoor_c, humidity)


def full_speed(
    machine: HeatPump, variable: VariableSpeed, mode: Mode, outdoor_c: float, humidity: float
) -> FullSpeed:
    """*machine* at full speed in *mode*; its part speeds follow by `at_speed`.

    Interpretation: frost takes from a machine of variable speed alone; GridLAB-D's curves leave it out.
    """
    fan_kw = machine.fan_kw
    if mode is COOL:
        single = _single_speed(machine, mode, outdoor_c, humidity)
        gain = gain_of(variable, variable.cooling_gain)
        return FullSpeed(single.heat_kw - fan_kw, single.power_kw - fan_kw, fan_kw, 0.0, gain)
    if outdoor_c < variable.compressor_above_c or machine.heating_kw == 0.0:
        return FullSpeed(0.0, 0.0, fan_kw, min(machine.aux_kw, machine.most_kw - fan_kw), 0.0)
    single = _single_speed(machine, HEAT, outdoor_c, humidity)
    frost = defrost(outdoor_c, humidity, machine.heating_kw)
    compressor_kw = (single.power_kw - fan_kw) * frost.power_factor + frost.power_kw
    heat_kw = (single.heat_kw - fan_kw) * frost.heat_factor + frost.heat_kw
    room_kw = machine.most_kw - fan_kw
    if compressor_kw > room_kw:
        heat_kw, compressor_kw = heat_kw * (room_kw / compressor_kw), room_kw
    strip_kw = min(machine.aux_kw, room_kw - compressor_kw) if mode is AUX else 0.0
    return FullSpeed(heat_kw, compressor_kw, fan_kw, strip_kw, gain_of(variable, variable.heating_gain))


def at_speed(full: FullSpeed, share: float) -> HeatPumpOutput:
    """A machine at a *share* of full speed; a strip that is on is on whole.

    Interpretation: the fan's power goes with the share, as its air does.
    """
    fan_kw = full.fan_kw * share + full.strip_kw
    compressor_kw = full.compressor_kw * share / (1.0 + full.gain * (1.0 - share))
    return HeatPumpOutput(full.heat_kw * share + fan_kw, compressor_kw + fan_kw)


def _single_speed(machine: HeatPump, mode: Mode, outdoor_c: float, humidity: float) -> HeatPumpOutput:
    """Heat and power by GridLAB-D's curves."""
    outdoor_f = celsius_to_fahrenheit(outdoor_c)
    fan_kw = machine.fan_kw
    if mode is COOL:
        capacity_kw = machine.cooling_kw * (1.48924533 - 0.00514995 * outdoor_f)
        warm_f = outdoor_f if outdoor_f > 40.0 else 40.0
        cop = machine.cooling_cop / (-0.01363961 + 0.01066989 * warm_f)
        latent = 0.1 + machine.latent_fraction / (1.0 + exp(4.0 - 10.0 * humidity))
        return HeatPumpOutput(fan_kw - capacity_kw / (1.0 + latent), capacity_kw / cop + fan_kw)
    capacity = 0.34148808 + (0.00894102 + 0.00010787 * outdoor_f) * outdoor_f
    capacity_kw = machine.heating_kw * (capacity if capacity > 0.1 else 0.1)
    mild_f = outdoor_f if outdoor_f < 80.0 else 80.0
    cop = machine.heating_cop / (
        2.03914613 + mild_f * (-0.03906753 + mild_f * (0.00045617 - 0.00000203 * mild_f))
    )
    compressor_kw, room_kw = capacity_kw / cop, machine.most_kw - fan_kw
    if compressor_kw > room_kw:
        compressor_kw = room_kw
    power_kw = compressor_kw + fan_kw
    strip = mode is AUX or machine.heating_kw == 0.0
    aux_kw = min(machine.aux_kw, machine.most_kw - power_kw) if strip else 0.0
    return HeatPumpOutput(compressor_kw * cop + fan_kw + aux_kw, power_kw + aux_kw)
