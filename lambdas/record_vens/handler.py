"""Records who is online, who answered and what the VENs report of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.errors import WireError
from contracts.store.keys import COMMANDS, EVENTS, VENS
from lambdas.record_vens.logic.changes import changes
from lambdas.record_vens.logic.messages import Message, read_message
from lambdas.shared import batches, clients, settings
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record a batch of acks, presence and reported state; what comes from no VEN of ours is dropped."""
    metrics.add_metric(name="MessagesReceived", unit=MetricUnit.Count, value=len(event["Records"]))
    failed: dict[str, Exception] = {}
    messages: dict[str, Message] = {}
    for record in event["Records"]:
        try:
            messages[record["messageId"]] = read_message(record["body"])
        except WireError as error:
            failed[record["messageId"]] = error
    ignored = record_all(messages, failed)
    for name, count in (
        ("VenMessagesRecorded", len(event["Records"]) - len(failed) - ignored),
        ("VenMessagesFailed", len(failed)),
        ("UnknownVenMessages", ignored),
    ):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    return batches.answer(event, context, failed)


def record_all(messages: Mapping[str, Message], failed: dict[str, Exception]) -> int:
    """Record *messages* by id, adding to *failed* what could not be; returns how many were no VEN's."""
    if not messages:
        return 0
    needs = settings.read(settings.RecordVens)
    dynamodb = clients.dynamodb()
    tables = {
        "vens": Table(dynamodb, needs.vens_table, VENS),
        "commands": Table(dynamodb, needs.commands_table, COMMANDS),
        "events": Table(dynamodb, needs.events_table, EVENTS),
    }
    speakers = [message.ven_id for message in messages.values()]
    known = {row["venId"] for row in tables["vens"].get_many(speakers, ["venId"])}
    for message_id, message in messages.items():
        if message.ven_id not in known:
            continue
        try:
            for change in changes(message, retention_days=needs.retention_days):
                tables[change.table].update(change.key, change.values, once=change.once, when=change.when)
        except (WireError, dynamodb.exceptions.ClientError) as error:
            failed[message_id] = error
    return sum(ven_id not in known for ven_id in speakers)
