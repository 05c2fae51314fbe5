"""Thermostat schedules: setpoints by hour and sort of day."""

from datetime import date
from importlib.resources import files

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.environment import Environment
from ven_twin.house.errors import ProfileError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import build_house, decode_profile
from ven_twin.house.thermostat import SetpointPeriod, Setpoints, setpoints_at

FRIDAY, SATURDAY, LABOR_DAY = (
    (date(2026, month, day) - date(1970, 1, 1)).days for month, day in ((7, 10), (7, 11), (9, 7))
)

USUAL = Setpoints(24.0, 20.0)
NIGHT = SetpointPeriod(from_h=22.0, until_h=6.0, heating_c=17.0, cooling_c=25.0)
OUT = SetpointPeriod(from_h=8.0, until_h=17.0, heating_c=18.0, cooling_c=27.0, days="working")
SCHEDULE = """
[[circuits.hvac1.schedule]]
from_h = 22.0
until_h = 6.0
heating_c = 17.8
cooling_c = 23.9
"""


@pytest.mark.parametrize(
    ("day", "hour", "heating_c"),
    [
        (FRIDAY, 21.9, 20.0),
        (FRIDAY, 22.0, 17.0),
        (FRIDAY, 5.9, 17.0),
        (FRIDAY, 6.0, 20.0),
        (FRIDAY, 12.0, 18.0),
        (SATURDAY, 12.0, 20.0),
        (LABOR_DAY, 12.0, 20.0),
    ],
)
def test_a_period_is_in_force_on_its_days_and_over_midnight(day: int, hour: float, heating_c: float) -> None:
    """The first period that covers the hour has the setpoints; a holiday is a free day."""
    assert setpoints_at((NIGHT, OUT), USUAL, day, hour).heating_c == heating_c


def test_a_set_back_house_cools_at_night_and_is_warm_in_the_morning(
    environment: HouseEnvironment,
) -> None:
    """In a January night the air goes down to the night's setpoint, and by noon it is back."""
    text = (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
    house = build_house(decode_profile(text + SCHEDULE, "mine.toml"))
    midnight_s = 20_468 * 86_400.0 + 5 * 3_600.0
    air_c = []
    for minute in range(-1_440, 13 * 60):
        house = house.step({}, environment.environment(midnight_s + 60.0 * minute, 60.0), 60.0).house
        assert house.hvac is not None
        air_c.append(house.hvac.air_c)
    night_c, noon_c = air_c[1_440 + 330], air_c[-1]
    assert 17.0 < night_c < 18.6
    assert noon_c > 19.3


def test_a_house_without_a_schedule_keeps_its_setpoints() -> None:
    """The band is that of the two setpoints at any hour."""
    text = (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
    hvac = build_house(decode_profile(text, "mine.toml")).hvac
    assert isinstance(hvac, Hvac)
    bands = {hvac.band(FREE, replace(Environment(), hour_of_day=float(hour))) for hour in range(24)}
    assert len(bands) == 1


@pytest.mark.parametrize(
    ("was", "becomes", "key", "allowed"),
    [
        ("from_h = 22.0", "from_h = 25.0", "circuits.hvac1.schedule[0].from_h", "<= 24"),
        ("until_h = 6.0\n", "", "circuits.hvac1.schedule[0].until_h", "is missing: there are"),
        ("from_h", "night_h", "circuits.hvac1.schedule[0].night_h", "there are from_h"),
        ("from_h", 'days = "monday"\nfrom_h', "circuits.hvac1.schedule[0].days", "monday"),
    ],
)
def test_a_schedule_that_cannot_be_is_named(was: str, becomes: str, key: str, allowed: str) -> None:
    """The error has the period's place in the list, the key, its value and what is allowed."""
    text = (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        decode_profile(text + SCHEDULE.replace(was, becomes), "mine.toml")
    assert refused.value.key == key
    assert allowed in str(refused.value)
