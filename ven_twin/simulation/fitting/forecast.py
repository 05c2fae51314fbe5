"""Lives a house file through measured weather, minute by minute, as `ven-twin` runs it."""

from dataclasses import dataclass

import numpy as np

from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.house.end_uses import read_end_uses
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Profile, build_house
from ven_twin.house.weather import Weather
from ven_twin.simulation.fitting.thermal import Floats

STEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Means over stretches of *width_s* from *start_s* (UTC s): air, and power of HVAC and of the house."""

    start_s: float
    width_s: float
    air_c: Floats
    hvac_kw: Floats
    used_kw: Floats

    def daily_hvac_kwh(self) -> Floats:
        """Energy of the HVAC on each whole day."""
        daily: Floats = by_day(self.hvac_kw, self.width_s).sum(axis=1) * self.width_s / S_PER_H
        return daily


def by_day(series: Floats, width_s: float) -> Floats:
    """*series* in rows of a day; what is over is left out."""
    count = round(S_PER_DAY / width_s)
    days = len(series) // count
    return series[: days * count].reshape(days, count)


def _environment(profile: Profile, weather: Weather) -> HouseEnvironment:
    """The world of *profile* under *weather*."""
    return HouseEnvironment(weather, read_end_uses(), profile.habits, profile.seed)


def forecast(profile: Profile, weather: Weather, start_s: float, end_s: float, width_s: float) -> Forecast:
    """Live through the time from *start_s* to *end_s*, whole stretches of *width_s*."""
    world, house = _environment(profile, weather), build_house(profile)
    hvac_id = house.hvac.spec.id if house.hvac else ""
    steps = round(width_s / STEP_S)
    rows = []
    for stretch in range(int((end_s - start_s) // width_s)):
        air_c = hvac_kw = used_kw = 0.0
        for step in range(steps):
            env = world.environment(start_s + stretch * width_s + step * STEP_S, STEP_S)
            stepped = house.step({}, env, STEP_S)
            house = stepped.house
            air_c += house.hvac.air_c if house.hvac else 0.0
            hvac_kw += stepped.power_kw.get(hvac_id, 0.0)
            used_kw += stepped.grid_kw
        rows.append((air_c / steps, hvac_kw / steps, used_kw / steps))
    return Forecast(start_s, width_s, *np.array(rows).T)
