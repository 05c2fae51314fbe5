"""`store_telemetry` and batches: one item for several rows, of which every reader sees each."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport
from contracts.store.batch_rows import rows_of
from contracts.store.keys import LATEST_ROW, ROWS_END, Key
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.telemetry import read_telemetry
from contracts.wire.telemetry_batch import batch_of, fitting
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.settle_event.handler import handler as settle
from lambdas.store_telemetry.handler import handler
from tests.support.api_world import Api, open_api
from ven_twin.testing.function_world import LOAD, NOW, Context, World, batch, body, failed, telemetry

SPAN = {"from": int(NOW), "to": int(NOW) + 500}
TOPIC = "ven/telemetry/house-1"
START = int(NOW) + 3600
HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 3}]
WRITE_UNIT_BYTES = 1024


@pytest.fixture(autouse=True)
def _house(world: World) -> None:
    """One VEN of this stage."""
    world.add_ven("house-1")


@pytest.fixture
def api(world: World, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API over the same tables."""
    assert world.telemetry
    return open_api(monkeypatch)


def row(seq: int, **fields: Any) -> dict[str, Any]:
    """A row of the house, 30 s after the one before, with the power of a circuit."""
    return telemetry("house-1", seq, **{"loads": [LOAD], "measuredS": 30.0, **fields})


def packed(*rows: dict[str, Any]) -> bytes:
    """*rows* in one payload, as a VEN packs them."""
    read = [read_telemetry(json.dumps(one).encode(), ven_id=VenId("house-1")) for one in rows]
    assert fitting(read) == len(rows)
    return codec.encode(batch_of(read))


def send(*payloads: bytes | dict[str, Any], received_ms: int = int(NOW * 1000)) -> list[str]:
    """Hand messages to the function; returns those that failed."""
    return failed(
        handler(batch(*(body(TOPIC, payload, received_ms=received_ms) for payload in payloads)), Context())
    )


def items(world: World) -> list[dict[str, Any]]:
    """What the table has of the VEN's telemetry."""
    return list(world.telemetry.query("house-1", ("0", ROWS_END)))


def test_a_batch_is_one_item_of_one_write_unit(world: World) -> None:
    """Eight rows of ten circuits stay below 1 KB, so that they cost what a row costs."""
    circuits = [{**LOAD, "id": f"circuit{n}", "currentPowerKw": n / 7} for n in range(10)]
    rows = [row(seq, loads=circuits, usedPowerKw=seq / 3) for seq in range(1, 9)]
    assert send(packed(*rows)) == []
    (item,) = items(world)
    size = sum(len(name) + len(value) for name, value in item.items() if isinstance(value, str | bytes))
    assert size < WRITE_UNIT_BYTES - 40
    assert [one["seq"] for one in rows_of(item)] == list(range(1, 9))
    assert item["expiresTs"] == int(NOW) + 30 * 86400


def test_the_latest_row_is_the_newest_of_a_batch(world: World) -> None:
    """As if it had come by itself; an older batch takes nothing back."""
    assert send(packed(row(4), row(5, usedPowerKw=7.5))) == []
    assert send(packed(row(1), row(2), row(3))) == []
    latest = world.telemetry.get(Key("house-1", LATEST_ROW)) or {}
    assert (latest["seq"], latest["usedPowerKw"], latest["receivedTs"]) == (5, 7.5, NOW)
    assert "samples" not in latest


def test_a_bad_batch_fails_alone(world: World) -> None:
    """It becomes a dead letter as a whole, and nothing of it is stored."""
    bad = msgspec.json.decode(packed(row(1), row(2)))
    bad["samples"]["usedPowerKw"][1] = 1e9
    assert send(row(3), codec.encode(bad), packed(row(4), row(5))) == ["m1"]
    assert [one["seq"] for item in items(world) for one in rows_of(item)] == [3, 4, 5]


def test_a_row_that_came_in_a_batch_too_overwrites_nothing(api: Api) -> None:
    """Whatever a VEN composes after a crash: each row is read, and read once."""
    assert send(packed(row(1), row(2), row(3)), row(3), packed(row(2), row(3)), row(1)) == []
    answer = api.get("/vens/house-1/telemetry", **SPAN)
    assert [one["seq"] for one in answer["items"]] == [1, 2, 3]


def test_the_circuits_of_a_batch_are_told_where_they_are_asked_for(api: Api) -> None:
    """As those of a row are."""
    assert send(packed(row(1), row(2))) == []
    with_them = api.get("/vens/house-1/telemetry", circuits="true", **SPAN)["items"]
    assert [one["circuitsKw"] for one in with_them] == [{"ev1": 3.5}] * 2
    assert all("circuitsKw" not in one for one in api.get("/vens/house-1/telemetry", **SPAN)["items"])


def test_a_vens_circuits_flow_as_its_newest_row_says(api: Api) -> None:
    """A snapshot comes when something of a circuit changes; the power is of the row after it."""
    snapshot = {"venId": "house-1", "timestamp": int(NOW), "bootId": "b1", "seq": 1, "loads": [LOAD]}
    assert failed(handler(batch(body("ven/loads/house-1", snapshot)), Context())) == []
    assert api.get("/vens/house-1")["circuits"]["loads"][0]["currentPowerKw"] == 3.5
    assert send(packed(row(1), row(2, loads=[{**LOAD, "currentPowerKw": 0.25}]))) == []
    circuits = api.get("/vens/house-1")["circuits"]
    assert circuits["loads"][0]["currentPowerKw"] == 0.25
    assert circuits["timestamp"] == int(NOW) + 60


def test_an_event_settles_the_same_of_batches_as_of_rows(world: World) -> None:
    """To the last digit, whether the hours around it came row by row or four minutes at a time."""
    dispatch({"eventId": "e1", "startTs": START, "intervals": HOUR}, Context())
    reports = []
    for in_batches in (False, True):
        for item in items(world):
            world.telemetry.client.delete_item(
                TableName=world.telemetry.name,
                Key={"venId": {"S": "house-1"}, "rowId": {"S": item["rowId"]}},
            )
        rows = [
            row(
                seq,
                timestamp=START - 3600 + 30 * seq,
                usedPowerKw=round(5 + (seq % 7) / 11, 3) - (3.0 if 120 < seq <= 240 else 0.0),
                baselinePowerKw=round(5 + (seq % 7) / 11, 3),
                eventId="e1" if 120 < seq <= 240 else None,
            )
            for seq in range(1, 301)
        ]
        world.now = START + 7200
        received_ms = int(world.now * 1000)
        for first in range(0, len(rows), 8):
            chunk = rows[first : first + 8]
            sent = [packed(*chunk)] if in_batches else chunk
            assert send(*sent, received_ms=received_ms) == []
        reports.append(msgspec.convert(settle({"eventId": "e1"}, Context()), EventReport))
    alone, batched = reports
    assert msgspec.structs.replace(batched, settled_ts=alone.settled_ts) == alone
    assert batched.delivered["clone"].delivered_kwh == pytest.approx(3.0)
