"""Records presence, acks and reported state of the VENs."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import WireError
from contracts.store.envelopes import Envelope
from lambdas.record_vens.adapters import open_adapters
from lambdas.record_vens.logic.changes import changes
from lambdas.record_vens.logic.messages import read_message, sender_of
from lambdas.record_vens.settings import RecordSettings
from lambdas.shared import batches, clients, senders, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry, logger

clients.at_init(__package__, clients.dynamodb)


@entry
def handler(event: Event, context: LambdaContext) -> Answer:  # noqa: ARG001 - Lambda's form
    """Record a batch of acks, presence and reported state.

    A message of no VEN of this stage is dropped before it is decoded.
    """
    count(MessagesReceived=len(event["Records"]))
    environment = settings.read(RecordSettings)
    sent = senders.tell_apart(event, sender_of, environment.vens_table)
    failed, of_other_events = record_all(sent.from_vens, environment)
    failed |= sent.malformed
    count(
        VenMessagesRecorded=len(event["Records"]) - len(failed) - sent.dropped,
        VenMessagesFailed=len(failed),
        UnknownVenMessages=sent.unknown,
        AcksOfOtherEvents=of_other_events,
    )
    return batches.answer(event, failed)


def record_all(
    messages: Mapping[str, Envelope], environment: RecordSettings
) -> tuple[dict[str, Exception], int]:
    """Record *messages*, by their ids, of VENs of this stage.

    Returns:
        Those that could not be, and how many are acks of events that have not called their VEN.
    """
    adapters = open_adapters(environment)
    failed: dict[str, Exception] = {}
    of_other_events = 0
    for message_id, envelope in messages.items():
        try:
            message = read_message(envelope)
            needed = changes(message, retention_days=environment.retention_days)
            if not adapters.apply(message.ven_id, needed):
                of_other_events += 1
                logger.warning(
                    "ack of an event that has not called the VEN", extra={"ven_id": message.ven_id}
                )
        except (WireError, adapters.client.exceptions.ClientError) as error:
            failed[message_id] = error
    return failed, of_other_events
