"""DR events written in a line: when, for how long, and what is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from contracts.errors import FieldError
from contracts.wire.events import DrEvent, Interval, Signal

ALLOWED = (
    "write START/DURATION/ASK: START is 17:00 (each day) or 2026-07-14T17:00 (once), "
    "DURATION such as 2h, 90m or 1h30m, ASK is 3kW (shed), limit=5kW (import) or level=1, 2, 3"
)
LONGEST = timedelta(hours=24)
MOST_KW = 10_000.0
_DURATION = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?")
_SHED = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)kW")
_LIMIT = re.compile(r"limit=(\d{1,6}(?:\.\d{1,6})?)kW")
_LEVEL = re.compile(r"level=([1-3])")


@dataclass(frozen=True, slots=True)
class Ask:
    """An event as it was asked for: on one day or, with *day* None, on each."""

    text: str
    day: date | None
    at: time
    interval: Interval

    @property
    def lasts(self) -> timedelta:
        """How long it lasts."""
        return timedelta(seconds=self.interval.duration_s)


def parse_ask(text: str, option: str) -> Ask:
    """One event.

    Raises:
        FieldError: it is not of the form that `ALLOWED` says; the error names *option*.
    """
    parts = text.strip().split("/")
    if len(parts) != 3:
        raise _refused(option, text)
    day, at = _start(parts[0], option, text)
    match = _DURATION.fullmatch(parts[1])
    hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0)
    lasts = timedelta(hours=hours, minutes=minutes)
    if not timedelta(0) < lasts <= LONGEST:
        raise _refused(option, text, f"the duration {parts[1]!r} is not within 1m and 24h")
    signal, value = _asked(parts[2], option, text)
    return Ask(text, day, at, Interval(duration_s=int(lasts.total_seconds()), signal=signal, value=value))


def schedule(asks: Sequence[Ask], first: date, days: int, utc_offset_h: float, option: str) -> list[DrEvent]:
    """The events of a run of *days* from *first*, in order; times of day are house-local standard time.

    Raises:
        FieldError: an event's day is outside the run, or two overlap.
    """
    events = []
    for ask in asks:
        if ask.day is not None and not 0 <= (ask.day - first).days < days:
            last = first + timedelta(days=days - 1)
            raise _refused(option, ask.text, f"its day is not within {first} and {last}")
        for day in [ask.day] if ask.day else [first + timedelta(days=n) for n in range(days)]:
            local = datetime.combine(day, ask.at) - datetime(1970, 1, 1)  # noqa: DTZ001 - standard time
            start_ts = int(local.total_seconds() - utc_offset_h * 3600)
            event_id = f"{day}-{ask.at:%H%M}"
            events.append(DrEvent(event_id=event_id, start_ts=start_ts, intervals=(ask.interval,)))
    events.sort(key=lambda event: event.start_ts)
    for sooner, later in pairwise(events):
        if later.start_ts < sooner.end_ts:
            reason = f"events may not overlap: {later.event_id} starts before {sooner.event_id} is over"
            raise FieldError(option, reason)
    return events


def _start(text: str, option: str, whole: str) -> tuple[date | None, time]:
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                raise _refused(option, whole, "times are house-local: leave the offset out")
            return moment.date(), moment.time()
        if re.fullmatch(r"\d{1,2}:\d{2}", text):
            return None, time.fromisoformat(text.zfill(5))
    except ValueError:
        pass
    raise _refused(option, whole, f"{text!r} is no start")


def _asked(text: str, option: str, whole: str) -> tuple[Signal, float]:
    for pattern, signal in (
        (_SHED, Signal.SHED_KW),
        (_LIMIT, Signal.IMPORT_LIMIT_KW),
        (_LEVEL, Signal.LEVEL),
    ):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        value = float(match[1])
        if value > MOST_KW or (value == 0.0 and signal is Signal.SHED_KW):
            raise _refused(option, whole, f"{text!r} is not above 0 and at most {MOST_KW:g} kW")
        return signal, value
    raise _refused(option, whole, f"{text!r} is nothing that can be asked")


def _refused(option: str, text: str, why: str = "it has not three parts") -> FieldError:
    return FieldError(option, f"{text!r} is no event, {why}; {ALLOWED}")
