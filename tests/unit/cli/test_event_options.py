"""The event that the command line's options describe."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.resources import EventBody
from contracts.errors import FieldError
from contracts.wire.events import Interval, Signal
from ven_twin.cli.event_options import OPTIONS, event_body

ONE = (Interval(duration_s=600, signal=Signal.SHED_KW, value=3.0),)
BEFORE = EventBody(intervals=ONE, targets=("ven-1",))


def body(before: EventBody | None = None, **options: Any) -> EventBody:
    """The event of the options; those that are left out are None."""
    return event_body(before, **(dict.fromkeys(OPTIONS) | options))


def test_one_interval_is_written_by_its_duration_and_its_signal() -> None:
    """The simple form; the rest is as it is when it is left out."""
    assert body(duration="10m", shed_kw="3kW") == EventBody(intervals=ONE)
    assert body(duration="10m", shed_kw="3") == EventBody(intervals=ONE)


def test_several_intervals_are_written_one_by_one() -> None:
    """In the order in which they follow each other, in either spelling."""
    intervals = body(interval=["10m:shedKw=5", "1h30m/level=2", "45/limit=1.5kW", "2h30/3kW"]).intervals
    assert [(interval.duration_s, interval.signal, interval.value) for interval in intervals] == [
        (600, "shedKw", 5.0),
        (5400, "level", 2.0),
        (45, "importLimitKw", 1.5),
        (9000, "shedKw", 3.0),
    ]


def test_every_option_reaches_the_event() -> None:
    """Start, targets, priority, spread, program and allocation are those that were written."""
    options = {"start": "2026-07-01T17:00Z", "target": ["ven-1", "north"], "randomize_start": "2m"}
    event = body(duration="10m", shed_kw="3", priority=1, allocation="proportional", **options)
    assert event == EventBody(
        intervals=ONE,
        start_ts=1_782_925_200,
        targets=("ven-1", "north"),
        priority=1,
        randomize_start_s=120,
        allocation="proportional",
    )


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({}, "--shed-kw"),
        ({"duration": "10m"}, "--shed-kw"),
        ({"shed_kw": "1"}, "--duration"),
        ({"shed_kw": "1", "level": "2", "duration": "10m"}, "--shed-kw"),
        ({"interval": ["10m"]}, "--interval"),
        ({"interval": ["10m:power=5"]}, "--interval"),
        ({"interval": ["10m:shedKw=five"]}, "--interval"),
        ({"interval": ["soon:shedKw=5"]}, "--interval"),
        ({"interval": ["10m:shedKw=5"], "duration": "10m"}, "--interval"),
        ({"duration": "10m", "shed_kw": "1", "start": "noon"}, "--start"),
        ({"duration": "10m", "shed_kw": "-1"}, "--shed-kw"),
        ({"duration": "10m", "level": "4"}, "--level"),
        ({"duration": "10m", "import_limit_kw": "1MW"}, "--import-limit-kw"),
        ({"duration": "soon", "shed_kw": "1"}, "--duration"),
        ({"duration": "10m", "shed_kw": "1", "randomize_start": "±5"}, "--randomize-start"),
    ],
)
def test_what_cannot_be_read_names_its_option(options: dict[str, Any], field: str) -> None:
    """Too little, too much, or nothing that can be read."""
    with pytest.raises(FieldError) as refused:
        body(**options)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"start": ""}, "--start: '' is no time"),
        ({"start": "9999-07-01T17:00Z"}, "--start: '9999-07-01T17:00Z' is not from the year 2000 to 2099"),
        ({"start": "0001-01-01T00:00Z"}, "--start: '0001-01-01T00:00Z' is not from the year 2000 to 2099"),
        ({"randomize_start": ""}, "--randomize-start: '' is no duration"),
        ({"randomize_start": "2h"}, "--randomize-start: '2h' is longer than 1h"),
        ({"allocation": "foo"}, "--allocation: 'foo' is none of merit, proportional, each"),
        ({"shed_kw": None, "level": "4"}, "--level: '4' is no level: write 0, 1, 2 or 3"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_before_the_cloud_is_asked(
    options: dict[str, Any], reason: str
) -> None:
    """In the terms of the option; an empty text, of a script's variable that is not set, is no default."""
    with pytest.raises(FieldError) as refused:
        body(**({"duration": "10m", "shed_kw": "1"} | options))
    assert str(refused.value).startswith(reason)


def test_a_revision_changes_what_is_given_and_no_more() -> None:
    """The signal keeps its duration, the duration its signal, and other terms keep both."""
    assert body(BEFORE, shed_kw="2").intervals == (msgspec.structs.replace(ONE[0], value=2.0),)
    assert body(BEFORE, duration="5m").intervals == (msgspec.structs.replace(ONE[0], duration_s=300),)
    assert body(BEFORE, priority=1) == EventBody(intervals=ONE, targets=("ven-1",), priority=1)


def test_a_revision_that_changes_nothing_is_refused() -> None:
    """Nothing is sent when no option says what to change."""
    with pytest.raises(FieldError, match="give what is to change"):
        body(BEFORE)


def test_a_program_may_be_written_programme() -> None:
    """``--programme`` is ``--program``; where both are written ours counts."""
    assert body(BEFORE, program="winter") == body(BEFORE, programme="winter")
    assert body(BEFORE, programme="winter").program == "winter"
    assert body(BEFORE, program="winter", programme="summer").program == "winter"


def test_of_several_intervals_none_is_revised_alone() -> None:
    """Which of them is meant cannot be known, so all are given anew, and the error writes them out."""
    two = EventBody(intervals=ONE * 2)
    with pytest.raises(FieldError, match=r"2 intervals: .* --interval 10m/shed=3kW --interval 10m/shed=3kW"):
        body(two, shed_kw="2")
    assert len(body(two, interval=["1m:shedKw=1"]).intervals) == 1
