"""How figures, times and events are written on the terminal, as on the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from contracts.api.fleet import FleetVen
from contracts.wire.events import Interval, Phase, Signal
from ven_twin.operations.fleet.fleet_state import COMING, RUNNING, EventLine, is_silent

LEVELS = ("normal", "moderate", "high", "emergency")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def kw(value: float | None) -> str:
    """A power to ten watts, with a true minus; nothing where it is not known."""
    if value is None:
        return ""
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and float(text) else text


def share(part: float | None, whole: float) -> str:
    """*part* of *whole* in percent; nothing of nothing."""
    return f"{100 * part / whole:.0f} %" if part is not None and whole > 0 else ""


def span(seconds: float) -> str:
    """40 s, 12 min, 1 h 20 min: about how long."""
    if seconds < 1.5 * MINUTE_S:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE_S)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def left(seconds: float) -> str:
    """4:05, 1:04:05, 2 d 4 h: what is left of a time."""
    whole = max(0, -int(-seconds // 1))
    if whole >= 2 * DAY_S:
        return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"
    hours, rest = divmod(whole, HOUR_S)
    minutes, seconds = divmod(rest, MINUTE_S)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def clock(ts: float) -> str:
    """UTC seconds as a time of day here."""
    return datetime.fromtimestamp(ts).astimezone().strftime("%H:%M:%S")


def moment(ts: float, now_ts: float) -> str:
    """A time of day here, with its day where that is not the day of *now_ts*."""
    at, now = (datetime.fromtimestamp(each).astimezone() for each in (ts, now_ts))
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M}"


def asks(intervals: Sequence[Interval]) -> str:
    """What an event asks for first, and how many steps follow."""
    if not intervals:
        return "nothing"
    first, more = intervals[0], len(intervals) - 1
    says = {
        Signal.SHED_KW: f"{kw(first.value)} kW less",
        Signal.IMPORT_LIMIT_KW: f"≤ {kw(first.value)} kW each",
        Signal.LEVEL: f"level {first.value:g} {LEVELS[int(first.value) % len(LEVELS)]}",
    }[first.signal]
    return f"{says}, {more} more step{'s' if more > 1 else ''}" if more else says


def when(event: EventLine, now_ts: float) -> str:
    """How long an event still is, when it starts, or that it is over."""
    if event.phase in RUNNING:
        return f"ends in {left(event.end_ts - now_ts)}"
    if event.phase in COMING:
        return f"starts in {left(event.start_ts - now_ts)}"
    return "cancelled" if event.phase is Phase.CANCELLED else f"ended {clock(event.end_ts)}"


def why(ven: FleetVen, now_ts: float) -> str:
    """Why a VEN cannot be counted on: its opt-out with its end, or how long it is silent."""
    if ven.opt_out is not None:
        until_ts = ven.opt_out.until_ts
        return (
            f"{ven.opt_out.reason}, {f'until {moment(until_ts, now_ts)}' if until_ts else 'until it opts in'}"
        )
    if is_silent(ven):
        return "no telemetry yet" if ven.row_age_s is None else f"silent for {span(ven.row_age_s)}"
    return ""
