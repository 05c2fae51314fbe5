"""``ven-twin house new`` and ``simulate --houses``: homes that are drawn, and a neighbourhood of them."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import FieldError
from ven_twin.cli.app import app
from ven_twin.house.devices.ev import EvSpec
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.water_heater import WaterHeaterSpec
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import Profile, build_house, decode_profile
from ven_twin.house.sizing import undersized
from ven_twin.house.weather import read_weather
from ven_twin.simulation.homes.distributions import CLIMATES
from ven_twin.simulation.homes.drawn_home import home_text

np = pytest.importorskip("numpy", reason="many houses need numpy: pip install numpy")
from ven_twin.simulation.homes.neighbourhood import Neighbourhood, drawn_homes, worlds  # noqa: E402 - after the skip

RUNNER = CliRunner()
MONDAY_S = 1_783_918_800.0
"""Midnight of 13 July 2026, Eastern Standard Time."""


def hvac(profile: Profile) -> HvacSpec:
    """The profile's heating and cooling."""
    return next(spec for spec in profile.circuits if isinstance(spec, HvacSpec))


@pytest.mark.parametrize("climate", CLIMATES)
def test_every_drawn_home_is_a_house_that_keeps_its_limits(climate: str) -> None:
    """Its file decodes with its panel and breakers, it is built, and none of its circuits is undersized."""
    weather = read_weather()
    for seed in range(120):
        profile = decode_profile(home_text(seed, climate, weather), f"home-{seed}")
        assert build_house(profile).hvac is not None
        assert undersized(profile, weather) == ()


def test_a_seed_is_a_home() -> None:
    """The same seed writes the same file; another one another home."""
    weather = read_weather()
    texts = [home_text(seed, "mixed", weather) for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]


def test_a_climate_changes_insulation_machines_and_water() -> None:
    """Homes of the cold lose less heat a square foot than the hot south's, and have colder water."""
    weather = read_weather()
    cold, hot = (
        [decode_profile(home_text(seed, name, weather), "x") for seed in range(60)]
        for name in ("cold", "hot-humid")
    )

    def loss(homes: list[Profile]) -> float:
        return sum(hvac(one).envelope.ua_kw_c / hvac(one).envelope.air_kwh_c for one in homes)

    assert loss(cold) < 0.8 * loss(hot)
    inlets = [
        {spec.inlet_c for one in homes for spec in one.circuits if isinstance(spec, WaterHeaterSpec)}
        for homes in (cold, hot)
    ]
    assert inlets == [{10.5}, {21.5}]


def test_homes_differ_as_homes_do() -> None:
    """Of two hundred some have a car, some a schedule, some a furnace; sizes and households are far apart."""
    homes = drawn_homes(200, 1, "mixed", read_weather())
    cars = sum(any(isinstance(spec, EvSpec) for spec in one.circuits) for one in homes)
    set_back = sum(bool(hvac(one).schedule) for one in homes)
    furnaces = sum(hvac(one).machine.heating_kw == 0.0 for one in homes)
    air = [hvac(one).envelope.air_kwh_c for one in homes]
    assert 20 < cars < 80
    assert 60 < set_back < 150
    assert 60 < furnaces < 120
    assert max(air) > 4.0 * min(air)
    assert {len(one.habits.people) for one in homes} == {1, 2, 3, 4, 5, 6}
    assert {one.panel.rating_amps for one in homes} == {100.0, 150.0, 200.0}


def test_heating_is_set_back_while_the_household_sleeps() -> None:
    """Most households that set heating back do so by night, while all of them sleep."""
    homes = drawn_homes(200, 1, "mixed", read_weather())
    nights, days = [], 0
    for home in homes:
        spec, routines = hvac(home), home.habits.household().routines
        periods = [one for one in spec.schedule if one.heating_c < spec.heating_c - 0.05]
        nights += [(one, routines) for one in periods if one.days == "all"]
        days += sum(one.days == "working" for one in periods)
    assert len(nights) > 60
    assert days < 15
    for period, routines in nights:
        sleeps_h, wakes_h = max(one.sleeps_h for one in routines), min(one.wakes_h for one in routines)
        assert (period.from_h - sleeps_h + 12.0) % 24.0 == pytest.approx(12.0, abs=0.81)
        assert period.until_h == pytest.approx(wakes_h, abs=0.81)


def test_a_neighbourhood_is_its_homes_one_by_one() -> None:
    """Each home's power is what it would draw alone, and the circuits add up to it."""
    weather = read_weather()
    profiles = drawn_homes(3, 11, "mixed", weather)
    homes = Neighbourhood(profiles, worlds(profiles, weather), MONDAY_S, 1)
    minutes = list(homes.minutes())
    assert len(minutes) == homes.steps == 1_440
    for minute in minutes:
        assert sum(minute.circuits_kw.values()) == pytest.approx(float(minute.houses_kw.sum()))
    alone = Neighbourhood(profiles[1:2], worlds(profiles[1:2], weather), MONDAY_S, 1)
    assert [float(minute.houses_kw[0]) for minute in alone.minutes()] == [
        float(minute.houses_kw[1]) for minute in minutes
    ]


def test_the_command_writes_a_house_file_that_simulates(tmp_path: Path) -> None:
    """`house new` writes a file; `simulate --house` takes it."""
    path = tmp_path / "home.toml"
    drawn = RUNNER.invoke(
        app, ["house", "new", "--seed", "8", "--climate", "cold", "--out", str(path), "--json"]
    )
    assert drawn.exit_code == 0, drawn.output
    assert json.loads(drawn.stdout)["climate"] == "cold"
    assert load_profile(path).name == "home-8"
    run = RUNNER.invoke(app, ["simulate", "--house", str(path), "--out", str(tmp_path / "run"), "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["usedKwh"] > 5.0


def test_a_home_keeps_the_weather_that_it_is_sized_for(tmp_path: Path) -> None:
    """With a weather file the house file has its path and stands under it."""
    weather = tmp_path / "year.csv"
    weather.write_bytes((files("ven_twin.house.data") / "weather_greensboro_nc.csv").read_bytes())
    path = tmp_path / "homes" / "home.toml"
    drawn = RUNNER.invoke(app, ["house", "new", "--seed", "8", "--weather", str(weather), "--out", str(path)])
    assert drawn.exit_code == 0, drawn.output
    profile = load_profile(path)
    assert profile.weather is not None
    assert Path(profile.weather) == weather
    assert load_environment(profile).weather.place == read_weather(weather).place


def test_a_neighbourhood_is_written_as_a_report_of_all_homes(tmp_path: Path) -> None:
    """`simulate --houses` without a house draws homes: their totals, a trace and a page."""
    run = RUNNER.invoke(
        app,
        ["simulate", "--homes", "4", "--climate", "marine", "--seed", "3", "--out", str(tmp_path), "--json"],
    )
    assert run.exit_code == 0, run.output
    totals = json.loads(run.stdout)
    assert (totals["houses"], totals["climate"], totals["seed"]) == (4, "marine", 3)
    assert totals["houseKwh"]["p90"] > totals["houseKwh"]["p10"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "4 homes, marine climate" in page
    assert len((tmp_path / "trace.csv").read_text(encoding="utf-8").splitlines()) == 1_441


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        (["house", "new", "--seed", "1", "--climate", "polar"], "--climate", "mixed, cold, hot-humid"),
        (["house", "new", "--seed", "1", "--weather", "lost.epw"], "--weather", "cannot be read"),
        (["house", "new", "--seed", "1", "--name", "../x"], "--name", "letters"),
        (["simulate", "--homes", "3", "--climate", "polar"], "--climate", "mixed, cold, hot-humid"),
        (["simulate", "--climate", "cold"], "--climate", "give --homes"),
        (["simulate", "--homes", "3", "--house", "flat", "--climate", "cold"], "--climate", "no --house"),
        (["simulate", "--homes", "20000"], "--homes", "allowed 10,000"),
        (["simulate", "--homes", "3", "--event", "17:00/2h/1kW"], "--event", "--homes"),
    ],
)
def test_bad_options_are_named(arguments: list[str], field: str, words: str) -> None:
    """One line that says what to change."""
    error = RUNNER.invoke(app, arguments).exception
    assert isinstance(error, FieldError)
    assert error.field == field
    assert words in error.reason
