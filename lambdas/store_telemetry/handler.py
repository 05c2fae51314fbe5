"""Stores the VENs' telemetry: rows in batches, and beside them the latest of each VEN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from lambdas.shared import batches, settings
from lambdas.shared.counting import count
from lambdas.store_telemetry.adapters import open_adapters
from lambdas.store_telemetry.logic import sort_out
from lambdas.store_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Store a batch of telemetry and loads; a malformed or unwritten message is a partial failure."""
    count(metrics, MessagesReceived=len(event["Records"]))
    environment = settings.read(TelemetrySettings)
    messages = [(record["messageId"], record["body"]) for record in event["Records"]]
    batch = sort_out(messages, retention_days=environment.retention_days)
    unwritten = open_adapters(environment).store(batch)
    count(
        metrics,
        TelemetryStored=len(messages) - len(batch.malformed) - len(unwritten),
        TelemetryMalformed=len(batch.malformed),
        TelemetryUnwritten=len(unwritten),
    )
    return batches.answer(event, context, batch.malformed | unwritten)
