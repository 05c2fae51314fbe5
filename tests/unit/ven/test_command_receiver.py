"""Commands from the wire: each done once, answered alike, and refused without harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.ven_states import NOW, VEN, ven
from ven_twin.control.command_handlers import VenFigures
from ven_twin.control.reporting import Sender
from ven_twin.control.ven_state import VenState
from ven_twin.house.profile import Panel
from ven_twin.ven.command_receiver import CommandReceiver, ReceivedCommand
from ven_twin.ven.storage.rows import ANSWERS_MAX

FIGURES = VenFigures(status=dict, config=dict, critical=frozenset())


class Commands:
    """A VEN's commands: each receiver takes the place of the one before."""

    def __init__(self) -> None:
        self.receiver = CommandReceiver(Sender(VEN, "boot-1", Panel(rating_amps=200.0, voltage_v=240.0)))


@pytest.fixture
def commands() -> Commands:
    """A VEN's commands, none received yet."""
    return Commands()


def receive(commands: Commands, state: VenState, message: Any, now_ts: float = NOW) -> ReceivedCommand:
    """Receive *message*."""
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    commands.receiver, received = commands.receiver.receive(state, raw, now_ts, FIGURES)
    return received


def ack_of(received: ReceivedCommand) -> dict[str, Any]:
    """The ack that is to be sent."""
    ack: dict[str, Any] = json.loads(received.ack)
    return ack


def test_a_command_is_done_answered_and_desired(commands: Commands) -> None:
    """The state after it, the ack with the sender's id, the patch for the shadow."""
    received = receive(commands, ven(), {"op": "disable", "correlationId": "c1"})
    assert received.state.settings.enabled is False
    assert received.desired == {"enabled": False}
    assert (ack_of(received)["ok"], ack_of(received)["correlationId"]) == (True, "c1")


def test_a_command_that_comes_twice_is_done_once_and_answered_alike(commands: Commands) -> None:
    """At least once on the wire is once in the house; the repeat patches nothing."""
    message = {"op": "shedPanel", "correlationId": "c1", "requestedReductionKw": 2, "durationS": 60}
    first = receive(commands, ven(), message)
    restored = receive(commands, first.state, {"op": "restore", "correlationId": "c2"})
    again = receive(commands, restored.state, message, NOW + 5)
    assert again == ReceivedCommand(restored.state, first.ack)


def test_a_refused_command_that_comes_twice_is_refused_alike(commands: Commands) -> None:
    """A repeat is the same command, whatever has changed since."""
    message = {"op": "shedPanel", "correlationId": "c1", "requestedReductionKw": 2, "durationS": 60}
    off = receive(commands, ven(), {"op": "disable"})
    refused = receive(commands, off.state, message)
    assert ack_of(refused)["ok"] is False
    on = receive(commands, refused.state, {"op": "enable"})
    assert receive(commands, on.state, message, NOW + 9) == ReceivedCommand(on.state, refused.ack)


def test_commands_without_an_id_are_each_done(commands: Commands) -> None:
    """Nothing tells a repeat from a second command, so both are done."""
    off = receive(commands, ven(), {"op": "disable"})
    on = receive(commands, off.state, {"op": "enable"})
    assert receive(commands, on.state, {"op": "disable"}).state.settings.enabled is False


def test_the_answers_that_are_kept_are_bounded(commands: Commands) -> None:
    """The oldest answer is forgotten first; a VEN runs for years."""
    message = {"op": "disable", "correlationId": "first"}
    receive(commands, ven(), message)
    for number in range(ANSWERS_MAX):
        receive(commands, ven(), {"op": "ping", "correlationId": f"c{number}"})
    assert receive(commands, ven(), message).desired == {"enabled": False}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (b"", "payload"),
        (b"{", "payload"),
        (b"[]", "payload"),
        (b"\xff\xfe", "payload"),
        (b"[" * 100_000, "payload"),
        (b'{"op":"ping","x":"' + b"x" * 200_000 + b'"}', "payload"),
        ({}, "op"),
        ({"op": 5}, "op"),
        ({"op": "explode"}, "op"),
        ({"op": "ping", "venId": "ven-2"}, "venId"),
        ({"op": "ping", "data": []}, "data"),
        ({"op": "ping", "correlationId": 5}, "correlationId"),
        ({"op": "shedPanel", "data": {"durationS": 5}}, "data.requestedReductionKw"),
        ({"op": "shedPanel", "data": {"shed_kw": -1, "durationS": 5}}, "data.requestedReductionKw"),
        ({"op": "event", "data": {"event_id": "e1", "shed_kw": 1}}, "data.end_ts"),
        ({"op": "get", "data": {"what": "secrets"}}, "data.what"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_its_field(commands: Commands, message: Any, field: str) -> None:
    """Whatever comes in, there is one ack that names the field, and nothing changes."""
    received = receive(commands, ven(), message)
    assert (received.state, received.desired) == (ven(), {})
    assert (ack_of(received)["ok"], ack_of(received)["field"]) == (False, field)
