"""The reported shadow beside a desired one that is nearly full: the VEN's own state is always in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.wire import codec
from contracts.wire.shadow import STATE_MAX_BYTES
from ven_twin.control.offers import Promise
from ven_twin.ven.reported_state import NO_ROOM, listed, within_room

OWN: dict[str, Any] = {
    "enabled": True,
    "ven": {"enabled": True, "status": "normal", "bootId": "b1"},
    "metrics": {"currentPowerKw": 2.5, "shedAvailabilityKw": 1.5},
}
LOADS = {f"load{n}": {"enabled": True, "capacityKw": 7.2, "priority": 3} for n in range(8)}


def events(count: int, **more: Any) -> dict[str, Any]:
    """So many events of 24 intervals, as they are desired; *more* stands beside each."""
    intervals = [{"durationS": 900, "signal": "shedKw", "value": 12.345}] * 24
    event = {"revision": 3, "startTs": 1_800_000_000, "intervals": intervals, "priority": 5, **more}
    return {f"evt-{number}": event for number in range(count)}


def size(reported: dict[str, Any], desired: dict[str, Any]) -> int:
    """The document's size, bytes."""
    return len(codec.encode({"reported": reported, "desired": desired}))


def test_with_room_for_all_nothing_gives_way() -> None:
    """Two events are mirrored whole, without a reason."""
    whole = {**OWN, "drEvents": events(2), "loads": LOADS}
    assert within_room(whole, {"drEvents": events(2)}) == whole


def test_three_events_of_24_intervals_leave_room_for_the_vens_own_state() -> None:
    """Desired and mirrored twice they are over 8 KB: the intervals give way, what became of each stays."""
    whole = {**OWN, "drEvents": events(3, ended="optedOut"), "loads": LOADS}
    desired = {"drEvents": events(3)}
    assert size(whole, desired) > STATE_MAX_BYTES
    reported = within_room(whole, desired)
    remembered = {"revision": 3, "ended": "optedOut"}
    assert reported == {
        **OWN,
        "drEvents": dict.fromkeys(events(3), remembered),
        "loads": LOADS,
        "shadow_errors": {"drEvents": NO_ROOM},
    }
    assert size(reported, desired) <= STATE_MAX_BYTES


@pytest.mark.parametrize(
    ("spare_bytes", "left_out"),
    [(860, {"drEvents": NO_ROOM}), (400, {"drEvents": NO_ROOM, "loads": NO_ROOM})],
)
def test_events_give_way_before_loads(spare_bytes: int, left_out: dict[str, str]) -> None:
    """The less room there is, the less is mirrored; each part that is left out has its reason."""
    whole = {**OWN, "drEvents": events(9), "loads": LOADS, "shadow_errors": {"x": "unknown"}}
    desired = {"note": "x" * (STATE_MAX_BYTES - spare_bytes)}
    reported = within_room(whole, desired)
    assert reported["shadow_errors"] == {"x": "unknown", **left_out}
    assert "drEvents" not in reported
    assert ("loads" in reported) is ("loads" not in left_out)
    assert {key: reported[key] for key in OWN} == OWN
    assert size(reported, desired) <= STATE_MAX_BYTES


@given(desired_bytes=st.integers(0, STATE_MAX_BYTES), count=st.integers(0, 16))
def test_the_vens_own_state_is_never_left_out(desired_bytes: int, count: int) -> None:
    """Whatever is desired and mirrored, what the VEN says of itself is reported."""
    whole = {**OWN, "drEvents": events(count), "loads": LOADS}
    reported = within_room(whole, {"note": "x" * desired_bytes})
    assert {key: reported[key] for key in OWN} == OWN


def test_every_offer_is_listed_with_its_time_and_its_means() -> None:
    """In whole seconds, in the order of the offers; none is an empty list."""
    offers = (Promise(3.2, 900.0, 300.0), Promise(1.6, 3600.4, 300.0), Promise(3.5, 900.0, 900.0))
    assert listed(offers) == [
        {"kw": 3.2, "sustainS": 900, "meanS": 300},
        {"kw": 1.6, "sustainS": 3600, "meanS": 300},
        {"kw": 3.5, "sustainS": 900, "meanS": 900},
    ]
    assert listed(()) == []
