"""A house whose parameters are set comes back from what its meter and thermometer show."""

import numpy as np
import pytest

from tests.support.measured_houses import BASE_KW, JANUARY, JULY, MAY, MeasuredHouse, measure, true_house
from ven_twin.simulation.fitting.fit import Estimate, Fit, identify
from ven_twin.simulation.fitting.hours import Hours

DAYS = 21


def estimate(fit: Fit, name: str) -> Estimate:
    """A parameter of *fit*."""
    return next(one for one in fit.estimates if one.name == name)


@pytest.fixture(scope="module")
def winter() -> MeasuredHouse:
    """A furnace in January, of which all but the cooling can be told."""
    house = true_house(
        furnace=True, ua_kw_c=0.42, air_kwh_c=0.5, mass_kwh_c=2.6, aperture_m2=5.0, heating_c=20.8
    )
    return measure(house, JANUARY, DAYS)


@pytest.fixture(scope="module")
def winter_fit(winter: MeasuredHouse) -> Fit:
    """The fit of it."""
    return identify(winter.hours, winter.drive, furnace=True)


@pytest.fixture(scope="module")
def summer_fit() -> Fit:
    """The fit of a heat pump in July."""
    measured = measure(true_house(ua_kw_c=0.35, cooling_c=25.2), JULY, DAYS)
    return identify(measured.hours, measured.drive)


@pytest.mark.parametrize(
    ("name", "true", "within"),
    [
        ("ua_kw_c", 0.42, 0.05),
        ("mass_kwh_c", 2.6, 0.35),
        ("aperture_m2", 5.0, 0.2),
        ("heating_c", 20.8, 0.01),
    ],
)
def test_parameters_come_back(winter_fit: Fit, name: str, true: float, within: float) -> None:
    """A parameter that the readings can tell is near the truth, which lies in its interval."""
    one = estimate(winter_fit, name)
    assert one.value == pytest.approx(true, rel=within)
    assert one.identified
    assert one.low < one.value < one.high


@pytest.mark.parametrize("sky_view", [0.3, 1.0])
def test_the_kind_of_the_suns_light_comes_back(sky_view: float) -> None:
    """Clear days and cloudy ones tell walls that see little of the sky from such as see it alone."""
    measured = measure(true_house(ua_kw_c=0.35, sky_view=sky_view), JULY, DAYS)
    one = estimate(identify(measured.hours, measured.drive), "sky_view")
    assert one.value == pytest.approx(sky_view, abs=0.05)
    assert one.identified


def test_the_base_load_comes_back(summer_fit: Fit) -> None:
    """Nights without cooling tell the base load from the HVAC: its level within 0.1 kW, and its shape."""
    mean_error_kw = 0.08  # of a tenth of a kW, one-sided
    assert np.mean(summer_fit.weekday_kw) == pytest.approx(np.mean(BASE_KW) + mean_error_kw, abs=0.1)
    assert np.corrcoef(summer_fit.weekday_kw, BASE_KW)[0, 1] > 0.8


def test_what_the_period_does_not_show_stays_at_its_default(winter_fit: Fit) -> None:
    """No cooling in January: its parameters are told to be defaults, with an interval as wide as one."""
    assert winter_fit.heats
    assert not winter_fit.cools
    for name, default in (("cooling_c", 24.0), ("cooling_cop", 3.5)):
        one = estimate(winter_fit, name)
        assert one.value == pytest.approx(default, rel=0.01)
        assert not one.identified
    assert estimate(winter_fit, "cooling_cop").high > 1.5 * 3.5


def test_the_model_follows_what_it_was_fitted_on(winter: MeasuredHouse, winter_fit: Fit) -> None:
    """Indoors within 0.2 °C, energy of the three weeks within 1 %."""
    assert winter.hours.indoor_c is not None
    apart_c = (winter_fit.modelled.air_c[:, 0] - winter.hours.indoor_c)[24:]
    assert np.sqrt(np.mean(apart_c**2)) < 0.2
    assert winter_fit.modelled_kw.sum() == pytest.approx(winter.hours.meter_kw.sum(), rel=0.01)


def test_cooling_is_told_in_july(summer_fit: Fit) -> None:
    """The other season has the other setpoint."""
    assert summer_fit.cools
    assert not summer_fit.heats
    assert estimate(summer_fit, "cooling_c").value == pytest.approx(25.2, abs=0.15)
    assert not estimate(summer_fit, "heating_cop").identified


def test_without_a_thermometer_the_setpoint_is_a_guess(winter: MeasuredHouse) -> None:
    """The interval of the setpoint is much wider; the energy is as good."""
    hours = Hours(winter.hours.first_hour, winter.hours.meter_kw, None)
    fit = identify(hours, winter.drive, furnace=True)
    setpoint = estimate(fit, "heating_c")
    assert setpoint.high - setpoint.low > 0.5
    assert fit.modelled_kw.sum() == pytest.approx(hours.meter_kw.sum(), rel=0.02)


def test_a_house_without_heating_or_cooling_is_at_its_defaults() -> None:
    """In a mild May with setpoints that nothing reaches, the meter tells nothing of the walls."""
    measured = measure(true_house(heating_c=5.0, cooling_c=40.0), MAY, DAYS, thermometer=False)
    fit = identify(measured.hours, measured.drive)
    assert not fit.heats
    assert not fit.cools
    assert not estimate(fit, "ua_kw_c").identified


def test_holes_in_the_meter_are_left_out(winter: MeasuredHouse) -> None:
    """A day without readings changes the heat loss by little."""
    meter_kw = winter.hours.meter_kw.copy()
    meter_kw[200:224] = np.nan
    fit = identify(
        Hours(winter.hours.first_hour, meter_kw, winter.hours.indoor_c), winter.drive, furnace=True
    )
    assert estimate(fit, "ua_kw_c").value == pytest.approx(0.42, rel=0.05)
