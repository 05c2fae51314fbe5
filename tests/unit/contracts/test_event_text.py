"""One grammar for durations, powers, signals, intervals, starts and events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest

from contracts.api import event_text
from contracts.api.event_text import (
    Start,
    parse_duration,
    parse_event,
    parse_interval,
    parse_power,
    parse_seconds,
    parse_signal,
    parse_start,
    parse_start_ts,
)
from contracts.errors import FieldError
from contracts.wire.events import Interval, Signal
from contracts.wire.units import instant_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45", 45), ("45s", 45), ("10m", 600), ("90min", 5400), ("1h30m", 5400), ("1h30m15s", 5415),
        ("2h", 7200), ("2h30", 9000), ("10m30", 630), ("1h5m30", 3930), ("1h 30m", 5400),
        (" 1 h 30 m ", 5400), ("1s", 1), ("1", 1),
        ("2H", 7200), ("7200s", 7200), ("168h", 604_800), ("1.5h", 5400), ("7.5m", 450),
        (".5 min", 30), ("90s", 90),
    ],
)  # fmt: skip
def test_a_duration_is_hours_minutes_and_seconds(text: str, seconds: int) -> None:
    """A number without a unit is of the next smaller unit: 2h30 is two and a half hours."""
    assert parse_duration(text, "--duration") == seconds


@pytest.mark.parametrize(
    ("text", "kw"),
    [
        ("3kW", 3.0),
        ("3 kW", 3.0),
        ("3", 3.0),
        ("0.5kw", 0.5),
        ("3kw", 3.0),
        ("3 KW", 3.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0", 0.0),
        ("1000000", 1e6),
    ],
)
def test_a_power_is_kw_with_or_without_its_unit(text: str, kw: float) -> None:
    """The unit may be written, and need not be."""
    assert parse_power(text, "--kw") == kw


@pytest.mark.parametrize(
    ("text", "signal", "value"),
    [
        ("3kW", Signal.SHED_KW, 3.0),
        ("shed=3kW", Signal.SHED_KW, 3.0),
        ("shedKw=3", Signal.SHED_KW, 3.0),
        ("limit=5kW", Signal.IMPORT_LIMIT_KW, 5.0),
        ("importLimitKw = 5", Signal.IMPORT_LIMIT_KW, 5.0),
        ("level=2", Signal.LEVEL, 2.0),
        ("level=2.0", Signal.LEVEL, 2.0),
    ],
)
def test_a_signal_has_a_short_name_and_the_wires(text: str, signal: Signal, value: float) -> None:
    """Shed, import limit or level; a power alone is shed."""
    assert parse_signal(text, "--interval") == (signal, value)


@pytest.mark.parametrize("text", ["10m:shedKw=5", "10m/5kW", "600/shed=5", "10m : 5 kW"])
def test_an_interval_is_a_duration_and_a_signal(text: str) -> None:
    """Both separators that there ever were mean the same."""
    assert parse_interval(text, "--interval") == Interval(duration_s=600, signal=Signal.SHED_KW, value=5.0)


def test_an_event_starts_each_day_or_once() -> None:
    """A time of day is of each day; with a date it is of that day."""
    daily, once = (
        parse_event("7:30/2h30/3kW", "--event"),
        parse_event("2026-07-14T17:00/2h:level=1", "--event"),
    )
    assert (daily.start, daily.interval.duration_s) == (Start(None, time(7, 30)), 9000)
    assert once.start == Start(date(2026, 7, 14), time(17))
    assert once.interval == Interval(duration_s=7200, signal=Signal.LEVEL, value=1.0)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.5", 0.5), ("2.5s", 2.5), ("2", 2.0), ("2m", 120.0), ("1h", 3600.0)]
)
def test_a_wait_may_be_a_fraction_of_a_second(text: str, seconds: float) -> None:
    """Every other duration is one too."""
    assert parse_seconds(text, "--timeout") == seconds


def test_an_instant_has_its_zone() -> None:
    """The same second by an offset and by Z; how it is read again names the zone."""
    texts = ["2026-07-01T17:00:00Z", "2026-07-01T17:00Z", "2026-07-01T19:00+02:00"]
    assert {parse_start_ts(text, "--start") for text in texts} == {1_782_925_200}
    assert instant_text(1_782_925_200) == "2026-07-01 17:00:00 UTC"


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (parse_duration, "soon", "'soon' is no duration: write 10m"),
        (parse_duration, "", "write 10m"),
        (parse_duration, "0m", "write 10m"),
        (parse_duration, "-5m", "write 10m"),
        (parse_duration, "10s5", "write 10m"),
        (parse_duration, "30m1h", "write 10m"),
        (parse_duration, "١m", "write 10m"),
        (parse_duration, "169h", "longer than 7 days"),
        (parse_power, "-1", "'-1' is no power: write kW, such as 3kW"),
        (parse_power, "nan", "such as 3kW"),
        (parse_power, "inf", "such as 3kW"),
        (parse_power, "1MW", "such as 3kW"),
        (parse_power, "1e9", "more than 1000000 kW"),
        (parse_power, "1000000.5", "more than 1000000 kW"),
        (parse_duration, "168h1s", "longer than 7 days"),
        (parse_signal, "power=5", "'power' is no signal: write 3kW"),
        (parse_signal, "much", "'much' is no signal: write 3kW"),
        (parse_signal, "shed=much", "'much' is no power: write kW"),
        (parse_signal, "level=4", "'4' is no level: write level=0, 1, 2 or 3"),
        (parse_signal, "level=1.5", "write level=0, 1, 2 or 3"),
        (parse_interval, "10m", "'10m' is no interval: write DURATION/SIGNAL, such as 10m/3kW"),
        (parse_interval, "10m/3kW/x", "no interval"),
        (parse_interval, "soon/3kW", "'soon' is no duration"),
        (parse_start, "25:00", "'25:00' is no start: write 17:00 or 2026-07-14T17:00"),
        (parse_start, "17", "is no start"),
        (parse_start, "2026-07-32T17:00", "is no start"),
        (parse_start, "2026-07-14T17:00+02:00", "has an offset: write local time, such as"),
        (parse_start_ts, "noon", "'noon' is no time: write 2026-07-14T17:00Z for UTC"),
        (parse_start_ts, "2026-07-01T17:00", "'2026-07-01T17:00' has no zone: write 2026-07-14T17:00Z"),
        (parse_start_ts, "2026-07-01", "has no zone"),
        (parse_duration, "0.5", "'0.5' is no duration"),
        (parse_seconds, "-1", "'-1' is no duration"),
        (parse_event, "17:00/2h", "'17:00/2h' is no event: write START/DURATION/SIGNAL"),
        (parse_event, "", "write START/DURATION/SIGNAL"),
    ],
)
def test_an_error_names_the_option_what_is_wrong_and_an_example(
    parse: Callable[[str, str], object], text: str, words: str
) -> None:
    """One line tells the user which option to correct, and how it is written."""
    with pytest.raises(FieldError) as refused:
        parse(text, "--here")
    assert refused.value.field == "--here"
    assert words in refused.value.reason


def test_every_example_in_an_error_can_be_copied() -> None:
    """What an error proposes is accepted."""
    assert "10m/3kW, 2h/limit=5kW or 10m/level=2" in event_text.INTERVALS
    for interval in ("10m/3kW", "2h/limit=5kW", "10m/level=2"):
        parse_interval(interval, "--interval")
    assert "17:00/2h/3kW for each day or 2026-07-14T17:00/2h/3kW" in event_text.EVENTS
    for event in ("17:00/2h/3kW", "2026-07-14T17:00/2h/3kW"):
        parse_event(event, "--event")
