"""A VEN that an operator has quarantined: not called, nothing of it stored, named in lists, let in again."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.store import views
from contracts.store.keys import LATEST_ROW, Key
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.issue_command.handler import handler as issue
from lambdas.record_vens.handler import handler as record
from lambdas.shared import senders
from lambdas.store_telemetry.handler import handler as store
from tests.support.api_world import Api
from ven_twin.testing.function_world import NOW, Context, World, batch, body, failed, telemetry

INTERVALS = [{"durationS": 3600, "signal": "shedKw", "value": 8}]
BEHAVIOUR = [{"durationS": 3600, "signal": "level", "value": 2}]


def quarantine(ven_id: str = "house-1", *, quarantined: bool = True) -> dict[str, Any]:
    """Set it; the sandboxes forget what they knew of the VEN, as they do within a minute."""
    answer: dict[str, Any] = issue({"venId": ven_id, "quarantined": quarantined}, Context())
    senders.stage_vens.cache_clear()
    return answer


def create(intervals: list[dict[str, Any]]) -> dict[str, Any]:
    """An event over both houses."""
    return dispatch({"eventId": "e1", "intervals": intervals}, Context())


@pytest.fixture
def houses(world: World) -> World:
    """Two VENs of 5 kW."""
    world.add_ven("house-1")
    world.add_ven("house-2")
    return world


def test_a_quarantined_ven_is_not_called(houses: World) -> None:
    """Neither for power nor for a behaviour, and the answer says why; the others are."""
    quarantine()
    answer = create(INTERVALS)
    assert [each["venId"] for each in answer["assignments"]] == ["house-2"]
    assert answer["unavailable"]["house-1"] == "quarantined"
    assert houses.desired("house-1") == {}


def test_a_quarantined_ven_gets_no_behaviour_either(houses: World) -> None:
    """Also not while it is offline, for when it connects."""
    houses.vens.update(Key("house-1"), {"online": False})
    quarantine()
    assert [each["venId"] for each in create(BEHAVIOUR)["assignments"]] == ["house-2"]


def test_its_messages_are_dropped_and_others_are_not(houses: World) -> None:
    """Rows, acks and reports go, without a dead letter; who is connected is still known."""
    quarantine()
    rows = [body(f"ven/telemetry/{ven_id}", telemetry(ven_id)) for ven_id in ("house-1", "house-2")]
    assert failed(store(batch(*rows, body("ven/telemetry/house-1", b"no JSON")), Context())) == []
    assert houses.telemetry.get(Key("house-1", LATEST_ROW)) is None
    assert houses.telemetry.get(Key("house-2", LATEST_ROW)) is not None
    gone = {"timestamp": int(NOW * 1000), "versionNumber": 3, "eventType": "disconnected"}
    ack = {"op": "ping", "ok": True, "status": "success", "ts": int(NOW), "correlationId": "c"}
    messages = body("ven/ack/house-1", ack), body("$aws/events/presence/disconnected/house-1", gone)
    assert failed(record(batch(*messages), Context())) == []
    assert houses.commands.get(Key("house-1", "c")) is None
    assert houses.ven("house-1")["online"] is False


def test_it_is_let_in_again(houses: World) -> None:
    """Its rows are stored and events call it; a repeat of either keeps what there is."""
    assert quarantine()["quarantinedTs"] == NOW
    houses.now += 60
    assert quarantine()["quarantinedTs"] == NOW
    assert views.ven(houses.ven("house-1")).quarantined_ts == NOW
    for _ in range(2):
        assert quarantine(quarantined=False).get("quarantinedTs") is None
    store(batch(body("ven/telemetry/house-1", telemetry("house-1"))), Context())
    assert houses.telemetry.get(Key("house-1", LATEST_ROW)) is not None
    assert len(create(INTERVALS)["assignments"]) == 2


def test_only_a_ven_can_be_quarantined(houses: World) -> None:
    """Another name is refused, and makes no row."""
    assert quarantine("nobody")["code"] == "notFound"
    assert houses.ven("nobody") == {}


def test_the_api_quarantines_and_lets_in_again(houses: World, api: Api) -> None:
    """POST and DELETE; the VEN and the fleet say so meanwhile."""
    assert api.call("POST", "/vens/house-1/quarantine").json["quarantinedTs"] == NOW
    assert api.call("GET", "/vens/house-1").json["quarantinedTs"] == NOW
    (shown,) = [ven for ven in api.call("GET", "/fleet").json["vens"] if ven["venId"] == "house-1"]
    assert (shown["quarantinedTs"], shown["standing"]) == (NOW, "disabled")
    assert api.call("DELETE", "/vens/house-1/quarantine").status == 200
    assert "quarantinedTs" not in houses.ven("house-1")
    assert api.call("POST", "/vens/nobody/quarantine").status == 404
