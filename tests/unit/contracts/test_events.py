"""DR events: phases, what is left of them, and what is no event."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import FieldError
from contracts.wire.events import (
    LOWEST_PRIORITY,
    MAX_DURATION_S,
    MAX_INTERVALS,
    DrEvent,
    Interval,
    Phase,
    Signal,
    from_shadow,
    read_event,
)

START = 1_800_000_000
FIRST = Interval(duration_s=600, signal=Signal.SHED_KW, value=2.0)
SECOND = Interval(duration_s=300, signal=Signal.IMPORT_LIMIT_KW, value=4.0)
EVENT = DrEvent(event_id="evt-1", start_ts=START, intervals=(FIRST, SECOND))
CANCELLED = DrEvent(event_id="evt-1", start_ts=START, intervals=(), revision=1)


def _body(**changes: Any) -> dict[str, Any]:
    interval = {"durationS": 600, "signal": "shedKw", "value": 2.0}
    return {"startTs": START, "intervals": [interval], **changes}


def _interval(**changes: Any) -> dict[str, Any]:
    return _body(intervals=[{"durationS": 600, "signal": "shedKw", "value": 2.0, **changes}])


@pytest.mark.parametrize(
    ("at_s", "phase"),
    [
        (-3600.1, Phase.FAR),
        (-3600, Phase.NEAR),
        (-1, Phase.NEAR),
        (0, Phase.ACTIVE),
        (599.9, Phase.ACTIVE),
        (899.9, Phase.ACTIVE),
        (900, Phase.COMPLETED),
        (1e6, Phase.COMPLETED),
    ],
)
def test_an_event_goes_from_far_over_near_and_active_to_completed(at_s: float, phase: Phase) -> None:
    """Each phase begins at its boundary: an hour before, the start, the end."""
    assert EVENT.phase(START + at_s) is phase


@pytest.mark.parametrize("at_s", [-10_000, 0, 10_000])
def test_a_cancelled_event_is_cancelled_whenever_it_is_asked(at_s: float) -> None:
    """A newer revision without intervals has nothing left to do, before, during or after."""
    assert CANCELLED.phase(START + at_s) is Phase.CANCELLED
    assert CANCELLED.cancelled
    assert CANCELLED.interval_at(START + at_s) is None
    assert CANCELLED.remaining_s(START + at_s) == 0.0


@pytest.mark.parametrize(
    ("at_s", "interval"),
    [(-0.1, None), (0, FIRST), (599.9, FIRST), (600, SECOND), (899.9, SECOND), (900, None)],
)
def test_each_interval_holds_from_its_start_to_the_next(at_s: float, interval: Interval | None) -> None:
    """No second belongs to two intervals, and none between the first and the last to no interval."""
    assert EVENT.interval_at(START + at_s) == interval


@pytest.mark.parametrize(
    ("late_s", "left_s"), [(-500, 900), (0, 900), (700, 200), (899, 1), (900, 0), (9999, 0)]
)
def test_late_means_shorter(late_s: float, left_s: float) -> None:
    """After a restart, or late, an event has its rest to go and not its whole duration again."""
    assert EVENT.remaining_s(START + late_s) == left_s


def test_an_offset_moves_the_whole_event() -> None:
    """Contiguous intervals move together."""
    assert EVENT.phase(START + 30, offset_s=60) is Phase.NEAR
    assert EVENT.interval_at(START + 630, offset_s=60) == FIRST
    assert EVENT.interval_at(START + 930, offset_s=60) == SECOND
    assert EVENT.remaining_s(START + 930, offset_s=60) == 30


def test_the_end_is_the_start_and_every_interval() -> None:
    """The cloud settles after the end, before randomisation."""
    assert (EVENT.duration_s, EVENT.end_ts) == (900, START + 900)


def test_a_randomised_start_is_the_same_each_time() -> None:
    """A restart or a repeated delivery does not draw again; a newer revision does not either."""
    event = from_shadow("evt-1", _body(randomizeStartS=120))
    newer = from_shadow("evt-1", _body(randomizeStartS=120, revision=1))
    assert event.start_offset_s("ven-1") == event.start_offset_s("ven-1") == newer.start_offset_s("ven-1")


def test_randomised_starts_lie_within_the_span_and_spread_over_it() -> None:
    """A fleet does not start at one second: a thousand VENs fill ± the span about evenly."""
    event = from_shadow("evt-1", _body(randomizeStartS=120))
    offsets = [event.start_offset_s(f"ven-{number}") for number in range(1000)]
    assert all(-120 <= offset <= 120 for offset in offsets)
    assert abs(sum(offsets) / len(offsets)) < 10
    assert all(sum(low <= o < low + 60 for o in offsets) > 200 for low in (-120, -60, 0, 60))


def test_without_a_span_the_start_is_the_start() -> None:
    """Zero is exactly on time."""
    assert EVENT.start_offset_s("ven-1") == 0.0


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_level_is_0_to_3(level: int) -> None:
    """Normal, moderate, high, emergency."""
    assert from_shadow("e", _interval(signal="level", value=level)).intervals[0].value == level


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_interval(signal="level", value=4), "intervals[0].value"),
        (_interval(signal="level", value=0.5), "intervals[0].value"),
        (_interval(signal="level", value=-1), "intervals[0].value"),
        (_interval(value=-2), "intervals[0].value"),
        (_interval(value=1_000_001), "intervals[0].value"),
        (_interval(value="2"), "intervals[0].value"),
        (_interval(value=float("nan")), "intervals[0].value"),
        (_interval(value=float("inf")), "intervals[0].value"),
        (_interval(durationS=0), "intervals[0].durationS"),
        (_interval(durationS=1.5), "intervals[0].durationS"),
        (_interval(durationS=MAX_DURATION_S + 1), "intervals[0].durationS"),
        (_interval(signal="price"), "intervals[0].signal"),
        (_interval(unit="kW"), "intervals[0].unit"),
        (_body(intervals=_interval(durationS=MAX_DURATION_S)["intervals"] * 2), "intervals"),
        (_body(intervals=_interval()["intervals"] * (MAX_INTERVALS + 1)), "intervals"),
        (_body(intervals={}), "intervals"),
        (_body(startTs=START * 1000), "startTs"),
        (_body(startTs="now"), "startTs"),
        (_body(revision=-1), "revision"),
        (_body(priority=LOWEST_PRIORITY + 1), "priority"),
        (_body(randomizeStartS=3601), "randomizeStartS"),
        (_body(cancelled=True), "cancelled"),
        ({"intervals": []}, "startTs"),
        ({"startTs": START}, "intervals"),
    ],
)
def test_what_is_no_event_is_refused_by_its_path(body: dict[str, Any], field: str) -> None:
    """The sender learns which field it was, from the state's root."""
    with pytest.raises(FieldError) as refused:
        from_shadow("evt-1", body)
    assert refused.value.field == f"drEvents.evt-1.{field}"


@pytest.mark.parametrize(
    "body",
    [
        _interval(durationS=1),
        _interval(value=0),
        _interval(value=1_000_000),
        _body(intervals=_interval()["intervals"] * MAX_INTERVALS),
        _body(revision=0),
        _body(priority=0),
        _body(priority=LOWEST_PRIORITY),
        _body(randomizeStartS=0),
        _body(randomizeStartS=3600),
    ],
)
def test_what_lies_on_a_bound_is_an_event(body: dict[str, Any]) -> None:
    """A second is the shortest interval, 1,000,000 kW the most, and an hour the widest spread of starts."""
    event = from_shadow("evt-1", body)
    assert event.duration_s == sum(interval["durationS"] for interval in body["intervals"])


def test_a_week_together_is_an_event() -> None:
    """The limit itself is allowed."""
    assert from_shadow("e", _interval(durationS=MAX_DURATION_S)).duration_s == MAX_DURATION_S


@pytest.mark.parametrize("event_id", ["", "a b", "a/b", "-a", "a" * 65, "a\n", "é", "a+", "#"])
def test_an_id_that_could_not_be_a_key_is_refused(event_id: str) -> None:
    """An event's id becomes a shadow key and part of a schedule's name; it is named as the key that it is."""
    with pytest.raises(FieldError, match="1 to 64 of A-Z a-z 0-9") as refused:
        from_shadow(event_id, _body())
    assert refused.value.field == f"drEvents.{event_id}"


def test_an_event_of_a_request_is_refused_by_its_own_path() -> None:
    """Outside a shadow there is no drEvents to name."""
    with pytest.raises(FieldError) as refused:
        read_event({**_body(), "eventId": "a b"})
    assert refused.value.field == "eventId"


def test_the_key_is_the_id_whatever_the_body_says() -> None:
    """Two ids for one event would be two events."""
    assert from_shadow("evt-1", _body(eventId="evt-2")).event_id == "evt-1"
