"""From files to a house file and its page: read, identify, check, write."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from contracts.wire.units import S_PER_H
from ven_twin.house.errors import PhysicsError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import decode_profile
from ven_twin.house.weather import EPOCH_ORDINAL, HOURS_A_DAY, Weather, read_period
from ven_twin.simulation.fitting.fit import Fit, identify
from ven_twin.simulation.fitting.forecast import forecast
from ven_twin.simulation.fitting.goodness import Goodness, goodness
from ven_twin.simulation.fitting.hours import Hours
from ven_twin.simulation.fitting.house_file import house_text
from ven_twin.simulation.fitting.page import html
from ven_twin.simulation.fitting.readings import LEAST_DAYS, Readings, whole_hours
from ven_twin.simulation.fitting.thermal import Drive


@dataclass(frozen=True, slots=True)
class HouseFit:
    """A fitted house: what was identified, its profile's text, its checks, its page."""

    fit: Fit
    text: str
    checks: tuple[Goodness, ...]
    page: str
    first: date


def fit_house(
    meter: Readings,
    indoor: Readings | None,
    weather: Path,
    *,
    name: str,
    furnace: bool = False,
    check_days: int = 0,
) -> HouseFit:
    """Fit a house to *meter* and *indoor* under the *weather* of their time.

    The last *check_days* are not fitted on: the house file lives through them, and is compared.

    Raises:
        OSError: the weather file cannot be read.
        PhysicsError: what was measured is too little or no house's, or the weather is not of that time.
        ProfileError: what was identified is no house that can be; the error names key, value and range.
    """
    end_s = meter.start_s + meter.step_s * len(meter.values)
    sky = read_period(weather, meter.start_s, end_s)
    hours = whole_hours(meter, indoor, sky.utc_offset_h)
    days = len(hours.meter_kw) // HOURS_A_DAY
    if days - check_days < LEAST_DAYS:
        reason = f"{days} whole days less {check_days} to check on; allowed at least {LEAST_DAYS} to fit on"
        raise PhysicsError(f"{meter.source}: {reason}")
    fitted = _first(hours, (days - check_days) * HOURS_A_DAY)
    fit = identify(fitted, drive(load_environment(load_profile()), sky, fitted), furnace=furnace)
    first = date.fromordinal(EPOCH_ORDINAL) + timedelta(days=hours.first_hour // HOURS_A_DAY)
    text = house_text(fit, name, place=sky.place, first=str(first))
    checks = [goodness("fitted", fitted.meter_kw, fit.modelled_kw, fitted.indoor_c, fit.modelled.air_c[:, 0])]
    if check_days:
        checks.append(check(text, sky, hours, check_days))
    page = html(fit, name, place=sky.place, utc_offset_h=sky.utc_offset_h, checks=checks)
    return HouseFit(fit, text, tuple(checks), page, first)


def drive(usual: HouseEnvironment, weather: Weather, hours: Hours) -> Drive:
    """The drive of a house in *hours* of *weather*."""
    world = HouseEnvironment(weather, usual.end_uses, usual.habits, usual.seed)
    start_s = hours.first_hour * S_PER_H - weather.utc_offset_h * S_PER_H
    return Drive.of(
        [world.environment(start_s + hour * S_PER_H, S_PER_H) for hour in range(len(hours.meter_kw))]
    )


def check(text: str, weather: Weather, hours: Hours, days: int) -> Goodness:
    """The house file of *text* lived through all hours, compared on the last *days*."""
    profile = decode_profile(text, "the fitted house")
    start_s = hours.first_hour * S_PER_H - weather.utc_offset_h * S_PER_H
    lived = forecast(profile, weather, start_s, start_s + len(hours.meter_kw) * S_PER_H, S_PER_H)
    last = slice(-days * HOURS_A_DAY, None)
    indoor_c = None if hours.indoor_c is None else hours.indoor_c[last]
    return goodness("not fitted", hours.meter_kw[last], lived.used_kw[last], indoor_c, lived.air_c[last])


def _first(hours: Hours, count: int) -> Hours:
    indoor_c = None if hours.indoor_c is None else np.asarray(hours.indoor_c[:count])
    return Hours(hours.first_hour, hours.meter_kw[:count], indoor_c)
