"""Writes events into the shadows of many VENs, from the queue of `dispatch_event` or in a map run."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import WireError
from contracts.wire import codec
from lambdas.shared import batches, clients, settings
from lambdas.shared.answers import Answer
from lambdas.shared.fan_out import PlanSlice
from lambdas.shared.invocation import Event, count, entry
from lambdas.write_shadows.adapters import open_adapters
from lambdas.write_shadows.logic import MovedOnError, read_chunk
from lambdas.write_shadows.settings import ShadowSettings

clients.at_init(__package__, clients.dynamodb, clients.iot_data)


@entry
def handler(event: Event, context: LambdaContext) -> Answer | int:  # noqa: ARG001 - Lambda's form
    """Write the chunks of a batch, one after the other; a chunk that fails is delivered again by itself.

    In a map run the event is one slice of a plan, the answer how many VENs it has: Step Functions collects
    the answers, and tries again after an error.
    """
    if "Records" not in event:
        return _write_slice(event)
    return _write_batch(event)


def _write_slice(event: Event) -> int:
    try:
        written = open_adapters(settings.read(ShadowSettings)).write(codec.convert(PlanSlice, event))
    except (WireError, MovedOnError, clients.dynamodb().exceptions.ClientError):
        count(ChunksFailed=1)
        raise
    count(ShadowsWritten=written.vens, ShadowsFull=written.full, ChunksFailed=0)
    return written.vens


def _write_batch(event: Event) -> Answer:
    adapters = open_adapters(settings.read(ShadowSettings))
    failed: dict[str, Exception] = {}
    written = full = 0
    for record in event["Records"]:
        try:
            chunk = read_chunk(record["body"])
            done = adapters.write(chunk)
            full += done.full
            written += done.vens
        except (WireError, MovedOnError, clients.dynamodb().exceptions.ClientError) as error:
            failed[record["messageId"]] = error
    count(
        ShadowsWritten=written,
        ShadowsFull=full,
        ChunksFailed=len(failed),
    )
    return batches.answer(event, failed)
