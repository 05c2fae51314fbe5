"""`store_telemetry`: every good row once, every bad message by itself, the latest never older."""

from __future__ import annotations

import base64
import json
import logging
from threading import Barrier
from typing import Any

import msgspec
import pytest

from contracts.api.resources import TelemetryRow
from contracts.store.circuit_powers import CIRCUITS_MAX, circuits_kw
from contracts.store.envelopes import Envelope
from contracts.store.keys import CIRCUITS_KW, CIRCUITS_ROW, LATEST_ROW, Key
from contracts.wire import codec
from contracts.wire.codec import PAYLOAD_MAX_BYTES
from lambdas.shared import clients, rows
from lambdas.shared.batch_writes import write_all
from lambdas.shared.power_traces import PowerRow
from lambdas.shared.senders import REMEMBERED_S, StageVens, stage_vens
from lambdas.shared.settings import SettingError
from lambdas.shared.tables import Condition
from lambdas.store_telemetry import adapters as stores
from lambdas.store_telemetry.handler import handler
from lambdas.store_telemetry.logic import sort_out
from tests.support.older_vens import BASIC_ROW, OLDER_ROW
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.function_world import LOAD, NOW, Context, World, batch, body, failed, telemetry


@pytest.fixture(autouse=True)
def _house(world: World) -> None:
    """One VEN of this stage."""
    world.add_ven("house-1")


def send(*bodies: str) -> list[str]:
    """Hand a batch to the function; returns the messages that failed."""
    return failed(handler(batch(*bodies), Context()))


def said(ven_id: str = "house-1", seq: int = 1, **fields: Any) -> str:
    """A telemetry message."""
    return body(f"ven/telemetry/{ven_id}", telemetry(ven_id, seq, **fields))


def stored(world: World, ven_id: str = "house-1") -> list[dict[str, Any]]:
    """The VEN's rows."""
    return list(world.telemetry.query(ven_id, ("0", "9"), ["seq", "rowId", "usedPowerKw", "receivedTs"]))


def test_a_row_is_stored_as_it_was_said(world: World) -> None:
    """The row holds everything but the loads, with the cloud's receipt time beside the device's."""
    assert send(said(loads=[LOAD], usedPowerKw=0.1 + 0.2)) == []
    row_id = f"{int(NOW) + 30}#b1#0000000000000001"
    row = world.telemetry.get(Key("house-1", row_id))
    assert row is not None
    assert (row["usedPowerKw"], row["baselinePowerKw"], row["receivedTs"]) == (0.1 + 0.2, 2.225, NOW)
    assert row["expiresTs"] == int(NOW) + 30 * 86400
    assert "loads" not in row
    assert "eventId" not in row


def test_the_power_of_each_circuit_stands_beside_its_row(world: World) -> None:
    """In the VEN's order, of 64 circuits at most; a row without circuits and the latest row have none."""
    circuits = [{**LOAD, "id": f"c{n}", "currentPowerKw": n / 8} for n in range(CIRCUITS_MAX + 3)]
    assert send(said(seq=1, loads=circuits[1::-1]), said(seq=2), said(seq=3, loads=circuits)) == []
    of_two, of_none, of_many = world.telemetry.query("house-1", ("0", "9"))
    assert circuits_kw(of_two[CIRCUITS_KW]) == {"c1": 0.125, "c0": 0.0}
    assert list(circuits_kw(of_two[CIRCUITS_KW])) == ["c1", "c0"]
    assert CIRCUITS_KW not in of_none
    assert list(circuits_kw(of_many[CIRCUITS_KW])) == [f"c{n}" for n in range(CIRCUITS_MAX)]
    assert CIRCUITS_KW not in (world.telemetry.get(Key("house-1", LATEST_ROW)) or {})


def test_the_time_measured_and_the_temperature_outside_are_stored(world: World) -> None:
    """Settlement and the API read both; a row that says neither is stored without them."""
    assert send(said(seq=1, measuredS=29.987, outdoorC=31.4), said(seq=2)) == []
    pages = world.telemetry.query_rows(PowerRow, "house-1", ("0", "9"))
    rows_read = [row for page in pages for row in page]
    assert [(row.boot_id, row.seq, row.measured_s, row.outdoor_c, row.received_ts) for row in rows_read] == [
        ("b1", 1, 29.987, 31.4, NOW),
        ("b1", 2, None, None, NOW),
    ]


def test_a_malformed_message_fails_alone(world: World) -> None:
    """Bad JSON, wrong venId, missing field, strange topic: each to the dead letters, the rest is stored."""
    bodies = (
        body("ven/telemetry/house-1", b"{broken"),
        said(seq=1),
        body("ven/telemetry/house-1", telemetry("house-2")),
        body("ven/telemetry/house-1", {"seq": 1}),
        body("ven/other/house-1", telemetry()),
        "not even an envelope",
        said(seq=2),
    )
    assert send(*bodies) == ["m0", "m2", "m3", "m4", "m5"]
    assert [row["seq"] for row in stored(world)] == [1, 2]


def test_a_batch_of_nothing_but_malformed_messages_is_an_answer(world: World) -> None:
    """Even when every message fails the function answers, and does not raise."""
    assert world.telemetry
    assert send("x", "y") == ["m0", "m1"]


def test_a_payload_is_never_logged(world: World, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    """Of a bad message, the log has its id, the kind of error and the field."""
    assert world.vens
    stage_vens("vens").among(["house-1"])  # what AWS's own library logs of the look is not the point
    with caplog.at_level(logging.DEBUG):
        send(said(bootId="hunter2 secret"), said(venId="hunter2"))
    logged = str([vars(record) for record in caplog.records]) + "".join(capsys.readouterr())
    assert "FieldError" in logged
    assert "hunter2" not in logged


def test_a_repeat_within_a_batch_is_one_row(world: World) -> None:
    """BatchWriteItem refuses two items of one key; QoS 1 delivers twice now and then."""
    assert send(said(seq=1), said(seq=1), said(seq=1)) == []
    assert len(stored(world)) == 1


def test_a_repeat_overwrites_itself(world: World) -> None:
    """The same row in a later batch changes nothing but the receipt time."""
    send(said(seq=1))
    send(body("ven/telemetry/house-1", telemetry(), received_ms=int(NOW * 1000) + 5000))
    assert [row["receivedTs"] for row in stored(world)] == [NOW + 5]


def test_a_large_batch_is_written_in_calls_of_25(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchWriteItem takes 25 items; moto would take more."""
    dynamodb, sizes = clients.dynamodb(), []
    real = dynamodb.batch_write_item

    def write(**call: Any) -> Any:
        sizes.append(len(call["RequestItems"]["telemetry"]))
        return real(**call)

    monkeypatch.setattr(dynamodb, "batch_write_item", write)
    assert send(*(said(seq=seq) for seq in range(60))) == []
    assert sizes == [25, 25, 10]
    assert len(stored(world)) == 60


class Throttled:
    """BatchWriteItem that leaves the items in *stuck*, each so many times, or refuses whole calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stuck: dict[int, int], refusals: int = 0) -> None:
        self.dynamodb = clients.dynamodb()
        self.real = self.dynamodb.batch_write_item
        self.stuck, self.refusals, self.calls = stuck, refusals, 0
        monkeypatch.setattr(self.dynamodb, "batch_write_item", self.write)

    def write(self, *, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 - boto3's name
        """Write what is not stuck."""
        self.calls += 1
        if self.refusals:
            self.refusals -= 1
            error = {"Error": {"Code": "ProvisionedThroughputExceededException"}}
            raise self.dynamodb.exceptions.ProvisionedThroughputExceededException(error, "BatchWriteItem")  # type: ignore[arg-type]
        left, done = [], []
        for request in RequestItems["telemetry"]:
            seq = int(request["PutRequest"]["Item"]["seq"]["N"])
            if self.stuck.get(seq, 0):
                self.stuck[seq] -= 1
                left.append(request)
            else:
                done.append(request)
        if done:
            self.real(RequestItems={"telemetry": done})
        return {"UnprocessedItems": {"telemetry": left} if left else {}}


def test_what_is_left_unprocessed_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the remainder goes into the next call, after a growing pause."""
    throttled = Throttled(monkeypatch, {2: 2})
    items = {seq: {"venId": "h", "rowId": str(seq), "seq": seq} for seq in range(4)}
    assert write_all(world.telemetry, items) == set()
    assert throttled.calls == 3
    assert world.slept == sorted(world.slept)
    assert len(world.slept) == 2
    assert len(stored(world, "h")) == 4


def test_what_stays_unwritten_is_a_partial_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message of a row that DynamoDB never took comes back; the others are done."""
    Throttled(monkeypatch, {2: 99})
    assert send(said(seq=1), said(seq=2), said(seq=2), said(seq=3)) == ["m1", "m2"]
    assert [row["seq"] for row in stored(world)] == [1, 3]


def test_a_throttled_call_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Throttling of the whole call is the same as all of it unprocessed."""
    Throttled(monkeypatch, {}, refusals=2)
    assert send(said(seq=1)) == []
    assert len(stored(world)) == 1


def latest(world: World, row_id: str = LATEST_ROW) -> Any:
    """The latest row beside the VEN's rows."""
    return world.telemetry.get(Key("house-1", row_id))


def test_the_latest_row_stands_beside_the_rows(world: World) -> None:
    """The newest of a batch is the VEN's latest row, without loads, and no range of rows holds it."""
    send(said(seq=1), said(seq=3, loads=[LOAD]), said(seq=2))
    row = latest(world)
    assert (row["seq"], row["receivedTs"]) == (3, stored(world)[0]["receivedTs"])
    assert "loads" not in row
    assert rows.read(TelemetryRow, row).shed_power_kw == row["shedPowerKw"]
    assert [row["seq"] for row in stored(world)] == [1, 2, 3]


def test_the_latest_row_forgets_the_event_that_is_over(world: World) -> None:
    """An attribute that the later row does not have is gone from the latest."""
    send(said(seq=1, eventId="e1", requestedReductionKw=2.0))
    send(said(seq=2))
    assert "eventId" not in latest(world)


@pytest.mark.parametrize(
    ("first", "then", "stays"),
    [
        (("b1", 5), ("b1", 6), ("b1", 6)),
        (("b1", 5), ("b1", 4), ("b1", 5)),
        (("b1", 5), ("b1", 5), ("b1", 5)),
        (("b1", 5), ("b2", 0), ("b2", 0)),
        (("b2", 0), ("b1", 99), ("b2", 0)),
    ],
)
def test_the_latest_row_never_goes_back(
    world: World, first: tuple[str, int], then: tuple[str, int], stays: tuple[str, int]
) -> None:
    """In (bootId, seq) order, whatever the device's clock says and in whichever order messages come."""
    for boot_id, seq in (first, then):
        assert send(said(seq=seq, bootId=boot_id)) == []
    row = latest(world)
    assert (row["bootId"], row["seq"]) == stays


def test_the_latest_rows_of_a_batch_are_written_at_the_same_time(world: World) -> None:
    """Each waits for DynamoDB, so that one after the other would be most of a function's time."""
    vens = [f"ven-{number}" for number in range(4)]
    for ven_id in vens:
        world.add_ven(ven_id)
    together = Barrier(len(vens))
    events = clients.dynamodb().meta.events

    def wait(**_: object) -> None:
        together.wait(timeout=GIVE_UP_S)

    events.register_first("before-call.dynamodb.UpdateItem", wait)
    try:
        assert send(*(said(ven_id, seq=7) for ven_id in vens)) == []
    finally:
        events.unregister("before-call.dynamodb.UpdateItem", wait)
    latest_rows = [world.telemetry.get(Key(ven_id, LATEST_ROW)) or {} for ven_id in vens]
    assert [row.get("seq") for row in latest_rows] == [7, 7, 7, 7]


def test_a_repeat_within_a_batch_is_no_later_reading() -> None:
    """The first to come stays the latest, with its receipt time."""
    envelopes = {
        message_id: msgspec.json.decode(
            body("ven/telemetry/house-1", telemetry(), received_ms=int(NOW * 1000) + n), type=Envelope
        )
        for n, message_id in enumerate(("m0", "m1"))
    }
    assert sort_out(envelopes, retention_days=1).latest["house-1"].message_id == "m0"


@pytest.mark.parametrize("row_id", [LATEST_ROW, CIRCUITS_ROW])
def test_a_latest_row_that_is_not_written_is_a_partial_failure(
    world: World, monkeypatch: pytest.MonkeyPatch, row_id: str
) -> None:
    """Throttled, the message of the latest reading comes back, and that alone."""
    dynamodb = clients.dynamodb()
    real = dynamodb.update_item

    def update(**call: Any) -> Any:
        if call["Key"]["rowId"]["S"] != row_id:
            return real(**call)
        error: Any = {"Error": {"Code": "RequestLimitExceeded"}}
        raise dynamodb.exceptions.RequestLimitExceeded(error, "UpdateItem")

    monkeypatch.setattr(dynamodb, "update_item", update)
    circuits = {"venId": "house-1", "timestamp": int(NOW), "bootId": "b1", "loads": [LOAD]}
    messages = (said(seq=1), said(seq=2), body("ven/loads/house-1", {**circuits, "seq": 3}))
    assert send(*messages) == (["m1"] if row_id == LATEST_ROW else ["m2"])
    assert len(stored(world)) == 2


def everything(world: World) -> str:
    """Every item of every table, as text."""
    tables = (world.telemetry, world.vens, world.commands, world.events)
    return str([table.client.scan(TableName=table.name)["Items"] for table in tables])


@pytest.mark.parametrize("payload", [telemetry(), b"{broken", b"\xff\x00", b"x" * codec.PAYLOAD_MAX_BYTES])
@pytest.mark.parametrize("sender", ["stranger", "claim.ven-9", "sdk:device:1", "a b", "", "x/y", "é" * 64])
@pytest.mark.parametrize("kind", ["telemetry", "loads"])
def test_nothing_of_an_unknown_sender_is_stored_or_a_dead_letter(
    world: World, sender: str, payload: Any, kind: str
) -> None:
    """Other clients of the account are dropped before their payload is decoded, and harm nobody else."""
    before = everything(world)
    assert send(body(f"ven/{kind}/{sender}", payload)) == []
    assert everything(world) == before
    assert send(body(f"ven/{kind}/{sender}", payload), said(seq=1), "no envelope") == ["m2"]
    assert len(stored(world)) == 1


def test_the_payload_of_an_unknown_sender_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another stage's telemetry costs one look at a table, and none of it when its sender can be no VEN."""
    reads: list[str] = []

    def read(envelope: Envelope) -> bytes:
        reads.append(envelope.topic)
        return base64.b64decode(envelope.payload)

    monkeypatch.setattr(Envelope, "raw", property(read))
    lookups = counted(monkeypatch, "batch_get_item")
    assert send(body("ven/telemetry/claim.ven-9", telemetry()), body("ven/loads/sdk:device:1", b"x")) == []
    assert lookups == []
    assert send(said("stranger"), said("stranger", seq=2), said()) == []
    assert reads == ["ven/telemetry/house-1"]
    assert len(lookups) == 1


def counted(monkeypatch: pytest.MonkeyPatch, call: str) -> list[list[str]]:
    """The VENs that are looked up, one list for each call."""
    dynamodb, lookups = clients.dynamodb(), []
    real = getattr(dynamodb, call)

    def look_up(**request: Any) -> Any:
        lookups.append([key["venId"]["S"] for key in request["RequestItems"]["vens"]["Keys"]])
        return real(**request)

    monkeypatch.setattr(dynamodb, call, look_up)
    return lookups


def test_a_ven_is_looked_up_once_and_a_stranger_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warm function remembers who is a VEN, for a minute, and never who is none."""
    now_s = [1000.0]
    vens = StageVens(world.vens, lambda: now_s[0])
    lookups = counted(monkeypatch, "batch_get_item")
    assert vens.among(["house-1", "stranger"]) == {"house-1"}
    assert vens.among(["house-1"]) == {"house-1"}
    assert vens.among(["house-1", "stranger"]) == {"house-1"}
    assert lookups == [["house-1", "stranger"], ["stranger"]]
    world.add_ven("stranger")
    assert vens.among(["stranger", "house-1"]) == {"house-1", "stranger"}
    now_s[0] += REMEMBERED_S
    lookups.clear()
    world.vens.delete(Key("house-1"), when=Condition.unchanged("venId", "house-1"))
    assert vens.among(["house-1", "stranger"]) == {"stranger"}
    assert lookups == [["house-1", "stranger"]]


def test_a_ven_provisioned_a_moment_ago_loses_no_row(world: World) -> None:
    """The very function that has just dropped it for a stranger stores its next row."""
    assert send(said("house-2", seq=1)) == []
    world.add_ven("house-2")
    assert send(said("house-2", seq=2)) == []
    assert [row["seq"] for row in stored(world, "house-2")] == [2]


def test_a_batch_whose_senders_cannot_be_looked_up_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is taken for a stranger because a table was busy: the invocation fails, and SQS repeats it."""

    def busy(**_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(clients.dynamodb(), "batch_get_item", busy)
        with pytest.raises(ConnectionError):
            send(said())
    assert send(said()) == []
    assert len(stored(world)) == 1


@pytest.mark.parametrize("kind", ["telemetry", "loads"])
def test_a_payload_of_128_kib_is_stored(world: World, kind: str) -> None:
    """The largest that AWS IoT takes is a third larger in its envelope; one byte more is a dead letter."""
    circuits = {"timestamp": int(NOW), "bootId": "b1", "seq": 1, "venId": "house-1", "loads": [LOAD]}
    raw = json.dumps(telemetry() if kind == "telemetry" else circuits).encode()
    full = raw.ljust(codec.PAYLOAD_MAX_BYTES)
    text = body(f"ven/{kind}/house-1", full)
    assert len(text) > codec.PAYLOAD_MAX_BYTES
    assert send(text, body(f"ven/{kind}/house-1", full + b" ")) == ["m1"]
    assert latest(world, LATEST_ROW if kind == "telemetry" else CIRCUITS_ROW)["seq"] == 1


def test_a_loads_snapshot_is_shown_by_itself(world: World) -> None:
    """The snapshot of the circuits stands beside the telemetry and never goes back either."""
    base = {"venId": "house-1", "timestamp": int(NOW), "bootId": "b1", "loads": [LOAD]}
    assert (
        send(body("ven/loads/house-1", {**base, "seq": 2}), body("ven/loads/house-1", {**base, "seq": 1}))
        == []
    )
    circuits = latest(world, CIRCUITS_ROW)
    assert (circuits["seq"], circuits["loads"]) == (2, [LOAD])
    assert latest(world) is None


def test_a_missing_setting_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that was deployed without a setting says which."""
    assert world.telemetry
    monkeypatch.delenv("RETENTION_DAYS")
    with pytest.raises(SettingError, match="RETENTION_DAYS is not set"):
        send(said())


def test_the_metrics_tell_stored_malformed_and_unwritten_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Of eight messages one is malformed, two are not written and two are nobody's: three are stored."""
    assert world.vens
    Throttled(monkeypatch, {2: 1000, 3: 1000})
    strangers = said("stranger"), body("ven/loads/sdk:device:1", b"")
    rows = (said(seq=seq) for seq in range(2, 6))
    assert send(said(seq=1), "no envelope", *rows, *strangers) == ["m1", "m2", "m3"]
    written = json.loads(capsys.readouterr().out.splitlines()[-1])
    names = ("MessagesReceived", "TelemetryStored", "TelemetryMalformed", "TelemetryUnwritten")
    assert [written[name] for name in (*names, "UnknownVenMessages")] == [[8.0], [3.0], [1.0], [2.0], [2.0]]


def older(at_s: int, received_s: float | None = None, **fields: Any) -> str:
    """A row of the earlier system's VEN: no boot, no seq."""
    message = OLDER_ROW | {"venId": "house-1", "timestamp": int(NOW) + at_s} | fields
    received_ms = int((NOW + (at_s if received_s is None else received_s)) * 1000)
    return body("ven/telemetry/house-1", message, received_ms=received_ms)


def test_an_older_vens_rows_are_stored_and_a_repeat_overwrites_itself(world: World) -> None:
    """Rows without boot and seq are as many as were measured, in one batch or in two."""
    first, second = older(30), older(60, usedPowerKw=1.5)
    assert send(first, second, first) == []
    assert send(second) == []
    assert [row["usedPowerKw"] for row in stored(world)] == [2.7, 1.5]


def test_an_older_vens_latest_row_is_its_latest_by_time(world: World) -> None:
    """A row that comes late does not become the latest."""
    for at_s in (30, 90, 60):
        send(older(at_s))
    assert latest(world)["timestamp"] == NOW + 90


def test_a_basic_vens_row_is_read_as_any_other(world: World) -> None:
    """Without a baseline of its own: settlement and the API read the row that is stored."""
    message = BASIC_ROW | {"venId": "house-1", "timestamp": int(NOW), "shedPowerKw": 1.0}
    assert send(body("ven/telemetry/house-1", message)) == []
    (page,) = world.telemetry.query_rows(PowerRow, "house-1", ("0", "9"))
    assert [(row.used_power_kw, row.baseline_power_kw) for row in page] == [(2.7, 3.7)]
    assert rows.read(TelemetryRow, latest(world)).baseline_power_kw == 3.7


@pytest.mark.parametrize(
    ("at_s", "received_s", "is_latest"),
    [(299, 299, False), (301, 301, True), (0, 301, False), (0, 7201, True)],
)
def test_a_boot_that_sorts_lower_takes_over_when_the_other_is_over(
    world: World, at_s: int, received_s: float, is_latest: bool
) -> None:
    """Boot ids by chance, or firmware without any in place of a twin: the VEN is not silent for a month."""
    send(body("ven/telemetry/house-1", telemetry(bootId="zz", timestamp=int(NOW))))
    send(older(at_s, received_s))
    assert (latest(world)["bootId"] == "-") is is_latest


def test_a_late_row_of_the_same_boot_is_never_the_latest(world: World) -> None:
    """A boot of which one row came late is not over for that."""
    send(said(seq=5))
    send(
        body(
            "ven/telemetry/house-1",
            telemetry(seq=4, timestamp=int(NOW) + 900),
            received_ms=int(NOW * 1000) + 900_000,
        )
    )
    assert latest(world)["seq"] == 5


@pytest.mark.parametrize("size", [99_000, PAYLOAD_MAX_BYTES])
def test_a_payload_as_large_as_the_broker_takes_is_stored(world: World, size: int) -> None:
    """The envelope around it is ours, and counts for nothing."""
    payload = json.dumps(telemetry()).ljust(size).encode()
    assert send(body("ven/telemetry/house-1", payload)) == []
    assert len(stored(world)) == 1
    assert send(body("ven/telemetry/house-1", payload.ljust(PAYLOAD_MAX_BYTES + 1))) == ["m0"]


def test_a_sites_panel_and_its_highest_peak_stand_in_its_row(world: World) -> None:
    """By these an offer is judged: the panel as last reported, the peak where it is above a usual house's."""
    send(said(seq=1, usedPowerKw=19.0, panelMaxKw=24.0))
    assert (world.ven("house-1")["panelMaxKw"], world.ven("house-1").get("peakKw")) == (24, None)
    send(said(seq=2, usedPowerKw=80.0), said(seq=3, usedPowerKw=30.0, panelMaxKw=100.0))
    assert (world.ven("house-1")["panelMaxKw"], world.ven("house-1")["peakKw"]) == (100, 80)
    stores.noted_sites.cache_clear()  # another sandbox, which knows of nothing
    send(said(seq=4, usedPowerKw=50.0))
    assert world.ven("house-1")["peakKw"] == 80
