"""What the physics does with input that makes no sense, or that comes at a bad moment: never a NaN."""

from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise
from math import isfinite, nan
from pathlib import Path

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import Battery
from ven_twin.house.devices.ev import Ev, EvUse
from ven_twin.house.environment import Environment
from ven_twin.house.errors import NotFiniteError, PhysicsError, ProfileError
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import decode_profile
from ven_twin.house.weather import read_weather

JULY = datetime(2026, 7, 14, 20, tzinfo=UTC).timestamp()


def test_a_clock_that_is_set_back_meets_the_same_hour_again(
    house: House, environment: HouseEnvironment
) -> None:
    """The world is a function of time, so an hour lived twice is the same hour; the house just lives on."""
    first = [environment.environment(JULY + 60.0 * tick, 60.0) for tick in range(60)]
    environment.environment(JULY + 86_400.0 * 400, 60.0)
    again = [environment.environment(JULY + 60.0 * tick, 60.0) for tick in range(60)]
    assert again == first
    for env in first + again:
        house, power_kw = house.step({}, env, 60.0)
        assert all(isfinite(kw) for kw in power_kw.values())


def test_a_clock_that_jumps_ahead_leaves_the_house_sane(house: House, environment: HouseEnvironment) -> None:
    """After a suspended half-year the next minute is an ordinary one."""
    house = house.step({}, environment.environment(JULY, 60.0), 60.0).house
    _, power_kw = house.step({}, environment.environment(JULY + 183 * 86_400.0, 60.0), 60.0)
    assert all(isfinite(kw) for kw in power_kw.values())


def weather_rows(tmp_path: Path, row: int, text: str | None) -> Path:
    """The packaged weather with one row replaced, or left out."""
    lines = (files("ven_twin.house.data") / "weather_greensboro_nc.csv").read_text().splitlines()
    lines[row + 1 : row + 2] = [text] if text is not None else []
    path = tmp_path / "weather.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, "8759 hours"),
        ("nan,50,0,0,0", "row 4000: outdoor_c = nan"),
        ("-9900,50,0,0,0", "row 4000: outdoor_c = -9900.0"),
        ("10,-9900,0,0,0", "row 4000: humidity"),
        ("10,50,0,inf,0", "row 4000: direct_w_m2 = inf"),
        ("10,50,,0,0", "row 4000"),
        ("10,50,0,0", "row 4000"),
    ],
)
def test_a_gap_in_the_weather_is_named_before_anything_runs(
    tmp_path: Path, text: str | None, named: str
) -> None:
    """A missing hour, an empty cell, NaN and the codes for missing are refused with their row."""
    with pytest.raises(PhysicsError, match=named):
        read_weather(weather_rows(tmp_path, 4_000, text))


@pytest.mark.parametrize("field", ["outdoor_c", "humidity", "array_w_m2"])
def test_nan_gets_into_no_environment(field: str) -> None:
    """A value that is no number is stopped, by name, before a device sees it."""
    with pytest.raises(NotFiniteError, match=field):
        replace(Environment(), **{field: nan})


@pytest.mark.parametrize("field", ["limit_kw", "setpoint_offset_c"])
def test_nan_gets_into_no_control(field: str) -> None:
    """Nor can a command carry one to a circuit."""
    with pytest.raises(NotFiniteError, match=field):
        replace(FREE, **{field: nan})


def test_a_car_that_leaves_in_an_event_takes_its_charge_with_it(house: House) -> None:
    """It draws nothing while away whatever it is asked, and comes back with the trip taken off."""
    car = house.device("ev1")
    assert isinstance(car, Ev)
    car = replace(car, soc=0.6)
    slowed, home, away = Control(limit_kw=2.0), Environment(), Environment().using(EvUse(home=False))
    car, power_kw = car.step(slowed, home, 600.0)
    assert power_kw == 2.0
    left_with = car.soc
    for control in (slowed, FREE, Control(enabled=False)):
        car, power_kw = car.step(control, away, 600.0)
        assert (power_kw, car.soc) == (0.0, left_with)
    offer = car.flexibility(away, 0.0)
    assert (offer.demand_kw, offer.floor_kw) == (0.0, 0.0)
    back = car.step(slowed, home.using(EvUse(trip_miles=40.0)), 60.0).device
    assert back.soc == pytest.approx(left_with - 40.0 * 0.325 / 60.0, abs=0.001)


@pytest.mark.parametrize(("limit_kw", "start_soc", "end_soc"), [(-5.0, 0.16, 0.15), (5.0, 0.94, 0.95)])
@pytest.mark.parametrize("dt_s", [1.0, 60.0, 7_200.0])
def test_a_battery_stops_at_its_limit(
    house: House, limit_kw: float, start_soc: float, end_soc: float, dt_s: float
) -> None:
    """It runs into its limit within a step of any length, and from there on gives and takes nothing."""
    assert house.battery is not None
    battery: Battery = replace(house.battery, soc=start_soc)
    control, night = Control(limit_kw=limit_kw), Environment(hour_of_day=2.0)
    powers_kw = []
    for _ in range(int(7_200 / dt_s)):
        battery, power_kw = battery.step(control, night, dt_s)
        powers_kw.append(power_kw)
        assert 0.15 - 1e-9 <= battery.soc <= 0.95 + 1e-9
    assert battery.soc == pytest.approx(end_soc)
    assert battery.step(control, night, dt_s).power_kw == pytest.approx(0.0, abs=1e-6)
    assert all(abs(later) <= abs(sooner) + 1e-9 for sooner, later in pairwise(powers_kw))


def test_an_empty_battery_offers_nothing(house: House) -> None:
    """At its least charge the planner sees nothing to discharge."""
    assert house.battery is not None
    offer = replace(house.battery, soc=0.15).flexibility(Environment(), 0.0)
    assert offer.floor_kw == 0.0
    assert offer.headroom == 0.0


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("setpoint_c = 51.7", "setpoint_k = 51.7", "circuits.heater1.setpoint_k", "there are id, name"),
        (
            "ua_kw_c = 0.355",
            "ua_w_c = 355",
            "circuits.hvac1.envelope.ua_w_c",
            "air_kwh_c, mass_kwh_c, ua_kw_c",
        ),
        ("spread = 0.3", "", "habits.spread", "missing"),
        ("ua_kw_c = 0.355", "ua_kw_c = nan", "circuits.hvac1.envelope.ua_kw_c", "> 0 and <= 5"),
        (
            "ua_kw_c = 0.355",
            "ua_kw_c = 0.355\nstack_kw_c15 = -0.01",
            "circuits.hvac1.envelope.stack_kw_c15",
            ">= 0 and <= 0.2",
        ),
        ("people_kw = 0.2", "people_kw = inf", "habits.people_kw", ">= 0 and <= 5"),
    ],
)
def test_a_wrong_key_of_a_house_is_named_with_those_there_are(
    old: str, new: str, key: str, words: str
) -> None:
    """A misspelt, missing or numberless key is found by its full name."""
    text = (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        decode_profile(text.replace(old, new, 1), "mine.toml")
    assert refused.value.key == key
    assert words in str(refused.value)
