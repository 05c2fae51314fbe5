"""Rows in batches, by Basic Ingest, into the table of the running system."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.e2e.conftest import until

if TYPE_CHECKING:
    from tests.e2e.conftest import System

VEN = "ven-2"


def items(system: System) -> list[dict[str, Any]]:
    """What is stored of the VEN's telemetry, as it stands in the table."""
    table = system.cloud.output("TelemetryTable")
    answer = system.cloud.client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="venId = :v",
        ExpressionAttributeValues={":v": {"S": VEN}},
    )
    return list(answer["Items"])


def test_a_twin_that_batches_has_every_row_in_the_cloud_and_an_event_at_once(system: System) -> None:
    """Rows of a second wait for six and are one item; an event that is called ends that; none is missing."""
    begun = time.time() - 5
    twin = system.start_twin(VEN, "--batch", "6s", "--basic-ingest")
    try:
        rows = until(lambda: [r for r in [system.rows(VEN, begun)] if len(r) >= 15], "fifteen rows")[0]
        seqs = sorted(row["seq"] for row in rows)
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert system.reported(VEN)["batch_seconds"] == 6
        assert len(items(system)) < len(rows)
        until(lambda: system.offer_kw(VEN), f"the offer of {VEN}")
        event = ("event", "create", "--shed-kw", "1", "--duration", "4s", "--target", VEN)
        event_id = system.json(*event)["eventId"]
        until(
            lambda: any(row.get("eventId") == event_id for row in system.rows(VEN, begun)),
            "a row of the event",
        )
        alone = [item["eventId"]["S"] for item in items(system) if "eventId" in item]
        assert event_id in alone, "rows of an event do not wait for each other"
    finally:
        twin.terminate()
        twin.wait()
    assert "without Basic Ingest" not in twin.log.read_text()  # type: ignore[attr-defined]
    rows = system.rows(VEN, begun)
    seqs = sorted({row["seq"] for row in rows})
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
