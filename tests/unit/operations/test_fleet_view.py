"""The fleet as the operator's page shows it, and the rules that the page is served."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from contracts.api.fleet import FRESH_S, FleetVen, VenStatus
from contracts.api.oadr_events import OadrEventState, OadrEventStatus
from contracts.api.reports import EventResult
from contracts.api.resources import EventBody
from contracts.openadr.ids import ObjectId
from contracts.wire.events import LOWEST_PRIORITY, Interval, Signal
from contracts.wire.ids import ProgramId
from contracts.wire.shadow import OptOut
from tests.support.fleets import NOW, crowd, event
from ven_twin.operations.fleet import texts
from ven_twin.operations.fleet.fleet_rules import fleet_rules
from ven_twin.operations.fleet.fleet_state import (
    FleetAnswers,
    FleetState,
    ListedEvent,
    ListedStatus,
    fleet_state,
    status_of,
)
from ven_twin.operations.fleet.fleet_view import FleetView, fleet_view


def shown(**answers: Any) -> FleetState:
    """The state of a crowd with one event."""
    return fleet_state(
        FleetAnswers(**{"fleet": crowd(), "events": (event("evt-evening"),), "heard_ts": NOW, **answers}),
        "here",
        NOW,
    )


def view(**answers: Any) -> FleetView:
    """The view of that state."""
    return fleet_view(shown(**answers))


def ven(status: VenStatus = VenStatus.READY, **more: Any) -> FleetVen:
    """A VEN whose latest row is fresh."""
    return FleetVen(**{"ven_id": "ven-1", "status": status, "row_age_s": 1.0, **more})


def test_the_view_has_the_states_figures() -> None:
    """And every VEN that is listed, in the state's order."""
    of, it = shown(), view()
    assert of.fleet is not None
    assert it.fleet is not None
    assert [line.ven_id for line in it.fleet.vens] == [ven.ven_id for ven in of.fleet.vens]
    assert (it.silent, it.never_seen, it.requested_kw) == (of.silent, of.never_seen, of.requested_kw)
    assert it.share == of.delivered_kw / of.requested_kw
    assert view(fleet=None).fleet is None


def test_the_silent_of_the_list_are_those_that_are_counted() -> None:
    """The filter lists as many as the total says."""
    it = view()
    assert it.fleet is not None
    listed = {status.value for status in fleet_rules().statuses if status.filter == "silent"}
    assert sum(line.status in listed for line in it.fleet.vens) == it.silent


@pytest.mark.parametrize(
    ("of", "status", "why"),
    [
        (ven(), ListedStatus.READY, ""),
        (ven(row_age_s=FRESH_S), ListedStatus.READY, ""),
        (ven(row_age_s=FRESH_S + 1), ListedStatus.SILENT, "silent for 5 min"),
        (ven(VenStatus.SHEDDING, row_age_s=None), ListedStatus.SILENT, "no telemetry yet"),
        (ven(VenStatus.OFFLINE, row_age_s=20.0), ListedStatus.OFFLINE, "silent for 20 s"),
        (ven(VenStatus.NEVER_SEEN, row_age_s=None), ListedStatus.NEVER_SEEN, ""),
        (
            ven(VenStatus.OPTED_OUT, row_age_s=None, opt_out=OptOut(reason="mustRun")),
            ListedStatus.OPTED_OUT,
            "something must run, until it opts in",
        ),
    ],
)
def test_a_ven_that_cannot_be_counted_on_says_why(of: FleetVen, status: ListedStatus, why: str) -> None:
    """Fresh telemetry is what tells a VEN that is ready from one that is silent."""
    assert (status_of(of), texts.why(of)) == (status, why)


def test_an_event_says_what_it_waits_for() -> None:
    """One that runs for its end, one that comes for its start, one that is over for nothing."""
    events = (event("runs"), event("comes", after_s=60), event("over", after_s=-900))
    events += (event("cancelled", cancelled_ts=NOW - 5),)
    lines = {line.event_id: line for line in view(events=events).events}
    assert (lines["runs"].stage, lines["runs"].progress) == ("running", "ends in")
    assert lines["runs"].until_ts == lines["runs"].end_ts
    assert (lines["comes"].stage, lines["comes"].until_ts) == ("coming", lines["comes"].start_ts)
    assert [(lines[name].progress, lines[name].until_ts) for name in ("over", "cancelled")] == [
        ("completed", None),
        ("cancelled", None),
    ]
    assert lines["runs"].request == "10.00 kW less"


async def test_the_form_begins_with_the_contracts_defaults(client: httpx.AsyncClient) -> None:
    """Ranges and defaults are those of an event that leaves everything out."""
    form = (await client.get("/api/rules")).json()["form"]
    left_out = EventBody(intervals=())
    assert (form["program"], form["allocation"]) == (left_out.program, left_out.allocation)
    assert form["priority"] == {"minimum": 0, "maximum": LOWEST_PRIORITY, "default": left_out.priority}
    assert form["randomizeStartS"] == {"minimum": 0, "maximum": 3600, "default": 0}
    assert {rule["value"] for rule in form["signals"]} == set(Signal)
    assert [status["value"] for status in (await client.get("/api/rules")).json()["statuses"]] == list(
        ListedStatus
    )


def test_dead_letters_are_shown_where_there_are_any() -> None:
    """In words by queue; none are no words, and what is not known is no zero."""
    some = view(dead_letters={"telemetry": 0, "vens": 1})
    assert some.dead_letters == "1 dead letter (vens 1): see ven-twin dlq list"
    assert some.dead_letter_count == 1
    none = view(dead_letters={"telemetry": 0})
    assert (none.dead_letters, none.dead_letter_count) == ("", 0)
    unknown = view(dead_letters=None)
    assert (unknown.dead_letters, unknown.dead_letter_count) == ("Dead letters: not known here", None)


def _over(**more: Any) -> ListedEvent:
    (line,) = view(events=(event("evt-over", after_s=-9000, **more),)).events
    return line


def test_an_event_that_is_over_has_its_result_once_it_is_settled() -> None:
    """The delivered power, and its share where something was requested; nothing before."""
    more = (Interval(duration_s=600, signal=Signal.LOAD_UP_KW, value=10.0),)

    def result(delivered_kw: float, requested_kw: float = 10.0) -> EventResult:
        return EventResult(requested_kw=requested_kw, delivered_kw=delivered_kw, baseline="clone")

    assert _over().result == ""
    assert _over(result=result(9.2)).result == "delivered 9.20 kW, 92 %"
    assert _over(result=result(-0.5)).result == "drew 0.50 kW more"
    assert _over(result=result(0.3, 0.0)).result == "delivered 0.30 kW"
    assert _over(result=result(9.2), intervals=more).result == "delivered 9.20 kW more, 92 %"
    assert _over(result=result(-0.5), intervals=more).result == "drew 0.50 kW less"


def test_an_event_that_was_cancelled_before_its_start_says_so() -> None:
    """It has no time in which it ran."""
    assert _over(cancelled_ts=NOW - 9500).progress == "cancelled before its start"
    assert _over(cancelled_ts=NOW - 8900).progress == "cancelled"


def test_events_of_the_vtn_that_no_ven_acts_on_are_shown_with_their_reasons() -> None:
    """By name where there is one; else by id."""
    status = OadrEventStatus(
        oadr_event_id=ObjectId("e1"),
        program=ProgramId("tariff"),
        state=OadrEventState.NOT_ACTED_ON,
        reason="it is over",
        changed_ts=NOW,
    )
    named = msgspec.structs.replace(status, oadr_event_id=ObjectId("e2"), event_name="evening")
    shown = view(unacted=(status, named)).unacted
    assert [(event.name, event.program, event.why) for event in shown] == [
        ("e1", "tariff", "it is over"),
        ("evening", "tariff", "it is over"),
    ]
