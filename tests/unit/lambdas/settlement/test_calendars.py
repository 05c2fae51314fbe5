"""Calendars by name: zones of the IANA database, holidays by country, and those of North America's grid."""

from __future__ import annotations

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from lambdas.settle_event.calendars import site_calendar
from lambdas.settle_event.logic.day_types import DayType

NERC_2026 = {
    date(2026, 1, 1),
    date(2026, 5, 25),
    date(2026, 7, 4),
    date(2026, 9, 7),
    date(2026, 11, 26),
    date(2026, 12, 25),
}


def test_the_grids_holidays_are_six_and_move_from_sunday_to_monday() -> None:
    """In 2026 none is on a Sunday; in 2027 the Fourth of July is, and counts on the fifth."""
    assert site_calendar(None, "nerc", (2026,)).holidays == NERC_2026
    moved = site_calendar(None, "nerc", (2027,)).holidays
    assert len(moved) == 6
    assert date(2027, 7, 5) in moved
    assert date(2027, 7, 4) not in moved


@pytest.mark.parametrize(
    ("zone", "name", "day", "holiday"),
    [
        ("America/Los_Angeles", "auto", date(2026, 9, 7), True),
        ("America/Los_Angeles", "auto", date(2026, 10, 12), False),
        ("America/Los_Angeles", "US", date(2026, 10, 12), True),
        ("America/Los_Angeles", "none", date(2026, 9, 7), False),
        ("Europe/Berlin", "auto", date(2026, 10, 3), True),
        ("Europe/London", "GB-SCT", date(2026, 11, 30), True),
        ("Europe/London", "GB-ENG", date(2026, 11, 30), False),
        ("Etc/GMT+5", "auto", date(2026, 9, 7), False),
        (None, "auto", date(2026, 12, 25), False),
    ],
)
def test_a_calendar_is_the_countrys_of_the_zone_or_the_one_that_is_named(
    zone: str | None, name: str, day: date, holiday: bool
) -> None:
    """A zone that lies in no country has no holidays; in the United States they are the grid's."""
    calendar = site_calendar(zone, name, (2026,))
    assert (day in calendar.holidays) is holiday
    assert calendar.zone == (UTC if zone is None else ZoneInfo(zone))


def test_every_zone_of_the_database_has_a_calendar() -> None:
    """Also those of countries that nobody lists holidays of."""
    for zone in ("Antarctica/Troll", "Asia/Pyongyang", "Africa/El_Aaiun", "America/Danmarkshavn"):
        assert site_calendar(zone, "auto", (2026,)).zone == ZoneInfo(zone)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Mars/Olympus", "auto"),
        ("../etc/passwd", "none"),
        ("America", "none"),
        (None, "US-XX"),
        (None, "XX-YY"),
        (None, "XX"),
    ],
)
def test_what_is_no_zone_or_calendar_is_refused(zone: str | None, name: str) -> None:
    """Not taken for UTC, or for a calendar without holidays."""
    with pytest.raises(ValueError, match=r"no (time zone|holiday calendar)"):
        site_calendar(zone, name, (2026,))


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 7, 2), DayType.WEEKDAY),
        (date(2026, 7, 4), DayType.HOLIDAY),
        (date(2026, 7, 5), DayType.SUNDAY),
        (date(2026, 7, 11), DayType.SATURDAY),
        (date(2026, 9, 7), DayType.HOLIDAY),
    ],
)
def test_a_day_is_of_one_type(day: date, kind: DayType) -> None:
    """The Fourth of July 2026 is a Saturday and a holiday: a holiday."""
    assert site_calendar("America/Chicago", "nerc", (2026,)).day_type(day) is kind
