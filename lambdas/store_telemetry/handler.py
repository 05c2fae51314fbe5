"""Stores the VENs' telemetry: rows in batches, and beside them the latest of each VEN."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.shared import batches, clients, senders, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry
from lambdas.store_telemetry.adapters import open_adapters
from lambdas.store_telemetry.logic import sender_of, sort_out
from lambdas.store_telemetry.settings import TelemetrySettings

clients.at_init(__package__, clients.dynamodb)


@entry
def handler(event: Event, context: LambdaContext) -> Answer:  # noqa: ARG001 - Lambda's form
    """Store a batch of telemetry and loads; a malformed or unwritten message is a partial failure.

    A message of no VEN of this stage is dropped before it is decoded.
    """
    count(MessagesReceived=len(event["Records"]))
    environment = settings.read(TelemetrySettings)
    sent = senders.tell_apart(event, sender_of, environment.vens_table)
    batch = sort_out(sent.from_vens, retention_days=environment.retention_days)
    malformed = sent.malformed | batch.malformed
    unwritten = open_adapters(environment).store(batch)
    count(
        TelemetryStored=len(event["Records"]) - len(malformed) - len(unwritten) - sent.dropped,
        TelemetryMalformed=len(malformed),
        TelemetryUnwritten=len(unwritten),
        UnknownVenMessages=sent.unknown,
    )
    return batches.answer(event, malformed | unwritten)
