"""Stores the VENs' telemetry: rows in batches, and beside them the latest of each VEN."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.shared import batches, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry
from lambdas.store_telemetry.adapters import open_adapters
from lambdas.store_telemetry.logic import sort_out
from lambdas.store_telemetry.settings import TelemetrySettings


@entry
def handler(event: Event, context: LambdaContext) -> Answer:
    """Store a batch of telemetry and loads; a malformed or unwritten message is a partial failure."""
    count(MessagesReceived=len(event["Records"]))
    environment = settings.read(TelemetrySettings)
    messages = [(record["messageId"], record["body"]) for record in event["Records"]]
    batch = sort_out(messages, retention_days=environment.retention_days)
    unwritten = open_adapters(environment).store(batch)
    count(
        TelemetryStored=len(messages) - len(batch.malformed) - len(unwritten),
        TelemetryMalformed=len(batch.malformed),
        TelemetryUnwritten=len(unwritten),
    )
    return batches.answer(event, context, batch.malformed | unwritten)
