"""`issue_command`: one operation to one VEN, recorded before it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.store.keys import Key
from contracts.wire.commands import read_command
from lambdas.issue_command.handler import handler
from lambdas.shared import clients
from tests.support.lambda_world import NOW, Context, World


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
    """Aliases are accepted and the canonical form goes out on the VEN's command topic."""
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
        "data": {"reduceKw": 1.5, "durationS": 600},
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
