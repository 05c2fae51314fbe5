"""OpenADR events as DR events, over every course of intervals: the signal in force is the timeline's."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.openadr.dr_events import ActionableEvent, NotActedOn, actionable
from contracts.openadr.objects import OadrEventRequest
from contracts.openadr.timeline import timeline
from contracts.openadr.times import date_time_text
from contracts.wire.codec import convert
from contracts.wire.events import MAX_DURATION_S, MAX_INTERVALS, DrEvent
from contracts.wire.ids import EventId, VenId

START_TS = 1_800_000_000
LEVELS = st.one_of(st.none(), st.integers(0, 3))
PERIODS = st.tuples(st.one_of(st.none(), st.integers(0, 4000)), st.integers(0, 3000))
INTERVALS = st.lists(st.tuples(LEVELS, PERIODS), min_size=1, max_size=30)
DURATIONS = st.one_of(st.none(), st.integers(0, 200_000).map(lambda s: f"PT{s}S"), st.just("P9999Y"))


def oadr(
    intervals: list[tuple[int | None, tuple[int | None, int]]], duration: str | None
) -> OadrEventRequest:
    """An event of these levels; a start in s after the event's, or right after the one before."""
    made = []
    for number, (level, (start_s, length_s)) in enumerate(intervals):
        period: dict[str, Any] = {"duration": f"PT{length_s}S"}
        if start_s is not None:
            period["start"] = date_time_text(START_TS + (start_s if number else 0))
        payloads = [] if level is None else [{"type": "SIMPLE", "values": [level]}]
        made.append({"id": number, "payloads": payloads, "intervalPeriod": period})
    period = {"start": date_time_text(START_TS), "duration": "PT1S"}
    body = {"programID": "p", "intervals": made, "intervalPeriod": period, "duration": duration}
    return msgspec.convert({key: value for key, value in body.items() if value is not None}, OadrEventRequest)


def level_at(event: OadrEventRequest, ts: float) -> float:
    """The level of the interval that started last of those in force; 0 without any."""
    spans = [
        span for span in timeline(event, START_TS, from_ts=ts, most=100) if span.start_ts <= ts < span.end_ts
    ]
    if not spans:
        return 0.0
    latest = max(range(len(spans)), key=lambda n: (spans[n].start_ts, n))
    payloads = spans[latest].payloads
    return float(payloads[0].values[0]) if payloads else 0.0  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(INTERVALS, DURATIONS, st.integers(-5000, 400_000))
def test_the_level_in_force_is_that_of_the_timeline(
    intervals: list[tuple[int | None, tuple[int | None, int]]], duration: str | None, late_s: int
) -> None:
    """Whole or as a window, read in time or late: at each time of it the level is the timeline's."""
    event, now_ts = oadr(intervals, duration), START_TS + late_s
    result = actionable(
        event, None, event_id=EventId("e1"), ven_id=VenId("ven-1"), read_ts=START_TS, now_ts=now_ts
    )
    if isinstance(result, NotActedOn):
        assert result in {NotActedOn.NO_LENGTH, NotActedOn.NO_SIGNAL, NotActedOn.OVER}
        return
    assert isinstance(result, ActionableEvent)
    made = result.event
    assert convert(DrEvent, msgspec.to_builtins(made)) == made
    assert 1 <= len(made.intervals) <= MAX_INTERVALS
    assert made.duration_s <= MAX_DURATION_S
    at_ts = made.start_ts
    for interval in made.intervals:
        for ts in (at_ts, at_ts + interval.duration_s / 2, at_ts + interval.duration_s - 0.5):
            if ts >= now_ts or result.renew_ts == float("inf"):  # a window's past has gone
                assert interval.value == level_at(event, ts)
        at_ts += interval.duration_s
    if result.renew_ts < float("inf"):
        assert result.renew_ts < made.end_ts
        assert made.phase(result.renew_ts) == "active"
    else:
        assert level_at(event, made.start_ts - 0.5) == 0.0
        assert level_at(event, made.end_ts + 0.5) == 0.0


@settings(max_examples=50, deadline=None)
@given(INTERVALS, st.integers(0, 400_000))
def test_windows_follow_each_other_without_a_hole(
    intervals: list[tuple[int | None, tuple[int | None, int]]], late_s: int
) -> None:
    """A window that is renewed goes on with the level that the one before it had."""
    event, now_ts, before = oadr(intervals, "P9999Y"), float(START_TS + late_s), None
    for revision in range(3):
        result = actionable(
            event,
            None,
            event_id=EventId("e1"),
            ven_id=VenId("ven-1"),
            read_ts=START_TS,
            now_ts=now_ts,
            revision=revision,
        )
        if not isinstance(result, ActionableEvent) or result.renew_ts == float("inf"):
            return
        for dr_event in filter(None, (before, result.event)):
            interval = dr_event.interval_at(now_ts)
            assert (0.0 if interval is None else interval.value) == level_at(event, now_ts)
        before, now_ts = result.event, max(result.renew_ts, now_ts)
