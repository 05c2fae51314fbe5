"""Shares of a fleet's total: events of OpenADR for one VEN, which follow their DR event."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.times import date_time_text
from contracts.store.vtn_changes import VtnChange
from contracts.wire import codec
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.vtn_dispatch.logic.shares import DEAD_BAND_KW
from tests.support.joined_vtn import LEVEL, SHED, START, Joined, terms, waiting
from tests.support.stranger_ven import Stranger, only
from ven_twin.testing.function_world import Context


def test_a_total_is_shared_with_vens_of_openadr_by_events_of_their_own(
    joined: Joined, stranger: Stranger
) -> None:
    """Of 12 kW, where 5, 5 and 4 are offered, each brings its share; the total itself nobody sees."""
    event_id = joined.event(joined.program(ALLOCATION="proportional"), **terms(SHED, -12.0))
    joined.done()
    ours = [joined.in_shadow(ven, event_id)["intervals"][0]["value"] for ven in ("house-1", "house-2")]
    assert sum(ours) + stranger.shed_kw()[0] == pytest.approx(12.0, abs=0.01)
    assert stranger.shed_kw()[0] == pytest.approx(12.0 * 4 / 14, abs=0.01)
    assert event_id not in [event["id"] for event in stranger.events()]


def test_a_share_says_all_that_a_ven_needs(joined: Joined, stranger: Stranger) -> None:
    """Its time, its unit, its program, and the reports that it is settled by."""
    only(joined, stranger)
    (share,) = stranger.shares()
    assert share["intervals"][0]["intervalPeriod"] == {
        "start": date_time_text(START),
        "duration": "PT3600S",
    }
    assert {"USAGE", "BASELINE"} < {each["payloadType"] for each in share["reportDescriptors"]}
    assert share["payloadDescriptors"][0] == {
        "objectType": "EVENT_PAYLOAD_DESCRIPTOR",
        "payloadType": SHED,
        "units": "KW",
    }


def test_a_share_asks_for_the_reports_that_its_event_asks_for(joined: Joined, stranger: Stranger) -> None:
    """The business logic has the say where it has said anything."""
    only(joined, stranger, reportDescriptors=[{"payloadType": "DEMAND", "readingType": "MEAN"}])
    (share,) = stranger.shares()
    assert [each["payloadType"] for each in share["reportDescriptors"]] == ["DEMAND"]


def test_no_other_ven_sees_a_share(joined: Joined, stranger: Stranger, asking: str) -> None:
    """It is for one VEN, whoever else there is; and the business logic sees all."""
    other = Stranger(joined, joined.vtn.ven("client-8"), "other")
    only(joined, stranger)
    (share,) = stranger.shares()
    assert [event["id"] for event in other.events()] == [asking]
    assert other.client.get(f"/events/{share['id']}").status == 404
    assert share["id"] in joined.utility.get("/events").ids


def test_an_event_is_revised_cancelled_and_made_again_with_its_shares(
    joined: Joined, stranger: Stranger
) -> None:
    """The share follows the event, under one id, and is gone with it."""
    event_id = only(joined, stranger)
    (first,) = stranger.shares()
    joined.change(event_id, **terms(SHED, -2.0, targets=["east"]))
    joined.done()
    (second,) = stranger.shares()
    assert (second["id"], stranger.shed_kw()) == (first["id"], [2.0])
    assert second["createdDateTime"] == first["createdDateTime"]
    joined.utility.delete(f"/events/{event_id}")
    joined.done()
    assert stranger.shares() == []


def test_a_share_moves_only_past_a_dead_band(joined: Joined, stranger: Stranger) -> None:
    """A few watts are no new call; what adds up to more than the dead band is one."""
    event_id = only(joined, stranger)
    for kw, expected in ((3.0 + DEAD_BAND_KW * 0.9, 3.0), (3.0 + DEAD_BAND_KW * 1.8, 3.18)):
        joined.change(event_id, **terms(SHED, -kw, targets=["east"]))
        joined.done()
        assert stranger.shed_kw() == [pytest.approx(expected)]


def test_subscribers_are_told_of_shares(joined: Joined, stranger: Stranger) -> None:
    """They go through the queue of changes as all else does, made, changed and deleted."""
    waiting("CHANGES_QUEUE")
    event_id = only(joined, stranger)
    joined.change(event_id, **terms(SHED, -1.0, targets=["east"]))
    joined.done()
    joined.utility.delete(f"/events/{event_id}")
    joined.done()
    changes = [codec.decode(VtnChange, body.encode()) for body in waiting("CHANGES_QUEUE")]
    shares = [change.operation for change in changes if change.object.id != event_id]
    assert shares == ["CREATE", "UPDATE", "DELETE"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nobody_changes_a_share_by_itself(joined: Joined, stranger: Stranger, method: str) -> None:
    """It follows from the DR event: whoever would change it is told so, and nothing is changed."""
    only(joined, stranger)
    (share,) = stranger.shares()
    answer = joined.utility.call(method, f"/events/{share['id']}", share)
    assert answer.status == 409
    assert "share of the DR event" in answer.json["detail"]
    assert stranger.shares() == [share]


def test_an_operators_event_reaches_vens_of_openadr_too(joined: Joined, stranger: Stranger) -> None:
    """An event of the stage's own API is shared with them, in a program of its name at the VTN."""
    for _ in range(2):
        dispatch(
            {
                "eventId": "by-hand",
                "startTs": START,
                "targets": [stranger.ven_id],
                "intervals": [{"durationS": 3600, "signal": "shedKw", "value": 2.5}],
            },
            Context(),
        )
        joined.done()
    assert stranger.shed_kw() == [2.5]
    (share,) = stranger.shares()
    programs = {each["id"]: each["programName"] for each in joined.utility.get("/programs").json}
    assert programs[share["programID"]] == "default"
    dispatch({"action": "cancel", "eventId": "by-hand"}, Context())
    joined.done()
    assert stranger.shares() == []


@pytest.mark.parametrize(
    ("signal", "value", "payload"),
    [
        ("level", 2, {"type": LEVEL, "values": [2]}),
        ("importLimitKw", 1.5, {"type": "IMPORT_CAPACITY_LIMIT", "values": [1.5]}),
        ("loadUpKw", 1.0, {"type": SHED, "values": [1.0]}),
        ("shedKw", 1.0, {"type": SHED, "values": [-1.0]}),
    ],
)
def test_every_signal_has_a_payload(
    joined: Joined, stranger: Stranger, signal: str, value: float, payload: dict[str, Any]
) -> None:
    """An operator's value for each VEN is carried to VENs of OpenADR, whatever it asks for."""
    interval = {"durationS": 600, "signal": signal, "value": value}
    ask = {"eventId": "by-hand", "startTs": START, "targets": [stranger.ven_id], "allocation": "each"}
    dispatch({**ask, "intervals": [interval]}, Context())
    joined.done()
    (share,) = stranger.shares()
    assert [interval["payloads"] for interval in share["intervals"]] == [[payload]]


def test_a_value_for_each_is_read_by_vens_of_openadr_themselves(joined: Joined, stranger: Stranger) -> None:
    """They see the event itself: a share of it beside that would have them act twice."""
    event_id = joined.event(**terms(SHED, -2.0))
    joined.done()
    assert event_id in [event["id"] for event in stranger.events()]
    assert stranger.shares() == []


def test_shares_go_when_no_report_on_them_is_awaited_any_more(joined: Joined, stranger: Stranger) -> None:
    """A day after its end an event is settled for good: the sweep takes its shares away."""
    only(joined, stranger)
    joined.world.now = START + 3600 + 24 * 3600
    joined.sweep()
    assert len(stranger.shares()) == 1
    joined.world.now += 2000
    joined.sweep()
    assert stranger.shares() == []
