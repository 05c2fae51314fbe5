"""Occupancy: who is at home and awake, and what follows from it."""

from datetime import date
from importlib.resources import files
from statistics import fmean, pstdev

import pytest
from msgspec.structs import replace

from ven_twin.house.devices.ev import EvStream, trip
from ven_twin.house.end_uses import read_end_uses
from ven_twin.house.errors import ProfileError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.occupancy import Occupancy, OccupantType, driver_day, household, is_free
from ven_twin.house.occupants import Occupants
from ven_twin.house.profile import Profile, decode_profile
from ven_twin.house.weather import HOURS_A_DAY

YEAR = range((date(2026, 1, 1) - date(1970, 1, 1)).days, (date(2027, 1, 1) - date(1970, 1, 1)).days)
FAMILY: tuple[OccupantType, ...] = ("works_out", "at_home", "at_school", "at_school")
HOURS_H = (7.5, 17.0)


def people(*kinds: OccupantType, seed: int = 1, away_weeks_y: float = 1.5) -> Occupants:
    """The occupants of a house with people of *kinds*."""
    return Occupants(read_end_uses(), 0.3, seed, household(kinds, 0.0, HOURS_H, away_weeks_y))


def active(kind: OccupantType, hour: int, *, free: bool) -> float:
    """The share of an hour in which one person of a type is active, on the mean day of a sort."""
    occupancy = people(kind, away_weeks_y=0.0).occupancy
    return fmean(occupancy.active(day)[hour] for day in YEAR if is_free(day) is free)


def test_everyone_sleeps_at_night() -> None:
    """From three to four nobody is up, on any day of the year, in any household."""
    occupancy = people(*FAMILY, "late_shift", "retired").occupancy
    assert max(occupancy.active(day)[3] for day in YEAR) == 0.0


def test_occupant_types_live_different_days() -> None:
    """People who work out are gone at noon, the retired mostly not, and the late shift is up at midnight."""
    assert active("works_out", 12, free=False) < 0.25
    assert active("retired", 12, free=False) > 0.5
    assert active("late_shift", 23, free=False) > 0.5
    assert active("works_out", 23, free=False) < 0.25
    assert active("works_out", 12, free=True) > 2.0 * active("works_out", 12, free=False)


@pytest.mark.parametrize(
    ("when", "free"),
    [
        (date(2026, 7, 11), True),
        (date(2026, 7, 10), False),
        (date(2026, 5, 25), True),
        (date(2026, 11, 26), True),
        (date(2026, 11, 27), True),
        (date(2026, 12, 25), True),
        (date(2026, 11, 25), False),
    ],
)
def test_weekends_and_holidays_are_free(when: date, free: bool) -> None:
    """Memorial Day is the last Monday of May, Thanksgiving the fourth Thursday of November."""
    assert is_free((when - date(1970, 1, 1)).days) is free


def test_a_household_is_away_for_whole_weeks() -> None:
    """Nobody is active and the car stays in, for about as many weeks as the file says."""
    weeks = []
    for seed in range(60):
        occupancy = people("works_out", "at_home", seed=seed, away_weeks_y=4.0).occupancy
        away = [day for day in YEAR if occupancy.is_away(day)]
        weeks.append(len(away) / 7.0)
        assert all(max(occupancy.active(day)) == 0.0 for day in away)
        assert all(driver_day(occupancy, day).leaves_h > HOURS_A_DAY for day in away)
    assert fmean(weeks) == pytest.approx(4.0, abs=0.8)


@pytest.mark.parametrize("kinds", [("works_out", "at_home"), FAMILY, ("retired",), ("late_shift",)])
@pytest.mark.parametrize("end_use", ["lights", "plugs", "dryer", "shower"])
def test_an_end_use_keeps_its_mean_day_whoever_lives_there(
    kinds: tuple[OccupantType, ...], end_use: str
) -> None:
    """Over the years of some seeds the mean is what the house file says: people only move it."""
    means = []
    for seed in range(12):
        occupants = people(*kinds, seed=seed)
        days = [day for day in YEAR if day % 4 == seed % 4]
        hours = [day * HOURS_A_DAY + hour for day in days for hour in range(HOURS_A_DAY)]
        means.append(sum(occupants.expected(end_use, 2.0, index) for index in hours) / len(days))
    assert fmean(means) == pytest.approx(2.0, rel=0.03)


def test_lights_and_cooking_rise_and_fall_together() -> None:
    """On working days at six in the evening both are high when people are in, and low when they are out."""
    occupants = people("works_out")
    evenings = [day * HOURS_A_DAY + 18 for day in YEAR if not is_free(day)]
    present = [index for index in evenings if occupants.active(index) > 0.9]
    absent = [index for index in evenings if occupants.active(index) < 0.1]
    for end_use, times in (("lights", 3.0), ("plugs", 1.8), ("range", 10.0), ("dryer", 10.0)):
        there, gone = (fmean(occupants.expected(end_use, 1.0, i) for i in at) for at in (present, absent))
        assert there > times * gone


def test_the_car_goes_with_its_driver(environment: HouseEnvironment) -> None:
    """It leaves when the driver leaves, and is never plugged in before they are back."""
    stream = next(stream for stream in environment.streams if isinstance(stream, EvStream))
    occupancy = environment.occupants.occupancy
    for day in YEAR:
        one, driver = trip(stream, day), driver_day(occupancy, day)
        if driver.leaves_h < HOURS_A_DAY:
            assert one.leaves_h == driver.leaves_h
            assert driver.returns_h <= one.plugs_h <= HOURS_A_DAY
        else:
            assert one.plugs_h < 0.0


def test_trips_are_spread_as_trips_are(profile: Profile) -> None:
    """Arrivals spread by 2 to 4 h (EVI-Pro: 3.67 h), idle days, late plugs, the miles of the file."""
    plugs_h, idle, miles, late = [], 0, 0.0, 0
    seeds = range(20)
    for seed in seeds:
        environment = load_environment(profile, seed)
        stream = next(stream for stream in environment.streams if isinstance(stream, EvStream))
        for day in YEAR:
            one = trip(stream, day)
            miles += one.miles
            idle += one.leaves_h < 0.0
            if one.leaves_h >= 0.0:
                late += one.plugs_h > driver_day(environment.occupants.occupancy, day).returns_h
                if not is_free(day):
                    plugs_h.append(one.plugs_h)
    days = len(YEAR) * len(seeds)
    assert 2.0 < pstdev(plugs_h) < 4.0
    assert 0.05 < idle / days < 0.35
    assert late / (days - idle) == pytest.approx(0.2, abs=0.03)
    assert miles / days == pytest.approx(30.0, rel=0.04)


def test_a_departure_is_foretold(environment: HouseEnvironment) -> None:
    """From any evening the hours to the next departure lead to the trip that comes, over days at home too."""
    stream = next(stream for stream in environment.streams if isinstance(stream, EvStream))
    for day in YEAR[:-30]:
        ahead_h = trip(stream, day).next_leaves_h
        then = trip(stream, day + int(ahead_h // HOURS_A_DAY))
        assert then.leaves_h == pytest.approx(ahead_h % HOURS_A_DAY)


def test_people_who_are_none_are_named() -> None:
    """The error has the key and the occupant type."""
    text = (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        decode_profile(text.replace('"at_home"', '"lodger"'), "mine.toml")
    assert refused.value.key == "habits.people[1]"
    assert "lodger" in str(refused.value)


def test_two_households_of_a_seed_share_no_day() -> None:
    """Chance is a function of seed and day: another seed is another year, the same one the same."""
    home = household(("works_out",), 0.0, HOURS_H, 0.0)
    one, same, other = (Occupancy(home, seed) for seed in (1, 1, 2))
    assert [one.active(day) for day in YEAR] == [same.active(day) for day in YEAR]
    assert sum(one.active(day) == other.active(day) for day in YEAR) == 0


def test_the_packaged_houses_have_people() -> None:
    """Each has the people that its heat and hot water are of."""
    counts = {name: len(load_profile(name).habits.people) for name in ("standard", "flat", "leaky")}
    assert counts == {"standard": 2, "flat": 2, "leaky": 3}
    assert replace(load_profile().habits, people=("retired",)).household().routines[0].works is False
