"""The typical year, the calendar and the sun."""

from datetime import date

import pytest

from ven_twin.house.errors import PhysicsError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.weather import (
    HOURS_A_YEAR,
    Irradiance,
    Sun,
    Weather,
    WeatherHour,
    calendar,
    on_plane_w_m2,
    on_walls_w_m2,
    sun_at,
)

EPOCH = date(1970, 1, 1).toordinal()


def test_the_packaged_year_is_greensboros(environment: HouseEnvironment) -> None:
    """The table holds a whole year of a plausible climate, in the station's own time."""
    weather = environment.weather
    assert (weather.place, weather.utc_offset_h) == ("GREENSBORO PIEDMONT TRIAD INT, NC", -5.0)
    assert len(weather.hours) == 8760
    mean_c = sum(hour.outdoor_c for hour in weather.hours) / 8760
    assert mean_c == pytest.approx(14.5, abs=1.0)


def test_a_year_of_another_length_is_refused() -> None:
    """A table with a missing hour would shift every hour after it."""
    hour = WeatherHour(10.0, 0.5, 0.0, 0.0, 0.0)
    with pytest.raises(PhysicsError, match="8759 hours"):
        Weather("nowhere", 0.0, 0.0, 0.0, (hour,) * 8759)


def test_the_year_closes_on_itself(environment: HouseEnvironment) -> None:
    """The hour before the first is the last."""
    assert environment.weather.ending(0) is environment.weather.hours[-1]
    assert environment.weather.ending(8761) is environment.weather.hours[0]


def test_the_calendar_knows_weekends_and_leap_days() -> None:
    """29 February takes the weather of the 28th, and days after it those of any other year."""
    leap = date(2028, 2, 29).toordinal() - EPOCH
    assert calendar(leap)[0] == 58
    assert calendar(leap + 1)[0] == 59
    assert calendar(date(2026, 7, 18).toordinal() - EPOCH) == (198, 7, True)
    assert calendar(date(2026, 7, 20).toordinal() - EPOCH)[2] is False


def test_the_sun_stands_in_the_south_at_noon_and_rises_in_the_east() -> None:
    """At midsummer noon in Greensboro the sun is 77° high; in the morning it is east."""
    noon = sun_at(172, 12.0, 36.1, 12.0)
    assert noon.up == pytest.approx(0.976, abs=0.005)
    assert noon.north < 0.0
    assert sun_at(172, 8.0, 36.1, 12.0).east > 0.7
    assert sun_at(172, 1.0, 36.1, 12.0).up < 0.0


def test_a_plane_facing_the_sun_gets_all_of_the_direct_light() -> None:
    """Direct light counts by the angle at which it meets the plane."""
    sun, light = Sun(0.0, -0.6, 0.8), Irradiance(900.0, 800.0, 0.0)
    flat = on_plane_w_m2(light, sun, 0.0, 180.0)
    facing = on_plane_w_m2(light, sun, 36.87, 180.0)
    turned = on_plane_w_m2(light, sun, 90.0, 0.0)
    assert flat == pytest.approx(640.0)
    assert facing == pytest.approx(800.0 + 900.0 * 0.2 * 0.1, abs=0.1)
    assert turned == pytest.approx(90.0)


def test_walls_see_the_sun_from_eight_sides() -> None:
    """The mean over the walls is that of eight walls taken one by one."""
    sun = Sun(0.48, -0.36, 0.8)
    each = [on_plane_w_m2(Irradiance(0.0, 600.0, 0.0), sun, 90.0, 45.0 * side) for side in range(8)]
    assert on_walls_w_m2(Irradiance(700.0, 600.0, 100.0), sun) == pytest.approx(sum(each) / 8 + 100.0)


def test_walls_that_see_as_much_ground_as_sky_have_upright_planes_light(
    environment: HouseEnvironment,
) -> None:
    """Half of their view is sky and half a ground that reflects a fifth: the mean of eight such planes."""
    weather = environment.weather
    for hour_of_year in range(7, HOURS_A_YEAR, 53):
        light = weather.light(hour_of_year, 0.0, 180.0)
        planes = [weather.light(hour_of_year, 90.0, 45.0 * side).array_w_m2 for side in range(8)]
        seen_w_m2 = light.walls_w_m2 - 0.5 * light.sky_less_ground_w_m2
        assert seen_w_m2 == pytest.approx(sum(planes) / 8, abs=1e-9)


def test_direct_light_after_sunset_counts_for_nothing() -> None:
    """An hour that the sun leaves half-way may hold direct light with the sun below the horizon."""
    below = Sun(-0.99, 0.1, -0.05)
    light = Irradiance(0.0, 50.0, 0.0)
    assert on_walls_w_m2(light, below) == on_plane_w_m2(light, below, 90.0, 270.0) == 0.0
