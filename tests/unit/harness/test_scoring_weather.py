"""The weather that baselines are scored in: years trimmed from three formats, and a fresh year."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import fmean

import pytest

from harness.scoring.seasons import CLIMATES, DAYS, EVENTS, LOOK_BACK, another_year, fresh, tuning
from harness.trim_weather import trim
from ven_twin.house.weather import Weather, read_weather

EPW = """LOCATION,Denver Intl Ap,CO,USA,TMY3,725650,39.83,-104.65,-7.0,1650.0
DESIGN CONDITIONS
TYPICAL/EXTREME PERIODS
GROUND TEMPERATURES
HOLIDAYS/DAYLIGHT SAVINGS
COMMENTS 1
COMMENTS 2
DATA PERIODS
1995,1,1,1,0,?9?9,-18.0,-19.7,85,83700,0,0,181,12,34,56,0,0,0,0,0,0.0,2,2,777.7,20306,9,999999999,30,0.0440,0
"""
TMY2 = """ 12839 MIAMI                  FL  -5 N 25 48 W  80 16     2
 62010101000000000012?00034?00056?00000?00000?00000?00000?007A703A70200A70150A7073A71017A7158A7067A70161A777777A7
"""
TMY3 = """723170,"GREENSBORO PIEDMONT TRIAD INT",NC,-5.0,36.100,-79.950,273
Date,GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),RHum (%)
01/01/1988,12,34,56,10.0,77
"""


@pytest.mark.parametrize(
    ("name", "text", "station", "row"),
    [
        ("a.epw", EPW, "725650,DENVER INTL AP,CO,-7.0,39.83,-104.65,1650", "-18.0,85,12,34,56"),
        ("a.tm2", TMY2, "12839,MIAMI,FL,-5.0,25.800,-80.267,2", "20.0,73,12,34,56"),
        (
            "a.CSV",
            TMY3,
            "723170,GREENSBORO PIEDMONT TRIAD INT,NC,-5.0,36.100,-79.950,273",
            "10.0,77,12,34,56",
        ),
    ],
)
def test_a_year_is_trimmed_to_what_the_twin_reads(
    tmp_path: Path, name: str, text: str, station: str, row: str
) -> None:
    """The station, then dry bulb in °C, humidity in percent, and the three irradiances, of each format."""
    source, target = tmp_path / name, tmp_path / "trimmed.csv"
    source.write_text(text)
    trim(source, target)
    assert target.read_text().splitlines() == [
        station,
        "outdoor_c,humidity_percent,ghi_w_m2,dni_w_m2,dhi_w_m2",
        row,
    ]


@pytest.fixture(scope="module")
def typical() -> Weather:
    """Greensboro's typical year."""
    return read_weather()


def test_another_year_is_as_warm_in_all_and_otherwise_from_day_to_day(typical: Weather) -> None:
    """Within half a degree over the year, 1 to 3 °C off on a day, the sun as it was; the same by its seed."""
    other = another_year(typical, 2027)
    off_c = [there.outdoor_c - here.outdoor_c for here, there in zip(typical.hours, other.hours, strict=True)]
    assert fmean(off_c) == pytest.approx(0.0, abs=0.5)
    assert 1.0 < fmean(value_c**2 for value_c in off_c) ** 0.5 < 3.0
    assert [hour.global_w_m2 for hour in other.hours] == [hour.global_w_m2 for hour in typical.hours]
    assert other.hours == another_year(typical, 2027).hours
    assert other.hours != another_year(typical, 2028).hours


@pytest.mark.parametrize("climate", CLIMATES)
def test_the_fresh_seasons_have_other_homes_other_weather_and_other_weekdays(climate: str) -> None:
    """No home and no weather of a season is another's; each begins on the third Monday of May."""
    seasons = [tuning(climate, 100), *fresh(climate, 100)]
    homes = [{*range(season.first_home, season.first_home + season.homes)} for season in seasons]
    assert len(set.union(*homes)) == 100 * len(seasons)
    assert len({season.weather.hours for season in seasons}) == len(seasons)
    assert {(season.first.weekday(), (season.first.day - 1) // 7) for season in seasons} == {(0, 2)}
    assert [season.first.year for season in seasons] == [2026, 2027, 2028, 2029, 2030]


@pytest.mark.parametrize("climate", CLIMATES)
def test_events_are_on_the_hottest_weekdays_that_have_days_before_them(climate: str) -> None:
    """Twenty of them, each a weekday at least 45 days into the season."""
    season, *_ = fresh(climate, 1)
    days = season.event_days()
    assert len(set(days)) == EVENTS
    assert all(LOOK_BACK <= day < DAYS - 1 for day in days)
    assert all(date.fromordinal(season.first.toordinal() + day).weekday() < 5 for day in days)
