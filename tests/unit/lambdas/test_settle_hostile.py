"""`settle_event` beside what one VEN got stored: every other VEN is settled as if that one were not there."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport
from contracts.store.keys import Key, day_row_id, telemetry_row_id, ven_sort_key
from lambdas.settle_event.handler import handler
from ven_twin.testing.function_world import NOW, Context, World

START = int(NOW)
HOUR = 3600
BAD, GOOD = "ven-bad", "ven-good"


@pytest.fixture
def event(world: World) -> World:
    """Two VENs called for 1 kW in an hour that is over; each drew 5 kW before it and 4 kW in it."""
    for ven_id in (BAD, GOOD):
        world.add_ven(ven_id)
        for from_ts, used_kw, event_id in ((START - HOUR, 5.0, None), (START, 4.0, "e1")):
            powers = {"usedPowerKw": used_kw, "baselinePowerKw": 5.0, "eventId": event_id}
            world.add_telemetry(
                {"venId": ven_id, "rowId": telemetry_row_id(at, "b1", at), "timestamp": at, **powers}
                for at in range(from_ts + 60, from_ts + HOUR + 1, 60)
            )
    world.call("e1", BAD, GOOD)
    world.now = START + HOUR + 120
    return world


def settle() -> EventReport:
    """The report of the event."""
    return msgspec.convert(handler({"eventId": "e1"}, Context()), EventReport)


def parts() -> dict[str, Any]:
    """The VENs' parts in the report, by id."""
    return {ven.ven_id: ven for ven in settle().vens}


def store_ack(world: World, **phases: Any) -> None:
    """Store acks of the bad VEN as an older version of the cloud did."""
    world.events.update(Key("e1", ven_sort_key(BAD)), {"venId": BAD, **phases})


@pytest.mark.parametrize(
    "ack",
    [
        {"ts": START, "data": {"optOut": "x"}},
        {"ts": START, "data": {"optOut": ["x"]}},
        {"ts": START, "data": ["x"]},
        {"ts": "soon", "data": {"byHand": 7}},
        {"ts": START, "data": {"byHand": [["ev"]]}},
        "optedOut",
        7,
    ],
    ids=str,
)
def test_an_ack_of_any_shape_that_is_stored_spoils_no_settlement(event: World, ack: Any) -> None:
    """The opt-out that one VEN told in its own way leaves the other its 1 kW, and the event its report."""
    store_ack(event, optedOut=ack, active=ack, refused=ack, completed=ack, **{"ownKwh#0": "a lot"})
    vens = parts()
    assert vens[GOOD].delivered["clone"].delivered_kw == pytest.approx(1.0)
    assert vens[BAD].delivered["clone"].delivered_kw == pytest.approx(1.0)
    assert vens[BAD].metered_kwh is None


def test_a_ven_of_which_something_unreadable_is_stored_is_a_note_of_its_own(
    event: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A kept day that is no JSON: its VEN counts for nothing, with a note; the other is settled and paid."""
    day = START // 86_400 - 1
    damaged = {
        "usedKw": "secret[",
        "inEvent": "[]",
        "coverage": 1.0,
        "outdoorC": "[]",
        "expiresTs": START * 2,
    }
    event.telemetry.put_new({"venId": BAD, "rowId": day_row_id(day), **damaged})
    vens = parts()
    assert vens[GOOD].delivered["meter_before"].delivered_kw == pytest.approx(1.0)
    assert vens[BAD].delivered == {}
    assert any("could not be worked out" in note for note in vens[BAD].notes)
    (record,) = [record for record in caplog.records if record.message == "VEN not measured"]
    assert (vars(record)["ven_id"], vars(record)["error"]) == (BAD, "DecodeError")
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["VensNotMeasured"] for line in lines if "VensNotMeasured" in line] == [[1.0]]
    assert "secret" not in out + caplog.text
