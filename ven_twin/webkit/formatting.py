"""Words and figures for people: one way to write them on pages, terminals and in reports.

The pages write figures by `static/kit/format.js`, with the limits of this module, which they are served. A
test compares the texts of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.wire.events import Phase, Signal
from contracts.wire.units import LEAST_SHARE_KW, S_PER_DAY, S_PER_H, S_PER_MIN

KW_DIGITS = 2
SECONDS_BELOW_S = 90
"""A span that is shorter is written in seconds."""
MINUTES_BELOW_MIN = 90
"""A span that is shorter is written in minutes, a longer one in hours and minutes."""
DAYS_FROM_S = 2 * S_PER_DAY
"""A countdown from here on is written in days and hours."""
MINUTE_S, HOUR_S = int(S_PER_MIN), int(S_PER_H)
MINUS = "−"
DASH = "–"
"""Stands for a figure that is not known, where its place is not left empty."""

LEVELS = ("normal", "moderate", "high", "emergency")
PHASES: Mapping[Phase, str] = {
    Phase.FAR: "far",
    Phase.NEAR: "near",
    Phase.ACTIVE: "active",
    Phase.COMPLETED: "completed",
    Phase.CANCELLED: "cancelled",
    Phase.OPTED_OUT: "opted out",
}
OPT_OUT_REASONS: Mapping[str, str] = {
    "notParticipating": "not taking part",
    "overrideStatus": "comfort",
    "mustRun": "something must run",
    "economic": "not worth it",
    "emergency": "emergency",
    "outageRunStatus": "outage or repair",
}
"""The reasons that a resident chooses from. The wire takes others too.

Source: OpenADR 2.0b, oadrOptReason.
"""
NO_REASON = "no reason given"


class SignalValue(Protocol):
    """An interval, as it is ordered or as it is shown."""

    @property
    def signal(self) -> Signal:
        """The signal."""

    @property
    def value(self) -> float:
        """The value, in the signal's unit."""


def fixed(value: float, digits: int) -> str:
    """*value* with so many decimals, halves away from zero, and a true minus."""
    text = str(Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def figure(value: float | None, digits: int = KW_DIGITS) -> str:
    """*value* with so many decimals; a dash where it is not known."""
    return DASH if value is None else fixed(value, digits)


def kw(value: float | None) -> str:
    """A power to ten watts, without its unit; empty where it is not known."""
    return "" if value is None else fixed(value, KW_DIGITS)


def power(value: float | None) -> str:
    """A power with its unit; a dash where it is not known."""
    return DASH if value is None else f"{kw(value)} kW"


def reduction(value: float | None) -> str:
    """A power that is drawn less, with its unit; below 0 it is drawn more; a dash where it is not known."""
    return f"{power(-value)} more" if value is not None and value < 0 else power(value)


def reduction_cell(value: float | None) -> str:
    """The same for a column that names the unit; empty where it is not known."""
    return f"{kw(-value)} more" if value is not None and value < 0 else kw(value)


def energy(value_kwh: float | None) -> str:
    """An energy to the watt hour, one below 0.1 kWh to a tenth of it, without its unit."""
    return figure(value_kwh, 4 if value_kwh is not None and 0 < abs(value_kwh) < 0.1 else 3)


def percent(share: float | None, digits: int = 0) -> str:
    """A share in percent; a dash where it is not known."""
    return DASH if share is None else f"{fixed(share * 100, digits)} %"


def share(delivered: float | None, requested: float | None) -> float | None:
    """The share of *requested* that was delivered; None of nearly nothing, and where nothing is known."""
    if delivered is None or requested is None or abs(requested) < LEAST_SHARE_KW:
        return None
    return delivered / requested


def share_text(delivered: float | None, requested: float | None) -> str:
    """That share in percent; empty where there is none."""
    return "" if share(delivered, requested) is None else percent(share(delivered, requested))


def counted(count: int, noun: str) -> str:
    """1 VEN, 2 VENs."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def span(seconds: float) -> str:
    """40 s, 12 min, 1 h 20 min: about how long."""
    if seconds < SECONDS_BELOW_S:
        return f"{_rounded(seconds)} s"
    minutes = _rounded(seconds / MINUTE_S)
    if minutes < MINUTES_BELOW_MIN:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def duration(seconds: float) -> str:
    """45 s, 1 min 30 s, 1 h 30 min: the duration of an interval, in its two largest units."""
    hours, rest = divmod(round(seconds), HOUR_S)
    minutes, rest_s = divmod(rest, MINUTE_S)
    units = ((hours, "h"), (minutes, "min"), (rest_s, "s"))
    return " ".join([f"{value} {unit}" for value, unit in units if value][:2]) or "0 s"


def left(seconds: float) -> str:
    """4:05, 1:04:05, 2 d 4 h: the rest of a time."""
    whole = max(0, math.ceil(seconds))
    if whole >= DAYS_FROM_S:
        return f"{whole // S_PER_DAY} d {whole % S_PER_DAY // HOUR_S} h"
    hours, rest = divmod(whole, HOUR_S)
    minutes, rest = divmod(rest, MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local(ts: float, zone: tzinfo | None = None) -> datetime:
    """UTC seconds as a time in *zone*, the reader's own without."""
    return datetime.fromtimestamp(ts, UTC).astimezone(zone)


def zone_named(name: str | None) -> tzinfo | None:
    """The time zone with an IANA *name*; None, for the reader's own, where that is not known here."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def clock(ts: float) -> str:
    """UTC seconds as a local time of day."""
    return f"{local(ts):%H:%M:%S}"


def day_time(ts: float, now_ts: float) -> str:
    """A local time of day, with its day where that is not the day of *now_ts*."""
    at = local(ts)
    return f"{at:%H:%M}" if at.date() == local(now_ts).date() else f"{at.day} {at:%b %H:%M}"


def period(start_ts: float, end_ts: float, zone: tzinfo | None = None) -> str:
    """Local start and end; seconds only where one of them is not 0."""
    start, end = local(start_ts, zone), local(end_ts, zone)
    exact = "%H:%M" if start.second == end.second == 0 else "%H:%M:%S"
    day = "" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b} "
    return f"{start:{exact}} to {day}{end:{exact}}"


def dated_clock(ts: float, now_ts: float) -> str:
    """A local time of day to the second, with its date where that is not the date of *now_ts*."""
    return f"{_day(ts, now_ts)}{clock(ts)}"


def dated_period(start_ts: float, end_ts: float, now_ts: float) -> str:
    """Local start and end with the zone, and the date where that is not the date of *now_ts*."""
    return f"{_day(start_ts, now_ts)}{period(start_ts, end_ts)} {local(end_ts):%Z}"


def _day(ts: float, now_ts: float) -> str:
    at, now = local(ts), local(now_ts)
    if at.date() == now.date():
        return ""
    return f"{at:%a} {at.day} {at:%b} " if at.year == now.year else f"{at:%a} {at.day} {at:%b %Y} "


def opt_out_reason(reason: str | None) -> str:
    """The words of a reason; one that is not of the list stands as it came."""
    return OPT_OUT_REASONS.get(reason, reason) if reason else NO_REASON


def request(intervals: Sequence[SignalValue], *, of_fleet: bool = False) -> str:
    """The request of an event's first interval, and how many steps follow.

    Args:
        intervals: of the event; none of one that is cancelled.
        of_fleet: a limit applies to each VEN, and the text says so.
    """
    if not intervals:
        return "nothing"
    more = len(intervals) - 1
    first = signal_value(intervals[0], of_fleet=of_fleet)
    return f"{first}, then {counted(more, 'more step')}" if more else first


def signal_value(interval: SignalValue, *, of_fleet: bool = False) -> str:
    """The request of one interval."""
    value = interval.value
    return {
        Signal.SHED_KW: f"{kw(value)} kW less",
        Signal.LOAD_UP_KW: f"{kw(value)} kW more",
        Signal.IMPORT_LIMIT_KW: f"≤ {kw(value)} kW{' each' if of_fleet else ''}",
        Signal.LEVEL: f"level {value:g}, {LEVELS[int(value) % len(LEVELS)]}",
    }[interval.signal]


def printable(text: str) -> str:
    """*text* without control characters, which could move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _rounded(value: float) -> int:
    """To the next whole number, halves up."""
    return math.floor(value + 0.5)
