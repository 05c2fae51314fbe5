"""The sentences of notifications, in the receiver's words: kW, durations, times. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from contracts.wire.events import Interval, Signal

_OF_ONE = {
    Signal.SHED_KW: "{value:.2f} kW less",
    Signal.LOAD_UP_KW: "{value:.2f} kW more",
    Signal.IMPORT_LIMIT_KW: "no more than {value:.2f} kW from the grid",
    Signal.LEVEL: "level {value:.0f}",
}


def request_text(intervals: Sequence[Interval]) -> str:
    """The request in words, ``3.00 kW less for 2 h``; of several intervals the highest value of a signal."""
    if not intervals:
        return "nothing"
    signals = dict.fromkeys(interval.signal for interval in intervals)
    words = " and ".join(_of_signal(signal, intervals) for signal in signals)
    duration = duration_text(sum(interval.duration_s for interval in intervals))
    most = f" at the most, in {len(intervals)} intervals," if len(intervals) > 1 else ""
    return f"{words}{most} for {duration}"


def _of_signal(signal: Signal, intervals: Sequence[Interval]) -> str:
    values = [interval.value for interval in intervals if interval.signal is signal]
    return _OF_ONE[signal].format(value=min(values) if signal is Signal.IMPORT_LIMIT_KW else max(values))


def duration_text(duration_s: float) -> str:
    """A duration for people: ``2 h``, ``1 h 30 min``, ``45 s``."""
    seconds = round(duration_s)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    written = ((hours, "h"), (minutes, "min"), (seconds if not hours else 0, "s"))
    return " ".join(f"{number} {unit}" for number, unit in written if number) or "0 s"


def time_text(ts: float, zone: tzinfo) -> str:
    """A time for people: ``Sat 28 Nov 17:00 EST``."""
    at = datetime.fromtimestamp(ts, zone)
    return f"{at:%a} {at.day} {at:%b %H:%M} {at:%Z}"
