"""House profiles: what decodes, and how what does not is refused."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from ven_twin.house.errors import PhysicsError, ProfileError
from ven_twin.house.library import load_profile, packaged_houses
from ven_twin.house.profile import Profile, build_house, decode_profile
from ven_twin.house.weather import read_weather

RATINGS = {
    "hvac1": (30, 4.4),
    "heater1": (30, 4.5),
    "ev1": (50, 7.2),
    "batt1": (30, 5.0),
    "dryer1": (30, 4.5),
    "range1": (40, 2.4),
    "lights1": (15, 0.4),
    "fridge1": (15, 0.15),
    "misc1": (20, 1.0),
    "pv1": (30, 5.0),
}


BATTERY, CAR = "refill_until_h = 6.0", "kwh_per_mile = 0.325"
SELF = BATTERY + '\nmode = "self_consumption"\n'
PEAK = BATTERY + '\nmode = "time_of_use"\n'
V2G = 'v2x = "v2g"\n'


@pytest.fixture(scope="module")
def text() -> str:
    """The standard profile as text."""
    return (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")


def test_the_standard_house_has_the_ratings_of_the_wire(profile: Profile) -> None:
    """Breakers and ratings are those that deployed backends show."""
    assert {spec.id: (spec.breaker_amps, spec.rated_kw) for spec in profile.circuits} == RATINGS
    assert [spec.id for spec in profile.circuits if spec.critical] == ["fridge1"]
    assert (profile.panel.rating_amps, profile.panel.voltage_v) == (200, 240)


def test_priorities_put_car_and_battery_before_comfort(profile: Profile) -> None:
    """Priority 1 sheds last: the fridge; the car and the battery shed before anything that is felt."""
    ranked = [spec.id for spec in sorted(profile.circuits, key=lambda spec: spec.priority)]
    assert ranked[0] == "fridge1"
    assert ranked[-3:] == ["ev1", "batt1", "pv1"]


@pytest.mark.parametrize(
    ("old", "new", "key", "allowed"),
    [
        ("least_soc = 0.15", "least_soc = 1.5", "circuits.batt1.least_soc", "<= 1"),
        ("deadband_c = 1.11", "deadband_c = 0.0", "circuits.hvac1.deadband_c", ">= 0.1"),
        ("ua_kw_c = 0.355", "ua_kw_c = -1.0", "circuits.hvac1.envelope.ua_kw_c", "> 0 and <= 5"),
        ("run_kw = 4.5", 'run_kw = "much"', "circuits.dryer1.run_kw", "<= 15"),
        ("people_kw = 0.2", "people_kw = 50.0", "habits.people_kw", "<= 5"),
        ("rating_amps = 200", "rating_amps = 100", "panel.rating_amps", ">= 150"),
        ('type = "pv"', 'type = "wind"', "circuits.pv1.type", "hvac"),
        ("rated_kw = 0.4\n", "rated_kw = 4.4\n", "circuits.lights1.rated_kw", "breaker"),
        (
            "\ncharge_kw = 5.0",
            "\ncharge_kw = 7.3",
            "circuits.batt1.charge_kw",
            "<= 7.2, what its breaker carries",
        ),
        ("discharge_kw = 5.0", "discharge_kw = 9.0", "circuits.batt1.discharge_kw", "breaker"),
        (
            "charger_kw = 7.2",
            "charger_kw = 12.1",
            "circuits.ev1.charger_kw",
            "<= 12, what its breaker carries",
        ),
        ("element_kw = 4.5", "element_kw = 9.9", "circuits.heater1.element_kw", "breaker"),
        ("inverter_kw = 5.0", "inverter_kw = 7.6", "circuits.pv1.inverter_kw", "breaker"),
        ("run_kw = 4.5", "run_kw = 7.5", "circuits.dryer1.run_kw", "breaker"),
        ("export_kw = 5.0", "export_kw = 60.0", "panel.export_kw", "<= 48, what the panel carries"),
        ("export_kw = 5.0", "export_kw = -1.0", "panel.export_kw", ">= 0"),
        ("least_soc = 0.15", "least_soc = 0.96", "circuits.batt1.least_soc", "<= full_soc, 0.95"),
        (BATTERY, BATTERY + '\nmode = "vacation"', "circuits.batt1.mode", "vacation"),
        (BATTERY, BATTERY + "\nreserve_soc = 0.3", "circuits.batt1.reserve_soc", "backup"),
        (BATTERY, SELF + "reserve_soc = 0.1", "circuits.batt1.reserve_soc", ">= 0.15 and <= 0.95"),
        (BATTERY, SELF + "peak_from_h = 16.0", "circuits.batt1.peak_from_h", 'only with mode "time_of_use"'),
        (
            BATTERY,
            SELF + "peak_weekends = true",
            "circuits.batt1.peak_weekends",
            'only with mode "time_of_use"',
        ),
        (BATTERY, PEAK + "peak_until_h = 21.0", "circuits.batt1.peak_from_h", "an hour from 0 to 24"),
        (BATTERY, PEAK + "peak_from_h = 16.0", "circuits.batt1.peak_until_h", "an hour from 0 to 24"),
        (
            BATTERY,
            PEAK + "peak_from_h = 21.0\npeak_until_h = 16.0",
            "circuits.batt1.peak_until_h",
            "> peak_from_h, 21",
        ),
        (BATTERY, PEAK + "peak_from_h = 5.0\npeak_until_h = 9.0", "circuits.batt1.peak_from_h", "outside"),
        (CAR, "discharge_kw = 9.6\n" + CAR, "circuits.ev1.v2x", '"v2h" or "v2g"'),
        (CAR, V2G + CAR, "circuits.ev1.discharge_kw", "> 0"),
        (CAR, "least_soc = 0.3\n" + CAR, "circuits.ev1.least_soc", "none without discharge_kw"),
        (
            CAR,
            "discharge_kw = 9.6\nleast_soc = 0.95\n" + V2G + CAR,
            "circuits.ev1.least_soc",
            "<= full_soc, 0.9",
        ),
        ("need_soc = 0.6", "need_soc = 0.95", "circuits.ev1.need_soc", "<= full_soc, 0.9"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(
    text: str, old: str, new: str, key: str, allowed: str
) -> None:
    """Whoever edits a profile is told the key, the value, or that it is missing, and the range."""
    assert old in text
    with pytest.raises(ProfileError) as refused:
        decode_profile(text.replace(old, new, 1), "mine.toml")
    assert refused.value.key == key
    assert allowed in str(refused.value)
    words = "is missing" if refused.value.value is None else repr(refused.value.value)
    assert words in str(refused.value)
    assert "mine.toml" in str(refused.value)


def test_a_misspelt_key_is_refused(text: str) -> None:
    """A parameter that nothing reads is a mistake and not a default."""
    with pytest.raises(ProfileError, match="setpoint_k"):
        decode_profile(text.replace("setpoint_c", "setpoint_k"), "mine.toml")


@pytest.mark.parametrize("wrong", ["", "name = ", 'circuits = {a = "b"}'])
def test_a_text_that_is_no_profile_is_refused(wrong: str) -> None:
    """Nothing half-decoded becomes a house."""
    with pytest.raises(ProfileError):
        decode_profile(wrong, "mine.toml")


def test_a_house_with_two_batteries_is_refused(text: str) -> None:
    """The profile is at fault, and says so."""
    start = text.index("[circuits.batt1]")
    table = text[start : text.index("[circuits.dryer1]")].replace("batt1", "batt2")
    with pytest.raises(ProfileError, match="at most one"):
        build_house(decode_profile(text + table, "mine.toml"))


def test_profiles_load_by_name_or_by_path(tmp_path: Path, text: str) -> None:
    """A house of one's own is a file away."""
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('name = "standard"', 'name = "mine"'), encoding="utf-8")
    assert "standard" in packaged_houses()
    assert load_profile("standard").name == "standard"
    assert load_profile(mine).name == "mine"


def test_an_unknown_profile_names_those_there_are(tmp_path: Path) -> None:
    """A typing error in the house's name is answered with the list."""
    with pytest.raises(ProfileError, match="standard"):
        load_profile(tmp_path / "castle")


def test_a_weather_file_of_another_form_is_refused_by_row(tmp_path: Path) -> None:
    """A broken table is named with the row at fault."""
    broken = tmp_path / "weather.csv"
    broken.write_text("1,a,b,-5,36,-80,1\nheader\n10,50,0,0,0\n10,x,0,0,0\n", encoding="utf-8")
    with pytest.raises(PhysicsError, match="row 2"):
        read_weather(broken)


def test_the_packaged_tables_say_where_they_come_from() -> None:
    """Every table in the package has a notice with its source and licence."""
    notices = {"end_uses.csv": "NOTICE-end-uses.txt", "weather_greensboro_nc.csv": "NOTICE-weather.txt"}
    for table, notice in notices.items():
        words = (files("ven_twin.house.data") / notice).read_text(encoding="utf-8")
        assert words.startswith(table)
        assert "Source" in words
        assert "Licence" in words


@pytest.mark.parametrize(
    ("key", "default", "allowed", "refused"),
    [
        ("circuits.hvac1.deadband_c", "1.11", (0.1, 5.0), (0.09, 5.01)),
        ("circuits.hvac1.shed_offset_c", "2.2", (0.0, 10.0), (-0.01, 10.01)),
        ("circuits.ev1.charger_kw", "7.2", (0.01, 20.0), (0.0, 20.01)),
        ("circuits.ev1.least_kw", "1.44", (0.0, 5.0), (-0.01, 5.01)),
        ("circuits.ev1.battery_kwh", "60.0", (0.01, 250.0), (0.0, 250.01)),
        ("circuits.ev1.efficiency", "0.9", (0.01, 1.0), (0.0, 1.01)),
        ("circuits.ev1.kwh_per_mile", "0.325", (0.0, 2.0), (-0.01, 2.01)),
        ("circuits.heater1.element_kw", "4.5", (0.01, 10.0), (0.0, 10.01)),
        ("circuits.heater1.tank_kwh_c", "0.220", (0.01, 2.0), (0.0, 2.01)),
        ("circuits.heater1.loss_kw_c", "0.00106", (0.0, 0.02), (-0.001, 0.0201)),
        ("circuits.heater1.most_c", "60.0", (40.0, 70.0), (39.9, 70.1)),
        ("circuits.hvac1.power_factor", "0.9", (0.5, 1.0), (0.49, 1.01)),
    ],
)
def test_a_range_ends_where_it_says(
    text: str, key: str, default: str, allowed: tuple[float, float], refused: tuple[float, float]
) -> None:
    """Both ends of a range make a house under wide breakers; a little beyond either is refused."""
    text = re.sub(r"breaker_amps = \d+", "breaker_amps = 200", text)
    name = key.rpartition(".")[2]
    line = next(line for line in text.splitlines() if line.startswith(f"{name} = {default}"))
    for value in allowed:
        decode_profile(text.replace(line, f"{name} = {value}", 1), "mine.toml")
    for value in refused:
        with pytest.raises(ProfileError) as error:
            decode_profile(text.replace(line, f"{name} = {value}", 1), "mine.toml")
        assert error.value.key == key


def test_an_offset_of_a_level_beyond_its_range_is_named(text: str) -> None:
    """The level's place in the list is named, its value, and what is allowed."""
    wrong = text.replace("level_offsets_c = [2.2, 5.56, 22.2]", "level_offsets_c = [2.2, 5.56, 41.0]")
    with pytest.raises(ProfileError) as refused:
        decode_profile(wrong, "mine.toml")
    assert "circuits.heater1.level_offsets_c[2] = 41.0" in str(refused.value)
    assert "<= 40" in str(refused.value)
