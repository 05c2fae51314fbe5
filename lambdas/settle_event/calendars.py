"""Time zones and holiday calendars by name: a site's own calendar.

Source: the IANA time zone database (`tzdata`) and the public holidays of `holidays`, both kept by others.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from lambdas.settle_event.logic.day_types import SiteCalendar

AUTO, NONE, NERC = "auto", "none", "nerc"
"""Holiday calendars that are no country's: by the zone's country, none, and that of North America's grid."""
NERC_DAYS = (
    "New Year's Day",
    "Memorial Day",
    "Independence Day",
    "Labor Day",
    "Thanksgiving Day",
    "Christmas Day",
)
"""Source: NERC's additional off-peak days, as tariffs name them; one on a Sunday is observed on Monday."""
BY_NERC = frozenset({"US"})
"""Countries whose `auto` calendar is NERC's. Interpretation: tariffs there count its six days alone."""


@lru_cache(maxsize=512)
def site_calendar(zone_name: str | None, holidays_name: str, years: tuple[int, ...]) -> SiteCalendar:
    """The calendar of a site in these years. *zone_name* None is UTC.

    Raises:
        ValueError: there is no such zone, or no such holiday calendar.
    """
    return SiteCalendar(_zone(zone_name), frozenset(_holidays(holidays_name, zone_name, years)))


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {name!r}") from error


def _holidays(name: str, zone_name: str | None, years: tuple[int, ...]) -> set[date]:
    by_zone = name == AUTO
    if by_zone:
        country_of_zone = _countries().get(zone_name or "")
        name = NONE if country_of_zone is None else NERC if country_of_zone in BY_NERC else country_of_zone
    if name == NONE:
        return set()
    import holidays  # noqa: PLC0415 - a fifth of a second, for those who have holidays

    if name == NERC:
        federal = holidays.country_holidays("US", years=years, observed=False)
        return {
            day + timedelta(days=day.weekday() == 6) for day, text in federal.items() if text in NERC_DAYS
        }
    country, _, division = name.partition("-")
    try:
        return set(holidays.country_holidays(country, subdiv=division or None, years=years))
    except NotImplementedError:
        if by_zone:  # nobody lists the holidays of this country
            return set()
        raise ValueError(f"no holiday calendar {name!r}") from None


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """The country of each zone that lies in one."""
    text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}
