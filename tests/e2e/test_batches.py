"""Rows in batches, by Basic Ingest, into the table of the running system."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from contracts.store.keys import ROWS_END, telemetry_row_id
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.topics import Topics
from tests.e2e.conftest import until
from tests.support.telemetry_rows import row
from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.identity import identity_files
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.storage.outbox import Outbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import System
    from ven_twin.ven.mqtt.reason_codes import Protocol

VEN = "ven-3"
"""Called by no other test, so that it has peace: there is none for 15 minutes after an event."""


def items(system: System, since_ts: float) -> list[dict[str, Any]]:
    """The stored items of the VEN's telemetry since a time, as they stand in the table."""
    table = system.cloud.output("TelemetryTable")
    answer = system.cloud.client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="venId = :v AND rowId BETWEEN :since AND :end",
        ExpressionAttributeValues={
            ":v": {"S": VEN},
            ":since": {"S": telemetry_row_id(int(since_ts), "", 0)},
            ":end": {"S": ROWS_END},
        },
    )
    return list(answer["Items"])


def test_a_twin_that_batches_has_every_row_in_the_cloud_and_an_event_at_once(system: System) -> None:
    """Rows wait for three seconds and are one item; an event that is called ends that; none is missing.

    A row may come again, where an acknowledgement was lost: it is told by its number.
    """
    begun = time.time() - 5
    twin = system.start_twin(VEN, "--batch", "3s", "--basic-ingest")
    try:
        rows = until(lambda: [r for r in [system.rows(VEN, begun)] if len(r) >= 8], "eight rows")[0]
        seqs = sorted({row["seq"] for row in rows})
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert system.reported(VEN)["batch_seconds"] == 3
        assert len(items(system, begun)) < len(rows)
        until(lambda: system.offer_kw(VEN), f"the offer of {VEN}")
        event = ("event", "create", "--shed-kw", "1", "--duration", "4s", "--target", VEN)
        event_id = system.json(*event)["eventId"]
        until(
            lambda: any(row.get("eventId") == event_id for row in system.rows(VEN, begun)),
            "a row of the event",
        )
        alone = [item["eventId"]["S"] for item in items(system, begun) if "eventId" in item]
        assert event_id in alone, "rows of an event do not wait for each other"
    finally:
        twin.terminate()
        twin.wait()
    assert "without Basic Ingest" not in twin.log.read_text()  # type: ignore[attr-defined]
    rows = system.rows(VEN, begun)
    seqs = sorted({row["seq"] for row in rows})
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_rule_that_the_policy_does_not_allow_costs_no_row(
    system: System, protocol: Protocol, tmp_path: Path
) -> None:
    """AWS IoT ends the connection over it; the VEN goes back to the usual topic, and nothing is lost."""
    identity = system.identity(VEN)
    topic, seq = Topics(VenId(VEN)).telemetry, 1 if protocol == "5" else 2

    async def nothing(*_: object) -> None:
        """Nothing is subscribed to."""

    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        session = MqttSession(
            identity.host,
            identity.port,
            identity_files.load(identity.folder),
            VEN,
            [],
            outbox,
            nothing,
            nothing,
            rng=random.Random(1),
            protocol=protocol,
            rule_topics={topic: f"$aws/rules/another_rule/{topic}"},
        )
        async with session.running(drain_s=1.0):
            sent = row(seq, ven_id=VenId(VEN), boot_id="rules", timestamp=int(time.time()))
            session.publish("telemetry", topic, codec.encode(sent))
            async with asyncio.timeout(GIVE_UP_S):
                await session.until(lambda status: status.outbox_depth == 0)
        assert outbox.counts.lost == 0

    def stored() -> bool:
        rows = system.rows(VEN, sent.timestamp - 1)
        return any((r["bootId"], r["seq"]) == ("rules", seq) for r in rows)

    until(stored, "the row")
