"""A heat pump whose compressor turns as fast as it is needed. Pure.

    share of full speed
    1.0 ┤            ╱▔▔▔  cooling: at the temperature that starts it, full speed
        │          ╱
  least ┤  ▁▁▁▁▁▁╱         at the temperature that stops it, the least
        └────────┬──┬───▶ air
             off_c  on_c

It slows down as the air nears the setpoint, and runs on at part speed where a single-speed machine cycles.
Part speed is worth more heat a kWh. Frost on the outdoor coil takes heat and time. In the hardest cold the
compressor rests, and the strip heats alone.
"""

from math import exp, sqrt
from typing import Annotated

import msgspec
from msgspec import Meta

PRESSURE_PA = 101_325.0
DEFROST_BELOW_C = 4.4445
RATED_SHARE = 1.01667
"""EnergyPlus's defrost curves are of a capacity that is this much above the rated one."""


class VariableSpeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The speeds of a compressor.

    ``least_share`` is its least speed, as a share of full capacity; ``heating_gain`` and ``cooling_gain`` are
    the COP there over the COP at full speed. Below ``compressor_above_c`` outdoors it does not run.

    Source: OCHRE's table of multi-speed machines, of BEopt and ResStock: 10.47 HSPF has COP 6.10 at 0.33 of
    its capacity and 4.40 at all of it, 22 SEER 5.93 at 0.36 and 5.54. Interpretation: on a line between.
    """

    least_share: Annotated[float, Meta(ge=0.1, le=1.0)] = 0.33
    heating_gain: Annotated[float, Meta(ge=1.0, le=2.0)] = 1.385
    cooling_gain: Annotated[float, Meta(ge=1.0, le=2.0)] = 1.07
    compressor_above_c: Annotated[float, Meta(ge=-40.0, le=10.0)] = -25.0


class FullSpeed(msgspec.Struct, frozen=True, gc=False):
    """A machine at full speed: heat into the air (cooling is negative), and power of its parts, kW.

    ``gain`` is the rise of the COP towards standstill; 0 where part speed is worth no more.
    """

    heat_kw: float
    compressor_kw: float
    fan_kw: float
    strip_kw: float
    gain: float


class Defrost(msgspec.Struct, frozen=True, gc=False):
    """The effect of defrosting on a machine: factors of heat and power, and kW of each besides."""

    heat_factor: float
    power_factor: float
    heat_kw: float
    power_kw: float


NO_DEFROST = Defrost(1.0, 1.0, 0.0, 0.0)


def defrost(outdoor_c: float, humidity: float, heating_kw: float) -> Defrost:
    """Defrosting by reverse cycle, on demand, of a machine that is rated *heating_kw*.

    The share of time grows with the water that the coil takes out of the air.
    Source: EnergyPlus Engineering Reference, "Defrost Operation" of DX heating coils.
    """
    if outdoor_c >= DEFROST_BELOW_C:
        return NO_DEFROST
    frosting = _water(outdoor_c, humidity) - _water(0.82 * outdoor_c - 8.589, 1.0)
    if frosting < 1e-6:
        frosting = 1e-6
    time = 1.0 / (1.0 + 0.01446 / frosting)
    whole_kw = heating_kw / RATED_SHARE
    return Defrost(
        0.875 * (1.0 - time),
        0.954 * (1.0 - time),
        -0.01 * time * (7.222 - outdoor_c) * whole_kw,
        0.1528 * time * whole_kw,
    )


def _water(air_c: float, humidity: float) -> float:
    """The humidity ratio of air, kg/kg. Source: Magnus over water and over ice (WMO No. 8)."""
    a, b_c = (17.62, 243.12) if air_c >= 0.0 else (22.46, 272.62)
    vapour_pa = humidity * 611.2 * exp(a * air_c / (b_c + air_c))
    return 0.622 * vapour_pa / (PRESSURE_PA - vapour_pa)


def gain_of(speeds: VariableSpeed, over_full: float) -> float:
    """The `FullSpeed.gain` of a COP that is *over_full* times as high at the least speed."""
    return 0.0 if speeds.least_share >= 1.0 else (over_full - 1.0) / (1.0 - speeds.least_share)


def share_called_for(speeds: VariableSpeed, distance: float) -> float:
    """The share of full speed that the air calls for.

    *distance* is 0 where the machine would stop and 1 where it starts.
    """
    least = speeds.least_share
    if distance <= 0.0:
        return least
    return least + (1.0 - least) * (distance if distance < 1.0 else 1.0)


def share_within_kw(full: FullSpeed, most_kw: float) -> float:
    """The share of full speed that draws *most_kw*, fan and strip with it.

    Solved exactly: power = compressor · s / (1 + gain · (1 - s)) + fan · s + strip.
    """
    room_kw = most_kw - full.strip_kw
    if room_kw <= 0.0:
        return 0.0
    # fan·gain·s² - (compressor + fan·(1 + gain) + room·gain)·s + room·(1 + gain) = 0
    a = full.fan_kw * full.gain
    b = full.compressor_kw + full.fan_kw * (1.0 + full.gain) + room_kw * full.gain
    c = room_kw * (1.0 + full.gain)
    return 2.0 * c / (b + sqrt(b * b - 4.0 * a * c))
