"""What an operator sees of what the cloud side has said."""

from __future__ import annotations

import pytest

from contracts.api.fleet import fleet_at
from contracts.wire.events import Interval, Phase, Signal
from tests.support.fleets import NOW, crowd, event
from ven_twin.operations.fleet.fleet_state import SILENT_S, FleetAnswers, FleetState, board


def shown(*events: object, **seen: object) -> FleetState:
    """The board of a crowd and these events."""
    known = {"fleet": crowd(), "events": events, "heard_ts": NOW - 1}
    return board(FleetAnswers(**{**known, **seen}), "here", NOW)  # type: ignore[arg-type]


def test_events_stand_in_the_order_in_which_they_matter() -> None:
    """Those that run by their ends, those that come by their starts, those that are over newest first."""
    events = [
        event("over-old", after_s=-9000),
        event("far", after_s=9000),
        event("runs-long", lasts_s=900),
        event("over-new", after_s=-5000),
        event("runs-short", lasts_s=300),
        event("near", after_s=60),
        event("cancelled", cancelled_ts=NOW - 10, lasts_s=70),
    ]
    found = [line.event_id for line in shown(*events).events]
    assert found == ["runs-short", "runs-long", "near", "far", "cancelled", "over-new", "over-old"]


@pytest.mark.parametrize(
    ("after_s", "phase"), [(3601, Phase.FAR), (3599, Phase.NEAR), (0, Phase.ACTIVE), (-600, Phase.COMPLETED)]
)
def test_a_phase_is_of_now_and_not_of_when_the_cloud_was_asked(after_s: float, phase: Phase) -> None:
    """What was near when it was read is active once its start has come."""
    (line,) = shown(event("e", after_s=after_s, phase=Phase.FAR)).events
    assert line.phase is phase


def test_a_running_event_asks_for_its_present_step() -> None:
    """Of a profile of 4 and 9 kW what counts is the step that runs, not the most."""
    steps = tuple(Interval(duration_s=300, signal=Signal.SHED_KW, value=kw) for kw in (4.0, 9.0))
    (line,) = shown(event("e", after_s=-10, intervals=steps, kw=9.0)).events
    assert line.requested_kw == 4.0
    (line,) = shown(event("e", after_s=-301, intervals=steps, kw=9.0)).events
    assert line.requested_kw == 9.0


def test_a_level_asks_for_what_its_vens_were_asked() -> None:
    """A level has no kW of its own."""
    level = (Interval(duration_s=600, signal=Signal.LEVEL, value=2),)
    (line,) = shown(event("evt-evening", intervals=level, kw=0.0)).events
    assert line.requested_kw == 20.0


def test_delivered_is_what_the_vens_of_the_event_deliver() -> None:
    """Ten of thirty shed 1.75 kW each; an event in which nobody sheds delivers nothing yet."""
    lines = {line.event_id: line for line in shown(event("evt-evening"), event("other")).events}
    assert (lines["evt-evening"].vens, lines["evt-evening"].delivered_kw) == (10, 17.5)
    assert (lines["other"].vens, lines["other"].delivered_kw) == (0, 0.0)


def test_asked_is_the_sum_of_what_runs() -> None:
    """Events that come or are over ask for nothing; one that is not listed asks by its VENs."""
    assert (
        shown(event("evt-evening", kw=18.0), event("b", kw=3.0), event("c", after_s=60)).requested_kw == 21.0
    )
    assert shown().requested_kw == 20.0


def test_silent_is_who_was_there_and_is_not_heard_of() -> None:
    """Offline, or online without fresh telemetry; not who has never been seen."""
    found = shown()
    assert (found.silent, found.never_seen) == (2, 1)


def test_what_is_not_listed_is_not_counted() -> None:
    """Of a fleet that is listed in part nobody knows how many are silent."""
    fleet = fleet_at([], {}, now_ts=NOW)
    cut = type(fleet)(**{name: getattr(fleet, name) for name in fleet.__struct_fields__} | {"left_off": 5})
    assert shown(fleet=cut).silent is None


@pytest.mark.parametrize(
    ("seen", "reached", "why"),
    [
        ({"heard_ts": None}, False, None),
        ({}, True, None),
        ({"asking_ts": NOW - SILENT_S + 1}, True, None),
        ({"asking_ts": NOW - SILENT_S - 1}, False, "no answer for 7 s"),
        ({"error": "no route"}, False, "no route"),
    ],
)
def test_whether_the_cloud_answers(seen: dict[str, object], reached: bool, why: str | None) -> None:
    """Not yet asked is no failure; an error is one, and so is an answer that does not come."""
    cloud = shown(**seen).cloud
    assert (cloud.reached, cloud.why) == (reached, why)
