"""The type of a day at a site: by its time zone and its holidays. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import Enum


class DayType(Enum):
    """The type of a day, by local date. A holiday on a Sunday is a Sunday."""

    WEEKDAY = "weekday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """The calendar that a site lives by.

    Attributes:
        zone: its time zone; one with summer time has days of 23 and of 25 hours.
        holidays: local dates that are no ordinary weekdays.
    """

    zone: tzinfo = UTC
    holidays: frozenset[date] = frozenset()

    def at(self, at_ts: float) -> datetime:
        """The local time of *at_ts*, UTC s."""
        return datetime.fromtimestamp(at_ts, self.zone)

    def day_type(self, day: date) -> DayType:
        """The type of the local date *day*."""
        if day.weekday() == 6:
            return DayType.SUNDAY
        if day in self.holidays:
            return DayType.HOLIDAY
        return DayType.SATURDAY if day.weekday() == 5 else DayType.WEEKDAY


UTC_CALENDAR = SiteCalendar()
"""Of a site that nothing is known of."""
