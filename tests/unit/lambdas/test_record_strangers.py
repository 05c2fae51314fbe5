"""`record_vens` and what is not as it should be: strangers, malformed messages, VENs that say anything."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from contracts.store.keys import Key
from contracts.wire import codec
from lambdas.shared.tables import Condition
from tests.support.ven_news import (
    CURTAILED,
    REPORTED,
    ack,
    called_house,
    documents,
    everything,
    presence,
    send,
    transition,
)
from ven_twin.testing.function_world import World, body


@pytest.fixture
def house(world: World) -> World:
    """One VEN that has never connected, called by two events."""
    return called_house(world)


def test_other_things_in_the_account_are_ignored(house: World) -> None:
    """A thing that is no VEN of ours gets no rows, and its messages are done, not failed."""
    lamp = "lamp"
    bodies = [presence("connected", 1, ven_id=lamp), documents(1, REPORTED, ven_id=lamp), ack(ven_id=lamp)]
    assert send(*bodies, presence("connected", 1)) == []
    assert house.vens.get(Key("lamp")) is None
    assert house.ven("house-1")["online"] is True


@pytest.mark.parametrize(
    "text",
    [
        "no envelope",
        body("ven/ack/house-1", b"\xff"),
        body("ven/ack/house-1", {"op": "ping"}),
        body("ven/other/house-1", {}),
        body(
            "$aws/events/presence/connected/house-1",
            {"eventType": "disconnected", "timestamp": 1, "versionNumber": 1},
        ),
        documents(3, {"metrics": {"batterySoc": 80}}),
        documents(3, {"optOut": "soon"}),
    ],
)
def test_a_malformed_message_fails_alone(house: World, text: str) -> None:
    """It goes to the dead letters with its bytes; the others of its batch are recorded."""
    assert send(text, presence("connected", 1)) == ["m0"]
    assert house.ven("house-1")["online"] is True


def test_a_thing_that_is_no_ven_leaves_no_row_in_any_table(house: World) -> None:
    """Acks, transitions, presence and shadows of a thing that was never provisioned are all dropped."""
    stranger = "stranger-1"
    messages = (
        ack(ven_id=stranger),
        ack("event", "e1:0:active", ven_id=stranger, event_id="e1", phase="active"),
        presence("connected", 1, ven_id=stranger),
        documents(3, REPORTED, ven_id=stranger),
    )
    before = everything(house)
    assert send(*messages) == []
    assert everything(house) == before
    assert stranger not in str(before)


STRANGERS = ["stranger-1", "claim.ven-9", "sdk:device:1", "a b", "é"]


@pytest.mark.parametrize("payload", [b"", b"{broken", b"[]", b"\xff", b"x" * codec.PAYLOAD_MAX_BYTES])
@pytest.mark.parametrize("sender", STRANGERS)
def test_nothing_of_an_unknown_sender_is_a_dead_letter(house: World, sender: str, payload: bytes) -> None:
    """Every MQTT client of the account makes presence, every thing documents: dropped, not decoded."""
    topics = (
        f"ven/ack/{sender}",
        f"$aws/events/presence/connected/{sender}",
        f"$aws/events/presence/disconnected/{sender}",
        f"$aws/things/{sender}/shadow/update/documents",
    )
    before = everything(house)
    assert send(*(body(topic, payload) for topic in topics)) == []
    assert everything(house) == before


@pytest.mark.parametrize(
    "message", [presence("connected", 9, ven_id="late"), documents(9, REPORTED, ven_id="late")]
)
def test_no_message_makes_a_ven_of_one_that_was_taken_out(house: World, message: str) -> None:
    """A VEN that the warm function still remembers does not come back by its last message."""
    house.add_ven("late")
    assert send(presence("connected", 1, ven_id="late")) == []
    house.vens.delete(Key("late"), when=Condition.unchanged("venId", "late"))
    assert send(message) == []
    assert house.vens.get(Key("late")) is None


def test_a_ven_writes_into_events_that_have_called_it_alone(house: World, capsys: Any) -> None:
    """Acks of an event of other VENs, and of none at all, leave no row; they are counted, not quoted."""
    house.add_ven("house-2")
    house.call("e2", "house-2")
    before = everything(house)
    strange = [
        ack("event", f"{event_id}:0:completed", event_id=event_id, phase="completed")
        for event_id in ("e2", "invented")
    ]
    assert send(*strange) == []
    assert everything(house)[2] == before[2]
    out = capsys.readouterr().out
    assert json.loads(out.splitlines()[-1])["AcksOfOtherEvents"] == [2.0]
    assert "invented" not in out


def test_a_ven_that_is_called_later_is_believed_then(house: World) -> None:
    """A VEN's acks count from the plan that calls it; those of a VEN that was let go still do."""
    house.add_ven("house-2")
    own = ack("event", "e1:0:active", event_id="e1", phase="active", ven_id="house-2")
    send(own)
    assert house.event_item("e1", "VEN#house-2") == {}
    house.call("e1", "house-2", plan_id="1-b", previous="0-a")
    send(own, transition("completed", 60))
    assert "active" in house.event_item("e1", "VEN#house-2")
    assert "completed" in house.event_item("e1", "VEN#house-1")


@pytest.mark.parametrize(
    "data",
    [
        {"optOut": "x"},
        {"optOut": ["x"]},
        {"optOut": {"reason": 5}},
        {"optOut": {"reason": "x" * 65}},
        {"byHand": "ev1"},
        {"byHand": {"ev1": "off"}},
        {"byHand": ["ev1", 7]},
        {"byHand": ["\x1b[2J"]},
        {"deliveredKwh": "a lot"},
        {"deliveredKwh": True},
        {"deliveredKwh": 10**200},
        {"deliveredKwh": -1e300},
        {"reason": {"why": "so"}},
    ],
    ids=str,
)
def test_a_particular_of_another_type_is_not_said(house: World, data: dict[str, Any]) -> None:
    """The opt-out itself is recorded; what of it nobody could read later is not."""
    assert send(transition("optedOut", 20, ok=False, status="rejected", data={**data, "other": 1})) == []
    assert house.event_item("e1", "VEN#house-1")["optedOut"]["data"] == {"other": 1}
    assert [name for name in house.event_item("e1", "VEN#house-1") if name.startswith("ownKwh")] == []


def test_text_of_an_ack_is_stored_plain_and_short(house: World) -> None:
    """Control characters, marks that turn text around, and megabytes are for nobody's terminal or table."""
    error = "heat\x1b]0;gotcha\x07 \x9b2J \u202egnp.exe\n" + "x" * 10_000
    send(ack(ok=False, status="rejected", error=error, data={"why\x1b": [error]}))
    stored = (house.commands.get(Key("house-1", "c1")) or {})["ack"]
    for text in (stored["error"], *stored["data"], *next(iter(stored["data"].values()))):
        assert not set(text) & set("\x1b\x07\x9b\u202e\n")
        assert len(text) <= 512
    assert stored["error"].startswith("heat\ufffd]0;gotcha\ufffd ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("op", "x" * 65),
        ("correlationId", "c" * 129),
        ("event_id", "\x1b[2J"),
        ("event_id", "[/x]"),
        ("ts", 10**40),
        ("actual_shed_kw", 1e9),
        ("requested_shed_kw", -(10**200)),
        ("circuits_curtailed", [{**CURTAILED, "breaker_amps": 10**200}]),
    ],
)
def test_an_ack_beyond_any_ven_fails_alone(house: World, name: str, value: Any) -> None:
    """Ids that are none and numbers that no table takes are the message's own fault."""
    message = json.loads(ack(correlation_id="c0"))
    payload = json.loads(base64.b64decode(message["payload"])) | {name: value}
    assert send(ack(), body("ven/ack/house-1", payload), ack(correlation_id="c3")) == ["m1"]
    assert house.commands.get(Key("house-1", "c3")) is not None
