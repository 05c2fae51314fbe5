"""What an event asks for, as the command line writes it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import FieldError
from contracts.wire.events import Interval, Signal
from ven_twin.cli.event_options import OPTIONS, event_asked

ONE = (Interval(duration_s=600, signal=Signal.SHED_KW, value=3.0),)


def asked(stays: tuple[Interval, ...] = (), **given: Any) -> dict[str, Any]:
    """What the options come to; those that are left out are None."""
    return event_asked(stays=stays, **(dict.fromkeys(OPTIONS) | given))


def test_one_interval_is_written_by_its_duration_and_its_signal() -> None:
    """The simple form; nothing is asked that was not given."""
    interval = {"durationS": 600, "signal": "shedKw", "value": 3.0}
    assert asked(duration="10m", shed_kw=3.0) == {"intervals": [interval]}


def test_several_intervals_are_written_one_by_one() -> None:
    """In the order in which they follow each other."""
    found = asked(interval=["10m:shedKw=5", "1h30m:level=2", "45:importLimitKw=1.5"])["intervals"]
    assert [(each["durationS"], each["signal"], each["value"]) for each in found] == [
        (600, "shedKw", 5.0),
        (5400, "level", 2.0),
        (45, "importLimitKw", 1.5),
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "--shed-kw"),
        ({"duration": "10m"}, "--shed-kw"),
        ({"shed_kw": 1.0}, "--duration"),
        ({"shed_kw": 1.0, "level": 2, "duration": "10m"}, "--shed-kw"),
        ({"interval": ["10m"]}, "--interval"),
        ({"interval": ["10m:power=5"]}, "--interval"),
        ({"interval": ["10m:shedKw=five"]}, "--interval"),
        ({"interval": ["soon:shedKw=5"]}, "--interval"),
        ({"interval": ["10m:shedKw=5"], "duration": "10m"}, "--interval"),
        ({"duration": "10m", "shed_kw": 1.0, "start": "noon"}, "--start"),
    ],
)
def test_what_cannot_be_read_names_its_option(given: dict[str, Any], field: str) -> None:
    """Too little, too much, or nothing that can be read."""
    with pytest.raises(FieldError) as refused:
        asked(**given)
    assert refused.value.field == field


def test_a_revision_changes_what_is_given_and_no_more() -> None:
    """The signal keeps its duration, the duration its signal, and other terms keep both."""
    assert asked(ONE, shed_kw=2.0)["intervals"] == [{"durationS": 600, "signal": "shedKw", "value": 2.0}]
    assert asked(ONE, duration="5m")["intervals"] == [{"durationS": 300, "signal": "shedKw", "value": 3.0}]
    assert asked(ONE, priority=1) == {"priority": 1}
    assert asked(ONE) == {}


def test_a_program_may_be_written_programme() -> None:
    """``--programme`` is ``--program``; where both are written ours counts."""
    assert asked(ONE, program="winter") == asked(ONE, programme="winter") == {"program": "winter"}
    assert asked(ONE, program="winter", programme="summer") == {"program": "winter"}


def test_of_several_intervals_none_is_revised_alone() -> None:
    """Which of them is meant cannot be known, so all are given anew."""
    with pytest.raises(FieldError, match="2 intervals"):
        asked(ONE * 2, shed_kw=2.0)
    assert len(asked(ONE * 2, interval=["1m:shedKw=1"])["intervals"]) == 1
