"""Writes events into the shadows of many VENs, from the queue that `dispatch_event` fills."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import WireError
from lambdas.shared import batches, clients, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry
from lambdas.write_shadows.adapters import open_adapters
from lambdas.write_shadows.logic import MovedOnError, read_chunk
from lambdas.write_shadows.settings import ShadowSettings

clients.at_init(__package__, clients.dynamodb, clients.iot_data)


@entry
def handler(event: Event, context: LambdaContext) -> Answer:  # noqa: ARG001 - Lambda's form
    """Write the chunks of a batch, one after the other; a chunk that fails is delivered again by itself."""
    adapters = open_adapters(settings.read(ShadowSettings))
    failed: dict[str, Exception] = {}
    written = full = 0
    for record in event["Records"]:
        try:
            chunk = read_chunk(record["body"])
            full += adapters.write(chunk)
            written += len(chunk.assignments)
        except (WireError, MovedOnError, clients.dynamodb().exceptions.ClientError) as error:
            failed[record["messageId"]] = error
    count(
        ShadowsWritten=written,
        ShadowsFull=full,
        ChunksFailed=len(failed),
    )
    return batches.answer(event, failed)
