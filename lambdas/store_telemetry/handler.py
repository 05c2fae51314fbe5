"""Stores what the VENs measure: rows in batches, and the latest of each beside the VEN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.records import TELEMETRY, VENS, Key
from lambdas.common import batches, clients, settings
from lambdas.common.batch_writes import write_all
from lambdas.common.tables import Condition, Table
from lambdas.store_telemetry.plan import Batch, Reading, shown, sort_out

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
    dynamodb = clients.dynamodb()
    unwritten = write_all(Table(dynamodb, needs.telemetry_table, TELEMETRY), batch.rows)
    vens = Table(dynamodb, needs.vens_table, VENS)
    late = [message_id for key in unwritten for message_id in batch.messages[key]]
    for attribute, latest in (("latest", batch.latest), ("circuits", batch.circuits)):
        late += [reading.message_id for reading in latest.values() if not _show(vens, attribute, reading)]
    return {message_id: batches.NotWrittenError("not written in time") for message_id in late}


def _show(vens: Table, attribute: str, reading: Reading) -> bool:
    """Put a reading into its VEN's row, unless a later one is there or the VEN is none of ours.

    Interpretation: boot ids sort by the time of the boot, so a later boot's first row follows all of an
    earlier boot's.

    Returns:
        Whether that is settled; False when DynamoDB was too busy to say.
    """
    errors = vens.client.exceptions
    boot_id, seq = reading.order
    not_later = Condition(
        "attribute_exists(#ven) AND (attribute_not_exists(#latest)"
        " OR #latest.#boot < :boot OR (#latest.#boot = :boot AND #latest.#seq < :seq))",
        {"#ven": "venId", "#latest": attribute, "#boot": "bootId", "#seq": "seq"},
        {":boot": boot_id, ":seq": seq},
    )
    try:
        vens.update(Key(reading.said.ven_id), {attribute: shown(reading)}, when=not_later)
    except (errors.ProvisionedThroughputExceededException, errors.RequestLimitExceeded):
        return False
    return True
