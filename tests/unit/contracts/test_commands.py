"""Commands that cannot be carried out are refused by the field that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import CommandRefusedError, MalformedError, OversizeError, WireError
from contracts.wire.codec import PAYLOAD_MAX_BYTES
from contracts.wire.commands import command_from, read_command

START = 1_800_000_000
SHED = {"reduceKw": 1.5, "durationS": 600}
EVENT = {"event_id": "evt-1", "requestedReductionKw": 2, "duration_s": 600}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "op"),
    ({"op": "explode"}, "op"),
    ({"op": "Ping"}, "op"),
    ({"op": None}, "op"),
    ({"op": ["ping"]}, "op"),
    ({"op": "ping", "venId": "ven-2"}, "venId"),
    ({"op": "ping", "data": []}, "data"),
    ({"op": "ping", "data": "now"}, "data"),
    ({"op": "ping", "volume": 11}, "volume"),
    ({"op": "ping", "data": {"volume": 11}}, "data.volume"),
    ({"op": "ping", "correlationId": 5}, "correlationId"),
    ({"op": "ping", "correlationId": "c" * 129}, "correlationId"),
    ({"op": "ping", "correlationId": "", "data": {}}, "correlationId"),
    ({"op": "get", "data": {"what": "everything"}}, "data.what"),
    ({"op": "set", "data": {"settings": 5}}, "data.settings"),
    ({"op": "setLoad", "data": {}}, "loadId"),
    ({"op": "setLoad", "data": {"enabled": True}}, "data.loadId"),
    ({"op": "setLoad", "data": {"loadId": "a/b"}}, "data.loadId"),
    ({"op": "setLoad", "data": {"loadId": "ev1\n"}}, "data.loadId"),
    ({"op": "setLoad", "data": {"loadId": "ev1", "enabled": 1}}, "data.enabled"),
    ({"op": "setLoad", "data": {"loadId": "ev1", "capacityKw": -1}}, "data.capacityKw"),
    ({"op": "setLoad", "data": {"loadId": "ev1", "priority": 101}}, "data.priority"),
    ({"op": "setLoad", "data": {"loadId": "ev1", "priority": 1.5}}, "data.priority"),
    ({"op": "shedLoad", "data": {"durationS": 600}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {"reduceKw": 1.5}}, "data.durationS"),
    ({"op": "shedLoad", "data": {**SHED, "reduceKw": -1}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {**SHED, "reduceKw": 0}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {**SHED, "reduceKw": 1e9}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {**SHED, "reduceKw": "1.5"}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {**SHED, "reduceKw": True}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {**SHED, "reduceKw": None}}, "data.reduceKw"),
    ({"op": "shedLoad", "data": {**SHED, "durationS": -600}}, "data.durationS"),
    ({"op": "shedLoad", "data": {**SHED, "durationS": 1e12}}, "data.durationS"),
    ({"op": "shedLoad", **SHED, "reduceKw": -1}, "reduceKw"),
    ({"op": "shedPanel", "data": {"durationS": 600}}, "data.requestedReductionKw"),
    ({"op": "event", "data": {**EVENT, "event_id": "a b"}}, "data.event_id"),
    ({"op": "event", "data": {**EVENT, "event_id": "e" * 65}}, "data.event_id"),
    ({"op": "event", "data": {"event_id": "e", "requestedReductionKw": 2}}, "data.end_ts"),
    ({"op": "event", "data": {**EVENT, "start_ts": START * 1000}}, "data.start_ts"),
    ({"op": "event", "data": {**EVENT, "start_ts": "soon"}}, "data.start_ts"),
    ({"op": "event", "data": {**EVENT, "start_ts": START, "end_ts": START}}, "data.end_ts"),
    ({"op": "event", **EVENT, "start_ts": START, "end_ts": START - 1}, "end_ts"),
    ({"op": "restore", "data": {"event_id": 5}}, "data.event_id"),
]


@pytest.mark.parametrize(("message", "field"), REFUSED)
def test_a_command_that_cannot_be_carried_out_names_the_field(message: dict[str, Any], field: str) -> None:
    """The ack says which field, in the message's own spelling: nested under data, or at top level."""
    with pytest.raises(CommandRefusedError) as refused:
        read_command(json.dumps(message).encode(), ven_id="ven-1")
    assert refused.value.field == field


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_know_is_refused_by_its_field(value: float) -> None:
    """Lambda's own reader lets NaN and Infinity through, so the issuing side sees them as numbers."""
    with pytest.raises(CommandRefusedError) as refused:
        command_from({"op": "shedLoad", "data": {**SHED, "reduceKw": value}}, ven_id="ven-1")
    assert (refused.value.field, refused.value.reason) == ("data.reduceKw", "not a finite number")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"ping",
        b"[]",
        b"5",
        b"null",
        b'"ping"',
        b"\xff\xfe",
        b'{"op":"ping",}',
        b'{"op":"shedLoad","reduceKw":NaN}',
    ],
)
def test_what_is_no_json_object_is_malformed(raw: bytes) -> None:
    """Nothing could be read of it, not even the op; nothing changes."""
    with pytest.raises(MalformedError):
        read_command(raw, ven_id="ven-1")


def test_a_message_beyond_the_brokers_limit_is_refused_unread() -> None:
    """128 KB is what AWS IoT Core carries; whatever is larger came another way."""
    with pytest.raises(OversizeError) as refused:
        read_command(b" " * (PAYLOAD_MAX_BYTES + 1), ven_id="ven-1")
    assert refused.value.allowed == PAYLOAD_MAX_BYTES


@pytest.mark.parametrize("depth", [40, 900, 990, 5000, 60_000])
def test_nesting_without_end_is_refused_and_not_followed(depth: int) -> None:
    """A few hundred bytes of brackets must not take the stack with them."""
    raw = b'{"op":"set","data":{"x":' + b"[" * depth + b"]" * depth + b"}}"
    with pytest.raises(WireError):
        read_command(raw, ven_id="ven-1")


def test_a_refusal_carries_what_the_ack_needs() -> None:
    """The answer goes back under the sender's own id, with the op as far as it was read."""
    with pytest.raises(CommandRefusedError) as refused:
        command_from({"op": "shedLoad", "correlationId": "c-1", "data": {}}, ven_id="ven-1")
    assert (refused.value.op, refused.value.correlation_id) == ("shedLoad", "c-1")


def test_a_refusal_of_something_unreadable_carries_no_more_than_it_may() -> None:
    """An op of any type and length comes back as a short string or as unknown."""
    with pytest.raises(CommandRefusedError) as endless:
        command_from({"op": "x" * 10_000, "correlationId": 7}, ven_id="ven-1")
    with pytest.raises(CommandRefusedError) as shapeless:
        command_from({"op": {"a": 1}}, ven_id="ven-1")
    assert (len(endless.value.op), endless.value.correlation_id) == (32, None)
    assert shapeless.value.op == "unknown"


def test_an_unknown_op_says_which_are_known() -> None:
    """Whoever misspells an operation sees the right one beside it."""
    with pytest.raises(CommandRefusedError, match=r"unknown; allowed: .*shedLoad"):
        command_from({"op": "shedload"}, ven_id="ven-1")


def test_a_shed_lasts_a_week_and_takes_10000_kw_at_most() -> None:
    """The bounds are allowed, what lies beyond is refused by its field; more than nothing has to be shed."""
    week_s = 604_800
    allowed = {"reduceKw": 10_000, "durationS": week_s}
    assert command_from({"op": "shedLoad", "data": allowed}, ven_id="ven-1") == command_from(
        {"op": "shedLoad", "data": {"reduceKw": 10_000.0, "durationS": float(week_s)}}, ven_id="ven-1"
    )
    command_from({"op": "shedLoad", "data": {"reduceKw": 0.001, "durationS": 0.5}}, ven_id="ven-1")
    for field, value in (
        ("reduceKw", 10_000.1),
        ("reduceKw", 0),
        ("durationS", week_s + 0.5),
        ("durationS", 0),
    ):
        with pytest.raises(CommandRefusedError) as refused:
            command_from({"op": "shedLoad", "data": {**allowed, field: value}}, ven_id="ven-1")
        assert refused.value.field == f"data.{field}"
