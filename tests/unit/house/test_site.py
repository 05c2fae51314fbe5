"""The world around a house: one for the house and its clone, at any step length."""

import dataclasses
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean

import pytest
from msgspec.structs import replace

from ven_twin.house.chance import unit
from ven_twin.house.devices.appliance import DryerUse, RangeUse
from ven_twin.house.devices.dimmable import LightsUse
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.devices.hot_water import WaterHeaterUse
from ven_twin.house.end_uses import EndUses
from ven_twin.house.environment import Environment
from ven_twin.house.errors import NotFiniteError, PhysicsError, StepDurationError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment
from ven_twin.house.profile import Profile

JULY = datetime(2026, 7, 14, 5, tzinfo=UTC).timestamp()
"""Midnight of a Tuesday, Eastern Standard Time."""


def day(environment: HouseEnvironment, dt_s: float = 60.0, start_s: float = JULY) -> list[Environment]:
    """A July day, step by step."""
    return [environment.environment(start_s + tick * dt_s, dt_s) for tick in range(int(86_400 / dt_s))]


def test_the_house_lives_in_local_standard_time(environment: HouseEnvironment) -> None:
    """22:00 UTC is 17:00 in Greensboro, whatever daylight saving says."""
    env = environment.environment(JULY + 17 * 3600, 60.0)
    assert env.hour_of_day == pytest.approx(17.0)
    assert env.day == day(environment)[0].day


def test_the_same_moment_is_always_the_same(profile: Profile, environment: HouseEnvironment) -> None:
    """House and clone, today and after a restart, meet one world: chance has no memory."""
    assert load_environment(profile).environment(JULY, 60.0) == environment.environment(JULY, 60.0)


def test_chance_outlives_the_process(environment: HouseEnvironment) -> None:
    """A seed means the same day after a restart and on another machine."""
    assert unit(1, 2, 3) == 0.0650859583616622
    drawn = [environment.environment(JULY + 3600.0 * hour, 3600.0) for hour in range(240)]
    assert sum(env.use(LightsUse).level_kw for env in drawn) == pytest.approx(21.9860, abs=1e-4)
    assert sum(env.use(DryerUse).started_s for env in drawn) == pytest.approx(16_025.8, abs=0.1)


def test_another_seed_is_another_family(profile: Profile, environment: HouseEnvironment) -> None:
    """Houses of a fleet differ in habits and share the weather."""
    other = load_environment(profile, seed=2)
    ours, theirs = day(environment), day(other)
    assert [env.use(WaterHeaterUse).drawn_l for env in ours] != [
        env.use(WaterHeaterUse).drawn_l for env in theirs
    ]
    assert [env.outdoor_c for env in ours] == [env.outdoor_c for env in theirs]


@pytest.mark.parametrize("dt_s", [7.0, 60.0, 300.0, 3600.0])
def test_nothing_is_drawn_twice_or_lost_whatever_the_step(environment: HouseEnvironment, dt_s: float) -> None:
    """A day's hot water and appliance starts are the same on any clock."""
    from_s = JULY + 1_800.0  # so that hour-long steps end within hours
    steps = int(86_400 / dt_s)
    rest_s = 86_400 - steps * dt_s
    coarse = day(environment, dt_s, from_s)
    if rest_s:
        coarse.append(environment.environment(from_s + steps * dt_s, rest_s))
    fine = day(environment, 60.0, from_s)
    assert sum(env.use(WaterHeaterUse).drawn_l for env in coarse) == pytest.approx(
        sum(env.use(WaterHeaterUse).drawn_l for env in fine)
    )
    assert sum(env.use(DryerUse).started_s for env in coarse) == sum(
        env.use(DryerUse).started_s for env in fine
    )
    assert sum(env.use(RangeUse).started_s for env in coarse) == sum(
        env.use(RangeUse).started_s for env in fine
    )


def test_weather_changes_without_steps(environment: HouseEnvironment) -> None:
    """Between hours the weather is on a line: no minute jumps."""
    minutes = day(environment)
    pairs = list(pairwise(minutes))
    assert max(abs(later.outdoor_c - sooner.outdoor_c) for sooner, later in pairs) < 0.2
    assert max(abs(later.array_w_m2 - sooner.array_w_m2) for sooner, later in pairs) < 12.0


def test_the_temperature_outside_is_that_of_the_steps(environment: HouseEnvironment) -> None:
    """At the middle of a step it is what the step sees, over midnight and the ends of hours too."""
    for at_s in (JULY - 90.0, JULY, JULY + 1_800.0, JULY + 3_570.0, JULY + 13.37 * 3_600):
        seen_c = environment.environment(at_s, 30.0).outdoor_c
        assert environment.outdoor_c(at_s + 15.0) == pytest.approx(seen_c, abs=1e-9)


def test_the_sun_shines_by_day_only(environment: HouseEnvironment) -> None:
    """In July in Greensboro there is light at noon and none at midnight."""
    minutes = day(environment)
    assert minutes[0].array_w_m2 == minutes[0].walls_w_m2 == 0.0
    assert fmean(env.array_w_m2 for env in minutes[11 * 60 : 13 * 60]) > 300.0


def test_the_car_leaves_in_the_morning_and_is_back_in_the_evening(environment: HouseEnvironment) -> None:
    """On a weekday it is away over noon and home at night, and the hours to departure count down."""
    minutes = day(environment)
    assert minutes[0].use(EvUse).home
    assert not minutes[12 * 60].use(EvUse).home
    assert minutes[20 * 60].use(EvUse).home
    assert minutes[0].use(EvUse).departs_in_h - minutes[60].use(EvUse).departs_in_h == pytest.approx(1.0)
    leaves = next(tick for tick, env in enumerate(minutes) if not env.use(EvUse).home)
    assert minutes[leaves - 1].use(EvUse).departs_in_h < 0.02
    tomorrow = day(environment, start_s=JULY + 86_400.0)
    leaves_tomorrow = next(tick for tick, env in enumerate(tomorrow) if not env.use(EvUse).home)
    assert 7.0 * 60 <= leaves_tomorrow <= 8.0 * 60 + 1
    assert (minutes[-1].use(EvUse).departs_in_h * 60) - 1 == pytest.approx(leaves_tomorrow, abs=1.0), (
        "to the minute"
    )


def test_a_moment_that_is_no_number_is_refused(environment: HouseEnvironment) -> None:
    """A broken clock is named as such."""
    with pytest.raises(NotFiniteError, match="at_s"):
        environment.environment(float("nan"), 60.0)


@pytest.mark.parametrize("dt_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_step_without_length_is_refused(environment: HouseEnvironment, dt_s: float) -> None:
    """There is no weather of no time."""
    with pytest.raises(StepDurationError):
        environment.environment(JULY, dt_s)


def test_shapes_average_to_one_over_the_year(environment: HouseEnvironment) -> None:
    """A shape spreads the day's energy and does not change it."""
    shares = {
        (month, weekend): fmean(
            environment.end_uses.share("dryer", month, weekend, hour) for hour in range(24)
        )
        for month in (1, 7)
        for weekend in (False, True)
    }
    summer = (5 * shares[7, False] + 2 * shares[7, True]) / 7
    winter = (5 * shares[1, False] + 2 * shares[1, True]) / 7
    assert (183 * summer + 182 * winter) / 365 == pytest.approx(1.0)


def test_a_shape_with_a_missing_hour_is_refused() -> None:
    """Every sort of day has 24 hours."""
    with pytest.raises(PhysicsError, match="dryer"):
        EndUses({"dryer": {(True, True): (1.0,) * 23}})


def test_an_environment_can_be_varied(environment: HouseEnvironment) -> None:
    """A value is what it says it is: tests and what-ifs replace single fields."""
    env = environment.environment(JULY, 60.0)
    assert replace(env, outdoor_c=1.0).uses == env.uses
    assert env.using(LightsUse(0.3)).use(LightsUse).level_kw == 0.3


@pytest.mark.parametrize("hours", [2, 16])
def test_a_world_has_no_more_hours_at_hand_than_it_was_made_for(
    environment: HouseEnvironment, hours: int
) -> None:
    """However long a house lives in it, and however often it goes back."""
    site = dataclasses.replace(environment, hours_drawn=hours)
    for hour in (*range(30), *range(10)):
        site.environment(JULY + 3600.0 * hour, 60.0)
        assert len(site.drawn) <= hours
