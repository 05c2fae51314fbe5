"""A tank of water in two layers: what draws, losses and elements make of it. Pure.

    outlet ─┐ ┌─────────┐
            └─┤  hot_c  │ ◀─ upper element: the top `upper_l`; its thermostat feels their mean
              │         │
              ├─────────┤    the boundary moves: down as the tank heats, up as water is drawn
              │ cold_c  │ ◀─ lower element: all that is colder than the hot layer
    inlet ───▶│ cold_l  │    its thermostat feels the mean of the lowest `lower_l`
              └─────────┘

A draw leaves from the hot layer, and as much cold water comes in below: it mixes with the cold layer, never
with the hot one. The lower element warms the cold layer until it is as warm as the hot one; then they are
one. The upper element makes hot water of the cold just below the boundary, until the top is hot.

Source: GridLAB-D ``waterheater``, two-node mode, for the boundary that moves; OCHRE ``StratifiedWaterModel``
for what its thermostats and elements see in twelve layers, and EnergyPlus ``WaterHeater:Stratified`` for the
upper element's precedence. Interpretation: the cold layer mixes in itself, and nothing is conducted through
the boundary. Why, and how near it is: docs/decisions/0020-a-tank-in-two-layers.md.
"""

from enum import IntEnum
from typing import NamedTuple

import msgspec

from contracts.wire.units import S_PER_H

WATER_KWH_L_C = 4.186 / S_PER_H
"""Heat that warms one litre of water by one degree, kWh."""
LEAST_LAYER_L = 1e-9
"""Less is no layer: its heat is mixed in, and no figure overflows on the way."""
LEAST_SUBSTEP_S = 1.0
"""An element that has come on stays on for this long."""


class Element(IntEnum):
    """The element that is on."""

    NONE = 0
    LOWER = 1
    UPPER = 2


# By name, because looking a member up on its class takes as long as the rest of a comparison tenfold.
NONE, LOWER, UPPER = Element


class Layers(msgspec.Struct, frozen=True, gc=False):
    """The temperature of the hot and of the cold layer, °C, and the litres of the cold one.

    A tank of one temperature has a cold layer of 0 L, as warm as the hot one.
    """

    hot_c: float
    cold_c: float
    cold_l: float = 0.0

    @classmethod
    def mixed(cls, tank_c: float) -> "Layers":
        """A tank of one temperature."""
        return cls(tank_c, tank_c)


class TankSize(NamedTuple):
    """Litres of the tank, of what the lower thermostat feels, and of what the upper element heats."""

    capacity_l: float
    lower_l: float
    upper_l: float


class Thresholds(NamedTuple):
    """The temperatures at which the elements go on and off, °C.

    The lower element also runs while less than ``reserve_l`` litres are hot and the others not ``usable_c``.
    """

    lower_on_c: float
    lower_off_c: float
    upper_on_c: float
    upper_off_c: float
    reserve_l: float = 0.0
    usable_c: float = 0.0


def drawn(layers: Layers, draw_l: float, inlet_c: float, capacity_l: float) -> Layers:
    """The tank after *draw_l* have left at the top, and come in at the bottom at *inlet_c*."""
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    hot_l = capacity_l - cold_l
    while draw_l >= hot_l:
        # The hot layer is used up: the cold one, with what came in, is the hot one now.
        cold_c = hot_c = (cold_c * cold_l + inlet_c * hot_l) / capacity_l
        draw_l, hot_l, cold_l = draw_l - hot_l, capacity_l, 0.0
    if draw_l == 0.0:
        return Layers.mixed(hot_c)
    cold_c = (cold_c * cold_l + inlet_c * draw_l) / (cold_l + draw_l)
    cold_l += draw_l
    if cold_c < hot_c and cold_l >= LEAST_LAYER_L:
        return Layers(hot_c, cold_c, cold_l)
    return Layers.mixed((hot_c * (capacity_l - cold_l) + cold_c * cold_l) / capacity_l)


def cooled(layers: Layers, share: float, ambient_c: float) -> Layers:
    """The tank after each layer has lost *share* of its distance from *ambient_c*."""
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    return Layers(hot_c - share * (hot_c - ambient_c), cold_c - share * (cold_c - ambient_c), cold_l)


def lower_c(layers: Layers, size: TankSize) -> float:
    """The mean of the lowest litres, as the lower thermostat feels it, °C."""
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    return cold_c if cold_l >= size.lower_l else hot_c - (hot_c - cold_c) * (cold_l / size.lower_l)


def upper_c(layers: Layers, size: TankSize) -> float:
    """The mean of the top litres, as the upper thermostat feels it, °C."""
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    if cold_l <= size.capacity_l - size.upper_l:
        return hot_c
    return cold_c + (hot_c - cold_c) * ((size.capacity_l - cold_l) / size.upper_l)


def calling(layers: Layers, size: TankSize, at: Thresholds, element: Element) -> Element:
    """The element that the thermostats call for: the upper one first, never both."""
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    upper_feels_c = lower_feels_c = hot_c
    if cold_l > 0.0:
        upper_feels_c, lower_feels_c = upper_c(layers, size), lower_c(layers, size)
    if upper_feels_c < at.upper_on_c or (element is UPPER and upper_feels_c < at.upper_off_c):
        return UPPER
    if lower_feels_c < at.lower_on_c or (element is not NONE and lower_feels_c < at.lower_off_c):
        return LOWER
    if at.reserve_l and size.capacity_l - cold_l < at.reserve_l and cold_c < at.usable_c:
        return LOWER
    return NONE


def warmed_below(
    layers: Layers, size: TankSize, element_kw: float, off_c: float, most_s: float
) -> tuple[Layers, float]:
    """The tank after its lower element has run until its thermostat is at *off_c*, the layers are one, or
    *most_s* are over; and how long that was, s.

    A cold layer that the thermostat is content with, all that it feels, is no cold layer any more.
    """  # noqa: D205 - the summary needs its second clause
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    if cold_l == 0.0:
        rise_c_s = element_kw / S_PER_H / (size.capacity_l * WATER_KWH_L_C)
        run_s = min(most_s, max((off_c - hot_c) / rise_c_s, LEAST_SUBSTEP_S))
        return Layers.mixed(hot_c + rise_c_s * run_s), run_s
    rise_c_s = element_kw / S_PER_H / (cold_l * WATER_KWH_L_C)
    until_one_s = (hot_c - cold_c) / rise_c_s
    felt = min(cold_l / size.lower_l, 1.0)
    until_off_s = max((off_c - lower_c(layers, size)) / (rise_c_s * felt), LEAST_SUBSTEP_S)
    run_s = min(until_off_s, until_one_s, most_s)
    cold_c += rise_c_s * run_s
    if until_one_s <= run_s or (until_off_s <= run_s and felt == 1.0):
        return Layers.mixed((hot_c * (size.capacity_l - cold_l) + cold_c * cold_l) / size.capacity_l), run_s
    return Layers(hot_c, cold_c, cold_l), run_s


def warmed_above(
    layers: Layers, size: TankSize, element_kw: float, off_c: float, most_s: float
) -> tuple[Layers, float]:
    """The tank after its upper element has made the top one layer, or run until that is at *off_c*, or for
    *most_s*; and how long that was, s.
    """  # noqa: D205 - the summary needs its second clause
    hot_c, cold_c, cold_l = layers.hot_c, layers.cold_c, layers.cold_l
    most_cold_l = size.capacity_l - size.upper_l
    if cold_l > most_cold_l:
        # Litres at the boundary become as hot as those above it.
        kws_l = WATER_KWH_L_C * S_PER_H * (hot_c - cold_c)
        run_s = (cold_l - most_cold_l) * kws_l / element_kw
        if run_s <= most_s:
            return Layers(hot_c, cold_c, most_cold_l), run_s
        return Layers(hot_c, cold_c, cold_l - element_kw * most_s / kws_l), most_s
    # What is hot below the element mixes with the cold: no heat from above comes to it.
    cold_c = (cold_c * cold_l + hot_c * (most_cold_l - cold_l)) / most_cold_l
    rise_c_s = element_kw / S_PER_H / (size.upper_l * WATER_KWH_L_C)
    run_s = min(most_s, max((off_c - hot_c) / rise_c_s, LEAST_SUBSTEP_S))
    return Layers(hot_c + rise_c_s * run_s, cold_c, most_cold_l), run_s
