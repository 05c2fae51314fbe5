"""Writes events into the shadows of many VENs, from the queue that `dispatch_event` fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from contracts.errors import WireError
from lambdas.shared import batches, clients, settings
from lambdas.shared.counting import count
from lambdas.write_shadows.adapters import open_adapters
from lambdas.write_shadows.logic import MovedOnError, read_chunk
from lambdas.write_shadows.settings import ShadowSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
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
        metrics,
        ShadowsWritten=written,
        ShadowsFull=full,
        ChunksFailed=len(failed),
    )
    return batches.answer(event, context, failed)
