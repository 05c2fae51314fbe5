"""Times and durations of OpenADR as text, and what they say.

    "2026-11-29T18:00:00Z"   a time, RFC 3339 with its zone
    "0001-01-01"             now, as it is read; of a later interval, right after the one before
    "PT1H30M"                a duration, ISO 8601
    "P9999Y"                 for ever

The text is kept as the client wrote it: both spellings of *now*, and ``PT60M`` beside ``PT1H``.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from contracts.wire.units import S_PER_H, S_PER_MIN

DATE_TIME = re.compile(
    r"^(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?$(?!\n)"
)
"""RFC 3339, and `NOW_DAY` without clock or zone."""
DURATION = re.compile(
    r"^(?P<sign>-?)P(?=[0-9]|T[0-9])(?:(?P<years>[0-9]+)Y)?(?:(?P<months>[0-9]+)M)?(?:(?P<count>[0-9]+)(?P<unit>[DW]))?"
    r"(?:T(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?$(?!\n)"
)
"""Source: the official document, schema ``duration``."""
NOW_DAY = "0001-01-01"
DAYS = {"D": 1, "W": 7}
FOR_EVER_YEARS = 9999
"""``P9999Y`` is for ever, and so is any duration that reaches past the calendar's end."""
MOST_DIGITS = 9
"""Digits of a whole number in a duration. Interpretation: the document sets no bound."""
_WHOLE = re.compile(r"(?<![.0-9])[0-9]+")

DateTimeText = Annotated[str, Meta(max_length=64, pattern=DATE_TIME.pattern)]
DurationText = Annotated[str, Meta(max_length=64, pattern=DURATION.pattern)]


@dataclass(frozen=True, slots=True)
class OadrDuration:
    """A duration: *months* of the calendar, and *seconds* beside them.

    *months* are counted from a time. Where a month has no 31st, its last day stands for it.
    """

    months: int = 0
    seconds: float = 0.0

    @property
    def is_zero(self) -> bool:
        """True of ``PT0S`` and its like."""
        return not self.months and not self.seconds

    def after_ts(self, start_ts: float) -> float:
        """The time, UTC s, that lies this span after *start_ts*; infinite past the calendar's end."""
        if not self.months:
            return start_ts + self.seconds
        try:
            start = datetime.fromtimestamp(start_ts, UTC)
            month = start.year * 12 + start.month - 1 + self.months
            year, month = divmod(month, 12)
            day = min(start.day, calendar.monthrange(year, month + 1)[1])
            return start.replace(year=year, month=month + 1, day=day).timestamp() + self.seconds
        except (ValueError, OverflowError, OSError):
            return float("inf") if self.months > 0 else float("-inf")


def read_duration(text: str) -> OadrDuration:
    """The span that *text* says.

    Raises:
        ValueError: it is none, with what was allowed.
    """
    match = DURATION.match(text)
    if match is None or any(len(run) > MOST_DIGITS for run in _WHOLE.findall(text)):
        raise ValueError(f"{text[:32]!r} is no duration of ISO 8601, as PT1H30M is")
    sign = -1 if match["sign"] else 1
    months = 12 * int(match["years"] or 0) + int(match["months"] or 0)
    days = int(match["count"] or 0) * DAYS[match["unit"] or "D"]
    clock_s = (
        int(match["hours"] or 0) * S_PER_H
        + int(match["minutes"] or 0) * S_PER_MIN
        + float(match["seconds"] or 0)
    )
    return OadrDuration(sign * months, sign * (days * 24 * S_PER_H + clock_s))


def is_for_ever(duration: OadrDuration) -> bool:
    """True of ``P9999Y`` and of anything as long."""
    return duration.months >= FOR_EVER_YEARS * 12


def is_now(text: str) -> bool:
    """True of the year 1's first day, however it is spelled."""
    match = DATE_TIME.match(text)
    return match is not None and match["day"] == NOW_DAY and not (match["clock"] or "").strip("0:.")


def read_date_time(text: str) -> float | None:
    """The time that *text* says, UTC s; None for now.

    Raises:
        ValueError: it is none, or has no zone, with what was allowed.
    """
    if is_now(text):
        return None
    match = DATE_TIME.match(text)
    if match is None or match["zone"] is None:
        raise ValueError(f"{text[:40]!r} is no time of RFC 3339 with its zone, as 2026-11-29T18:00:00Z is")
    clock, leaps = match["clock"], match["clock"][6:8] == "60"
    seconds = "59" if leaps else clock[6:8]
    try:
        instant = datetime.fromisoformat(
            f"{match['day']}T{clock[:6]}{seconds}{clock[8:]}{match['zone'].upper()}"
        )
        return instant.timestamp() + (1.0 if leaps else 0.0)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is no time that there is") from None


def date_time_text(ts: float) -> str:
    """*ts*, UTC s, as RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
