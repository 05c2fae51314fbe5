"""Loads of the functions that queues feed with VENs' messages, and of the one that sends commands."""

from __future__ import annotations

import base64
from collections.abc import Callable

from contracts.store.keys import COMMANDS, EVENTS, TELEMETRY, VENS
from contracts.wire import codec
from contracts.wire.codec import PAYLOAD_MAX_BYTES, JsonDict
from contracts.wire.ids import VenId
from harness.functions.account import CannedAccount, ids
from harness.functions.load import Calls, Done, WorstLoad
from harness.functions.loads import fleet
from harness.functions.tables import CannedTable

HOUSE_CIRCUITS = 8
"""Of the standard house, whose row has some 1.9 KB."""
AGAIN = 50
BATCH = 10
"""Messages of a batch. Source: AWS Lambda, event source mappings of SQS, the default."""
SHADOW_MAX_BYTES = 8 * 1024
"""Source: AWS IoT Core quotas."""


def _account() -> CannedAccount:
    return CannedAccount(
        {
            "vens": CannedTable(VENS).add(fleet.ven_items()[:BATCH]),
            "telemetry": CannedTable(TELEMETRY),
            "events": CannedTable(EVENTS).add(fleet.event_items(fleet.planned())),
            "commands": CannedTable(COMMANDS),
        }
    )


def _message(topic: str, payload: JsonDict) -> str:
    """An SQS body as the topic rules write it, of no more than AWS IoT takes."""
    raw = codec.encode(payload)
    if len(raw) > PAYLOAD_MAX_BYTES:
        raise ValueError(f"{topic}: {len(raw)} bytes")
    envelope = {
        "payload": base64.b64encode(raw).decode(),
        "topic": topic,
        "receivedMs": int(fleet.NOW * 1000),
        "clientId": topic.rpartition("/")[2],
    }
    return codec.encode(envelope).decode()


def _circuit(number: int) -> JsonDict:
    return {
        "id": f"circuit-{number}",
        "name": f"Circuit {number} on the second floor",
        "type": "ev",
        "capacityKw": 7.2,
        "currentPowerKw": 3.5,
        "shedCapabilityKw": 3.5,
        "enabled": True,
        "priority": 40,
    }


def snapshot(ven_id: VenId, *, count: int = 730, **more: object) -> JsonDict:
    """A snapshot of circuits: as many as a message has room for, when no other number is named."""
    circuits = [_circuit(number) for number in range(count)]
    return {"venId": ven_id, "timestamp": int(fleet.NOW), "bootId": "b1", "seq": 7, **more, "loads": circuits}


def _telemetry() -> JsonDict:
    """Five rows and five snapshots, each as large as AWS IoT takes a message."""
    row: JsonDict = {"power_kw": 2.125, "shed_kw": 0.1, "base_power_kw": 2.225, "batterySOC": 51.25}
    vens = ids(BATCH)
    return fleet.sqs(
        *(_message(f"ven/telemetry/{ven_id}", snapshot(ven_id, **row)) for ven_id in vens[: BATCH // 2]),
        *(_message(f"ven/loads/{ven_id}", snapshot(ven_id)) for ven_id in vens[BATCH // 2 :]),
    )


def house_row(ven_id: VenId) -> str:
    """A row as a house sends it."""
    row: JsonDict = {"power_kw": 2.125, "shed_kw": 0.1, "base_power_kw": 2.225, "batterySOC": 51.25}
    return _message(f"ven/telemetry/{ven_id}", snapshot(ven_id, count=HOUSE_CIRCUITS, **row))


def _house_snapshot(ven_id: VenId) -> str:
    """A snapshot of the circuits as a house sends it."""
    return _message(f"ven/loads/{ven_id}", snapshot(ven_id, count=HOUSE_CIRCUITS))


def _house_telemetry() -> JsonDict:
    """Rows and snapshots in turn, each of another house, as the batches of a fleet have them."""
    half = BATCH // 2
    rows, snapshots = map(house_row, ids(BATCH)[:half]), map(_house_snapshot, ids(BATCH)[half:])
    return fleet.sqs(*rows, *snapshots)


def _one_stored(answer: JsonDict, calls: Calls) -> bool:
    return fleet.all_done(answer) and calls["dynamodb UpdateItem"] == 1 + AGAIN


def _ten_stored(answer: JsonDict, calls: Calls) -> bool:
    return fleet.all_done(answer) and calls["dynamodb UpdateItem"] == BATCH * (1 + AGAIN)


def _stored(answer: JsonDict, calls: Calls) -> bool:
    return fleet.all_done(answer) and calls["dynamodb UpdateItem"] == BATCH


def ack(ven_id: VenId) -> JsonDict:
    """An ack of an event that was begun, of a command besides, with as many circuits as it has room for."""
    return {
        "op": "event",
        "ok": True,
        "status": "success",
        "ts": int(fleet.NOW),
        "venId": ven_id,
        "correlationId": f"cmd-{ven_id}",
        "event_id": fleet.EVENT,
        "phase": "active",
        "actual_shed_kw": 2.5,
        "circuits_curtailed": [fleet.circuit(number) for number in range(620)],
        "data": {"deliveredKwh": 1.25},
    }


def _acks() -> JsonDict:
    return fleet.sqs(*(_message(f"ven/ack/{ven_id}", ack(ven_id)) for ven_id in ids(BATCH)))


def _acks_recorded(answer: JsonDict, calls: Calls) -> bool:
    return fleet.all_done(answer) and calls["dynamodb UpdateItem"] == 2 * BATCH


def _documents(ven_id: VenId, circuits_count: int = 100) -> JsonDict:
    """A shadow before and after its change, with each value's time; of 8 KB with a hundred circuits."""
    reported = {
        "metrics": {"shedAvailabilityKw": 5.5, "sustainS": 7200.0, "batterySoc": 0.5, "activeEventId": "e"},
        "ven": {
            "enabled": True,
            "status": "shedding",
            "byHand": {f"circuit-{n}": "off" for n in range(circuits_count * 2 // 5)},
        },
        "report_interval_seconds": 30,
        "optOut": {"reason": "economic", "untilTs": int(fleet.NOW) + fleet.HOUR_S},
        "loads": {
            f"circuit-{n}": {"enabled": True, "priority": n, "capacityKw": 7.2} for n in range(circuits_count)
        },
    }
    state = {"reported": reported}
    if len(codec.encode(state)) > SHADOW_MAX_BYTES:
        raise ValueError(f"a shadow of {len(codec.encode(state))} bytes")
    times = {"reported": _times(reported)}
    documents = {
        name: {"state": state, "metadata": times, "version": version}
        for name, version in (("previous", 1811), ("current", 1812))
    }
    return {**documents, "timestamp": int(fleet.NOW), "thing": ven_id}


def _times(value: object) -> object:
    if isinstance(value, dict):
        return {name: _times(item) for name, item in value.items()}
    return {"timestamp": int(fleet.NOW)}


def _shadows() -> JsonDict:
    return fleet.sqs(
        *(
            _message(f"$aws/things/{ven_id}/shadow/update/documents", _documents(ven_id))
            for ven_id in ids(BATCH)
        )
    )


def _house_shadows(vens: int) -> JsonDict:
    """Shadows as houses have them, each of another one."""
    return fleet.sqs(
        *(
            _message(f"$aws/things/{ven_id}/shadow/update/documents", _documents(ven_id, HOUSE_CIRCUITS))
            for ven_id in ids(vens)
        )
    )


def _shadows_recorded(answer: JsonDict, calls: Calls) -> bool:
    return fleet.all_done(answer) and calls["dynamodb UpdateItem"] == BATCH


def command() -> JsonDict:
    """Settings as large as a shadow takes them."""
    settings = {
        "loads": {f"circuit-{n}": {"enabled": True, "priority": n, "capacityKw": 7.2} for n in range(120)}
    }
    return {"venId": ids(1)[0], "op": "setConfig", "data": {"settings": settings}}


def _issued(answer: JsonDict, calls: Calls) -> bool:
    return answer["ok"] and calls["iotdata POST /topics"] == 1


def _ordinary(function: str, words: str, event: Callable[[], JsonDict], done: Done) -> WorstLoad:
    """An ordinary load, in a warm sandbox."""
    return WorstLoad(function, words, event, _account, done, again=AGAIN)


ONE_MESSAGE, TEN_MESSAGES = "one message of a house", "a batch of ten messages, of ten houses"
"""Ordinary loads, of which `ven-twin cost` reckons: two points of a line."""
LOADS = (
    WorstLoad(
        "store_telemetry",
        "a batch of ten messages of 128 KB, 730 circuits each",
        _telemetry,
        _account,
        _stored,
    ),
    WorstLoad(
        "record_vens",
        "a batch of ten acks of 128 KB, 620 circuits each, of an event and a command",
        _acks,
        _account,
        _acks_recorded,
    ),
    WorstLoad(
        "record_vens",
        "a batch of ten shadows of 8 KB, before and after",
        _shadows,
        _account,
        _shadows_recorded,
    ),
    _ordinary("store_telemetry", ONE_MESSAGE, lambda: fleet.sqs(house_row(ids(1)[0])), _one_stored),
    _ordinary("store_telemetry", TEN_MESSAGES, _house_telemetry, _ten_stored),
    _ordinary("record_vens", ONE_MESSAGE, lambda: _house_shadows(1), _one_stored),
    _ordinary("record_vens", TEN_MESSAGES, lambda: _house_shadows(BATCH), _ten_stored),
    WorstLoad("issue_command", "settings of 8 KB for one VEN", command, _account, _issued),
)
