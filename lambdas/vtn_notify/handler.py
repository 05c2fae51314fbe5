"""Tells subscribers of changes of the VTN's objects: one delivery for each callback, into the next queue."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.store.vtn_changes import VtnChange
from lambdas.shared import batches, clients, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry, logger
from lambdas.vtn_notify.adapters import NotifyAdapters, open_adapters
from lambdas.vtn_notify.mqtt_copies import MqttCopy
from lambdas.vtn_notify.notices import Notices
from lambdas.vtn_notify.settings import NotifySettings

clients.at_init(__package__, clients.dynamodb, clients.sqs, clients.iot_data)
_changes = msgspec.json.Decoder(VtnChange)


@entry
def handler(event: Event, context: LambdaContext) -> Answer:  # noqa: ARG001 - Lambda's form
    """Queue what a batch of changes has to be told; a change that could not be told is a partial failure.

    A change that fails midway is told again: a subscriber may hear of it twice, and never not at all.
    """
    environment = settings.read(NotifySettings)
    adapters = open_adapters(environment)
    notices = Notices(adapters)
    failed: dict[str, Exception] = {}
    queued = unpublished = 0
    for record in event["Records"]:
        try:
            change = _changes.decode(record["body"])
            deliveries = list(notices.of(change))
            adapters.send(deliveries)
            queued += len(deliveries)
            if environment.mqtt_root not in {"", "none"}:
                unpublished += not _published(notices.copies(change, environment.mqtt_root), adapters)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others of the batch are told
            failed[record["messageId"]] = error
    count(NotificationsQueued=queued)
    if unpublished:
        count(ChangesUnpublished=unpublished)
    return batches.answer(event, failed)


def _published(copies: Sequence[MqttCopy], adapters: NotifyAdapters) -> bool:
    """Publish *copies*; False when one failed. MQTT tells who is there, so that nothing is told again."""
    try:
        adapters.publish(copies)
    except Exception as error:  # noqa: BLE001 - webhooks have been queued, and would be told twice
        logger.error("unpublished", extra={"error": clients.error_code(error)})
        return False
    return True
