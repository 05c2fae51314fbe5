"""Stores what the VENs measure: rows in batches, and beside them the latest of each VEN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.store.keys import CIRCUITS_ROW, LATEST_ROW, TELEMETRY, Key
from lambdas.shared import batches, clients, settings
from lambdas.shared.batch_writes import write_all
from lambdas.shared.tables import Condition, Table
from lambdas.store_telemetry.logic import Batch, Reading, shown, sort_out

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Store a batch of telemetry and loads; what is malformed or unwritten is a partial failure."""
    metrics.add_metric(name="MessagesReceived", unit=MetricUnit.Count, value=len(event["Records"]))
    needs = settings.read(settings.StoreTelemetry)
    messages = [(record["messageId"], record["body"]) for record in event["Records"]]
    batch = sort_out(messages, retention_days=needs.retention_days)
    unwritten = store(batch, needs)
    for name, count in (
        ("TelemetryStored", len(messages) - len(batch.malformed) - len(unwritten)),
        ("TelemetryMalformed", len(batch.malformed)),
        ("TelemetryUnwritten", len(unwritten)),
    ):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    return batches.answer(event, context, batch.malformed | unwritten)


def store(batch: Batch, needs: settings.StoreTelemetry) -> dict[str, Exception]:
    """Write *batch*; returns the messages of which something is not written."""
    table = Table(clients.dynamodb(), needs.telemetry_table, TELEMETRY)
    unwritten = write_all(table, batch.rows)
    late = [message_id for key in unwritten for message_id in batch.messages[key]]
    for row_id, latest in ((LATEST_ROW, batch.latest), (CIRCUITS_ROW, batch.circuits)):
        late += [
            reading.message_id
            for reading in latest.values()
            if not _show(table, row_id, reading, needs.retention_days)
        ]
    return {message_id: batches.NotWrittenError("not written in time") for message_id in late}


def _show(table: Table, row_id: str, reading: Reading, retention_days: int) -> bool:
    """Make a reading its VEN's latest, unless a later one is that.

    Interpretation: boot ids sort by the time of the boot, so a later boot's first row follows all of an
    earlier boot's.

    Returns:
        Whether that is settled; False when DynamoDB was too busy to say.
    """
    errors = table.client.exceptions
    boot_id, seq = reading.order
    not_later = Condition(
        "attribute_not_exists(#boot) OR #boot < :boot OR (#boot = :boot AND #seq < :seq)",
        {"#boot": "bootId", "#seq": "seq"},
        {":boot": boot_id, ":seq": seq},
    )
    key = Key(reading.said.ven_id, row_id)
    try:
        table.update(key, shown(reading, retention_days), when=not_later)
    except (errors.ProvisionedThroughputExceededException, errors.RequestLimitExceeded):
        return False
    return True
