"""The events of a simulated run, from the events as they are written on the command line."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from contracts.api.event_text import EventText, duration_text, parse_event
from contracts.errors import FieldError
from contracts.wire.events import DrEvent, Signal
from contracts.wire.ids import EventId
from contracts.wire.units import S_PER_DAY

LONGEST_S = S_PER_DAY
MOST_KW = 10_000.0
"""More than any house draws."""


def parse_house_event(text: str, option: str) -> EventText:
    """One event that a house can follow.

    Raises:
        FieldError: it is no event, or beyond what one house does in one day; the error names *option*.
    """
    event = parse_event(text, option)
    interval = event.interval
    if interval.duration_s > LONGEST_S:
        raise FieldError(option, f"{text!r} lasts longer than {duration_text(LONGEST_S)}")
    if interval.value > MOST_KW or (interval.value == 0.0 and interval.signal is Signal.SHED_KW):
        raise FieldError(option, f"{text!r}: write more than 0 and at most {MOST_KW:.0f} kW, such as 3kW")
    return event


def schedule(
    written: Sequence[EventText], first: date, days: int, utc_offset_h: float, option: str
) -> list[DrEvent]:
    """The events of a run of *days* from *first*, in order; times of day are house-local standard time.

    Raises:
        FieldError: an event's day is outside the run, or two overlap.
    """
    events = []
    for event in written:
        day, at = event.start
        if day is not None and not 0 <= (day - first).days < days:
            last = first + timedelta(days=days - 1)
            raise FieldError(option, f"{event.text!r} is outside the run, which is from {first} to {last}")
        for one_day in [day] if day else [first + timedelta(days=n) for n in range(days)]:
            local = datetime.combine(one_day, at) - datetime(1970, 1, 1)  # noqa: DTZ001 - standard time
            start_ts = int(local.total_seconds() - utc_offset_h * 3600)
            event_id = EventId(f"{one_day}-{at:%H%M}")
            events.append(DrEvent(event_id=event_id, start_ts=start_ts, intervals=(event.interval,)))
    events.sort(key=lambda event: event.start_ts)
    for sooner, later in pairwise(events):
        if later.start_ts < sooner.end_ts:
            reason = f"events may not overlap: {later.event_id} starts before {sooner.event_id} is over"
            raise FieldError(option, reason)
    return events
