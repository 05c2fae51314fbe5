"""The thermostat's switching: the temperatures at which a machine goes on and off, and when. Pure.

    strip_c   heat_on_c  heat_off_c     cool_off_c  cool_on_c
    ───┼──────────┼──────────┼──────────────┼───────────┼───▶ air
    strip on   heat on    heat off       cool off    cool on

Between on and off a machine stays as it is, and it never switches twice within its cycle time.
"""

from functools import lru_cache
from typing import NamedTuple

from ven_twin.house.devices.heat_pump import AUX, COOL, HEAT, OFF, Mode

LIMIT_MARGIN_C = 0.5
"""The machine comes on so far within a critical limit, so that no cycle time takes the air past it."""


class Band(NamedTuple):
    """The air temperatures at which the machine switches, °C."""

    cool_on_c: float
    cool_off_c: float
    heat_on_c: float
    heat_off_c: float
    strip_c: float


def switching_band(  # noqa: PLR0917 - by position, since the cache finds them faster so
    cooling_c: float,
    heating_c: float,
    deadband_c: float,
    coolest_c: float,
    warmest_c: float,
    offset_c: float,
    cools_ahead: bool,
    stopped: bool,
) -> Band:
    """The band around the setpoints that an offset relaxes, or below zero moves ahead, within the limits.

    Ahead of its time the setpoint of the season moves: cooling's where it *cools_ahead*. To a machine that
    is *stopped* the critical limits, *coolest_c* and *warmest_c*, are all that is left.
    """
    half_c = deadband_c / 2.0
    usual_c = heating_c
    # Below zero: how far both setpoints may move before cooling and heating meet.
    meet_c = (heating_c - cooling_c + deadband_c) / 2.0
    if offset_c >= 0.0 or meet_c >= 0.0:
        offset_c = max(offset_c, meet_c)
        cooling_c, heating_c = cooling_c + offset_c, heating_c - offset_c
    # The other mode is not to pay for what is stored.
    elif cools_ahead:
        cooling_c += max(offset_c, 2.0 * meet_c)
    else:
        heating_c -= max(offset_c, 2.0 * meet_c)
    highest_c = warmest_c - LIMIT_MARGIN_C - half_c
    lowest_c = coolest_c + LIMIT_MARGIN_C + half_c
    if stopped or cooling_c > highest_c:
        cooling_c = highest_c
    if stopped or heating_c < lowest_c:
        heating_c = lowest_c
    heat_on_c = heating_c - half_c
    # Air that is heated ahead of its time is heated by the compressor alone.
    strip_on_c = min(heat_on_c, usual_c - half_c) - deadband_c
    strip_c = max(strip_on_c, coolest_c + LIMIT_MARGIN_C / 2.0)
    return Band(cooling_c + half_c, cooling_c - half_c, heat_on_c, heating_c + half_c, strip_c)


cached_band = lru_cache(maxsize=1024)(switching_band)
"""For every step: a house has a few of them, by its schedule and its controls."""


def wanted_mode(band: Band, air_c: float, mode: Mode, in_mode_s: float, cycle_s: float) -> Mode:
    """The mode that the thermostat calls for: hysteresis, and no switching within the cycle time."""
    cool_on_c, cool_off_c, heat_on_c, heat_off_c, strip_c = band
    if (mode is HEAT or mode is AUX) and air_c < heat_off_c:
        return AUX if mode is AUX or air_c <= strip_c else HEAT
    if in_mode_s < cycle_s:
        return mode
    if air_c >= cool_on_c or (mode is COOL and air_c > cool_off_c):
        return COOL
    return HEAT if air_c <= heat_on_c else OFF


def switching_s(band: Band, mode: Mode, start_c: float, end_c: float, substep_s: float) -> float:
    """The time at which the air, on a straight line between two temperatures, meets the next threshold."""
    if mode is OFF:
        edge_c = band.cool_on_c if end_c > start_c else band.heat_on_c
    else:
        edge_c = band.cool_off_c if mode is COOL else band.heat_off_c
    if (start_c - edge_c) * (end_c - edge_c) >= 0.0:
        return substep_s
    return substep_s * (edge_c - start_c) / (end_c - start_c)
