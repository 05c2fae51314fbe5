"""A VEN that floods: what is over its limit is dropped, counted and named; no other VEN's, and no backlog."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable
from typing import Any

import pytest

from contracts.store.keys import Key
from lambdas.record_vens.handler import handler as record
from lambdas.shared import clients, senders
from lambdas.shared.floods import LATE_S, MESSAGE_S, WINDOW_S, FloodWatch
from lambdas.store_telemetry.handler import handler as store
from tests.support.ven_news import ack, presence
from ven_twin.testing.function_world import LOAD, NOW, Context, World, batch, body, failed, telemetry

BAD, GOOD = "ven-bad", "ven-good"
AT_ONCE = 40
"""Messages that a VEN may send at once here; 3,600 outside."""


@pytest.fixture(autouse=True)
def vens(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two VENs that were provisioned a day ago, and have room for a few messages."""
    monkeypatch.setattr("lambdas.shared.floods.AHEAD_S", AT_ONCE * MESSAGE_S)
    for ven_id in (BAD, GOOD):
        world.add_ven(ven_id, provisionedTs=NOW - 86_400)
    return world


def row(world: World, ven_id: str, seq: int, *, at_s: float = 0.0, **fields: Any) -> str:
    """A row measured so many seconds from now, which is received now."""
    message = telemetry(ven_id, seq, **{"timestamp": int(world.now + at_s), **fields})
    return body(f"ven/telemetry/{ven_id}", message, received_ms=round(world.now * 1000))


def send(messages: Iterable[str]) -> None:
    """Hand them to the function in batches of ten."""
    bodies = list(messages)
    for first in range(0, len(bodies), 10):
        assert failed(store(batch(*bodies[first : first + 10]), Context())) == []


@pytest.fixture
def sandboxes(monkeypatch: pytest.MonkeyPatch) -> list[FloodWatch]:
    """Four sandboxes that take the batches in turn, each with what it has seen itself."""
    watches = [FloodWatch() for _ in range(4)]
    turns = itertools.cycle(watches)
    tell_apart = senders.tell_apart

    def in_the_next(*arguments: Any) -> Any:
        watch = next(turns)
        monkeypatch.setattr(senders, "floods", lambda _: watch)
        return tell_apart(*arguments)

    monkeypatch.setattr(senders, "tell_apart", in_the_next)
    return watches


def stored(world: World, ven_id: str) -> list[int]:
    """The numbers of the VEN's rows."""
    return [item["seq"] for item in world.telemetry.query(ven_id, ("0", ":"), ["seq", "rowId"])]


def counts(capsys: pytest.CaptureFixture[str], name: str) -> int:
    """The sum of a metric so far."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    return int(sum(sum(line.get(name, [0])) for line in lines))


def test_a_flood_is_dropped_and_the_rows_beside_it_are_stored(
    vens: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In one batch: none of the other's rows is missing; the flood is counted, and its VEN named once."""
    flood = [row(vens, BAD, seq, loads=[{**LOAD, "name": "secret"}]) for seq in range(300)]
    others = [row(vens, GOOD, seq, at_s=seq) for seq in range(AT_ONCE)]
    messages = flood + others
    random.Random(1).shuffle(messages)
    send(messages)
    assert stored(vens, GOOD) == list(range(AT_ONCE))
    count = len(stored(vens, BAD))
    assert AT_ONCE <= count <= AT_ONCE + 10  # what it sent before its first row of all is stored goes free
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert (
        sum(line["FloodMessagesDropped"][0] for line in lines if "FloodMessagesDropped" in line)
        == 300 - count
    )
    assert sum(line["VensFlooding"][0] for line in lines if "VensFlooding" in line) == 1
    assert [vars(line)["ven_ids"] for line in caplog.records if line.message == "VENs flood"] == [(BAD,)]
    assert "secret" not in out + caplog.text


def test_a_flood_that_goes_on_is_named_once_a_window(vens: World, caplog: pytest.LogCaptureFixture) -> None:
    """One line of the log a minute, whatever it sends."""
    for _ in range(3):
        send(row(vens, BAD, seq) for seq in range(AT_ONCE * 2))
    assert len([line for line in caplog.records if line.message == "VENs flood"]) == 1
    vens.now += WINDOW_S
    send(row(vens, BAD, seq) for seq in range(AT_ONCE * 10))
    assert len([line for line in caplog.records if line.message == "VENs flood"]) == 2


FORGERIES: dict[str, dict[str, Any]] = {
    "its own time": {},
    "a time long ago": {"timestamp": 946_684_800},
    "yesterday": {"timestamp": int(NOW) - 80_000},
    "a time to come": {"timestamp": 4_102_444_800},
    "one number": {"seq": 7},
    "no identity": {"bootId": None},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_invented_time_or_number_gives_a_flood_room(
    vens: World,
    sandboxes: list[FloodWatch],
    capsys: pytest.CaptureFixture[str],
    forgery: str,
) -> None:
    """A VEN that has reported once stores no more than its room, by whichever sandbox its messages go."""
    send([row(vens, BAD, 0)] * 10)
    counts(capsys, "TelemetryStored")
    send(row(vens, BAD, **{"seq": seq, **FORGERIES[forgery]}) for seq in range(1, 400))
    late = 10 + AT_ONCE // 10  # a batch before a sandbox learns of the others', and what it tells them late
    assert counts(capsys, "TelemetryStored") <= AT_ONCE + late * len(sandboxes)


def test_a_ven_that_was_provisioned_a_moment_ago_has_no_past_to_tell_of(
    vens: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first row of all may say any time: it was no VEN then."""
    vens.add_ven("ven-new", provisionedTs=vens.now)
    send(row(vens, "ven-new", seq, at_s=seq - 80_000) for seq in range(200))
    assert counts(capsys, "TelemetryStored") <= AT_ONCE + 10


@pytest.mark.parametrize("seed", range(2))
def test_a_backlog_of_hours_loses_nothing_at_any_speed(
    vens: World, sandboxes: list[FloodWatch], capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """A row a second, many times the room, at once, in disorder and with repeats."""
    del sandboxes
    rng = random.Random(seed)
    offline_s = AT_ONCE * 10
    send([row(vens, BAD, 0)])
    vens.now += offline_s
    backlog = [row(vens, BAD, seq, at_s=seq - offline_s) for seq in range(1, offline_s)]
    backlog += rng.sample(backlog, offline_s // 5)
    places = {text: place + rng.uniform(0, 15) for place, text in enumerate(backlog[: offline_s - 1])}
    send(sorted(backlog, key=lambda text: places[text]))
    assert stored(vens, BAD) == list(range(offline_s))
    assert counts(capsys, "FloodMessagesDropped") == 0


def test_a_ven_is_let_in_again_once_it_sends_less(vens: World) -> None:
    """Nothing has to be done for it: its room grows by its time."""
    send(row(vens, BAD, seq) for seq in range(200))
    vens.now += 60
    send([row(vens, BAD, 1000)])
    assert 1000 in stored(vens, BAD)


def test_what_the_cloud_itself_had_for_long_is_stored(vens: World) -> None:
    """Messages of a queue that was late, or that are redriven, count for nothing."""
    waiting = [row(vens, BAD, seq, at_s=seq) for seq in range(AT_ONCE * 3)]
    vens.now += LATE_S + 1
    send(waiting)
    assert stored(vens, BAD) == list(range(AT_ONCE * 3))


def test_messages_that_cannot_be_read_are_limited_too(
    vens: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A flood of them makes no flood of dead letters."""
    bodies = [body(f"ven/loads/{BAD}", b"{broken", received_ms=round(vens.now * 1000))] * 300
    dead = 0
    for first in range(0, 300, 10):
        dead += len(failed(store(batch(*bodies[first : first + 10]), Context())))
    assert dead == AT_ONCE
    assert counts(capsys, "FloodMessagesDropped") == 300 - AT_ONCE


def test_a_ven_that_reports_as_it_should_costs_one_update_a_batch(
    vens: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that it has covered goes with its latest row, also where a row comes again or late."""
    dynamodb, updates = clients.dynamodb(), []
    real = dynamodb.update_item

    def update(**call: Any) -> Any:
        updates.append(call["Key"])
        return real(**call)

    monkeypatch.setattr(dynamodb, "update_item", update)
    for place, seq in enumerate((1, 2, 3, 3, 2, 5, 4, 6)):
        vens.now = NOW + 30 * place
        send([row(vens, GOOD, seq, timestamp=int(NOW) + 30 * (seq - 1))])
    assert [key["venId"]["S"] for key in updates if "rowId" in key] == [GOOD] * 8


def test_a_flood_of_acks_is_limited_and_presence_is_not(
    vens: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Rows of invented commands end; who is connected is told by AWS IoT, and stays known."""
    acks = [ack(correlation_id=f"c{number}", ven_id=BAD) for number in range(300)]
    for first in range(0, 300, 10):
        assert failed(record(batch(*acks[first : first + 10]), Context())) == []
    gone = presence("disconnected", 9, ven_id=BAD)
    assert failed(record(batch(gone, ack(correlation_id="c0", ven_id=GOOD)), Context())) == []
    assert len(list(vens.commands.query(BAD, ("0", "z")))) == AT_ONCE
    assert vens.commands.get(Key(GOOD, "c0")) is not None
    assert vens.ven(BAD)["online"] is False
    assert counts(capsys, "FloodMessagesDropped") == 300 - AT_ONCE
    assert [vars(line)["ven_ids"] for line in caplog.records if line.message == "VENs flood"] == [(BAD,)]


def test_a_batch_is_no_way_around_the_limit(world: World) -> None:
    """Each of its rows covers as much time as a message: of ten batches of ten rows four are let in."""
    for first in range(0, 100, 10):
        columns = {
            "timestamp": [int(world.now)] * 10,
            "seq": [first + n for n in range(10)],
            **{name: [1.0] * 10 for name in ("usedPowerKw", "baselinePowerKw", "shedPowerKw")},
        }
        message = {"bootId": "b1", "samples": columns}
        send([body(f"ven/telemetry/{BAD}", message, received_ms=round(world.now * 1000))])
    stored = [item for item in world.telemetry.query(BAD, ("0", "9")) if "samples" in item]
    assert AT_ONCE / 10 <= len(stored) <= AT_ONCE / 10 + 1
