"""Every day-matching baseline against an example worked by hand; the arithmetic stands with each.

The event is on Wednesday 15 July 2026, 17:00 to 19:00 UTC. A day's load is flat but for the hours that a rule
looks at, so that each mean can be read off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lambdas.settle_event.logic.baselines import MatchedBaseline, NoBaselineError, match_baseline
from lambdas.settle_event.logic.days import DAY_S, QUARTERS, DayProfile, Frame, match_days
from lambdas.settle_event.logic.rules import (
    CAISO_10_OF_10,
    NYISO_5_OF_10,
    PJM_3_DAY_TYPES_SAA,
    RESIDENTIAL_5_OF_10,
    WEEKDAYS,
    Pool,
    Rule,
)
from lambdas.shared.power_traces import Window

WEDNESDAY = datetime(2026, 7, 15, 17, tzinfo=UTC)
SATURDAY = datetime(2026, 7, 18, 17, tzinfo=UTC)
SUNDAY = datetime(2026, 7, 19, 17, tzinfo=UTC)
TWO_H = 7200
WEEKDAYS_AGO = (1, 2, 5, 6, 7, 8, 9, 12, 13, 14)
"""The ten weekdays before Wednesday 15 July: Tue 14, Mon 13, Fri 10, Thu 9, Wed 8, Tue 7, Mon 6, Fri 3, …"""

Hours = Mapping[tuple[float, float], float]
"""Power in the hours from and to, kW; 1 kW in all others."""


def frame_of(start: datetime) -> Frame:
    """Of an event of two hours."""
    return Frame(Window(start.timestamp(), start.timestamp() + TWO_H))


def quarters(hours: Hours, default_kw: float = 1.0) -> tuple[float | None, ...]:
    """A day of quarter hours."""
    kw = [default_kw] * QUARTERS
    for (from_h, to_h), power_kw in hours.items():
        kw[int(from_h * 4) : int(to_h * 4)] = [power_kw] * int((to_h - from_h) * 4)
    return tuple(kw)


def day_of(start: datetime) -> int:
    """Days since 1970."""
    return int(start.timestamp() // DAY_S)


def worked(
    rule: Rule,
    days: Mapping[int, Hours],
    own: Hours,
    *,
    start: datetime = WEDNESDAY,
    missing: Sequence[int] = (),
) -> MatchedBaseline:
    """The baseline by *rule* of the days so many days before *start*; *own* is the day itself."""
    frame = frame_of(start)
    today = day_of(start)
    profiles = {
        today - ago: DayProfile(quarters(hours), 1.0) for ago, hours in days.items() if ago not in missing
    }
    first = int((frame.start_ts - today * DAY_S) // 900)
    return match_baseline(
        rule, match_days(profiles, frame), quarters(own)[first : first + frame.count], frame
    )


def event_kw(found: MatchedBaseline, start: datetime = WEDNESDAY) -> float:
    """The baseline's mean over the event, kW."""
    frame = frame_of(start)
    mean_kw = frame.mean_kw(found.kw, frame.event)
    assert mean_kw is not None
    return mean_kw


def ten(event_kws: Sequence[float], ago: Sequence[int] = WEEKDAYS_AGO) -> dict[int, Hours]:
    """Days with so much in the event's hours, the latest first, and 1 kW else."""
    return {days_ago: {(17, 19): kw} for days_ago, kw in zip(ago, event_kws, strict=True)}


ONE_TO_TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_caiso_takes_the_mean_of_ten_weekdays() -> None:
    """(1 + 2 + … + 10) / 10 = 5.5 kW; the morning was as usual: 1 / 1 = 1, so 5.5 kW."""
    found = worked(CAISO_10_OF_10, ten(ONE_TO_TEN), {})
    assert (event_kw(found), found.ratio, found.notes) == (pytest.approx(5.5), 1.0, ())
    assert sorted(found.days_ago) == list(WEEKDAYS_AGO)


def test_caiso_adjusts_by_the_three_hours_that_end_an_hour_before() -> None:
    """13 to 16 h at 1.1 kW beside 1 kW: 1.1 / 1 = 1.1, so 5.5 × 1.1 = 6.05 kW. The rest moves nothing."""
    found = worked(CAISO_10_OF_10, ten(ONE_TO_TEN), {(13, 16): 1.1, (12, 13): 9.0, (16, 17): 9.0})
    assert (found.ratio, event_kw(found)) == (pytest.approx(1.1), pytest.approx(6.05))


@pytest.mark.parametrize(("now_kw", "ratio"), [(3.0, 1.2), (0.1, 0.8), (1.19, 1.19), (0.81, 0.81)])
def test_caiso_adjusts_by_no_more_than_a_fifth(now_kw: float, ratio: float) -> None:
    """3 / 1 = 3 is held to 1.2 (5.5 × 1.2 = 6.6 kW), 0.1 to 0.8 (4.4 kW); what is within stays."""
    found = worked(CAISO_10_OF_10, ten(ONE_TO_TEN), {(13, 16): now_kw})
    assert found.ratio == pytest.approx(ratio)
    assert event_kw(found) == pytest.approx(5.5 * ratio)


def test_caiso_takes_four_weekend_days() -> None:
    """Saturday 18 July: Sunday 12 (2 kW), Saturday 11 (4), Sunday 5 (6), Saturday 4 (8): 20 / 4 = 5 kW."""
    days = ten([2, 4, 6, 8, 100], (6, 7, 13, 14, 20)) | ten([50], (1,))
    found = worked(CAISO_10_OF_10, days, {}, start=SATURDAY)
    assert (found.days_ago, event_kw(found, SATURDAY)) == ((14, 13, 7, 6), pytest.approx(5.0))


def test_the_residential_rule_takes_the_five_highest_of_ten() -> None:
    """6, 7, 8, 9, 10 are the highest over 17 to 19 h: 40 / 5 = 8 kW."""
    found = worked(RESIDENTIAL_5_OF_10, ten(ONE_TO_TEN), {})
    assert (found.days_ago, event_kw(found)) == ((14, 13, 12, 9, 8), pytest.approx(8.0))


def test_the_residential_rule_weighs_three_of_five_weekend_days() -> None:
    """Of 1, 5, 3, 2, 4 kW the three highest count a half, three and two tenths: 2.5 + 1.2 + 0.6 = 4.3 kW.

    The sixth day is not looked at. The hours that adjust weigh the same days alike: with 2, 4 and 1 kW there
    it is 1 + 1.2 + 0.2 = 2.4 kW, beside 3 kW a ratio of 1.25.
    """
    days = ten([1, 5, 3, 2, 4, 90], (6, 7, 13, 14, 20, 21))
    assert event_kw(worked(RESIDENTIAL_5_OF_10, days, {}, start=SATURDAY), SATURDAY) == pytest.approx(4.3)
    sides = {7: 2.0, 20: 4.0, 13: 1.0}
    days = {ago: {**hours, (13, 15): sides.get(ago, 9.0)} for ago, hours in days.items()}
    found = worked(RESIDENTIAL_5_OF_10, days, {(13, 15): 3.4}, start=SATURDAY)
    assert found.ratio == pytest.approx((3.4 + 1.0) / (2.4 + 1.0))


def test_the_residential_rule_adjusts_by_two_hours_before_and_two_after() -> None:
    """13 to 15 h at 1.4 and 21 to 23 h at 1.2: (1.4 + 1.2) / 2 = 1.3 beside 1, so 8 × 1.3 = 10.4 kW.

    The two hours beside the event on either side are buffers: 9 kW there, as in a rebound, moves nothing.
    """
    own = {(13, 15): 1.4, (21, 23): 1.2, (15, 17): 9.0, (19, 21): 9.0}
    found = worked(RESIDENTIAL_5_OF_10, ten(ONE_TO_TEN), own)
    assert (found.ratio, event_kw(found)) == (pytest.approx(1.3), pytest.approx(10.4))


@pytest.mark.parametrize(("now_kw", "ratio"), [(2.0, 1.4), (0.5, 0.71)])
def test_the_residential_rule_adjusts_within_its_bounds(now_kw: float, ratio: float) -> None:
    """2 / 1 is held to 1.4 (8 × 1.4 = 11.2 kW), 0.5 / 1 to 0.71 (5.68 kW)."""
    found = worked(RESIDENTIAL_5_OF_10, ten(ONE_TO_TEN), {(13, 15): now_kw, (21, 23): now_kw})
    assert (found.ratio, event_kw(found)) == (ratio, pytest.approx(8.0 * ratio))


def test_before_its_after_is_measured_the_residential_rule_goes_by_before() -> None:
    """Settled at once: 1.2 / 1 from before alone, so 8 × 1.2 = 9.6 kW, and a note that says so."""
    frame, today = frame_of(WEDNESDAY), day_of(WEDNESDAY)
    profiles = {today - ago: DayProfile(quarters(hours), 1.0) for ago, hours in ten(ONE_TO_TEN).items()}
    own = [*quarters({(13, 15): 1.2})[52:76], *[None] * 16]
    found = match_baseline(RESIDENTIAL_5_OF_10, match_days(profiles, frame), own, frame)
    assert event_kw(found) == pytest.approx(9.6)
    assert found.notes == ("adjusted without the 2 h after it, not known",)


def test_pjm_takes_the_four_highest_of_five_weekdays() -> None:
    """Of 4, 6, 8, 10, 2 kW the highest four: (4 + 6 + 8 + 10) / 4 = 7 kW; the sixth day is not looked at."""
    found = worked(PJM_3_DAY_TYPES_SAA, ten([4, 6, 8, 10, 2, 99], WEEKDAYS_AGO[:6]), {})
    assert event_kw(found) == pytest.approx(7.0)


def test_pjm_adds_what_the_day_is_above_its_baseline() -> None:
    """13 to 16 h at 3.5 kW beside 1 kW: + 2.5 kW without bounds, so 9.5 kW; 16 to 17 h is skipped."""
    found = worked(
        PJM_3_DAY_TYPES_SAA, ten([4, 6, 8, 10, 2], WEEKDAYS_AGO[:5]), {(13, 16): 3.5, (16, 17): 99}
    )
    assert (found.added_kw, event_kw(found)) == (pytest.approx(2.5), pytest.approx(9.5))


def test_pjm_leaves_out_a_day_below_a_quarter_of_the_mean() -> None:
    """Of 8, 8, 8, 8, 1.6 the mean is 33.6 / 5 = 6.72, a quarter of it 1.68: the day at 1.6 kW is left out.

    The next before it has 4 kW: of 8, 8, 8, 8, 4 the highest four are 8 kW. With 10 kW there it would be
    (10 + 8 + 8 + 8) / 4 = 8.5 kW.
    """
    days = [8, 8, 8, 8, 1.6, 4]
    assert event_kw(worked(PJM_3_DAY_TYPES_SAA, ten(days, WEEKDAYS_AGO[:6]), {})) == pytest.approx(8.0)
    days = [8, 8, 8, 8, 1.6, 10]
    assert event_kw(worked(PJM_3_DAY_TYPES_SAA, ten(days, WEEKDAYS_AGO[:6]), {})) == pytest.approx(8.5)
    days = [
        8,
        8,
        8,
        8,
        1.7,
        10,
    ]  # 1.7 of 33.7 / 5 = 6.74: above a quarter, 1.685, so it stays and 10 stays out
    assert event_kw(worked(PJM_3_DAY_TYPES_SAA, ten(days, WEEKDAYS_AGO[:6]), {})) == pytest.approx(8.0)


@pytest.mark.parametrize(("start", "ago"), [(SATURDAY, (7, 14, 21)), (SUNDAY, (7, 14, 21))])
def test_pjm_tells_saturdays_from_sundays(start: datetime, ago: tuple[int, ...]) -> None:
    """Of three like it, 3, 5 and 4 kW, the two highest: 9 / 2 = 4.5 kW; other weekend days do not count."""
    other = {days_ago - 1 if start is SUNDAY else days_ago - 6: {(17, 19): 50.0} for days_ago in ago}
    found = worked(PJM_3_DAY_TYPES_SAA, ten([3, 5, 4], ago) | other, {}, start=start)
    assert event_kw(found, start) == pytest.approx(4.5)


def test_nyiso_takes_the_five_highest_and_looks_four_to_two_hours_before() -> None:
    """8 kW as above; 13 to 15 h at 1.15 kW beside 1: 8 × 1.15 = 9.2 kW. 15 to 16 h moves nothing."""
    found = worked(NYISO_5_OF_10, ten(ONE_TO_TEN), {(13, 15): 1.15, (15, 17): 9.0})
    assert (found.ratio, event_kw(found)) == (pytest.approx(1.15), pytest.approx(9.2))
    assert worked(NYISO_5_OF_10, ten(ONE_TO_TEN), {(13, 15): 2.0}).ratio == pytest.approx(1.2)


def test_the_baseline_has_the_shape_of_its_days() -> None:
    """17 to 18 h at 2 kW and 18 to 19 h at 6 on every day: the baseline is 2 and 6, not 4 throughout."""
    frame = frame_of(WEDNESDAY)
    found = worked(CAISO_10_OF_10, {ago: {(17, 18): 2.0, (18, 19): 6.0} for ago in WEEKDAYS_AGO}, {})
    assert found.kw[16:24] == (2.0, 2.0, 2.0, 2.0, 6.0, 6.0, 6.0, 6.0)
    assert frame.mean_kw(found.kw, frame.event) == pytest.approx(4.0)


def test_a_band_holds_the_rules_own_errors_on_the_days_it_looked_at() -> None:
    """Ten days of 1 to 10 kW, each left out in turn: (55 − d) / 9 − d, so from 5 (d = 1) to −5 (d = 10) kW.

    Evenly 1.11 kW apart, the middle 80 % is from −4 to 4 kW: with 3 kW delivered, from −1 to 7 kW.
    """
    found = worked(CAISO_10_OF_10, ten(ONE_TO_TEN), {})
    assert sorted(found.errors_kw) == pytest.approx([(55 - d) / 9 - d for d in range(10, 0, -1)])
    assert found.band_kw(3.0) == pytest.approx((-1.0, 7.0))


def test_a_band_needs_four_errors() -> None:
    """Three weekend days give three errors, of which the outer tenths mean nothing: no band."""
    days = {ago: {(17.0, 19.0): kw} for ago, kw in ((6, 2.0), (7, 3.0), (13, 4.0))}
    matched = worked(RESIDENTIAL_5_OF_10, days, {}, start=SATURDAY)
    assert len(matched.errors_kw) == 3
    assert matched.band_kw(3.0) is None


def test_a_single_day_leaves_nothing_to_compare_it_with() -> None:
    """A rule of one day has a baseline, and no error of its own."""
    rule = replace(RESIDENTIAL_5_OF_10, weekday=Pool(WEEKDAYS, days=1, take=1, least=1))
    matched = worked(rule, {1: {(17.0, 19.0): 2.0}}, {})
    assert (event_kw(matched), matched.errors_kw) == (pytest.approx(2.0), ())


def test_too_few_days_are_no_baseline() -> None:
    """Three weekdays are not enough for any rule, and it says how many it needs. NYISO takes no yesterday."""
    for rule, needs in (
        (CAISO_10_OF_10, "needs 5 of 10 weekdays, has 3"),
        (RESIDENTIAL_5_OF_10, "needs 5 of 10 weekdays, has 3"),
        (PJM_3_DAY_TYPES_SAA, "needs 4 of 5 weekdays, has 3"),
        (NYISO_5_OF_10, "needs 5 of 10 weekdays, has 2"),
    ):
        with pytest.raises(NoBaselineError, match=needs):
            worked(rule, ten([1, 2, 3], (1, 2, 5)), {})
    with pytest.raises(NoBaselineError, match="needs 2 of 3 Saturdays, has 0"):
        worked(PJM_3_DAY_TYPES_SAA, {}, {}, start=SATURDAY)
    with pytest.raises(NoBaselineError, match="needs 4 weekend days and holidays, has 1"):
        worked(CAISO_10_OF_10, ten([1], (7,)), {}, start=SATURDAY)


def test_fewer_days_than_the_rule_names_are_said() -> None:
    """Of six weekdays with 1 to 6 kW: 21 / 6 = 3.5 kW, and a note."""
    found = worked(CAISO_10_OF_10, ten(ONE_TO_TEN[:6], WEEKDAYS_AGO[:6]), {})
    assert (event_kw(found), found.notes) == (pytest.approx(3.5), ("of 6 of 10 weekdays",))


def test_event_days_and_outage_days_are_passed_over() -> None:
    """Yesterday had an event and the day before an outage: the ten weekdays before those count, 5.5 kW."""
    frame, today = frame_of(WEDNESDAY), day_of(WEDNESDAY)
    ago = (*WEEKDAYS_AGO[2:], 15, 16)
    profiles = {today - a: DayProfile(quarters(h), 1.0) for a, h in ten(ONE_TO_TEN, ago).items()}
    profiles[today - 1] = DayProfile(quarters({(17, 19): 99}), 1.0, frozenset({30}))
    profiles[today - 2] = DayProfile(quarters({(17, 19): 99}), 0.7)
    found = match_baseline(CAISO_10_OF_10, match_days(profiles, frame), quarters({})[52:92], frame)
    assert (event_kw(found), found.days_ago[-1]) == (pytest.approx(5.5), 5)


def test_days_further_back_than_45_do_not_count() -> None:
    """Ten weekdays that are all 46 days back and more are none."""
    with pytest.raises(NoBaselineError, match="has 0"):
        worked(CAISO_10_OF_10, {ago: {} for ago in range(46, 70)}, {})


def test_an_event_over_midnight_goes_on_into_the_next_day() -> None:
    """23:00 to 01:00: each matched day's hour after midnight is the next day's first. (2 + 4) / 2 = 3 kW."""
    start = datetime(2026, 7, 15, 23, tzinfo=UTC)
    profiles = {
        day_of(start) - ago: DayProfile(quarters({(0, 1): 4.0, (23, 24): 2.0}), 1.0) for ago in range(46)
    }
    frame = frame_of(start)
    found = match_baseline(CAISO_10_OF_10, match_days(profiles, frame), [1.0] * frame.count, frame)
    assert frame.mean_kw(found.kw, frame.event) == pytest.approx(3.0)


def test_an_event_of_a_minute_has_the_baseline_of_its_quarter_hour() -> None:
    """17:05 to 17:06 with 2 kW from 17:00 to 17:15 and 6 kW after: 2 kW."""
    start = WEDNESDAY + timedelta(minutes=5)
    frame = Frame(Window(start.timestamp(), start.timestamp() + 60))
    hours = {(17, 17.25): 2.0, (17.25, 19): 6.0}
    profiles = {day_of(start) - ago: DayProfile(quarters(hours), 1.0) for ago in WEEKDAYS_AGO}
    found = match_baseline(CAISO_10_OF_10, match_days(profiles, frame), [None] * frame.count, frame)
    assert frame.mean_kw(found.kw, frame.event) == pytest.approx(2.0)
    assert found.notes == ("not adjusted: the 3 h before not known",)


def test_a_site_that_exports_is_not_multiplied_by_a_ratio_to_nothing() -> None:
    """At −0.2 kW in the hours before, a ratio of −10 would be nonsense: no adjustment, and a note."""
    days = {ago: {(17, 19): 4.0, (13, 16): -0.2} for ago in WEEKDAYS_AGO}
    found = worked(CAISO_10_OF_10, days, {(13, 16): 2.0})
    assert (found.ratio, event_kw(found)) == (1.0, pytest.approx(4.0))
    assert "export" in found.notes[0]


def test_a_ratio_makes_more_load_less_export() -> None:
    """Usually −2 kW in the event, and a tenth more load than usual before it: −2 + 0.1 × 2 = −1.8 kW."""
    days = {ago: {(17, 19): -2.0} for ago in WEEKDAYS_AGO}
    assert event_kw(worked(CAISO_10_OF_10, days, {(13, 16): 1.1})) == pytest.approx(-1.8)


@pytest.mark.parametrize(
    ("measured", "mean_kw"),
    [((2.0, 4.0, 6.0, 8.0), 5.0), ((2.0, None, None, 8.0), 5.0), ((2.0, None, None, None), None)],
)
def test_a_mean_needs_half_of_its_time_to_be_measured(
    measured: tuple[float | None, ...], mean_kw: float | None
) -> None:
    """Of the event's first hour two quarters are enough, one is not; what is not measured is no zero."""
    frame = frame_of(WEDNESDAY)
    kw: list[float | None] = [None] * frame.count
    first = int((WEDNESDAY.timestamp() - frame.start_ts) // 900)
    kw[first : first + 4] = measured
    hour = Window(WEDNESDAY.timestamp(), WEDNESDAY.timestamp() + 3600)
    assert frame.mean_kw(tuple(kw), hour) == mean_kw


WEEKEND_BEFORE_SATURDAY = (6, 7, 13, 14, 20, 21, 27, 28, 34, 35, 41)
WEEKEND_BEFORE_SUNDAY = (1, 7, 8, 14, 15, 21, 22, 28, 29, 35, 36)
SAME_DAY_AGO = (7, 14, 21, 28)


@pytest.mark.parametrize(
    ("rule", "start", "ago", "days_and_least", "expected_kw"),
    [
        (CAISO_10_OF_10, WEDNESDAY, (*WEEKDAYS_AGO, 15), (10, 5), 5.5),
        (CAISO_10_OF_10, SATURDAY, WEEKEND_BEFORE_SATURDAY, (4, 4), 2.5),
        (CAISO_10_OF_10, SUNDAY, WEEKEND_BEFORE_SUNDAY, (4, 4), 2.5),
        (RESIDENTIAL_5_OF_10, WEDNESDAY, (*WEEKDAYS_AGO, 15), (10, 5), 8.0),
        (RESIDENTIAL_5_OF_10, SATURDAY, WEEKEND_BEFORE_SATURDAY, (5, 3), 4.3),
        (RESIDENTIAL_5_OF_10, SUNDAY, WEEKEND_BEFORE_SUNDAY, (5, 3), 4.3),
        (PJM_3_DAY_TYPES_SAA, WEDNESDAY, (*WEEKDAYS_AGO, 15), (5, 4), 3.5),
        (PJM_3_DAY_TYPES_SAA, SATURDAY, SAME_DAY_AGO, (3, 2), 2.5),
        (PJM_3_DAY_TYPES_SAA, SUNDAY, SAME_DAY_AGO, (3, 2), 2.5),
        (NYISO_5_OF_10, WEDNESDAY, (*WEEKDAYS_AGO[1:], 15, 16), (10, 5), 8.0),
        (NYISO_5_OF_10, SATURDAY, SAME_DAY_AGO, (3, 2), 2.5),
        (NYISO_5_OF_10, SUNDAY, SAME_DAY_AGO, (3, 2), 2.5),
    ],
)
def test_each_rule_looks_at_its_days_and_no_further(
    rule: Rule, start: datetime, ago: tuple[int, ...], days_and_least: tuple[int, int], expected_kw: float
) -> None:
    """The latest has 4 kW and each before it one more; the next beyond them is higher, and not looked at.

    There is a baseline with just the least number of days, and none with a day less.
    """
    days, least = days_and_least
    powers_kw = [*range(4, days + 5)]
    found = worked(rule, ten(powers_kw, ago[: days + 1]), {}, start=start)
    assert event_kw(found, start) == pytest.approx(expected_kw + 3.0)
    worked(rule, ten([2] * least, ago[:least]), {}, start=start)
    with pytest.raises(NoBaselineError):
        worked(rule, ten([2] * (least - 1), ago[: least - 1]), {}, start=start)


BEFORE_4_TO_1 = {(12, 13): 9.0, (13, 14): 1.05, (14, 15): 1.1, (15, 16): 1.15, (16, 19): 9.0, (19, 24): 9.0}
BEFORE_4_TO_2 = {(12, 13): 9.0, (13, 14): 1.05, (14, 15): 1.15, (15, 24): 9.0}
BOTH_SIDES = BEFORE_4_TO_2 | {(15, 21): 9.0, (21, 22): 1.2, (22, 23): 1.4, (23, 24): 9.0}


@pytest.mark.parametrize(
    ("rule", "own", "adjusted_kw"),
    [
        (CAISO_10_OF_10, BEFORE_4_TO_1, 5.5 * 1.1),
        (PJM_3_DAY_TYPES_SAA, BEFORE_4_TO_1, 3.5 + 0.1),
        (NYISO_5_OF_10, BEFORE_4_TO_2, 8.0 * 1.1),
        (RESIDENTIAL_5_OF_10, BOTH_SIDES, 8.0 * 1.2),
    ],
)
def test_each_rule_adjusts_by_all_of_its_hours_and_no_other(
    rule: Rule, own: Hours, adjusted_kw: float
) -> None:
    """Each hour differs, so that one more or one less is another mean; 9 kW beside them move nothing."""
    assert event_kw(worked(rule, ten(ONE_TO_TEN), own)) == pytest.approx(adjusted_kw)


@pytest.mark.parametrize(
    ("rule", "spans", "adjusted_kw"),
    [
        (CAISO_10_OF_10, [(14.5, 16)], 5.5 * 1.1),
        (PJM_3_DAY_TYPES_SAA, [(14.5, 16)], 3.5 + 0.1),
        (NYISO_5_OF_10, [(14, 15)], 8.0 * 1.1),
        (RESIDENTIAL_5_OF_10, [(14, 15), (21, 22)], 8.0 * 1.1),
    ],
)
def test_half_of_an_adjustments_hours_are_enough(
    rule: Rule, spans: list[tuple[float, float]], adjusted_kw: float
) -> None:
    """1.1 kW beside 1 in the half that is stored; with a quarter hour less there is no adjustment."""
    for less_h, expected_kw in ((0.0, adjusted_kw), (0.25, None)):
        frame, today = frame_of(WEDNESDAY), day_of(WEDNESDAY)
        days = ten(ONE_TO_TEN, (*WEEKDAYS_AGO, 15)[rule.first_days_ago - 1 :][:10])
        profiles = {today - ago: DayProfile(quarters(hours), 1.0) for ago, hours in days.items()}
        own: list[float | None] = [None] * frame.count
        for from_h, to_h in spans:
            first, after = (int((hour - 13) * 4) for hour in (from_h + less_h, to_h))
            own[first:after] = [1.1] * (after - first)
        found = match_baseline(rule, match_days(profiles, frame), own, frame)
        assert any("adjusted" in note for note in found.notes) is (expected_kw is None)
        if expected_kw is not None:
            assert event_kw(found) == pytest.approx(expected_kw)


@pytest.mark.parametrize("start", [SATURDAY, SUNDAY])
def test_pjm_passes_over_a_low_day_of_the_weekend_too(start: datetime) -> None:
    """0.5 kW is below a quarter of (4 + 4 + 0.5) / 3: the 6 kW before it count, (6 + 4) / 2 = 5 kW."""
    found = worked(PJM_3_DAY_TYPES_SAA, ten([4, 4, 0.5, 6], SAME_DAY_AGO), {}, start=start)
    assert event_kw(found, start) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("kws", "expected_kw"),
    [([-0.5] * 5, -0.5), ([0.6, 0.6, 0.6, 0.6, 0.01, 0.8], 0.65), ([0.0] * 5, 0.0)],
)
def test_low_is_beside_a_mean_that_is_drawn(kws: list[float], expected_kw: float) -> None:
    """A site that exports has no low days; one that draws little has: (0.6 × 3 + 0.8) / 4 = 0.65 kW."""
    found = worked(PJM_3_DAY_TYPES_SAA, ten(kws, WEEKDAYS_AGO[: len(kws)]), {})
    assert event_kw(found) == pytest.approx(expected_kw)


def test_a_rule_that_leaves_no_day_out_takes_an_export_day_too() -> None:
    """Nine days of 4 kW and one of −4: 32 / 10 = 3.2 kW."""
    assert event_kw(worked(CAISO_10_OF_10, ten([4] * 9 + [-4]), {})) == pytest.approx(3.2)


def test_of_equally_high_days_the_later_count() -> None:
    """Ten days alike: the five latest, which begin two days before by NYISO's rule."""
    assert worked(RESIDENTIAL_5_OF_10, ten([4] * 10), {}).days_ago == WEEKDAYS_AGO[:5]
    assert worked(NYISO_5_OF_10, ten([4] * 10), {}).days_ago == WEEKDAYS_AGO[1:6]


@pytest.mark.parametrize(
    ("usual_kw", "side_kw", "ratio"),
    [(5.0, 0.25, 1.2), (5.0, 0.125, None), (0.0, 0.0, None), (4.0, -0.25, None), (0.5, 0.5, 1.2)],
)
def test_a_ratio_is_to_a_twentieth_of_the_usual_load_at_least(
    usual_kw: float, side_kw: float, ratio: float | None
) -> None:
    """Beside 5 kW in the event, 0.25 kW before it are a base and 0.125 are none; nothing never is."""
    days = {ago: {(17, 19): usual_kw, (13, 16): side_kw} for ago in WEEKDAYS_AGO[:8]}
    found = worked(CAISO_10_OF_10, days, {(13, 16): 2.0})
    assert found.ratio == (ratio or 1.0)
    assert any("export" in note for note in found.notes) is (ratio is None)


def test_a_side_that_no_day_knows_is_noted() -> None:
    """Neither side known on the event's day: not adjusted, by name of both."""
    frame, today = frame_of(WEDNESDAY), day_of(WEDNESDAY)
    profiles = {today - ago: DayProfile(quarters(hours), 1.0) for ago, hours in ten(ONE_TO_TEN).items()}
    found = match_baseline(RESIDENTIAL_5_OF_10, match_days(profiles, frame), [None] * frame.count, frame)
    assert found.notes == ("not adjusted: the 2 h before and the 2 h after not known",)


def test_four_errors_make_a_band_and_two_days_two_errors() -> None:
    """Four weekend days of 1 to 4 kW: errors of 2, 2/3, −2/3 and −2 kW, their middle 80 % within ±1.6."""
    four = worked(CAISO_10_OF_10, ten([1, 2, 3, 4], (6, 7, 13, 14)), {}, start=SATURDAY)
    assert four.band_kw(0.0) == pytest.approx((-1.6, 1.6))
    rule = replace(CAISO_10_OF_10, saturday=replace(CAISO_10_OF_10.saturday, least=2))
    two = worked(rule, ten([1, 3], (6, 7)), {}, start=SATURDAY)
    assert two.errors_kw == (2.0, -2.0)


def test_a_rule_that_needs_all_of_its_days_names_one_number() -> None:
    """It needs a day, not one of one."""
    rule = replace(RESIDENTIAL_5_OF_10, weekday=Pool(WEEKDAYS, days=1, take=1, least=1))
    with pytest.raises(NoBaselineError, match=r"needs 1 weekdays, has 0"):
        worked(rule, {}, {})


@pytest.mark.parametrize(("start", "days"), [(WEDNESDAY + timedelta(1), 5), (WEDNESDAY + timedelta(2), 4)])
def test_days_as_far_back_as_45_count(start: datetime, days: int) -> None:
    """Monday 1 June is 45 days before Thursday 16 July and 46 before Friday 17 July."""
    monday = day_of(start) - day_of(datetime(2026, 6, 1, tzinfo=UTC))
    profiles = {day_of(start) - ago: DayProfile(quarters({}), 1.0) for ago in range(monday - 4, monday + 1)}
    assert len(match_days(profiles, frame_of(start))) == days


def test_nyiso_passes_over_a_day_far_below_the_highest() -> None:
    """Of 8, 8, 8, 8, 8, 1.9, … the 1.9 kW are below a quarter of 8: only nine days are looked at."""
    ago = (*WEEKDAYS_AGO[1:], 15)
    found = worked(NYISO_5_OF_10, ten([8, 8, 8, 8, 1.9, 8, 8, 8, 8, 8], ago), {})
    assert found.notes == ("of 9 of 10 weekdays",)
    assert worked(NYISO_5_OF_10, ten([8, 8, 8, 8, 2.0, 8, 8, 8, 8, 8], ago), {}).notes == ()


@pytest.mark.parametrize(
    ("ago", "rule", "counts"),
    [
        (1, NYISO_5_OF_10, False),
        (2, NYISO_5_OF_10, True),
        (30, NYISO_5_OF_10, True),
        (33, NYISO_5_OF_10, False),
        (1, CAISO_10_OF_10, True),
        (44, CAISO_10_OF_10, True),
    ],
)
def test_a_rule_looks_as_far_back_as_it_names(ago: int, rule: Rule, counts: bool) -> None:
    """One day of 9 kW among four of 1 kW: it is one of the five, or there are too few."""
    others = [day for day in WEEKDAYS_AGO[1:] if day != ago][:4]
    days = ten([9, 1, 1, 1, 1], (ago, *others)) if rule is CAISO_10_OF_10 else ten([4] * 5, (ago, *others))
    if counts:
        assert ago in worked(rule, days, {}).days_ago
    else:
        with pytest.raises(NoBaselineError, match="has 4"):
            worked(rule, days, {})
