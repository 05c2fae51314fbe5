"""Messages that a VEN with a valid certificate can send: its own, with any of it put in another's place.

Each begins as a whole message of its kind. Then some of its values, at any depth, become others: of another
type, beyond any bound, text that a terminal acts on, deep or wide nests; or its bytes are cut, or no JSON.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts.errors import WireError
from contracts.store.envelopes import Envelope
from contracts.store.items import to_item
from contracts.wire.ids import VenId
from contracts.wire.plain_text import plain_line
from lambdas.record_vens.logic.changes import Change, changes
from lambdas.record_vens.logic.messages import read_message
from lambdas.store_telemetry.logic import SortedMessages, latest_row, sort_out

NOW = 1_800_000_000
BAD, GOOD = VenId("ven-bad"), VenId("ven-good")
MOST_ITEM_BYTES = 400 * 1024
"""Source: DynamoDB quotas."""
TEXTS = (
    "", " ", "x" * 70_000, "\x1b]0;owned\x07", "\x1b[2J", "\x9b2J", "[/x]", "[bold]", "\u202egnp.exe", "\x00",
    "\ud800", "é" * 64, "ven-good", "evt-1", "../..", "$aws/things", "null", "=cmd()", "<script>",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 10**13, 10**39, 10**200, -(10**200), 2**63, 1e-300, 1e126, -1e308, 0.1, 3.0, 9_999, 1e9, True,
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    None,
    [],
    {},
    [[]],
    {"": {}},
    [None],
    ["x"] * 3_000,
    {str(n): n for n in range(3_000)},
)


def _circuit(rng: random.Random) -> dict[str, Any]:
    return {
        "id": f"c{rng.randrange(9)}", "name": "EV", "type": "ev", "capacityKw": 7.2, "currentPowerKw": 3.0,
        "shedCapabilityKw": 3.0, "enabled": True, "priority": 3,
    }  # fmt: skip


def _row(rng: random.Random) -> dict[str, Any]:
    return {
        "venId": BAD, "timestamp": NOW + rng.randrange(9_000), "bootId": "b1", "seq": rng.randrange(9_000),
        "usedPowerKw": 2.0, "shedPowerKw": 1.0, "baselinePowerKw": 3.0, "eventId": "evt-1", "measuredS": 30.0,
        "outdoorC": 30.0, "batterySoc": 0.5, "panelMaxKw": 24.0, "requestedReductionKw": 1.0,
        "loads": [_circuit(rng)],
    }  # fmt: skip


def _loads(rng: random.Random) -> dict[str, Any]:
    return {"venId": BAD, "timestamp": NOW, "bootId": "b1", "seq": 1, "loads": [_circuit(rng), _circuit(rng)]}


def _ack(rng: random.Random) -> dict[str, Any]:
    phase = rng.choice(["near", "active", "completed", "optedOut", "cancelled"])
    curtailed = {
        "id": "ev1", "name": "EV", "breaker_amps": 50.0, "original_kw": 7.2,
        "curtailed_kw": 3.0, "final_kw": 4.2, "critical": False, "reason": "continuous",
    }  # fmt: skip
    return {
        "op": "event", "ok": True, "status": "success", "ts": NOW, "venId": BAD, "event_id": "evt-1",
        "correlationId": f"evt-1:0:{phase}", "phase": phase, "actual_shed_kw": 2.0, "requested_shed_kw": 2.0,
        "circuits_curtailed": [curtailed], "error": "no", "field": "x",
        "data": {"deliveredKwh": 1.0, "optOut": {"reason": "guests"}, "byHand": ["ev1"], "reason": "so"},
    }  # fmt: skip


def _presence(rng: random.Random) -> dict[str, Any]:
    del rng
    return {"clientId": BAD, "timestamp": NOW * 1000, "eventType": "connected", "versionNumber": 3}


def _documents(rng: random.Random) -> dict[str, Any]:
    reported = {
        "metrics": {"shedAvailabilityKw": 5.0, "sustainS": 7200, "batterySoc": 0.5, "activeEventId": "evt-1"},
        "ven": {"enabled": True, "status": "idle", "byHand": {"ev1": "evt-1"},
                "lastPublishTs": NOW, "clockSkewS": 0},
        "report_interval_seconds": 30, "optOut": {"reason": "guests", "untilTs": NOW + 60},
        "timeZone": "America/New_York", "shadow_errors": {"loads.x": "no"},
        "loads": {"ev1": {"enabled": True}},
    }  # fmt: skip
    state = {"state": {"reported": reported}, "version": rng.randrange(9_000)}
    return {"previous": state, "current": state, "timestamp": NOW}


KINDS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    f"ven/telemetry/{BAD}": _row,
    f"ven/loads/{BAD}": _loads,
    f"ven/ack/{BAD}": _ack,
    f"$aws/events/presence/connected/{BAD}": _presence,
    f"$aws/things/{BAD}/shadow/update/documents": _documents,
}
STORED = ("ven/telemetry/", "ven/loads/")
"""The topics of `store_telemetry`; `record_vens` has the others."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """A message, and what it was made of."""

    topic: str
    raw: bytes

    def envelope(self) -> Envelope:
        """As the topic rule hands it on."""
        payload = base64.b64encode(self.raw).decode()
        return Envelope(payload=payload, topic=self.topic, received_ms=NOW * 1000)


def hostile(rng: random.Random) -> Hostile:
    """One message."""
    topic = rng.choice(list(KINDS))
    value: Any = KINDS[topic](rng)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 5])):
        value = changed(value, rng)
    raw = json.dumps(value).encode()
    if rng.random() < 0.1:
        at = rng.randrange(len(raw) + 1)
        raw = rng.choice(
            [raw[:at], raw + raw, b"\xff" + raw, b"\xef\xbb\xbf" + raw, b"[" * 900 + raw, rng.randbytes(9)]
        )
    return Hostile(topic, raw)


def changed(value: Any, rng: random.Random) -> Any:
    """*value* with one of the values in it another."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return _any_value(rng)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [changed(item, rng) if index == at else item for index, item in enumerate(value)]
    name = rng.choice(list(value))
    if rng.random() < 0.1:
        return {(rng.choice(TEXTS) if key == name else key): item for key, item in value.items()}
    if rng.random() < 0.1:
        return {key: item for key, item in value.items() if key != name}
    return {key: (changed(item, rng) if key == name else item) for key, item in value.items()}


def _any_value(rng: random.Random) -> Any:
    nest: Any = rng.choice(TEXTS)
    for _ in range(rng.choice([1, 5, 40])):
        nest = {"a": nest} if rng.random() < 0.5 else [nest]
    return rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), rng.choice(SHAPES), nest])


def good_messages() -> dict[str, Hostile]:
    """A message of each kind from the VEN beside it, by an id."""
    rng = random.Random(0)
    return {
        f"good-{number}": Hostile(topic.replace(BAD, GOOD), json.dumps(make(rng)).replace(BAD, GOOD).encode())
        for number, (topic, make) in enumerate(KINDS.items())
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """The items that the functions make of a batch, and the messages that they refuse."""

    items: dict[str, list[Any]]
    refused: frozenset[str]

    def of(self, ven_id: str) -> list[Any]:
        """The items of one VEN."""
        return self.items.get(ven_id, [])


def outcome(messages: dict[str, Hostile]) -> Outcome:
    """Both functions over a batch, as far as they are pure. Raises what they raise."""
    envelopes = {name: message.envelope() for name, message in messages.items()}
    stored = {name: envelope for name, envelope in envelopes.items() if envelope.topic.startswith(STORED)}
    batch = sort_out(stored, retention_days=30)
    items: dict[str, list[Any]] = {}
    refused = set(batch.malformed)
    for item in _written(batch):
        items.setdefault(item.pop("venId"), []).append(item)
    for name, envelope in envelopes.items():
        if name in stored:
            continue
        try:
            message = read_message(envelope)
            needed = changes(message, retention_days=30)
            for change in needed:
                to_item(_values(change))  # a number that no table takes is refused there, with its message
                items.setdefault(message.ven_id, []).append(_values(change))
        except WireError:
            refused.add(name)
    return Outcome(items, frozenset(refused))


def _written(batch: SortedMessages) -> Iterator[dict[str, Any]]:
    yield from (dict(row) for row in batch.rows.values())
    for latest in (batch.latest, batch.circuits):
        for ven_id, reading in latest.items():
            yield {"venId": ven_id, **latest_row(reading, 30)}


def _values(change: Change) -> dict[str, Any]:
    return {"table": str(change.table), "key": list(change.key), **change.values, **(change.once or {})}


def objections(made: Outcome, alone: Outcome) -> list[str]:
    """The harm of a hostile message to others, and to who reads what it left; none when all is well."""
    found = []
    if made.of(GOOD) != alone.of(GOOD):
        found.append("another VEN's items are not as they are without it")
    if made.refused & {f"good-{number}" for number in range(len(KINDS))}:
        found.append("another VEN's message is refused")
    for item in made.of(BAD):
        stored = to_item({name: value for name, value in item.items() if value is not None})
        if len(msgspec.json.encode(stored)) > MOST_ITEM_BYTES:
            found.append("an item is too large to be stored")
        if any(text != plain_line(text) for text in _texts(item)):
            found.append("a text is stored that a terminal acts on, or that fits no table")
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from (name, *_texts(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
