"""The outdoor temperature as a load answers to it, worked by hand."""

from __future__ import annotations

from math import exp

import pytest

from lambdas.settle_event.logic.weather import NO_WEATHER, SiteWeather, mean_weather
from lambdas.shared.power_traces import PowerRow

BEFORE = range(100, 124)
"""The day before, hours since 1970."""
HOUR = 130


def weather(now_c: float, before_c: float = 18.0) -> SiteWeather:
    """A day before of one temperature, and one hour."""
    return SiteWeather.of(dict.fromkeys(BEFORE, before_c) | {HOUR: now_c})


def mean_c(now_c: float, before_c: float, memory_h: float) -> float:
    """The exponential mean of 24 hours at *before_c* and then one at *now_c*."""
    fade = exp(-1 / memory_h)
    weight = sum(fade**n for n in range(1, 25))
    return (weight * before_c + now_c) / (weight + 1)


def test_a_hot_hour_has_degrees_above_18_22_and_26_and_is_remembered() -> None:
    """30 °C after a day of 20 °C: 12, 8 and 4 degrees, two means above 18 °C, and nothing to heat."""
    (features,) = weather(30.0, 20.0).features(BEFORE, [HOUR])
    remembered = [mean_c(30.0, 20.0, memory_h) - 18.0 for memory_h in (6, 24)]
    assert features == pytest.approx((12.0, 8.0, 4.0, *remembered, 0.0, 0.0))


def test_a_cold_hour_has_degrees_below_15_and_is_remembered() -> None:
    """5 °C after a day of 10 °C: nothing to cool, 10 degrees to heat, and what the day before leaves."""
    (features,) = weather(5.0, 10.0).features(BEFORE, [HOUR])
    assert features == pytest.approx((0.0,) * 5 + (10.0, 15.0 - mean_c(5.0, 10.0, 24)))


def test_a_gap_of_three_hours_lies_on_a_line() -> None:
    """20 °C, three hours missing, 28 °C: 22, 24 and 26 between them; four hours stay unknown."""
    filled = SiteWeather.of({10: 20.0, 14: 28.0, 19: 28.0})
    assert filled.outdoor_c == (20.0, 22.0, 24.0, 26.0, 28.0, None, None, None, None, 28.0)
    assert filled.filled_h == 3


def test_an_hour_that_is_not_known_has_no_features() -> None:
    """Hours outside of what is stored, and in a gap, are None; the others stand."""
    stored = SiteWeather.of(dict.fromkeys(BEFORE, 18.0) | {130: 20.0, 136: 20.0})
    features = stored.features(BEFORE, [129, 130, 133, 136, 137])
    assert [row is not None for row in features] == [False, True, False, True, False]


def test_thermometers_half_a_degree_apart_are_under_one_sky() -> None:
    """The other's weather is taken at 0.4 °C, the own at 0.6 °C; and where the other lacks an hour of it."""
    sky = SiteWeather.of(dict.fromkeys(range(100, 200), 20.0))
    for off_c, alike in ((0.4, True), (0.6, False)):
        here = SiteWeather.of(dict.fromkeys(range(120, 180), 20.0 + off_c))
        assert here.under(sky) is (sky if alike else here)
    longer = SiteWeather.of(dict.fromkeys(range(100, 201), 20.0))
    assert longer.under(sky) is longer


def test_less_than_a_day_tells_no_sky() -> None:
    """23 hours may agree by chance, and a site without a temperature has none: its report says so."""
    sky = SiteWeather.of(dict.fromkeys(range(100, 200), 20.0))
    for hours, alike in ((23, False), (24, True)):
        here = SiteWeather.of(dict.fromkeys(range(120, 120 + hours), 20.0))
        assert (here.under(sky) is sky) is alike
    assert NO_WEATHER.under(sky) is NO_WEATHER


def test_the_mean_of_sites_is_of_those_that_know_the_hour() -> None:
    """20 and 20 and 26 °C are 22; where only the third knows, 26; nobody, nothing."""
    both = SiteWeather(100, (20.0, None, None))
    third = SiteWeather(100, (26.0, 26.0, None, 26.0))
    assert mean_weather([both, both, third]).outdoor_c == (22.0, 26.0, None, 26.0)
    assert mean_weather([both, both, NO_WEATHER]) is both
    assert mean_weather([]) is NO_WEATHER


def test_half_a_day_before_is_enough_and_less_is_not() -> None:
    """With twelve hours of the day before an hour has features, with eleven it has none."""
    for hours, enough in ((12, True), (11, False)):
        stored = SiteWeather.of(dict.fromkeys(range(124 - hours, 124), 18.0) | {HOUR: 20.0})
        assert (stored.features(BEFORE, [HOUR])[0] is not None) is enough


def test_a_site_is_known_by_its_days_and_where_these_are_not_by_its_rows() -> None:
    """A day of 20 °C but for its last hour, then two hours of rows: one on the hour is of the hour before."""
    day, first = 20_000, 20_000 * 24
    ends_s = [(first + hour) * 3600 for hour in (24, 25, 26)]
    rows = [
        PowerRow(timestamp=ts, used_power_kw=1.0, baseline_power_kw=1.0, outdoor_c=c)
        for ts, c in [
            (ends_s[0] - 1800, 21.0),
            (ends_s[0], 23.0),
            (ends_s[0] + 1, None),
            (ends_s[1], 30.0),
            (ends_s[2], 31.0),
        ]
    ]
    site = SiteWeather.of_site({day: (20.0,) * 23 + (None,), day - 1: ()}, rows)
    assert (site.first_h, site.filled_h) == (first, 0)
    assert site.outdoor_c == (*(20.0,) * 23, 22.0, 30.0, 31.0)


def test_a_site_of_which_nothing_is_stored_has_no_weather() -> None:
    """Days without an hour and rows without a temperature are no weather; nor is nothing at all."""
    row = PowerRow(timestamp=900, used_power_kw=1.0, baseline_power_kw=1.0)
    for days in ({}, {20_000: ()}, {20_000: (None,) * 24}):
        assert SiteWeather.of_site(days, [row]) == NO_WEATHER
        assert SiteWeather.of_site(days, []) == NO_WEATHER


def test_a_sky_is_told_in_spite_of_a_gap_that_both_have() -> None:
    """An hour that neither knows tells nothing; one that this knows and the sky does not tells them apart."""
    hours = dict.fromkeys(range(100, 200), 20.0)
    gapped = {hour: value_c for hour, value_c in hours.items() if hour not in range(150, 160)}
    sky, whole = SiteWeather.of(gapped), SiteWeather.of(hours)
    here = SiteWeather.of({hour: value_c + 0.1 for hour, value_c in gapped.items()})
    assert here.under(sky) is sky
    assert whole.under(sky) is whole
    assert here.under(SiteWeather.of(dict.fromkeys(range(140, 300), 20.0))) is here
