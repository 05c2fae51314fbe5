"""Draws of hot water: events by use, as people are active."""

from statistics import fmean, pstdev

import pytest
from msgspec.structs import replace

from ven_twin.house.control import Control
from ven_twin.house.devices.hot_water import (
    TAP_L_S,
    TAP_WITHIN_S,
    USES,
    Session,
    WaterHeaterStream,
    WaterHeaterUse,
    _session,
)
from ven_twin.house.devices.layered_tank import Layers
from ven_twin.house.devices.water_heater import DRAWS_IN_RESERVE, USABLE_MARGIN_C, WaterHeater, tank_size
from ven_twin.house.environment import Environment
from ven_twin.house.house import House
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.weather import HOURS_A_DAY

YEAR = range(20_454, 20_819)
"""The days of 2026 since 1970."""


def taps(house: str, seed: int) -> WaterHeaterStream:
    """The stream of a packaged house's taps."""
    streams = load_environment(load_profile(house), seed).streams
    return next(stream for stream in streams if isinstance(stream, WaterHeaterStream))


def sessions(stream: WaterHeaterStream, day: int) -> list[Session]:
    """The hours of a day."""
    return [stream.session(day * HOURS_A_DAY + hour) for hour in range(HOURS_A_DAY)]


def litres(session: Session) -> float:
    """The water of an hour."""
    return sum(draw.run_s * draw.flow_l_s for draw in session.draws)


@pytest.mark.parametrize("house", ["standard", "flat", "leaky"])
def test_the_litres_of_a_year_are_the_house_files(house: str) -> None:
    """Over the years of some seeds a mean day takes ``hot_water_l_d``, and days differ as days do."""
    wanted_l_d = load_profile(house).habits.hot_water_l_d  # type: ignore[attr-defined]
    days = [[sum(map(litres, sessions(taps(house, seed), day))) for day in YEAR] for seed in range(6)]
    assert fmean(map(fmean, days)) == pytest.approx(wanted_l_d, rel=0.04)
    assert min(pstdev(year) / fmean(year) for year in days) > 0.3


def test_draws_come_by_day_and_seldom_at_night() -> None:
    """Most nights are quiet from one to five, and the morning has more than the afternoon."""
    stream = taps("standard", 1)
    days = [[litres(session) for session in sessions(stream, day)] for day in YEAR]
    quiet = sum(not any(day[1:5]) for day in days)
    assert quiet / len(YEAR) > 0.9
    assert fmean(day[8] for day in days) > 1.5 * fmean(day[15] for day in days)


@pytest.mark.parametrize("house", ["standard", "flat", "leaky"])
def test_no_hour_takes_more_than_the_largest_draw(house: str) -> None:
    """That is what a shed tank keeps for; and nothing runs later than a largest draw from 40 min on."""
    stream = taps(house, 2)
    most_l = stream.habits.hot_water_draw_l
    for day in YEAR:
        for session in sessions(stream, day):
            drawn_l = litres(session)
            assert drawn_l <= most_l + 1e-9
            assert not session.draws or session.until_s <= TAP_WITHIN_S + drawn_l / TAP_L_S + 1e-6
            assert all(draw.flow_l_s <= TAP_L_S for draw in session.draws)


def test_a_second_shower_waits_for_the_next_hour() -> None:
    """A draw that does not fit comes whole in the hour after, and nothing is lost."""
    waiting_l = [30.0, 36.0, 20.0, 0.0, 4.0]
    first = _session(waiting_l, 40.0, 0.5)
    assert [draw.flow_l_s for draw in first.draws] == [USES[0].flow_l_s, USES[4].flow_l_s]
    assert waiting_l == [0.0, 36.0, 20.0, 0.0, 0.0]
    second, third = _session(waiting_l, 40.0, 0.5), _session(waiting_l, 40.0, 0.5)
    assert [litres(session) for session in (first, second, third)] == pytest.approx([34.0, 36.0, 20.0])


@pytest.mark.parametrize("uses", [(0, 1), (1, 0), (0, 4), (4, 4), (2, 1), (3, 2)])
@pytest.mark.parametrize("reserve_l", [30.0, 40.0])
def test_a_tank_with_its_reserve_gives_any_two_hours_of_draws(
    house: House, uses: tuple[int, int], reserve_l: float
) -> None:
    """The latest session of one hour and the soonest of the next leave the tank within its comfort limit."""
    heater = house.device("heater1")
    assert isinstance(heater, WaterHeater)
    spec = replace(heater.spec, reserve_l=reserve_l, setpoint_c=60.0)
    cold_l = tank_size(spec).capacity_l - DRAWS_IN_RESERVE * reserve_l
    tank = WaterHeater(spec, Layers(spec.least_c + USABLE_MARGIN_C, spec.inlet_c, cold_l))
    shed = Control(setpoint_offset_c=spec.offset_c(3))
    hours = []
    for use, starts in zip(uses, (1.0, 0.0), strict=True):
        waiting_l = [0.0] * len(USES)
        waiting_l[use] = reserve_l
        hours.append(_session(waiting_l, reserve_l, starts))
    for second in range(7_200):
        hour, at_s = divmod(second, 3_600)
        drawn_l = sum(
            draw.flow_l_s for draw in hours[hour].draws if draw.at_s <= at_s < draw.at_s + draw.run_s
        )
        tank = tank.step(shed, Environment().using(WaterHeaterUse(drawn_l=drawn_l)), 1.0).device
        assert tank.outlet_c >= spec.least_c
