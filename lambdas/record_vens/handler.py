"""Records presence, acks and reported state of the VENs."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import WireError
from lambdas.record_vens.adapters import open_adapters
from lambdas.record_vens.logic.changes import changes
from lambdas.record_vens.logic.messages import Message, read_message
from lambdas.record_vens.settings import RecordSettings
from lambdas.shared import batches, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry


@entry
def handler(event: Event, context: LambdaContext) -> Answer:
    """Record a batch of acks, presence and reported state; a message of no VEN of ours is dropped."""
    count(MessagesReceived=len(event["Records"]))
    failed: dict[str, Exception] = {}
    messages: dict[str, Message] = {}
    for record in event["Records"]:
        try:
            messages[record["messageId"]] = read_message(record["body"])
        except WireError as error:
            failed[record["messageId"]] = error
    ignored = record_all(messages, failed)
    count(
        VenMessagesRecorded=len(event["Records"]) - len(failed) - ignored,
        VenMessagesFailed=len(failed),
        UnknownVenMessages=ignored,
    )
    return batches.answer(event, context, failed)


def record_all(messages: Mapping[str, Message], failed: dict[str, Exception]) -> int:
    """Record *messages* by id, adding to *failed* those that could not be; returns how many were no VEN's."""
    if not messages:
        return 0
    environment = settings.read(RecordSettings)
    adapters = open_adapters(environment)
    senders = [message.ven_id for message in messages.values()]
    provisioned = adapters.provisioned(senders)
    for message_id, message in messages.items():
        if message.ven_id not in provisioned:
            continue
        try:
            adapters.apply(changes(message, retention_days=environment.retention_days))
        except (WireError, adapters.client.exceptions.ClientError) as error:
            failed[message_id] = error
    return sum(ven_id not in provisioned for ven_id in senders)
