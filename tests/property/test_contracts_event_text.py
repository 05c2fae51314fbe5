"""Properties of the grammar of events, whatever is written."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from contracts.api.event_text import (
    duration_text,
    interval_text,
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
from contracts.wire.events import MAX_DURATION_S, Interval, Signal

durations = st.integers(1, MAX_DURATION_S)
powers = st.floats(0, 1_000_000, allow_nan=False)
levels = st.integers(0, 3).map(float)
intervals = st.builds(
    Interval,
    duration_s=durations,
    signal=st.sampled_from([Signal.SHED_KW, Signal.IMPORT_LIMIT_KW]),
    value=powers,
) | st.builds(Interval, duration_s=durations, signal=st.just(Signal.LEVEL), value=levels)


@given(durations)
def test_a_duration_reads_back_as_it_was_written(duration_s: int) -> None:
    """To the second, up to the longest event."""
    assert parse_duration(duration_text(duration_s), "--duration") == duration_s


@given(intervals)
def test_an_interval_reads_back_as_it_was_written(interval: Interval) -> None:
    """Duration, signal and value, to the last digit."""
    assert parse_interval(interval_text(interval), "--interval") == interval


@given(st.integers(0, 167), st.integers(0, 59), st.integers(0, 59))
def test_every_spelling_of_a_duration_means_the_same(hours: int, minutes: int, seconds: int) -> None:
    """Units in full, the last unit left out, in seconds, and with spaces."""
    total_s = hours * 3600 + minutes * 60 + seconds
    if total_s == 0:
        return
    spellings = [f"{hours}h{minutes}m{seconds}s", f"{hours}h{minutes}m{seconds}", f"{total_s}", f"{total_s}s"]
    spellings += [f"{hours} h {minutes} min {seconds} s", f"{hours * 60 + minutes}m{seconds}s"]
    if seconds == 0:
        spellings += [f"{hours}h{minutes}", f"{hours}h{minutes}m"]
    assert {parse_duration(text, "--duration") for text in spellings} == {total_s}


@given(durations, powers, st.sampled_from([("shed", "shedKw"), ("limit", "importLimitKw")]))
def test_every_spelling_of_an_interval_means_the_same(
    duration_s: int, kw: float, names: tuple[str, str]
) -> None:
    """Both separators, both names, with the unit and without; and in an event beside its start."""
    short, wire = names
    signals = [f"{name}={kw!r}{unit}" for name in (short, wire) for unit in ("", "kW", " kW")]
    signals += [f"{kw!r}", f"{kw!r}kW"] if short == "shed" else []
    texts = [f"{duration_s}{separator}{signal}" for separator in "/:" for signal in signals]
    read = [parse_interval(text, "--interval") for text in texts]
    read += [parse_event(f"17:00/{text}", "--event").interval for text in texts]
    assert all(
        interval == Interval(duration_s=duration_s, signal=Signal(wire), value=kw) for interval in read
    )


@given(st.text(max_size=30) | st.from_regex(r"[0-9hms:/=kWT. -]{0,20}", fullmatch=True))
def test_whatever_is_written_is_read_or_refused_by_the_options_name(text: str) -> None:
    """No other error reaches the user."""
    parsers = (
        parse_duration,
        parse_seconds,
        parse_power,
        parse_seconds,
        parse_signal,
        parse_interval,
        parse_start,
        parse_start_ts,
        parse_event,
    )
    for parse in parsers:
        with contextlib.suppress(FieldError):
            parse(text, "--here")
