"""A load in hours and back in quarter hours, worked by hand."""

from __future__ import annotations

import pytest

from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import MatchedDay
from lambdas.settle_event.logic.hours import HourlyLoad


def days(*loads: tuple[float | None, ...]) -> list[MatchedDay]:
    """Days with these quarter hours."""
    return [MatchedDay(ago, DayType.WEEKDAY, kw) for ago, kw in enumerate(loads, 1)]


def test_an_hour_is_the_mean_of_its_quarters() -> None:
    """Two hours of two days; the first hour of the frame is not of them."""
    load = HourlyLoad.of(
        days((9.0,) * 4 + (1.0, 2.0, 3.0, 6.0) + (4.0,) * 4, (9.0,) * 4 + (2.0,) * 8), range(1, 3)
    )
    assert load.by_day() == [(3.0, 4.0), (2.0, 2.0)]


def test_an_hour_is_known_by_half_of_it() -> None:
    """Two quarters are enough, one is not; the frame's last hour may be cut off."""
    load = HourlyLoad.of(days((1.0, None, 3.0, None, 5.0, None, None, None, 7.0), (1.0,) * 9), range(3))
    assert load.by_day() == [(2.0, None, 7.0), (1.0, 1.0, 1.0)]


def test_quarters_are_off_their_hour_as_on_the_days() -> None:
    """One day rises by 1 kW about its mean and the other does not: the usual hour rises by half of it."""
    load = HourlyLoad.of(days((0.0,) * 4 + (1.0, 1.0, 3.0, 3.0), (0.0,) * 4 + (5.0,) * 4), range(1, 2))
    assert load.in_quarters([4.0], 9) == (*(None,) * 4, 3.5, 3.5, 4.5, 4.5, None)


def test_quarters_that_no_day_knows_are_not_known() -> None:
    """A quarter is known by the days that know it and its hour; an hour that is not known has none."""
    load = HourlyLoad.of(
        days((1.0, None, 3.0, None, 2.0, 2.0, 2.0, 2.0), (5.0, None, None, None, 2.0, 2.0, 2.0, 2.0)),
        range(2),
    )
    assert load.in_quarters([4.0, None], 8) == (pytest.approx(3.0), None, 5.0, *(None,) * 5)


def test_no_day_knows_nothing() -> None:
    """Without days there are no hours."""
    load = HourlyLoad.of([], range(2))
    assert load.by_day() == []
    assert load.in_quarters([1.0, 1.0], 3) == (None,) * 3
