"""Days in quarter hours: what of them is known, and which of them are like an event's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from contracts.wire.ids import EventId
from lambdas.settle_event.logic.day_types import SiteCalendar
from lambdas.settle_event.logic.days import DAY_S, EMPTY, QUARTERS, DayProfile, Frame, day_profile, match_days
from lambdas.shared.power_traces import PowerRow, Trace, Window

NEW_YORK = ZoneInfo("America/New_York")
DAY = 20_649
"""Wednesday 15 July 2026."""
START = DAY * DAY_S


def profile(*in_event: int, coverage: float = 1.0) -> DayProfile:
    """A day of 1 kW, with an event in these quarter hours."""
    return DayProfile((1.0,) * QUARTERS, coverage, frozenset(in_event))


def frame_at(hour: float, hours: float = 1.0, zone: ZoneInfo | None = None) -> Frame:
    """Of an event on that Wednesday, from *hour* by UTC on."""
    return Frame(Window(START + hour * 3600, START + (hour + hours) * 3600), SiteCalendar(zone or UTC))


@pytest.mark.parametrize(("start_s", "first_s"), [(0, 0), (1, 0), (899, 0), (900, 900)])
def test_a_frame_begins_with_a_quarter_hour(start_s: int, first_s: int) -> None:
    """That in which the fourth hour before the event begins; it ends so too, after the event."""
    frame = Frame(Window(START + start_s, START + start_s + 3600))
    assert frame.start_ts == START - 4 * 3600 + first_s
    assert frame.window.end_ts == START + 5 * 3600 + (first_s if start_s == first_s else first_s + 900)


@pytest.mark.parametrize(("covered_s", "kw"), [(450, 2.0), (449, None)])
def test_a_quarter_hour_counts_when_half_of_it_is_stored(covered_s: int, kw: float | None) -> None:
    """Rows of a second each up to the middle of the first quarter hour."""
    rows = [PowerRow(START + at, 2.0, 5.0) for at in range(1, covered_s + 1)]
    found = day_profile(Trace.of(rows), DAY)
    assert found.kw == (kw, *(None,) * 95)
    assert found.coverage == covered_s / DAY_S


def test_a_whole_day_is_covered_once() -> None:
    """Rows on every quarter hour, also beyond the day: all of it is known, and no more than all."""
    rows = [PowerRow(START + at * 900, 2.0, 5.0) for at in range(-3, 100)]
    assert day_profile(Trace.of(rows), DAY) == DayProfile((2.0,) * QUARTERS, 1.0)


@pytest.mark.parametrize(
    ("at_s", "quarters"), [(0, []), (1, [0]), (900, [0]), (901, [1]), (DAY_S, [95]), (DAY_S + 1, [])]
)
def test_a_row_marks_the_quarter_hour_that_it_stands_for(at_s: int, quarters: Sequence[int]) -> None:
    """It stands for the time before it, so that one on the hour belongs to what has ended."""
    trace = Trace.of([PowerRow(START + at_s, 2.0, 5.0, EventId("e0"))])
    assert day_profile(trace, DAY).in_event == frozenset(quarters)


def test_a_frame_is_of_the_quarter_hours_from_four_hours_before_to_four_after() -> None:
    """17:05 to 17:20: from 13:00, the quarter hour that 13:05 lies in, to 21:30."""
    frame = Frame(Window(START + 17 * 3600 + 300, START + 17 * 3600 + 1200))
    assert (frame.window, frame.count) == (Window(START + 13 * 3600, START + 21.5 * 3600), 34)
    assert frame.before((4, 1)) == Window(START + 13 * 3600 + 300, START + 16 * 3600 + 300)
    assert frame.after((2, 4)) == Window(START + 19 * 3600 + 1200, START + 21 * 3600 + 1200)


@pytest.mark.parametrize(
    ("hours", "latest"), [(0.0, 1), (1.0, 1), (24.0, 1), (24.5, 2), (48.0, 2), (49.0, 3)]
)
def test_the_days_before_do_not_reach_into_the_event(hours: float, latest: int) -> None:
    """An event of more than a day has no yesterday that is free of it."""
    past = frame_at(17, hours).past
    assert (past[0].days_ago, past[-1].days_ago) == (latest, 45)


@pytest.mark.parametrize(
    ("hour", "zone", "marked", "like"),
    [
        (17, None, (-1, 0), False),
        (17, None, (-1, 95), False),
        (17, None, (-2, 95), True),
        (17, None, (0, 0), True),
        (1, None, (-2, 75), True),
        (1, None, (-2, 76), False),
        (23, None, (0, 15), False),
        (23, None, (0, 16), True),
        (16, NEW_YORK, (-1, 15), True),
        (16, NEW_YORK, (-1, 16), False),
        (16, NEW_YORK, (0, 15), False),
        (16, NEW_YORK, (0, 16), True),
    ],
)
def test_an_event_on_the_local_day_or_in_the_frame_makes_an_event_day(
    hour: int, zone: ZoneInfo | None, marked: tuple[int, int], like: bool
) -> None:
    """Yesterday counts unless a quarter hour of it, by the local clock, was in an event.

    Nor does it with the rebound of one, two hours long, in the frame.

    At 1:00 the frame reaches back to 21:00 of the day before, at 23:00 on to 4:00 of the day after; a day in
    New York is from 4:00 to 4:00 UTC.
    """
    day, quarter = marked
    profiles = {DAY + ago: profile() for ago in range(-3, 2)} | {DAY + day: profile(quarter)}
    assert (1 in [found.days_ago for found in match_days(profiles, frame_at(hour, zone=zone))]) is like


@pytest.mark.parametrize(
    ("hour", "zone", "outage", "coverage", "like"),
    [
        (17, None, -1, 0.8, True),
        (17, None, -1, 0.79, False),
        (1, None, -2, 0.79, False),
        (17, None, -2, 0.0, True),
        (19, NEW_YORK, 0, 0.0, True),
        (19.25, NEW_YORK, 0, 0.0, False),
    ],
)
def test_an_outage_on_a_day_that_the_frame_needs_makes_it_unlike(
    hour: float, zone: ZoneInfo | None, outage: int, coverage: float, like: bool
) -> None:
    """Four fifths of a day are enough. A day on which no quarter hour of the frame lies may be missing.

    An hour from 19:00 UTC has a frame that ends at midnight.
    """
    profiles = {DAY + ago: profile() for ago in range(-3, 2)} | {DAY + outage: profile(coverage=coverage)}
    assert (1 in [found.days_ago for found in match_days(profiles, frame_at(hour, zone=zone))]) is like
    if not like:
        return
    matched = match_days(profiles, frame_at(hour, zone=zone))[0]
    assert matched.kw == (1.0,) * frame_at(hour).count


def test_a_matched_day_has_the_frames_quarter_hours() -> None:
    """Each has its number as its power: from 13:00 to 22:00, and over midnight from 19:00 to 4:00."""
    numbered = DayProfile(tuple(float(quarter) for quarter in range(QUARTERS)), 1.0)
    profiles = dict.fromkeys(range(DAY - 3, DAY + 1), numbered)
    (yesterday, *_) = match_days(profiles, frame_at(17))
    assert yesterday.kw == tuple(range(52, 88))
    (yesterday, *_) = match_days(profiles, frame_at(23))
    assert yesterday.kw == (*range(76, 96), *range(16))
    assert EMPTY.coverage == 0.0
    assert match_days({DAY - 1: EMPTY}, frame_at(17)) == ()


@pytest.mark.parametrize(("date", "latest"), [(15, (1, 2, 5)), (12, (1, 7, 8)), (11, (6, 7, 13))])
def test_weekdays_are_alike_and_days_of_a_weekend_are(date: int, latest: tuple[int, ...]) -> None:
    """Of the days before Wednesday 15, Sunday 12 and Saturday 11 July."""
    at = datetime(2026, 7, date, 12, tzinfo=UTC).timestamp()
    profiles = {DAY + ago: profile() for ago in range(-20, 1)}
    matched = match_days(profiles, Frame(Window(at, at + 3600)))
    assert tuple(day.days_ago for day in matched[:3]) == latest


@pytest.mark.parametrize(
    ("window", "mean_kw"),
    [
        (Window(-3600, 3600), 1.5),
        (Window(-3601, 3600), None),
        (Window(450, 1350), 1.5),
        (Window(600, 1200), 1.5),
        (Window(600, 1500), 1.6666666666666667),
        (Window(8.5 * 3600, 9.5 * 3600), 4.0),
        (Window(9 * 3600, 10 * 3600), None),
        (Window(900, 900), None),
        (Window(930, 930), None),
    ],
)
def test_a_mean_over_a_window_weighs_each_quarter_hour_by_its_share(
    window: Window, mean_kw: float | None
) -> None:
    """In the frame's nine hours: 1 and 2 kW in turns in the first hour, 4 kW later; outside is not known."""
    frame = frame_at(17)
    kw = [1.0, 2.0, 1.0, 2.0] + [4.0] * 32
    moved = Window(frame.start_ts + window.start_ts, frame.start_ts + window.end_ts)
    assert frame.mean_kw(kw, moved) == mean_kw
