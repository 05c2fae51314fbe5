"""Words and figures for people: one way to write them on pages and terminals.

The pages write figures by `static/kit/format.js`, with the limits that stand here and are served; a test
holds both to the same texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from contracts.wire.events import Phase, Signal

KW_DIGITS = 2
SECONDS_BELOW_S = 90
"""A span that is shorter is written in seconds."""
MINUTES_BELOW_MIN = 90
"""A span that is shorter is written in minutes, a longer one in hours and minutes."""
DAYS_FROM_S = 2 * 86_400
"""A countdown from here on is written in days and hours."""
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
MINUS = "−"

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


class AnyInterval(Protocol):
    """An interval as it is ordered or as it is shown."""

    @property
    def signal(self) -> Signal:
        """The signal, which gives the value its meaning."""

    @property
    def value(self) -> float:
        """The value, in the signal's unit."""


def fixed(value: float, digits: int) -> str:
    """*value* with so many decimals, halves away from zero, and a true minus."""
    text = str(Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def kw(value: float | None) -> str:
    """A power to ten watts; nothing where it is not known."""
    return "" if value is None else fixed(value, KW_DIGITS)


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{fixed(share * 100, 0)} %"


def share(delivered: float | None, requested: float | None) -> float | None:
    """The share of *requested* that was delivered; None of nothing, and where nothing is known."""
    return (
        delivered / requested if delivered is not None and requested is not None and requested > 0 else None
    )


def share_text(delivered: float | None, requested: float | None) -> str:
    """That share in percent; nothing where there is none."""
    of = share(delivered, requested)
    return "" if of is None else percent(of)


def span(seconds: float) -> str:
    """40 s, 12 min, 1 h 20 min: about how long."""
    if seconds < SECONDS_BELOW_S:
        return f"{_rounded(seconds)} s"
    minutes = _rounded(seconds / MINUTE_S)
    if minutes < MINUTES_BELOW_MIN:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def left(seconds: float) -> str:
    """4:05, 1:04:05, 2 d 4 h: the rest of a time."""
    whole = max(0, math.ceil(seconds))
    if whole >= DAYS_FROM_S:
        return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"
    hours, rest = divmod(whole, HOUR_S)
    minutes, rest = divmod(rest, MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def opt_out_reason(reason: str | None) -> str:
    """The words of a reason; one that is not of the list stands as it came."""
    return OPT_OUT_REASONS.get(reason, reason) if reason else NO_REASON


def request(intervals: Sequence[AnyInterval], *, of_each: bool = False) -> str:
    """The request of an event's first interval, and how many steps follow.

    Args:
        intervals: of the event; none of one that is cancelled.
        of_each: says that a limit is each VEN's own.
    """
    if not intervals:
        return "nothing"
    first, more = intervals[0], len(intervals) - 1
    words = {
        Signal.SHED_KW: f"{kw(first.value)} kW less",
        Signal.IMPORT_LIMIT_KW: f"≤ {kw(first.value)} kW{' each' if of_each else ''}",
        Signal.LEVEL: f"level {first.value:g}, {LEVELS[int(first.value) % len(LEVELS)]}",
    }[first.signal]
    return f"{words}, then {more} more step{'s' if more > 1 else ''}" if more else words


def _rounded(value: float) -> int:
    """To the next whole number, halves up."""
    return math.floor(value + 0.5)
