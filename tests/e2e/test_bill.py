"""The bill against what a metered local cloud counts at its own edges, item by item."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.prices.compared import SANDBOXES, Counted, comparison
from harness.prices.counting import MeteredSystem, metered_system
from tests.support import leaks

VENS, INTERVAL_S, SECONDS = 2, 2.0, 40.0
BATCH_INTERVAL_S, BATCH_S, BATCH_SECONDS = 1.0, 5.0, 60.0


@pytest.fixture(scope="module")
def system() -> Iterator[MeteredSystem]:
    """A metered cloud with two twins that report every two seconds."""
    with metered_system(VENS, INTERVAL_S) as running:
        leaks.known.add(running.runtime.secret_access_key)
        yield running


@pytest.fixture(scope="module")
def counted(system: MeteredSystem) -> Counted:
    """Some tens of seconds of them."""
    seconds, counts = system.counted(SECONDS)
    return Counted("2026-11-28", VENS, INTERVAL_S, seconds, counts)


def test_the_bill_is_what_is_counted(counted: Counted) -> None:
    """Messages, rules, requests, invocations, units and logs of a month are the count, scaled to it."""
    rows = comparison(counted)
    assert {row.name for row in rows} >= {
        "IoT messages up",
        "SQS sends",
        "Lambda invocations",
        "DynamoDB writes",
    }
    assert [row for row in rows if not row.fits] == []


def test_a_row_takes_what_the_bill_says_it_takes(counted: Counted) -> None:
    """One rule, one action, one message in a queue and two units for a row; nobody else writes telemetry."""
    rows, snapshots = counted.counts["mqtt.up.telemetry"], counted.counts["mqtt.up.loads"]
    assert rows == pytest.approx(VENS * counted.seconds / INTERVAL_S, abs=2 * VENS)
    assert (
        counted.counts["rule.telemetry"]
        == counted.counts["rule_action.telemetry"]
        == pytest.approx(rows, abs=VENS)
    )
    assert counted.counts["sqs.send.TelemetryInlet"] == pytest.approx(rows + snapshots, abs=VENS)
    units, edge = 2 * (rows + snapshots), 4 * VENS
    # One that is refused is done again; each sandbox notes each site's panel once, at the start.
    more = 2 * counted.counts.get("write_refused.store_telemetry", 0.0) + VENS * SANDBOXES
    assert units - edge <= counted.counts["write.store_telemetry"] <= units + edge + more


def test_the_bill_of_batches_is_what_is_counted() -> None:
    """By Basic Ingest, six rows in a message and a write unit: a sixth of rules, requests and units."""
    with metered_system(VENS, BATCH_INTERVAL_S, BATCH_S) as batching:
        leaks.known.add(batching.runtime.secret_access_key)
        seconds, counts = batching.counted(BATCH_SECONDS)
    count = Counted("", VENS, BATCH_INTERVAL_S, seconds, counts, batch_s=BATCH_S, basic_ingest=True)
    assert [row for row in comparison(count) if not row.fits] == []
    # The row that comes at the end of a wait goes with it. At both ends of the count a batch of each VEN
    # may be in it or not.
    batches = VENS * seconds / (BATCH_S + BATCH_INTERVAL_S)
    assert counts["rule.telemetry"] == pytest.approx(batches, abs=2 * VENS)
    assert counts["mqtt.basic_ingest.telemetry"] == pytest.approx(batches, abs=2 * VENS)
    assert counts.get("mqtt.up.telemetry", 0.0) == 0.0


def test_the_operator_is_told_apart_from_the_functions(system: MeteredSystem) -> None:
    """A look of the operator's own is no function's: else every test would be billed to the VENs."""
    before = system.counts()
    item = system.cloud.client("dynamodb")
    assert item.list_tables()["TableNames"]
    after = system.counts()
    name = "call.dynamodb.ListTables.operator"
    assert after.get(name, 0.0) == before.get(name, 0.0) + 1
