"""The timeline of an OpenADR event: starts, loops, cuts, splits, and what has no place in time."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.openadr.objects import OadrEventRequest
from contracts.openadr.timeline import UnplacedError, UnplacedReason, end_ts, timeline, unrolled

READ_TS = 1_800_000_000.0
NOWS = ("0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z")


def _event(intervals: list[dict[str, Any]], **fields: Any) -> OadrEventRequest:
    numbered = [
        {"id": n, "payloads": [{"type": "SIMPLE", "values": [n]}], **body} for n, body in enumerate(intervals)
    ]
    return msgspec.convert({"programID": "p", "intervals": numbered, **fields}, OadrEventRequest)


def _spans(event: OadrEventRequest, **options: Any) -> list[tuple[float, float, int]]:
    placed = timeline(event, READ_TS, **options)
    return [(each.start_ts - READ_TS, each.end_ts - READ_TS, each.interval_id) for each in placed]


def _now(duration: str = "PT10M") -> dict[str, str]:
    return {"start": NOWS[0], "duration": duration}


@pytest.mark.parametrize("now", NOWS)
def test_intervals_follow_each_other_from_now(now: str) -> None:
    """However now is spelled, the first starts as the event is read and a later one after it."""
    event = _event([{}, {"intervalPeriod": {"start": now}}], intervalPeriod={**_now(), "start": now})
    assert _spans(event) == [(0, 600, 0), (600, 1200, 1)]


def test_an_interval_has_its_fields_one_by_one() -> None:
    """Its own duration stands beside the event's start."""
    event = _event([{"intervalPeriod": {"duration": "PT5M"}}, {}], intervalPeriod=_now())
    assert _spans(event) == [(0, 300, 0), (300, 900, 1)]


@pytest.mark.parametrize("minutes", [5, 10, 15, 20, 33, 60])
def test_an_event_lasts_its_duration(minutes: int) -> None:
    """Shorter cuts, longer loops: the spans are in order, without a gap, and sum to event.duration."""
    spans = _spans(_event([{}, {}], intervalPeriod=_now(), duration=f"PT{minutes}M"))
    assert sum(end - start for start, end, _ in spans) == minutes * 60
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_a_loop_without_end_is_entered_late_at_once() -> None:
    """A loop for ever yields from a time on, without all the rounds before it."""
    event = _event([{}, {}], intervalPeriod=_now("PT1S"), duration="P9999Y")
    first = next(unrolled(event, 0.0, from_ts=READ_TS + 0.5))
    assert (first.start_ts, first.end_ts, end_ts(event, 0.0)) == (READ_TS, READ_TS + 1, inf)


def test_a_later_start_leaves_a_gap_or_overlaps() -> None:
    """An interval's own start holds, whatever the one before it lasts, and again in each round."""
    later = {"intervalPeriod": {"start": "2027-01-15T08:20:00Z", "duration": "PT10M"}}
    assert READ_TS == 1_800_000_000.0  # 2027-01-15T08:00:00Z
    assert _spans(_event([{}, later], intervalPeriod=_now("PT10M"))) == [(0, 600, 0), (1200, 1800, 1)]
    assert _spans(_event([{}, later], intervalPeriod=_now("PT30M"))) == [(0, 1800, 0), (1200, 1800, 1)]
    looped = _event([{}, later], intervalPeriod=_now("PT10M"), duration="PT40M")
    assert _spans(looped) == [(0, 600, 0), (1200, 1800, 1), (1800, 2400, 0)]


def test_a_round_of_months_goes_by_the_calendar() -> None:
    """Rounds of a month begin on the same day, however long the months are."""
    event = _event([{}], intervalPeriod={"start": "2027-01-15T00:00:00Z", "duration": "P1M"}, duration="P3M")
    starts = [start // 86_400 for start, _, _ in _spans(event)]
    assert [after - before for before, after in pairwise(starts)] == [31, 28]


@given(
    st.lists(st.integers(60, 7200), min_size=1, max_size=5), st.integers(1, 50_000), st.integers(0, 50_000)
)
def test_an_event_entered_late_has_the_rest_of_its_intervals(
    lengths_s: list[int], duration_s: int, late_s: int
) -> None:
    """Without a gap they fill the duration; read later, those that are over are left out."""
    bodies = [{"intervalPeriod": {"duration": f"PT{length_s}S"}} for length_s in lengths_s]
    event = _event(bodies, intervalPeriod={"start": NOWS[0]}, duration=f"PT{duration_s}S")
    whole = _spans(event)
    assert all(before[1] == after[0] for before, after in pairwise(whole))
    assert sum(end - start for start, end, _ in whole) == duration_s
    assert _spans(event, from_ts=READ_TS + late_s) == [span for span in whole if span[1] > late_s]


def test_scalar_values_split_their_interval() -> None:
    """Three values of SIMPLE are in force for a third of the interval each, also where it is cut."""
    body = {"payloads": [{"type": "SIMPLE", "values": [1, 2, 3]}]}
    placed = timeline(_event([body], intervalPeriod=_now("PT30M"), duration="PT25M"), READ_TS)
    assert [(p.start_ts - READ_TS, p.end_ts - READ_TS, p.payloads[0].values) for p in placed] == [
        (0, 600, (1,)),
        (600, 1200, (2,)),
        (1200, 1500, (3,)),
    ]


def test_an_event_of_no_length_has_no_intervals() -> None:
    """Now for PT0S is a cancelled event, also in a loop."""
    assert _spans(_event([{}], intervalPeriod=_now("PT0S"), duration="P9999Y")) == []


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        ({"duration": "PT1H"}, UnplacedReason.NO_START),
        ({"start": NOWS[0]}, UnplacedReason.NO_DURATION),
        (_now("-PT1H"), UnplacedReason.NEGATIVE),
    ],
)
def test_an_event_without_a_place_has_a_reason(period: dict[str, str], reason: UnplacedReason) -> None:
    """The reason is a type, for whoever stores and shows the event."""
    with pytest.raises(UnplacedError) as refusal:
        timeline(_event([{}], intervalPeriod=period), READ_TS)
    assert refusal.value.reason is reason
