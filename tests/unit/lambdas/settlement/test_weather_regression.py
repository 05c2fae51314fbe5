"""The baseline by the weather: loads whose law is known, days with gaps, weather with gaps, and its band.

The event is on Wednesday 15 July 2026, 17:00 to 19:00 UTC.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec import structs

from lambdas.settle_event.logic.baselines import MissingWeather, NoBaselineError, TooFewWeatherDays
from lambdas.settle_event.logic.conformal import left_out_weights
from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.ridge import cholesky, dot, forward, gram
from lambdas.settle_event.logic.weather import SiteWeather
from lambdas.settle_event.logic.weather_regression import RIDGE, RegressedBaseline, regress
from lambdas.shared.power_traces import Window

START_TS = datetime(2026, 7, 15, 17, tzinfo=UTC).timestamp()
FRAME = Frame(Window(START_TS, START_TS + 7200))
START_H = int(START_TS) // 3600
FIRST_H = START_H - 50 * 24
EVENT = slice(16, 24)
"""Its quarter hours in the frame."""


def summer(seed: int, *, hotter_c: float = 0.0) -> dict[int, float]:
    """Hourly °C of fifty days: a day's swing about a level that wanders; the event's day so much hotter."""
    draw = random.Random(seed)
    level_c, hours = 24.0, {}
    for day in range(51):
        level_c += draw.gauss(0, 2) - 0.3 * (level_c - 24.0)
        for hour in range(24):
            at_h = FIRST_H - FIRST_H % 24 + day * 24 + hour
            own_c = hotter_c if at_h // 24 == START_H // 24 else 0.0
            hours[at_h] = level_c + own_c + 6 * np.sin((hour - 9) * np.pi / 12) + draw.gauss(0, 0.3)
    return {hour: float(outdoor_c) for hour, outdoor_c in hours.items()}


def days_of(
    law: Callable[[int, int, bool], float], noise: Callable[[], float] = lambda: 0.0
) -> list[MatchedDay]:
    """Forty-five days of a load by *law* of the hour since 1970, the hour of the day, and the weekend."""
    days = []
    for past in FRAME.past:
        off_kw = noise()
        kw = []
        for quarter in range(past.first, past.first + FRAME.count):
            hour = quarter // 4
            kw.append(law(hour, hour % 24, past.kind is not DayType.WEEKDAY) + off_kw)
        days.append(MatchedDay(past.days_ago, past.kind, tuple(kw)))
    return days


def cooled(hours: dict[int, float]) -> Callable[[int, int, bool], float]:
    """A house that has its usual hours, more on weekends, and cools above 18 and harder above 26 °C."""

    def law(hour: int, of_day: int, weekend: bool) -> float:
        above_kw = 0.1 * max(0.0, hours[hour] - 18) + 0.2 * max(0.0, hours[hour] - 26)
        return 1.0 + 0.1 * of_day + 0.5 * weekend + above_kw

    return law


def event_kw(baseline: RegressedBaseline) -> list[float]:
    """The baseline in the event's quarter hours."""
    return [kw for kw in baseline.kw[EVENT] if kw is not None]


def of_law(law: Callable[[int, int, bool], float]) -> list[float]:
    """The load of the event's own day in the event's quarter hours."""
    return [law(hour, hour % 24, False) for hour in (START_H, START_H + 1) for _ in range(4)]


def gapped(day: MatchedDay, quarters: Sequence[int]) -> MatchedDay:
    """*day* with some quarter hours unknown."""
    kw = tuple(None if quarter in quarters else value for quarter, value in enumerate(day.kw))
    return structs.replace(day, kw=kw)


def without_ridge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain least squares: what the days cannot tell apart is left as it comes."""
    monkeypatch.setattr("lambdas.settle_event.logic.weather_regression.RIDGE", 1e-7)


def test_a_load_of_the_models_form_is_predicted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the ridge, on a day hotter than any before, to the watt; and its band has no width."""
    without_ridge(monkeypatch)
    hours = summer(1, hotter_c=8.0)
    law = cooled(hours)
    baseline = regress(days_of(law), SiteWeather.of(hours), FRAME)
    assert event_kw(baseline) == pytest.approx(of_law(law), abs=1e-3)
    assert baseline.half_band_kw == pytest.approx(0.0, abs=1e-3)


def test_the_ridge_costs_such_a_load_less_than_two_percent() -> None:
    """The same load with the ridge that settles."""
    hours = summer(2, hotter_c=8.0)
    law = cooled(hours)
    baseline = regress(days_of(law), SiteWeather.of(hours), FRAME)
    assert event_kw(baseline) == pytest.approx(of_law(law), rel=0.02)


def test_a_flat_load_has_itself_as_its_baseline() -> None:
    """3 kW at all hours of all days: nothing answers to the weather, whatever it is."""
    baseline = regress(days_of(lambda *_: 3.0), SiteWeather.of(summer(3)), FRAME)
    assert event_kw(baseline) == pytest.approx([3.0] * 8, abs=1e-5)


def test_figures_are_those_of_numpys_least_squares() -> None:
    """A noisy load with its usual hours, the shift and the slopes: numpy's solution gives the same power."""
    draw, hours = random.Random(4), summer(4)
    law = cooled(hours)
    days = days_of(lambda *at: law(*at) + draw.gauss(0, 0.3))
    weather = SiteWeather.of(hours)
    rows, right = [], []
    for day, past in zip(days, FRAME.past, strict=True):
        rows += design_rows(weather, past.first // 4, past.kind)
        right += [sum(day.kw[n * 4 : n * 4 + 4]) / 4 for n in range(2, 8)]
    penalty = np.diag([0.0] * 6 + [RIDGE**0.5] * 8)
    padded = np.vstack([np.array(rows), penalty])
    slopes = np.linalg.lstsq(padded, np.array([*right, *[0.0] * 14]), rcond=None)[0]
    own = np.array(design_rows(weather, START_H - 4, DayType.WEEKDAY))[2:4] @ slopes
    baseline = regress(days, weather, FRAME)
    by_hour = [sum(event_kw(baseline)[n : n + 4]) / 4 for n in (0, 4)]
    assert by_hour == pytest.approx(own.tolist(), abs=1e-4)


def design_rows(weather: SiteWeather, first_h: int, kind: DayType) -> list[list[float]]:
    """Six hours, from 2 h before the event to 2 h after it, of a frame that begins at *first_h*."""
    midnight_h = first_h - first_h % 24
    features = weather.features(range(midnight_h - 24, midnight_h), range(first_h, first_h + 10))[2:8]
    return [
        [*(float(n == hour) for n in range(6)), float(kind is not DayType.WEEKDAY), *(row or ())]
        for hour, row in enumerate(features)
    ]


def test_the_order_of_the_days_changes_nothing() -> None:
    """Days shuffled give the same figures to the last bit."""
    draw, hours = random.Random(5), summer(5)
    days = days_of(cooled(hours), lambda: draw.gauss(0, 0.2))
    shuffled = draw.sample(days, len(days))
    assert regress(shuffled, SiteWeather.of(hours), FRAME) == regress(days, SiteWeather.of(hours), FRAME)


def test_a_day_that_is_all_gap_is_no_day() -> None:
    """A day without a quarter hour gives what its absence gives, and is not among the days."""
    draw, hours = random.Random(6), summer(6)
    days = days_of(cooled(hours), lambda: draw.gauss(0, 0.2))
    with_gap = regress([gapped(days[0], range(40)), *days[1:]], SiteWeather.of(hours), FRAME)
    without = regress(days[1:], SiteWeather.of(hours), FRAME)
    assert (with_gap.kw, with_gap.days_ago, with_gap.half_band_kw) == (
        without.kw,
        without.days_ago,
        without.half_band_kw,
    )


def test_a_gap_in_one_day_leaves_an_exact_load_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour missing here and there takes nothing from what the other hours say."""
    without_ridge(monkeypatch)
    hours = summer(7, hotter_c=5.0)
    law = cooled(hours)
    days = [gapped(day, range(4 * (n % 9), 4 * (n % 9) + 4)) for n, day in enumerate(days_of(law))]
    assert event_kw(regress(days, SiteWeather.of(hours), FRAME)) == pytest.approx(of_law(law), abs=1e-3)


def test_a_quarter_hour_that_is_always_low_stays_low() -> None:
    """A load of 4 kW with 2 kW in each hour's last quarter has that shape on the event's day too."""
    days = [
        MatchedDay(past.days_ago, past.kind, (4.0, 4.0, 4.0, 2.0) * (FRAME.count // 4)) for past in FRAME.past
    ]
    baseline = regress(days, SiteWeather.of(summer(8)), FRAME)
    assert event_kw(baseline) == pytest.approx([4.0, 4.0, 4.0, 2.0] * 2, abs=1e-4)


def test_without_weather_there_is_no_regression() -> None:
    """No temperature at all, and none in the event: each is said."""
    hours = summer(9)
    days = days_of(cooled(hours))
    none = {hour: outdoor_c for hour, outdoor_c in hours.items() if hour < START_H - 2}
    for weather, reason in (({}, MissingWeather.ANY), (none, MissingWeather.EVENT)):
        with pytest.raises(NoBaselineError) as refused:
            regress(days, SiteWeather.of(weather), FRAME)
        assert refused.value.reason is reason


def test_nine_days_are_too_few_and_ten_are_enough() -> None:
    """The reason says how many there are; nine without a temperature count for nothing."""
    hours = summer(10)
    days = days_of(cooled(hours))
    with pytest.raises(NoBaselineError) as refused:
        regress(days[:9], SiteWeather.of(hours), FRAME)
    assert refused.value.reason == TooFewWeatherDays(10, 9)
    assert len(regress(days[:10], SiteWeather.of(hours), FRAME).days_ago) == 10


def test_days_without_their_weather_are_left_out_and_named() -> None:
    """Five days from before the thermometer: the note says of how many days the figure is."""
    hours = summer(11)
    known = {hour: outdoor_c for hour, outdoor_c in hours.items() if hour >= START_H - 17 - 41 * 24}
    baseline = regress(days_of(cooled(hours)), SiteWeather.of(known), FRAME)
    assert baseline.days_ago == tuple(range(1, 41))
    assert baseline.notes == ("of 40 of 45 days: of the others the outdoor temperature is not known",)


def test_hours_of_weather_that_were_filled_are_named() -> None:
    """Two hours missing two days before the event stand on a line, with a note."""
    hours = summer(12)
    law = cooled(hours)
    known = {hour: outdoor_c for hour, outdoor_c in hours.items() if hour not in (START_H - 48, START_H - 47)}
    baseline = regress(days_of(law), SiteWeather.of(known), FRAME)
    assert baseline.notes == ("2 hours of outdoor temperature filled from the hours beside them",)
    assert event_kw(baseline) == pytest.approx(of_law(law), rel=0.02)


def test_an_event_in_weather_unlike_all_days_is_noted() -> None:
    """20 °C more than the summer, and 30 less: the note has the event's temperature and those of the days."""
    for off_c, event_c in ((20.0, 45), (-30.0, -5)):
        hours = summer(16, hotter_c=off_c)
        baseline = regress(days_of(cooled(hours)), SiteWeather.of(hours), FRAME)
        assert baseline.notes == (f"at {event_c} °C outdoors, where the days had 22 to 34 °C",)
    usual = summer(16)
    assert regress(days_of(cooled(usual)), SiteWeather.of(usual), FRAME).notes == ()


def test_leaving_a_day_out_is_fitting_without_it() -> None:
    """By numpy: eight days of three hours, each left out in turn and predicted from the others."""
    draw = random.Random(17)
    rows = [[1.0, draw.gauss(0, 1), draw.gauss(0, 1)] for _ in range(24)]
    right = [draw.gauss(0, 1) for _ in rows]
    table, kw = np.array(rows), np.array(right)
    penalty = np.diag([2.0] * 3)
    slopes = np.linalg.solve(table.T @ table + penalty, table.T @ kw)
    factor = cholesky(gram(rows, [2.0] * 3))
    for first in range(0, 24, 3):
        day = slice(first, first + 3)
        others = [n for n in range(24) if not first <= n < first + 3]
        without = np.linalg.solve(table[others].T @ table[others] + penalty, table[others].T @ kw[others])
        weights = left_out_weights([forward(factor, row) for row in rows[day]], [0.5, 0.3, 0.2])
        expected = (table[day] @ without - kw[day]) @ np.array([0.5, 0.3, 0.2])
        assert dot(weights, (table[day] @ slopes - kw[day]).tolist()) == pytest.approx(expected)


def test_the_band_holds_about_four_in_five_of_days_to_come() -> None:
    """Of four hundred loads with errors that any day may have, the truth of 76 to 88 % is in it."""
    draw, hours = random.Random(14), summer(14)
    law, within = cooled(hours), 0
    for _ in range(400):
        baseline = regress(days_of(law, lambda: draw.gauss(0, 0.3)), SiteWeather.of(hours), FRAME)
        truth_kw = sum(of_law(law)) / 8 + draw.gauss(0, 0.3)
        band = baseline.band_kw(sum(event_kw(baseline)) / 8 - truth_kw)
        assert band is not None
        within += band[0] <= 0.0 <= band[1]
    assert 304 <= within <= 352


def test_a_larger_load_has_a_wider_band() -> None:
    """Four times the load and its errors is four times the band."""
    draw, hours = random.Random(13), summer(13)
    days = days_of(cooled(hours), lambda: draw.gauss(0, 0.3))
    larger = [structs.replace(day, kw=tuple(4 * (kw or 0.0) for kw in day.kw)) for day in days]
    small, large = (regress(of, SiteWeather.of(hours), FRAME).half_band_kw for of in (days, larger))
    assert small is not None
    assert large == pytest.approx(4 * small)


def test_a_load_of_nothing_has_a_band_of_nothing() -> None:
    """A house that is empty all the time: no power, no error, no width."""
    baseline = regress(days_of(lambda *_: 0.0), SiteWeather.of(summer(15)), FRAME)
    assert (event_kw(baseline), baseline.half_band_kw) == ([0.0] * 8, 0.0)


def test_a_day_unlike_the_others_has_a_wider_band() -> None:
    """A load that no weather moves: 25 °C above the summer its band is wider, for the power that it is of."""
    draw, usual, hot = random.Random(18), summer(18), summer(18, hotter_c=25.0)
    days = days_of(lambda *_: 3.0, lambda: draw.gauss(0, 0.3))
    widths = []
    for hours in (usual, hot):
        baseline = regress(days, SiteWeather.of(hours), FRAME)
        assert baseline.half_band_kw is not None
        widths.append(baseline.half_band_kw / (sum(event_kw(baseline)) / 8) ** 0.5)
    assert widths[1] > 1.02 * widths[0]
