"""A hostile VEN beside a fleet, and in its event: operators see of the others what they see without it."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from lambdas.record_vens.handler import handler as record
from lambdas.store_telemetry.handler import handler as store
from tests.support.api_world import Api
from tests.support.hostile_messages import BAD, KINDS, STORED, hostile
from tests.support.hostile_system import generated, live, objections, silence
from ven_twin.testing.function_world import Context, World, batch, body, failed


@pytest.mark.parametrize("called", [False, True], ids=["beside the event", "in the event"])
def test_a_hostile_ven_changes_nothing_that_is_seen_of_others(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, called: bool
) -> None:
    """Rows, dispatch, redispatch, report, lists, pages, CSV and terminal are the same, and sums are sums."""
    without = live(api, monkeypatch, silence, called=called)
    assert objections(without, without.seen) == []
    assert len(without.seen["CSV, settled"]) == 7  # two baselines of three VENs below the head
    life = live(api, monkeypatch, generated(1, 8), called=called)
    assert life.sent > 40
    assert objections(life, without.seen) == []


def test_each_message_is_stored_or_named_without_its_text(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Of every kind: it counts as stored, or has its metric, and a line with its id and the kind of error."""
    world.add_ven(BAD)
    rng = random.Random(5)
    refused: Counter[str] = Counter()
    for number in range(60):
        message = hostile(rng)
        handler = store if message.topic.startswith(STORED) else record
        text = body(message.topic, message.raw)
        caplog.clear()
        capsys.readouterr()
        answer = handler(batch(text), Context())
        out = capsys.readouterr().out
        counts = json.loads(next(line for line in out.splitlines() if '"_aws"' in line))
        done, bad = (
            counts.get("TelemetryStored", [0]) + counts.get("VenMessagesRecorded", [0]),
            failed(answer),
        )
        lines = [vars(line) for line in caplog.records if line.message == "message failed"]
        named = counts.get("TelemetryMalformed", [0])[0] + counts.get("VenMessagesFailed", [0])[0]
        assert (sum(done), named, len(lines)) == (1 - len(bad), len(bad), len(bad)), (
            f"{number}: {message.topic}"
        )
        assert all(line["message_id"] == "m0" and line["error"] for line in lines)
        assert not [mark for mark in MARKS if mark in out + str(lines)]
        refused[message.topic] += len(bad)
    assert set(refused) == set(KINDS)
    assert all(refused.values())


MARKS = ("owned", "exe", "=cmd()", "<script>", "x" * 50, "\x1b", '$aws/things"')
"""Texts of the hostile messages."""
