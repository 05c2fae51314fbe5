"""Trips and hot water of homes, over a year each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean, pstdev

from ven_twin.house.devices.ev import EvSpec, EvStream, trip
from ven_twin.house.devices.hot_water import WaterHeaterStream
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.occupancy import is_free
from ven_twin.house.profile import Profile
from ven_twin.house.weather import HOURS_A_DAY

YEAR = range((date(2026, 1, 1) - date(1970, 1, 1)).days, (date(2027, 1, 1) - date(1970, 1, 1)).days)
NIGHT = range(1, 5)


@dataclass(frozen=True, slots=True)
class CarYear:
    """A car's year: plugged in when on working days, charge used by trips, share of idle days."""

    plugs_h: tuple[float, ...]
    used_soc: tuple[float, ...]
    idle: float


@dataclass(frozen=True, slots=True)
class WaterYear:
    """A household's hot water: litres and draws of each day, and the share of nights without any."""

    litres_d: tuple[float, ...]
    draws_d: tuple[int, ...]
    quiet_nights: float


def car_year(profile: Profile, environment: HouseEnvironment) -> CarYear | None:
    """The year of a home's car; None without one."""
    spec = next((spec for spec in profile.circuits if isinstance(spec, EvSpec)), None)
    stream = next(stream for stream in environment.streams if isinstance(stream, EvStream))
    if spec is None:
        return None
    trips = [(day, trip(stream, day)) for day in YEAR]
    away = [(day, one) for day, one in trips if one.leaves_h >= 0.0]
    used = [
        min(one.miles * spec.kwh_per_mile / spec.battery_kwh, spec.full_soc - spec.empty_soc)
        for _, one in away
    ]
    plugs_h = tuple(one.plugs_h for day, one in away if not is_free(day))
    return CarYear(plugs_h, tuple(used), 1.0 - len(away) / len(trips))


def water_year(environment: HouseEnvironment) -> WaterYear:
    """The year of a home's taps."""
    stream = next(stream for stream in environment.streams if isinstance(stream, WaterHeaterStream))
    litres, draws, quiet = [], [], 0
    for day in YEAR:
        sessions = [stream.session(day * HOURS_A_DAY + hour) for hour in range(HOURS_A_DAY)]
        of_day = [draw for session in sessions for draw in session.draws]
        litres.append(sum(draw.run_s * draw.flow_l_s for draw in of_day))
        draws.append(len(of_day))
        quiet += not any(sessions[hour].draws for hour in NIGHT)
    return WaterYear(tuple(litres), tuple(draws), quiet / len(YEAR))


def spread(values: Sequence[float]) -> float:
    """The coefficient of variation."""
    mean = fmean(values)
    return pstdev(values) / mean if mean else 0.0
