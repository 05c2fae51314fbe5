"""The classic shadow's desired state: every key, every form in use."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.wire.events import DrEvent, Interval, Signal, from_shadow
from contracts.wire.shadow import Desired, LoadSetting, OptOut, check_state, read_desired

TS = 1_800_000_000
EVENT: dict[str, Any] = {
    "revision": 1,
    "startTs": TS,
    "intervals": [
        {"durationS": 600, "signal": "shedKw", "value": 2.0},
        {"durationS": 300, "signal": "importLimitKw", "value": 4.0},
        {"durationS": 300, "signal": "level", "value": 1.0},
    ],
    "randomizeStartS": 60,
    "priority": 5,
}
_EVENT = DrEvent(
    event_id="evt-1",
    revision=1,
    start_ts=TS,
    intervals=(
        Interval(duration_s=600, signal=Signal.SHED_KW, value=2),
        Interval(duration_s=300, signal=Signal.IMPORT_LIMIT_KW, value=4),
        Interval(duration_s=300, signal=Signal.LEVEL, value=1),
    ),
    randomize_start_s=60,
    priority=5,
)
DESIRED: dict[str, Any] = {
    "drEvents": {"evt-1": EVENT, "evt-0": None},
    "loads": {"ev1": {"enabled": False, "capacityKw": 7.2, "priority": 3}, "batt1": {"priority": 1}},
    "report_interval_seconds": 5,
    "target_power_kw": 3.5,
    "enabled": True,
    "optOut": False,
}


def test_the_whole_of_desired_is_read() -> None:
    """Every key that the wire document names."""
    assert read_desired(DESIRED) == Desired(
        events={"evt-1": _EVENT, "evt-0": None},
        loads={
            "ev1": LoadSetting(enabled=False, capacity_kw=7.2, priority=3),
            "batt1": LoadSetting(priority=1),
        },
        report_interval_s=5,
        target_power_kw=3.5,
        enabled=True,
        opt_out=None,
    )


def test_an_event_goes_into_the_shadow_in_the_canonical_form_and_comes_back() -> None:
    """``{revision, startTs, intervals:[{durationS, signal, value}], randomizeStartS, priority}``."""
    assert _EVENT.to_shadow() == EVENT
    assert from_shadow("evt-1", EVENT) == _EVENT


def test_an_event_may_leave_out_what_has_a_default() -> None:
    """A start and one interval are an event."""
    short = from_shadow("e", {"startTs": TS, "intervals": EVENT["intervals"][:1]})
    assert (short.revision, short.randomize_start_s, short.priority) == (0, 0, 1_000_000)


@pytest.mark.parametrize("name", ["id", "load_id", "loadId"])
def test_the_older_list_of_loads_is_accepted(name: str) -> None:
    """``loads:[{id, enabled}]`` means what ``loads:{id:{enabled}}`` means."""
    read = read_desired({"loads": [{name: "ev1", "enabled": False}, {name: "batt1", "enabled": True}]})
    assert read == Desired(loads={"ev1": LoadSetting(enabled=False), "batt1": LoadSetting(enabled=True)})


@pytest.mark.parametrize(
    ("value", "opt_out"),
    [
        (True, OptOut()),
        (False, None),
        (None, None),
        ({}, OptOut()),
        ({"reason": "guests", "untilTs": TS}, OptOut(reason="guests", until_ts=TS)),
    ],
)
def test_an_opt_out_is_a_truth_value_or_an_object(value: Any, opt_out: OptOut | None) -> None:
    """A switch in an app sends true; a program sends a reason and an end."""
    assert read_desired({"optOut": value}) == Desired(opt_out=opt_out)


@pytest.mark.parametrize("key", ["drEvents", "loads", "report_interval_seconds", "enabled"])
def test_null_desires_nothing(key: str) -> None:
    """A key that was deleted changes nothing and is no error."""
    assert read_desired({key: None}) == Desired()


def test_a_target_can_be_taken_back() -> None:
    """A null ends the target; no mention leaves it."""
    assert read_desired({"target_power_kw": None}).target_power_kw is None
    assert read_desired({}) == Desired()


def test_the_largest_shadow_in_use_is_within_the_limits() -> None:
    """Ten circuits, every setting, an event of 24 half-hours and one of three intervals fit into 8 KB."""
    circuits = ("hvac1", "heater1", "ev1", "batt1", "dryer1", "range1", "lights1", "fridge1", "misc1", "pv1")
    day = {**EVENT, "intervals": [{"durationS": 1800, "signal": "shedKw", "value": 2.25}] * 24}
    desired = {
        **DESIRED,
        "drEvents": {"evt-1": day, "evt-2": EVENT},
        "loads": {name: {"enabled": True, "capacityKw": 11.52, "priority": 3} for name in circuits},
    }
    assert read_desired(desired).errors == {}
    check_state({"desired": desired})
