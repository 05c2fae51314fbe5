"""Sizes a home's building and machines: envelope, heating and cooling, tank. Pure."""

from math import ceil

from ven_twin.house.devices.heat_pump import HeatPump, Mode, output
from ven_twin.simulation.homes.distributions import LEVEL_R

STANDARD_SF = 2_000.0
AIR_KWH_C, MASS_KWH_C, COUPLING_KW_C, APERTURE_M2 = 0.447, 1.812, 4.124, 8.18
"""Of 2,000 sf: GridLAB-D ``house_e``."""
TON_KW = 3.517
MOST_STRIP_KW, MOST_KW = 20.0, 40.0
"""Source: the ranges of `HeatPump`."""
FROST_HUMIDITY, SPARE_C = 0.8, 3.5
"""A machine holds so much more than the comfort limit in the coldest hour."""
SUN_KW_M2, PEOPLE_AND_PLUGS_KW, LATENT_AND_SPARE = 0.4, 0.9, 1.5
FAN_SHARE = 0.0226
VOLTAGE_V = 240.0
BREAKERS_A = (15, 20, 30, 40, 50, 60, 80, 100, 125, 150, 175, 200)


def envelope(area_sf: float, level: int) -> dict[str, float]:
    """The envelope of a home: GridLAB-D's for 2,000 sf, by floor area."""
    scale = area_sf / STANDARD_SF
    return {
        "air_kwh_c": AIR_KWH_C * scale,
        "mass_kwh_c": MASS_KWH_C * scale,
        "ua_kw_c": scale / LEVEL_R[level],
        "coupling_kw_c": COUPLING_KW_C * scale,
        "aperture_m2": APERTURE_M2 * scale,
        "mass_gain_fraction": 0.5,
    }


def machine(
    building: dict[str, float],
    *,
    pump: bool,
    cops: tuple[float, float],
    coolest_c: float,
    cooling_c: float,
    between_c: tuple[float, float],
) -> HeatPump | None:
    """The machine that holds *coolest_c* in the coldest and *cooling_c* in the hottest hour of *between_c*.

    None where no strip is large enough: nobody heats such a building by electricity.
    """
    coldest_c, hottest_c = between_c
    gains_kw = building["aperture_m2"] * SUN_KW_M2 + PEOPLE_AND_PLUGS_KW
    sensible_kw = building["ua_kw_c"] * max(hottest_c - cooling_c, 0.0) + gains_kw
    tons = max(ceil(sensible_kw * LATENT_AND_SPARE / TON_KW * 2.0) / 2.0, 1.0)
    cooling_kw = min(tons * TON_KW, 60.0)
    fan_kw = FAN_SHARE * cooling_kw
    need_kw = building["ua_kw_c"] * (coolest_c + SPARE_C - coldest_c)
    strip_kw = 0.0 if pump else max(ceil(need_kw), 5.0)
    while strip_kw <= MOST_STRIP_KW:
        made = HeatPump(
            cooling_kw=cooling_kw,
            cooling_cop=cops[0],
            heating_kw=cooling_kw if pump else 0.0,
            heating_cop=cops[1] if pump else 1.0,
            aux_kw=float(strip_kw),
            most_kw=MOST_KW,
            fan_kw=fan_kw,
            latent_fraction=0.3,
        )
        if output(made, Mode.AUX, coldest_c, FROST_HUMIDITY).heat_kw >= need_kw:
            return made
        strip_kw += 1.0
    return None


def most_kw(made: HeatPump, coldest_c: float, hottest_c: float) -> float:
    """The most that a machine draws between two temperatures outdoors, kW."""
    outdoors_c = [coldest_c + step * (hottest_c - coldest_c) / 20.0 for step in range(21)]
    modes = (Mode.COOL, Mode.AUX)
    return max(
        output(made, mode, outdoor_c, FROST_HUMIDITY).power_kw for mode in modes for outdoor_c in outdoors_c
    )


def breaker_amps(kw: float) -> int:
    """The smallest breaker that carries *kw*."""
    return next(amps for amps in BREAKERS_A if amps * VOLTAGE_V / 1000.0 >= kw)
