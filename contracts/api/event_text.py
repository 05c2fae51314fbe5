"""Events as operators write them: one grammar for every command. Pure.

    duration  = 45s, 45, 10m, 90min, 1h30m, 2h30, 1.5h    a number without a unit is of the next smaller unit
    time      = 2026-07-14T17:00Z, 2026-07-14T17:00+02:00 an instant: ISO 8601 with its zone
    power     = 3kW, 3 kW, 3                              kW, with or without its unit
    signal    = 3kW, shed=3kW, limit=5kW, level=2, loadup=3kW
                                                          the wire's names too: shedKw=3, importLimitKw=5
    interval  = duration / signal, duration : signal      2h/3kW, 10m:shedKw=5
    start     = 17:00, 2026-07-14T17:00                   each day, or once; ISO 8601
    event     = start / interval                          17:00/2h/3kW

Every parser names the option that the text came from, quotes what was wrong in it, and gives an example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import NamedTuple

from contracts.errors import FieldError
from contracts.wire.events import MAX_DURATION_S, Interval, Signal
from contracts.wire.units import S_PER_DAY

DURATIONS = "write 10m, 1h30m or 45s"
POWERS = "write kW, such as 3kW or 0.5"
SIGNALS = (
    "write 3kW to draw less, loadup=3kW to draw more, limit=5kW to import at most, or level=0, 1, 2 or 3"
)
INTERVALS = "write DURATION/SIGNAL, such as 10m/3kW, 2h/limit=5kW or 10m/level=2"
EVENTS = "write START/DURATION/SIGNAL, such as 17:00/2h/3kW for each day or 2026-07-14T17:00/2h/3kW for one"
TIMES = "write 2026-07-14T17:00Z for UTC, or its offset, such as 2026-07-14T17:00+02:00"
MOST_KW = 1_000_000.0

_DECIMAL = re.compile(r"(?P<number>[0-9]{0,6}\.[0-9]{1,6})\s*(?P<unit>h|m(?:in)?)", re.IGNORECASE)
_DURATION = re.compile(
    r"(?:(?P<h>[0-9]{1,6})\s*h)?\s*(?:(?P<m>[0-9]{1,7})\s*m(?:in)?)?\s*(?:(?P<s>[0-9]{1,8})\s*s)?"
    r"\s*(?P<bare>[0-9]{1,8})?",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"[0-9]{0,6}\.[0-9]{1,6}")
_POWER = re.compile(
    r"(?P<kw>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?)\s*(?:kW)?", re.IGNORECASE | re.ASCII
)
_LEVEL = re.compile(r"[0-3](?:\.0*)?")
_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_SIGNAL_NAMES: Mapping[str, Signal] = {
    "shed": Signal.SHED_KW,
    "limit": Signal.IMPORT_LIMIT_KW,
    "loadup": Signal.LOAD_UP_KW,
    **{signal.lower(): signal for signal in Signal},
}


class Start(NamedTuple):
    """A start as it is written: at a time of *day*, or of each day when that is None."""

    day: date | None
    at: time


class EventText(NamedTuple):
    """An event as it is written: one interval, at a time of one day or of each."""

    text: str
    start: Start
    interval: Interval


def parse_duration(text: str, option: str) -> int:
    """A duration, s. Raises FieldError."""
    total_s = _seconds(text.strip())
    if total_s <= 0:
        raise FieldError(option, f"{text!r} is no duration: {DURATIONS}")
    if total_s > MAX_DURATION_S:
        raise FieldError(option, f"{text!r} is longer than {MAX_DURATION_S // S_PER_DAY} days")
    return total_s


def _seconds(text: str) -> int:
    """The seconds of a duration; 0 of what is none."""
    if decimal := _DECIMAL.fullmatch(text):
        return round(float(decimal["number"]) * (3600 if decimal["unit"].lower() == "h" else 60))
    match = _DURATION.fullmatch(text)
    if match is None or (match["s"] and match["bare"]):
        return 0
    hours, minutes, seconds, bare = (int(match[name] or 0) for name in ("h", "m", "s", "bare"))
    bare_s = bare * 60 if match["h"] and not match["m"] else bare
    return hours * 3600 + minutes * 60 + seconds + bare_s


def parse_seconds(text: str, option: str) -> float:
    """A duration that may be a fraction of a second, such as ``0.5`` or ``2s``, s. Raises FieldError."""
    number = text.strip().lower().removesuffix("s").strip()
    if _FRACTION.fullmatch(number):
        return float(number)
    return float(parse_duration(text, option))


def parse_power(text: str, option: str) -> float:
    """A power of 0 or more, kW. Raises FieldError."""
    match = _POWER.fullmatch(text.strip())
    if match is None:
        raise FieldError(option, f"{text!r} is no power: {POWERS}")
    kw = float(match["kw"])
    if kw > MOST_KW:
        raise FieldError(option, f"{text!r} is more than {MOST_KW:.0f} kW")
    return kw


def parse_signal(text: str, option: str) -> tuple[Signal, float]:
    """A signal and its value; a power alone is shed. Raises FieldError."""
    name, equals, value = (word.strip() for word in text.rpartition("="))
    signal = _SIGNAL_NAMES.get(name.lower()) if equals else Signal.SHED_KW
    if signal is None:
        raise FieldError(option, f"{name!r} is no signal: {SIGNALS}")
    if signal is Signal.LEVEL:
        return signal, parse_level(value, option, example="level=0")
    if not equals and not _POWER.fullmatch(value):
        raise FieldError(option, f"{value!r} is no signal: {SIGNALS}")
    return signal, parse_power(value, option)


def parse_level(text: str, option: str, example: str = "0") -> float:
    """A level, 0 normal to 3 emergency; *example* is how the first of them is written. Raises FieldError."""
    if not _LEVEL.fullmatch(text.strip()):
        raise FieldError(option, f"{text!r} is no level: write {example}, 1, 2 or 3")
    return float(text)


def parse_interval(text: str, option: str) -> Interval:
    """One interval. Raises FieldError."""
    match = re.fullmatch(r"([^:/]*)[:/]([^:/]*)", text)
    if match is None:
        raise FieldError(option, f"{text!r} is no interval: {INTERVALS}")
    signal, value = parse_signal(match[2], option)
    return Interval(duration_s=parse_duration(match[1], option), signal=signal, value=value)


def parse_start(text: str, option: str) -> Start:
    """A local start, without an offset: a time of each day, or of one. Raises FieldError."""
    try:
        if _TIME_OF_DAY.fullmatch(text):
            return Start(None, time.fromisoformat(text.zfill(5)))
        if "T" in text:
            local = datetime.fromisoformat(text)
            if local.tzinfo is None:
                return Start(local.date(), local.time())
            raise FieldError(option, f"{text!r} has an offset: write local time, such as 2026-07-14T17:00")
    except ValueError:
        pass
    raise FieldError(option, f"{text!r} is no start: write 17:00 or 2026-07-14T17:00")


def parse_start_ts(text: str, option: str) -> int:
    """An instant, UTC s: an ISO 8601 time with its zone. Raises FieldError.

    Interpretation: a time without a zone is refused, since UTC and the operator's own are hours apart.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise FieldError(option, f"{text!r} is no time: {TIMES}") from None
    if at.tzinfo is None:
        raise FieldError(option, f"{text!r} has no zone: {TIMES}")
    return int(at.timestamp())


def parse_event(text: str, option: str) -> EventText:
    """One event. Raises FieldError."""
    start, slash, interval = text.strip().partition("/")
    if not slash or not re.fullmatch(r"[^:/]*[:/][^:/]*", interval):
        raise FieldError(option, f"{text!r} is no event: {EVENTS}")
    return EventText(text, parse_start(start, option), parse_interval(interval, option))


def duration_text(duration_s: int) -> str:
    """A duration as `parse_duration` reads it, such as ``1h30m``."""
    minutes, seconds = divmod(duration_s, 60)
    hours, minutes = divmod(minutes, 60)
    written = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in written if number)


def interval_text(interval: Interval) -> str:
    """An interval as `parse_interval` reads it, such as ``1h30m/shed=3kW``."""
    name = next(name for name, signal in _SIGNAL_NAMES.items() if signal is interval.signal)
    unit = "" if interval.signal is Signal.LEVEL else "kW"
    value = repr(interval.value).removesuffix(".0")
    return f"{duration_text(interval.duration_s)}/{name}={value}{unit}"
