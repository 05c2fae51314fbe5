"""The events of a simulated run, as they are written."""

import re
from datetime import UTC, date, datetime

import pytest

from contracts.errors import FieldError
from contracts.wire.events import Signal
from ven_twin.simulation.event_schedule import parse_house_event, schedule

FIRST = date(2026, 7, 14)


@pytest.mark.parametrize(
    ("text", "duration_s", "signal", "value"),
    [
        ("17:00/2h/3kW", 7200, Signal.SHED_KW, 3.0),
        ("7:30/90m/0.5kW", 5400, Signal.SHED_KW, 0.5),
        ("17:00/1h30m/limit=5kW", 5400, Signal.IMPORT_LIMIT_KW, 5.0),
        ("17:00/24h/level=2", 86_400, Signal.LEVEL, 2.0),
    ],
)
def test_an_event_is_start_duration_and_signal(
    text: str, duration_s: int, signal: Signal, value: float
) -> None:
    """A shed, an import limit or a level, for as long as it says."""
    interval = parse_house_event(text, "--event").interval
    assert (interval.duration_s, interval.signal, interval.value) == (duration_s, signal, value)


@pytest.mark.parametrize(
    "text",
    [
        "", "17:00", "17:00/2h", "17:00/2h/3kW/x", "25:00/2h/3kW", "17/2h/3kW", "17:00/h/3kW", "17:00/0m/3kW",
        "17:00/25h/3kW", "17:00/-2h/3kW", "17:00/25:00/3kW",
        "17:00/2h/-3kW", "17:00/2h/0kW", "17:00/2h/nankW",
        "17:00/2h/infkW", "17:00/2h/limit=99999kW", "17:00/2h/99999kW", "17:00/2h/level=4",
        "2026-07-32T17:00/2h/3kW",
        "2026-07-14T17:00+02:00/2h/3kW", "١٧:00/2h/3kW",
    ],
)  # fmt: skip
def test_what_is_no_event_names_the_option_and_what_is_allowed(text: str) -> None:
    """Whoever mistypes an event reads what to write instead."""
    with pytest.raises(FieldError) as refused:
        parse_house_event(text, "--event")
    assert refused.value.field == "--event"
    assert re.search(r"write .*(such as|or) |longer than 24h", refused.value.reason)


def test_a_time_of_day_is_an_event_on_each_day_of_the_run() -> None:
    """17:00 in Greensboro is 22:00 UTC, on every day; a date makes it that day's only."""
    written = [
        parse_house_event("17:00/2h/3kW", "--event"),
        parse_house_event("2026-07-15T06:00/1h/3kW", "--event"),
    ]
    events = schedule(written, FIRST, 2, -5.0, "--event")
    starts = [datetime.fromtimestamp(event.start_ts, UTC).strftime("%d %H:%M") for event in events]
    assert starts == ["14 22:00", "15 11:00", "15 22:00"]
    assert len({event.event_id for event in events}) == 3


@pytest.mark.parametrize(
    "texts",
    [["17:00/2h/3kW", "18:59/1h/1kW"], ["17:00/24h/3kW", "16:00/30m/1kW"], ["2026-07-20T17:00/2h/3kW"]],
)
def test_events_that_overlap_or_never_come_are_refused(texts: list[str]) -> None:
    """Two answers at one time, or an event outside the run, is a mistake and not a choice."""
    with pytest.raises(FieldError, match="--event"):
        schedule([parse_house_event(text, "--event") for text in texts], FIRST, 2, -5.0, "--event")
