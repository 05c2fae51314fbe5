"""The house file of a fit runs, and what it says is what was identified."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.support.measured_houses import JANUARY, MeasuredHouse, measure, midnight_s, true_house
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.environment import Environment
from ven_twin.house.errors import ProfileError
from ven_twin.house.house import House
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house, decode_profile
from ven_twin.simulation.fitting.fit import Estimate, Fit
from ven_twin.simulation.fitting.forecast import forecast
from ven_twin.simulation.fitting.house_file import house_text
from ven_twin.simulation.fitting.page import html, notes
from ven_twin.simulation.fitting.thermal import live

DAYS = 14


@pytest.fixture(scope="module")
def measured() -> MeasuredHouse:
    """A heat pump in January."""
    return measure(true_house(ua_kw_c=0.3), JANUARY, DAYS)


@pytest.fixture(scope="module")
def fit(measured: MeasuredHouse) -> Fit:
    """A fit that found the truth, without the work of it."""
    house = measured.house
    values = {
        "ua_kw_c": 0.3,
        "air_kwh_c": 0.378,
        "mass_kwh_c": 1.53,
        "coupling_kw_c": 3.48,
        "aperture_m2": 6.9,
        "mass_gain_fraction": 0.5,
        "sky_view": 1.0,
    }
    names = ("heating_c", "cooling_c", "heating_kw", "cooling_kw", "heating_cop", "aux_kw", "cooling_cop")
    values |= {name: getattr(house, name) for name in (*names, "people_kw", "heat_fraction")}
    estimates = [
        Estimate(name, "kW", value, 0.9 * value, 1.1 * value, True) for name, value in values.items()
    ]
    weekday_kw, weekend_kw = tuple(0.05 * hour for hour in range(24)), (0.7,) * 24
    base_kw = np.array([*weekday_kw * 5, *weekend_kw * 2] * 2)
    lived = live([house], measured.drive, base_kw, 20.0)
    return Fit(
        house,
        tuple(estimates),
        weekday_kw,
        weekend_kw,
        measured.hours,
        lived,
        base_kw,
        heats=True,
        cools=False,
    )


def test_the_file_is_a_house(fit: Fit) -> None:
    """It decodes, and its parameters are those of the fit."""
    profile = decode_profile(house_text(fit, 'my "house"', place="here", first="2026-01-05"), "mine.toml")
    spec = next(spec for spec in profile.circuits if isinstance(spec, HvacSpec))
    assert profile.name == 'my "house"'
    assert spec.envelope.ua_kw_c == pytest.approx(0.3)
    assert spec.heating_c == pytest.approx(20.0)
    assert spec.machine.heating_cop == pytest.approx(2.5)


def test_the_running_house_uses_what_the_fits_model_uses(fit: Fit, measured: MeasuredHouse) -> None:
    """Switched by its deadband, minute by minute, it draws what the model of the fit draws, within 4 %."""
    profile = decode_profile(house_text(fit, "mine", place="here", first="2026-01-05"), "mine.toml")
    start_s = midnight_s(JANUARY)
    lived = forecast(profile, load_environment(load_profile()).weather, start_s, start_s + 7 * 86_400, 3600.0)
    model_kwh = fit.modelled.hvac_kw[: 7 * 24, 0].sum()
    assert lived.daily_hvac_kwh().sum() == pytest.approx(model_kwh, rel=0.04)
    assert measured.house.heating_c == pytest.approx(lived.air_c.mean(), abs=0.5)


def test_a_house_that_cannot_be_is_named(fit: Fit) -> None:
    """Key, value, and range."""
    text = house_text(fit, "mine", place="here", first="2026-01-05").replace("ua_kw_c = 0.3", "ua_kw_c = 9.3")
    with pytest.raises(ProfileError, match=r"circuits.hvac1.envelope.ua_kw_c = 9.3.*<= 5"):
        decode_profile(text, "mine.toml")


def test_the_base_load_follows_the_hour_and_the_day(fit: Fit) -> None:
    """Weekdays and weekends have powers of their own, and an open relay draws nothing."""
    profile = decode_profile(house_text(fit, "mine", place="here", first="2026-01-05"), "mine.toml")
    monday = (datetime(2026, 1, 5, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    house: House = build_house(profile)

    def base_kw(day: int, hour: float) -> float:
        return house.step({}, Environment(day=day, hour_of_day=hour), 60.0).power_kw["base1"]

    assert base_kw(monday, 7.5) == pytest.approx(0.35)
    assert base_kw(monday + 5, 7.5) == pytest.approx(0.7)


def test_a_base_load_has_24_hours() -> None:
    """Another number is refused by its key."""
    text = """
    [circuits.base1]
    type = "base_load"
    name = "rest"
    breaker_amps = 15
    rated_kw = 1
    priority = 1
    weekday_kw = [1.0, 2.0]
    weekend_kw = [1.0, 2.0]
    """
    with pytest.raises(ProfileError) as refused:
        decode_profile(text, "mine.toml")
    assert refused.value.key == "circuits.base1.weekday_kw"


def test_the_page_has_everything_and_fetches_nothing(fit: Fit) -> None:
    """Parameters with intervals, what the period did not show, plots; no address in it."""
    page = html(fit, "a <b> house", place="here", utc_offset_h=-5.0, checks=[])
    assert "a &lt;b&gt; house" in page
    assert "Heat loss" in page
    assert "0.27 to 0.33" in page
    assert page.count("<figure>") == 3
    assert "http" not in page
    assert notes(fit) == ["The period has no cooling: what belongs to it is at its default."]
