"""The fleet for an operator, by the answers of the cloud side."""

from __future__ import annotations

import pytest

from contracts.api.fleet import fleet_at
from contracts.wire.events import Interval, Phase, Signal
from tests.support.fleets import NOW, crowd, event
from ven_twin.operations.fleet.fleet_state import SILENT_S, FleetAnswers, FleetState, fleet_state


def shown(*events: object, **answers: object) -> FleetState:
    """The state of a crowd and these events."""
    fields = {"fleet": crowd(), "events": events, "heard_ts": NOW - 1}
    return fleet_state(FleetAnswers(**{**fields, **answers}), "here", NOW)  # type: ignore[arg-type]


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
    ids = [row.event_id for row in shown(*events).events]
    assert ids == ["runs-short", "runs-long", "near", "far", "cancelled", "over-new", "over-old"]


@pytest.mark.parametrize(
    ("after_s", "phase"), [(3601, Phase.FAR), (3599, Phase.NEAR), (0, Phase.ACTIVE), (-600, Phase.COMPLETED)]
)
def test_a_phase_is_of_now_and_not_of_when_the_cloud_answered(after_s: float, phase: Phase) -> None:
    """An event that was near at the answer is active once its start has come."""
    (row,) = shown(event("e", after_s=after_s, phase=Phase.FAR)).events
    assert row.phase is phase


def test_a_running_event_asks_for_its_present_step() -> None:
    """Of a profile of 4 and 9 kW what counts is the step that runs, not the most."""
    steps = tuple(Interval(duration_s=300, signal=Signal.SHED_KW, value=kw) for kw in (4.0, 9.0))
    (row,) = shown(event("e", after_s=-10, intervals=steps, kw=9.0)).events
    assert row.requested_kw == 4.0
    (row,) = shown(event("e", after_s=-301, intervals=steps, kw=9.0)).events
    assert row.requested_kw == 9.0


def test_the_request_of_a_level_is_that_of_its_vens() -> None:
    """A level has no kW of its own."""
    level = (Interval(duration_s=600, signal=Signal.LEVEL, value=2),)
    (row,) = shown(event("evt-evening", intervals=level, kw=0.0)).events
    assert row.requested_kw == 20.0


def test_delivered_is_what_the_vens_of_the_event_deliver() -> None:
    """Ten of thirty shed 1.75 kW each; an event in which nobody sheds delivers nothing yet."""
    rows = {row.event_id: row for row in shown(event("evt-evening"), event("other")).events}
    assert (rows["evt-evening"].vens, rows["evt-evening"].delivered_kw) == (10, 17.5)
    assert (rows["other"].vens, rows["other"].delivered_kw) == (0, 0.0)


def test_requested_is_the_sum_over_running_events() -> None:
    """Events that come or are over ask for nothing; one that is not listed asks by its VENs."""
    assert (
        shown(event("evt-evening", kw=18.0), event("b", kw=3.0), event("c", after_s=60)).requested_kw == 21.0
    )
    assert shown().requested_kw == 20.0


def test_silent_is_who_was_there_and_is_not_heard_of() -> None:
    """Offline, or online without fresh telemetry; not who has never been answers."""
    state = shown()
    assert (state.silent, state.never_seen) == (2, 1)


def test_what_is_not_listed_is_not_counted() -> None:
    """Of a fleet that is listed incompletely the silent are not counted."""
    fleet = fleet_at([], {}, now_ts=NOW)
    cut = type(fleet)(**{name: getattr(fleet, name) for name in fleet.__struct_fields__} | {"left_off": 5})
    assert shown(fleet=cut).silent is None


@pytest.mark.parametrize(
    ("answers", "reached", "why"),
    [
        ({"heard_ts": None}, False, None),
        ({}, True, None),
        ({"asking_ts": NOW - SILENT_S + 1}, True, None),
        ({"asking_ts": NOW - SILENT_S - 1}, False, "no answer for 7 s"),
        ({"error": "no route"}, False, "no route"),
    ],
)
def test_whether_the_cloud_answers(answers: dict[str, object], reached: bool, why: str | None) -> None:
    """No answer yet is no failure; an error is one, and so is an answer that does not come."""
    cloud = shown(**answers).cloud
    assert (cloud.reached, cloud.why) == (reached, why)
