"""Baselines by a site's calendar: local days, summer time, holidays, by every rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from lambdas.settle_event.logic.baselines import match_baseline
from lambdas.settle_event.logic.day_types import SiteCalendar
from lambdas.settle_event.logic.days import DAY_S, QUARTERS, DayProfile, Frame, match_days
from lambdas.settle_event.logic.rules import CAISO_10_OF_10, PJM_3_DAY_TYPES_SAA, RULES, Rule
from lambdas.shared.power_traces import Window

TWO_H = 7200


def day_of(start: datetime) -> int:
    """Days since 1970."""
    return int(start.timestamp() // DAY_S)


def five_kw_at_22() -> DayProfile:
    """A day by UTC with 5 kW from 22 to 23 h, 1 kW else."""
    return DayProfile(tuple(5.0 if 88 <= quarter < 92 else 1.0 for quarter in range(QUARTERS)), 1.0)


def test_local_days_are_told_by_the_time_zone() -> None:
    """Friday 20:00 in New York is Saturday in UTC: a weekend event there, a weekday event at home."""
    start = datetime(2026, 7, 18, 0, tzinfo=UTC)
    event = Window(start.timestamp(), start.timestamp() + TWO_H)
    assert Frame(event).kind.value == "Saturday"
    assert Frame(event, SiteCalendar(ZoneInfo("America/New_York"))).kind.value == "weekday"


def test_over_the_change_to_summer_time_the_clock_counts() -> None:
    """New York, Monday 9 March 2026, 17:00: summer time began on the 8th; Friday's 17:00 was 22:00 UTC.

    The matched days have 5 kW at 17:00 by their clock, an hour later by UTC than on the day itself.
    """
    zone = ZoneInfo("America/New_York")
    start = datetime(2026, 3, 9, 17, tzinfo=zone)
    frame = Frame(Window(start.timestamp(), start.timestamp() + 3600), SiteCalendar(zone))
    profiles = {day_of(start) - ago: five_kw_at_22() for ago in range(1, 46)}
    found = match_baseline(CAISO_10_OF_10, match_days(profiles, frame), [1.0] * frame.count, frame)
    assert frame.mean_kw(found.kw, frame.event) == pytest.approx(5.0)
    utc = Frame(frame.event)
    assert (
        utc.mean_kw(
            match_baseline(CAISO_10_OF_10, match_days(profiles, utc), [1.0] * utc.count, utc).kw, utc.event
        )
        == 1.0
    )


def in_zone(
    zone: str, start: datetime, kw_at: Callable[[datetime], float], holidays: frozenset[date] = frozenset()
) -> tuple[Frame, dict[int, DayProfile]]:
    """An hour from *start*, and 46 days before it whose quarter hours have the power of their local time."""
    calendar = SiteCalendar(ZoneInfo(zone), holidays)
    frame = Frame(Window(start.timestamp(), start.timestamp() + 3600), calendar)
    today = day_of(start)
    profiles = {
        day: DayProfile(tuple(kw_at(calendar.at(day * DAY_S + at * 900)) for at in range(QUARTERS)), 1.0)
        for day in range(today - 47, today + 2)
    }
    return frame, profiles


def matched_kw(rule: Rule, frame: Frame, profiles: Mapping[int, DayProfile]) -> float | None:
    """The mean over the event by *rule*, with nothing known of the event's own day."""
    found = match_baseline(rule, match_days(profiles, frame), [None] * frame.count, frame)
    return frame.mean_kw(found.kw, frame.event)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_friday_evening_in_los_angeles_is_a_weekday_there(rule: Rule) -> None:
    """6 kW on weekday evenings, 2 kW at the weekend; Friday 17 to 18 h is Saturday by UTC: 6.0, not 2.0."""
    zone = ZoneInfo("America/Los_Angeles")
    start = datetime(2026, 7, 17, 17, tzinfo=zone)

    def kw_at(at: datetime) -> float:
        return (6.0 if at.weekday() < 5 else 2.0) if 16 <= at.hour < 21 else 1.0

    assert matched_kw(rule, *in_zone("America/Los_Angeles", start, kw_at)) == pytest.approx(6.0)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Los_Angeles", date(2026, 3, 9)),
        ("America/Los_Angeles", date(2026, 11, 2)),
        ("Europe/Berlin", date(2026, 10, 26)),
        ("Australia/Lord_Howe", date(2026, 4, 6)),
        ("Asia/Kathmandu", date(2026, 3, 9)),
    ],
)
def test_the_hours_that_count_are_those_of_the_local_clock(rule: Rule, zone: str, day: date) -> None:
    """5 kW from 17 to 18 h by the clock and 1 kW else, on the weekday after summer time began or ended.

    Lord Howe moves its clock by half an hour; Kathmandu is 5:45 ahead of UTC and moves it never.
    """
    start = datetime.combine(day, time(17), ZoneInfo(zone))
    assert matched_kw(rule, *in_zone(zone, start, lambda at: 5.0 if at.hour == 17 else 1.0)) == pytest.approx(
        5.0
    )


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_holiday_is_no_weekday(rule: Rule) -> None:
    """Labor Day, Monday 7 September 2026, with 1 kW: Tuesday's event has the 4 kW of ordinary weekdays.

    An event on Labor Day itself has the 1 kW of Sundays.
    """
    zone = ZoneInfo("America/New_York")
    labor_day = frozenset({date(2026, 9, 7)})

    def kw_at(at: datetime) -> float:
        return 1.0 if at.weekday() == 6 or at.date() in labor_day else 1.0 if at.weekday() == 5 else 4.0

    tuesday = in_zone("America/New_York", datetime(2026, 9, 8, 17, tzinfo=zone), kw_at, labor_day)
    assert matched_kw(rule, *tuesday) == pytest.approx(4.0)
    assert 1 not in [day.days_ago for day in match_days(tuesday[1], tuesday[0])]
    monday = in_zone("America/New_York", datetime(2026, 9, 7, 17, tzinfo=zone), kw_at, labor_day)
    assert matched_kw(rule, *monday) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rule", "counts"), [(rule, rule is not PJM_3_DAY_TYPES_SAA) for rule in RULES.values()], ids=RULES
)
def test_a_day_of_23_hours_is_none_of_pjms(rule: Rule, counts: bool) -> None:
    """Sunday 15 March 2026: the Sunday before has 23 hours, with 10 kW; those before have 1 kW."""
    zone = ZoneInfo("America/New_York")

    def kw_at(at: datetime) -> float:
        return 10.0 if at.date() == date(2026, 3, 8) else 1.0

    kw = matched_kw(rule, *in_zone("America/New_York", datetime(2026, 3, 15, 17, tzinfo=zone), kw_at))
    assert kw is not None
    assert (kw > 1.0) is counts


def test_an_hour_that_the_clock_skipped_is_not_known() -> None:
    """An event from 2 to 3 h on 15 March: on the 8th there was no such hour in New York, and 3 h is another.

    In the night of November that has an hour twice the first of the two counts.
    """
    zone = ZoneInfo("America/New_York")
    frame, profiles = in_zone(
        "America/New_York", datetime(2026, 3, 15, 2, tzinfo=zone), lambda at: float(at.hour)
    )
    by_ago = {day.days_ago: day for day in match_days(profiles, frame)}
    hour = slice(16, 20)
    assert by_ago[7].kw[hour] == (None,) * 4
    assert by_ago[8].kw[hour] == (2.0,) * 4
    assert by_ago[7].kw[20:24] == (3.0,) * 4
    frame, profiles = in_zone(
        "America/New_York", datetime(2026, 11, 8, 1, tzinfo=zone), lambda at: float(at.fold or at.hour)
    )
    by_ago = {day.days_ago: day for day in match_days(profiles, frame)}
    assert by_ago[7].kw[hour] == (1.0,) * 4
    assert by_ago[7].clock_changes
