"""The quantities of VENs that are connected and report, without any event. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from contracts.wire.units import S_PER_MIN
from ven_twin.operations.bill.batches import Batches, batches
from ven_twin.operations.bill.fleet import DAYS, MONTH_MIN, MONTH_S, BilledFleet
from ven_twin.operations.bill.measured import measured
from ven_twin.operations.bill.rows import batch_bytes, row_bytes
from ven_twin.operations.prices import BillItem

ITEM_OVERHEAD_BYTES = 100
"""Of an item, for its index. Source: Amazon DynamoDB, pricing of data storage."""
WRITE_UNIT_BYTES = 1024
LATEST_WRITES, SNAPSHOT_WRITES = 1, 2
"""Write units of the latest row, and of the circuits (1.6 KB)."""
PLATFORM_LOG_BYTES = 400
"""By AWS itself, an invocation: START, END, REPORT, 26 bytes an entry. Interpretation: usual sizes."""
POLLS_A_MIN = 3
"""Of a poller that waits. Interpretation: each long poll ends after 20 s."""


def telemetry_batches(fleet: BilledFleet) -> Batches:
    """The batches of messages of rows and snapshots."""
    time = measured().batches["store_telemetry"]
    return batches(fleet.telemetry_messages, MONTH_S, time, window_s=fleet.window_s)


def update_batches(fleet: BilledFleet) -> Batches:
    """The batches of shadow documents."""
    return batches(fleet.updates, MONTH_S, measured().batches["record_vens"])


def lookups(messages_a_min: float, sandboxes: int) -> float:
    """The reads a minute of one VEN's row, to know it as a VEN of this stage.

    A sandbox remembers a VEN for a minute. It sees a share of the VEN's messages, m/S a minute, and looks it
    up with the first after the minute: every 1 + S/m minutes.
    """
    return sandboxes * messages_a_min / (sandboxes + messages_a_min)


def items(fleet: BilledFleet) -> Iterator[BillItem]:
    """The items, of the whole fleet."""
    updates, figures = fleet.updates, measured()
    ruled = fleet.telemetry_messages + updates
    ups = updates if fleet.basic_ingest else ruled
    which = "shadow updates; telemetry goes past the broker"
    if not fleet.basic_ingest:
        which = "rows, loads snapshots, shadow updates"
    rows, documents = telemetry_batches(fleet), update_batches(fleet)
    invocations = rows.invocations + documents.invocations
    if fleet.secrets:
        yield BillItem("secrets", "identities of VENs of the stack", fleet.secrets, "secret")
    yield BillItem("IoT messages up", which, ups, "iot_message")
    yield BillItem("IoT messages down", "an `update/accepted` for each shadow update", updates, "iot_message")
    yield BillItem("PUBACKs of VENs", "one for each message down", updates, "iot_message")
    how = (
        f"{updates / fleet.vens / DAYS:.0f} updates a VEN and day, of a record of {figures.record_kb:.2f} KB"
    )
    yield BillItem("IoT shadow", how, updates * figures.record_kb, "iot_shadow_operation")
    yield BillItem("IoT connection", "always connected", fleet.vens * MONTH_MIN, "iot_connection_minute")
    yield BillItem("IoT rules", _sent(fleet), ruled, "iot_rule")
    yield BillItem("IoT rule actions", "into a queue", ruled, "iot_rule_action")
    yield BillItem("SQS sends", "one for each action", ruled, "sqs_request")
    yield BillItem("SQS receives, deletes", "one for each batch", 2 * invocations, "sqs_request")
    yield BillItem(
        "Lambda invocations", f"{rows.size:.1f} messages each, of telemetry", invocations, "lambda_request"
    )
    yield BillItem(
        "Lambda time",
        f"{1000 * rows.gb_s / rows.invocations:.1f} mGB-s each, of telemetry",
        rows.gb_s + documents.gb_s,
        "lambda_gb_second",
    )
    yield from _stored(fleet)
    log_bytes = sum(
        made.invocations * (figures.log_bytes[name] + PLATFORM_LOG_BYTES)
        for name, made in (("store_telemetry", rows), ("record_vens", documents))
    )
    yield BillItem(
        "logs", f"{log_bytes / invocations / 1000:.1f} KB an invocation", log_bytes / 1e9, "log_ingested"
    )


def _sent(fleet: BilledFleet) -> str:
    """The messages that start a rule, in words."""
    rows = "a row" if fleet.rows_a_message == 1 else f"{fleet.rows_a_message} rows in peace"
    return f"one for {rows}, a snapshot, a shadow document"


def _stored(fleet: BilledFleet) -> Iterator[BillItem]:
    updates, together = fleet.updates, fleet.rows_a_message
    batch_units = ceil(batch_bytes(together) / WRITE_UNIT_BYTES)
    writes = fleet.row_messages * (1 + LATEST_WRITES) + fleet.batch_messages * (batch_units + LATEST_WRITES)
    writes += fleet.snapshots * SNAPSHOT_WRITES + updates
    how = f"{batch_units + LATEST_WRITES} units a message of rows, 2 a snapshot, 1 an update"
    yield BillItem("DynamoDB writes", how, writes, "dynamodb_write")
    a_min = fleet.telemetry_messages / fleet.vens / MONTH_S * S_PER_MIN
    reads = lookups(a_min, telemetry_batches(fleet).sandboxes) * MONTH_MIN * fleet.vens
    reads += (
        lookups(updates / fleet.vens / MONTH_MIN, update_batches(fleet).sandboxes) * MONTH_MIN * fleet.vens
    )
    yield BillItem("DynamoDB reads", "a VEN's row, remembered for a minute", reads, "dynamodb_read")
    month_bytes = fleet.row_messages * (row_bytes() + ITEM_OVERHEAD_BYTES)
    month_bytes += fleet.batch_messages * (batch_bytes(together) + ITEM_OVERHEAD_BYTES)
    stored_gb = month_bytes / DAYS * fleet.retention_days / 1e9
    how = f"rows of {fleet.retention_days} days"
    yield BillItem("DynamoDB storage", how, stored_gb, "dynamodb_stored")
    yield BillItem("DynamoDB recovery", "of the same", stored_gb, "dynamodb_recovery")
