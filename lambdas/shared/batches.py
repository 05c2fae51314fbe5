"""SQS batches: each message's outcome, answered as partial failures."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import VenTwinError
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, logger


class MessageFailedError(VenTwinError):
    """A message failed, for a reason that is logged beside it; Powertools logs the text of what is raised."""


class NotWrittenError(VenTwinError):
    """DynamoDB did not take a message's rows in time. SQS delivers the message again."""


def answer(event: Event, context: LambdaContext, outcomes: Mapping[str, Exception]) -> Answer:
    """The partial response for *event*: the messages in *outcomes* failed, the others are done."""

    def settle(record: SQSRecord) -> None:
        error = outcomes.get(record.message_id)
        if error is not None:
            logger.warning("message failed", extra={"message_id": record.message_id, **loggable(error)})
            raise MessageFailedError

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, settle, processor, context))


def loggable(error: Exception) -> dict[str, str]:
    """An error about a message as it may be logged: never its text, which may quote the payload."""
    field = getattr(error, "field", None)
    return {"error": type(error).__name__} | ({"field": str(field)[:64]} if field else {})
