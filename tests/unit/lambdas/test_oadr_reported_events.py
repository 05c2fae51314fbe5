"""Events of the VTN that the stage reports on, the VENs for which it does, and those that it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id
from contracts.openadr.times import date_time_text
from contracts.store.vtn_keys import client_key
from lambdas.dispatch_event.handler import handler as dispatch
from tests.support.joined_vtn import SHED, START, Joined, terms
from tests.support.stage_reports import DELAY_S, END, asking_for, dispatched, filed, over
from ven_twin.testing.function_world import Context


def a_client_of_its_own(joined: Joined, name: str = "house-1") -> str:
    """The id of a VEN of that name at the VTN."""
    client = joined.vtn.ven(f"client-{name}")
    return str(client.made("/vens", objectType="VEN_VEN_REQUEST", venName=name)["id"])


def test_a_ven_that_is_a_client_too_reports_itself(joined: Joined) -> None:
    """The stage files nothing in its place."""
    a_client_of_its_own(joined)
    dispatched(joined)
    assert [report["clientName"] for report in over(joined)] == ["house-2"]


@pytest.mark.parametrize("hidden", ["total", "targets", "disabled"])
def test_an_event_that_a_client_cannot_see_is_reported_on_for_it(joined: Joined, hidden: str) -> None:
    """A fleet's total, another's target: no VEN can report on what it does not see."""
    a_client_of_its_own(joined)
    if hidden == "total":
        program = joined.program(ALLOCATION="proportional")
        joined.event(program, **terms(SHED, -4.0), **asking_for("USAGE"))
        joined.done()
    elif hidden == "targets":
        dispatched(joined, targets=["house-1", "house-2"])
    else:
        joined.vtn.table.update(client_key(ClientId("client-house-1")), {"disabled": True})
        dispatched(joined)
    assert sorted(report["clientName"] for report in over(joined)) == ["house-1", "house-2"]


def test_a_ven_of_openadr_is_not_reported_on(joined: Joined) -> None:
    """It is in the plan and has telemetry here, and reports by itself."""
    object_id = ObjectId(a_client_of_its_own(joined, "somebody's"))
    joined.world.add_ven(oadr_ven_id(object_id))
    dispatched(joined)
    assert sorted(report["clientName"] for report in over(joined)) == ["house-1", "house-2"]


def _without_descriptors(joined: Joined) -> None:
    joined.event(**terms(SHED, -2.0))
    joined.done()


def _of_other_payloads(joined: Joined) -> None:
    dispatched(joined, "TEMPERATURE")


def _of_what_is_to_come(joined: Joined) -> None:
    dispatched(joined, **asking_for("USAGE", historical=False))


def _not_acted_on(joined: Joined) -> None:
    dispatched(joined, intervals=terms("PRICE", 0.2)["intervals"])


def _withdrawn(joined: Joined) -> None:
    event_id = dispatched(joined)
    joined.utility.delete(f"/events/{event_id}")
    joined.done()


def _cancelled_here(joined: Joined) -> None:
    event_id = dispatched(joined)
    joined.world.now = START + 600
    dispatch({"action": "cancel", "eventId": event_id}, Context())


def _for_ever(joined: Joined) -> None:
    dispatched(joined, duration="P9999Y")


def _not_acted_on_any_more(joined: Joined) -> None:
    """Moved to another time, with a payload that nobody acts on, once it was over."""
    event_id = dispatched(joined, intervalPeriod={"start": date_time_text(START - 3000), "duration": "PT10M"})
    joined.world.now = START - 2300
    joined.change(event_id, **terms("PRICE", 0.2), **asking_for("USAGE"))
    joined.done()


@pytest.mark.parametrize(
    "case",
    [
        _without_descriptors,
        _of_other_payloads,
        _of_what_is_to_come,
        _not_acted_on,
        _withdrawn,
        _cancelled_here,
        _for_ever,
        _not_acted_on_any_more,
    ],
)
def test_no_other_event_is_reported_on(joined: Joined, case: Any) -> None:
    """Nobody asks, or nobody of the stage has done anything."""
    case(joined)
    assert over(joined) == []


def test_an_event_that_is_gone_is_looked_at_no_more(joined: Joined) -> None:
    """Its row stays for weeks, and costs no sweep a read."""
    event_id = dispatched(joined)
    joined.utility.delete(f"/events/{event_id}")
    joined.done()
    assert joined.row(event_id).may_be_reported is False


def test_an_event_long_over_is_reported_on_no_more(joined: Joined) -> None:
    """Whoever has waited for more than a day reads what is settled."""
    event_id = dispatched(joined)
    assert over(joined, 26 * 3600) == []
    assert joined.row(event_id).may_be_reported is False


def test_a_change_after_the_end_takes_no_report_away(joined: Joined) -> None:
    """A program that gets another name has its events looked at again: what they were stays."""
    event_id = dispatched(joined)
    program_id = joined.utility.get(f"/events/{event_id}").json["programID"]
    joined.world.now = END + 10
    answer = joined.utility.put(f"/programs/{program_id}", programName="renamed")
    assert answer.status == 200
    joined.done()
    reports = over(joined)
    assert len(reports) == 2
    joined.utility.put(f"/programs/{program_id}", programName="again")
    joined.done()
    assert joined.row(event_id).may_be_reported is True
    assert over(joined, DELAY_S + 300) == reports


def test_an_event_that_comes_back_is_reported_on_again(joined: Joined) -> None:
    """It is another DR event, and its reports are others."""
    early = {"start": date_time_text(START - 3000), "duration": "PT10M"}
    event_id = dispatched(joined, intervalPeriod=early)
    joined.world.now = START - 2200
    joined.sweep()
    assert len(filed(joined)) == 2
    joined.change(event_id, **terms(SHED, -2.0), **asking_for("USAGE"))
    joined.done()
    assert len(over(joined)) == 4
