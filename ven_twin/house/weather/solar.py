"""The position of the sun, and its irradiance on a plane."""

from dataclasses import dataclass
from math import cos, pi, radians, sin, sqrt

GROUND_ALBEDO = 0.2


@dataclass(frozen=True, slots=True)
class Sun:
    """A unit vector from the ground towards the sun; ``up`` is below zero at night."""

    east: float
    north: float
    up: float


@dataclass(frozen=True, slots=True)
class Irradiance:
    """Global horizontal, direct normal and diffuse horizontal irradiance, W/m²."""

    global_w_m2: float
    direct_w_m2: float
    diffuse_w_m2: float


def sun_at(day_of_year: int, hour_of_day: float, latitude_deg: float, solar_noon_h: float) -> Sun:
    """The sun at local standard time. *solar_noon_h* is the clock's mean noon at the site's longitude.

    Source: Duffie and Beckman, Solar Engineering of Thermal Processes, 1.5 to 1.6: declination and
    equation of time to well within what hourly data can tell.
    """
    turn = 2.0 * pi * (day_of_year - 81) / 365.0
    declination = radians(23.45) * sin(2.0 * pi * (284 + day_of_year) / 365.0)
    equation_h = (9.87 * sin(2.0 * turn) - 7.53 * cos(turn) - 1.5 * sin(turn)) / 60.0
    angle = radians(15.0) * (hour_of_day - solar_noon_h + equation_h)
    latitude = radians(latitude_deg)
    return Sun(
        east=-cos(declination) * sin(angle),
        north=cos(latitude) * sin(declination) - sin(latitude) * cos(declination) * cos(angle),
        up=sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle),
    )


def on_plane_w_m2(light: Irradiance, sun: Sun, tilt_deg: float, azimuth_deg: float) -> float:
    """Irradiance on a plane tilted from the horizontal and facing *azimuth_deg* (clockwise from north).

    Isotropic sky and a ground that reflects a fifth.
    """
    tilt, azimuth = radians(tilt_deg), radians(azimuth_deg)
    incidence = (
        sun.east * sin(tilt) * sin(azimuth) + sun.north * sin(tilt) * cos(azimuth) + sun.up * cos(tilt)
    )
    direct_w_m2 = light.direct_w_m2 * max(incidence, 0.0) if sun.up > 0.0 else 0.0
    sky_w_m2 = light.diffuse_w_m2 * (1.0 + cos(tilt)) / 2.0
    return direct_w_m2 + sky_w_m2 + light.global_w_m2 * GROUND_ALBEDO * (1.0 - cos(tilt)) / 2.0


def on_walls_w_m2(light: Irradiance, sun: Sun) -> float:
    """Mean irradiance over upright walls that face the eight directions alike.

    Source: GridLAB-D ``house_e``, which averages its solar quadrants so, and whose walls see all of the
    diffuse light; its aperture goes with that.
    """
    direct_w_m2 = 0.0
    if sun.up > 0.0:
        diagonals = (abs(sun.north + sun.east) + abs(sun.north - sun.east)) / sqrt(2.0)
        direct_w_m2 = light.direct_w_m2 * (abs(sun.north) + abs(sun.east) + diagonals) / 8.0
    return direct_w_m2 + light.diffuse_w_m2
