"""`issue_command`: one operation to one VEN, recorded before it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.store.keys import Key
from contracts.wire.commands import DURATION_MAX_S, OPERATIONS, EventCommand, VenCommand, read_command
from contracts.wire.ids import VenId
from lambdas.issue_command.handler import handler
from lambdas.shared import clients
from ven_twin.testing.function_world import NOW, Context, World


class Publishes:
    """Takes the place of iot-data; can be made to fail."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: list[tuple[str, int, dict[str, Any]]] = []
        self.rows_before: list[Any] = []
        self.error: Exception | None = None

    def publish(self, *, topic: str, qos: int, payload: bytes) -> None:
        """Keep what would go out."""
        message = json.loads(payload)
        ven_id = topic.rpartition("/")[2]
        self.rows_before.append(self.world.commands.get(Key(ven_id, message["correlationId"])))
        if self.error:
            raise self.error
        self.sent.append((topic, qos, message))


@pytest.fixture
def publishes(world: World, monkeypatch: pytest.MonkeyPatch) -> Publishes:
    """A data plane that keeps what is published."""
    fake = Publishes(world)
    monkeypatch.setattr(clients, "iot_data", lambda: fake)
    world.add_ven("house-1")
    return fake


def request(**fields: Any) -> dict[str, Any]:
    """A request to shed a load."""
    return {"venId": "house-1", "op": "shedLoad", "data": {"amountKw": 1.5, "duration_s": 600}, **fields}


def test_a_command_is_published_in_canonical_form_with_qos_1(publishes: Publishes) -> None:
    """Aliases are accepted; the canonical form goes out on the VEN's command topic, older names beside it."""
    answer = handler(request(correlationId="c1"), Context())
    assert answer == {
        "ok": True,
        "venId": "house-1",
        "op": "shedLoad",
        "correlationId": "c1",
        "issuedTs": NOW,
    }
    message = {
        "op": "shedLoad",
        "correlationId": "c1",
        "venId": "house-1",
        "data": {"reduceKw": 1.5, "durationS": 600, "amountKw": 1.5, "duration_s": 600},
    }
    assert publishes.sent == [("ven/cmd/house-1", 1, message)]


def test_the_row_is_there_before_the_command_goes_out(publishes: Publishes) -> None:
    """An ack, however fast, finds the command that it answers."""
    handler(request(correlationId="c1"), Context())
    (row,) = publishes.rows_before
    assert (row["op"], row["issuedTs"]) == ("shedLoad", NOW)
    assert row["expiresTs"] == int(NOW) + 30 * 86400


@pytest.mark.parametrize(
    "data",
    [
        {"op": "ping", "data": {}},
        {"op": "get", "data": {"what": "config"}},
        {"op": "set", "data": {"report_interval_seconds": 5, "loads": {"ev1": {"enabled": False}}}},
        {"op": "event", "data": {"eventId": "e1", "shed_kw": 2, "duration_sec": 60}},
        {"op": "restore", "data": {}},
    ],
)
def test_a_ven_reads_every_command_that_is_sent(publishes: Publishes, data: dict[str, Any]) -> None:
    """A command decodes with the Struct that the VEN decodes with."""
    handler(request(**data), Context())
    raw = json.dumps(publishes.sent[0][2]).encode()
    assert read_command(raw, ven_id="house-1").correlation_id == Context().aws_request_id


def test_an_unknown_ven_is_not_found(publishes: Publishes) -> None:
    """A VEN that was never provisioned gets no command, and nothing is recorded."""
    answer = handler(request(venId="nobody", correlationId="c1"), Context())
    assert (answer["ok"], answer["code"], answer["field"]) == (False, "notFound", "venId")
    assert not publishes.rows_before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"op": "explode"}, "op"),
        ({"data": {"reduceKw": -1, "durationS": 60}}, "data.reduceKw"),
        ({"data": {"reduceKw": 1}}, "data.durationS"),
        ({"data": {"reduceKw": float("nan"), "durationS": 60}}, "data.reduceKw"),
        ({"venId": "a/b"}, "venId"),
        ({"extra": 1}, "extra"),
        ({"op": "set", "data": {"x": "y" * 9000}}, "data"),
    ],
)
def test_a_mistake_is_an_answer_that_names_the_field(
    publishes: Publishes, fields: dict[str, Any], field: str
) -> None:
    """A user's mistake never raises: Lambda would try it again."""
    answer = handler(request(**fields), Context())
    assert (answer["ok"], answer["code"], answer["field"]) == (False, "badRequest", field)
    assert not publishes.sent


@pytest.mark.parametrize("event", [None, [], "ping", 3])
def test_something_that_is_no_object_is_refused(publishes: Publishes, event: Any) -> None:
    """Whatever JSON a caller sends, the answer says what was expected."""
    assert handler(event, Context())["error"] == "expected a JSON object"
    assert not publishes.sent


def test_a_request_cut_short_before_publishing_is_completed_by_repeating_it(publishes: Publishes) -> None:
    """A request whose publishing fails raises, and the same request again sends the same command."""
    publishes.error = ConnectionError("unavailable")
    with pytest.raises(ConnectionError):
        handler(request(correlationId="c1"), Context())
    publishes.error = None
    publishes.world.now += 5
    answer = handler(request(correlationId="c1"), Context())
    assert (answer["ok"], answer["issuedTs"], len(publishes.sent)) == (True, NOW, 1)


def test_a_correlation_id_belongs_to_one_command(publishes: Publishes) -> None:
    """Another command under a used id is refused, or its ack could not be told from the first's."""
    handler(request(correlationId="c1"), Context())
    answer = handler(request(correlationId="c1", op="ping", data={}), Context())
    assert (answer["code"], answer["field"], len(publishes.sent)) == ("conflict", "correlationId", 1)


def _older_duration_s(message: dict[str, Any]) -> float:
    """The duration of an event as the earlier system's VENs read it."""
    data = message["data"]
    return float(data.get("duration_s") or data.get("duration_sec") or 3600)


@pytest.mark.parametrize(
    "times",
    [
        {"durationS": 60},
        {"duration_sec": 60},
        {"end_ts": int(NOW) + 60},
        {"start_ts": int(NOW) + 300, "end_ts": int(NOW) + 360},
        {"end_ts": int(NOW) + 60, "durationS": 30},
    ],
)
def test_an_older_ven_obeys_an_event_of_one_minute_for_one_minute(
    publishes: Publishes, times: dict[str, Any]
) -> None:
    """It reads no durationS and no end: it would take the event for one of an hour."""
    handler(request(op="event", data={"event_id": "e1", "requestedReductionKw": 2, **times}), Context())
    message = publishes.sent[0][2]
    assert _older_duration_s(message) == 60
    command = read_command(json.dumps(message).encode(), ven_id=VenId("house-1"))
    assert isinstance(command, EventCommand)
    assert command.end_ts == times.get("end_ts")


@pytest.mark.parametrize("length_s", [-1, 0, DURATION_MAX_S + 1])
def test_an_end_that_a_ven_refuses_has_no_duration_beside_it(publishes: Publishes, length_s: int) -> None:
    """The VEN's answer names the end, which the operator has set, and no duration."""
    data = {"event_id": "e1", "requestedReductionKw": 2, "end_ts": int(NOW) + length_s}
    handler(request(op="event", data=data), Context())
    assert set(publishes.sent[0][2]["data"]) == {"event_id", "requestedReductionKw", "end_ts"}


@pytest.mark.parametrize("kind", dict.fromkeys(OPERATIONS.values()))
def test_an_older_name_is_an_alias_of_the_field_beside_it(kind: type[VenCommand]) -> None:
    """Both names together mean what one alone does."""
    assert all(kind.aliases[alias] == name for name, alias in kind.older.items())


@pytest.mark.parametrize(
    ("op", "data", "field"),
    [
        ("shedLoad", {"reduceKw": 1, "durationS": 60, "eventId": "e1"}, "data.eventId"),
        ("shedPanel", {"shed_kw": 1, "duration_s": 60, "eventId": "e1"}, "data.eventId"),
        ("shedLoad", {"amountKw": 5}, "data.durationS"),
        ("get", {"what": "loads"}, "data.what"),
        ("event", {"shed_kw": 2, "duration_s": 60}, "data.event_id"),
        ("event", {"event_id": "e1", "duration_s": 60}, "data.requestedReductionKw"),
    ],
)
def test_an_older_form_without_what_it_needs_is_refused_by_name(
    publishes: Publishes, op: str, data: dict[str, Any], field: str
) -> None:
    """What the earlier system documents and leaves open is not guessed: how long, how much, which event."""
    assert handler(request(op=op, data=data), Context())["field"] == field
    assert not publishes.sent
