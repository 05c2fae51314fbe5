"""Posts notifications to callbacks, several at once: one that is dead keeps none of the others waiting."""

from __future__ import annotations

from collections import Counter

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.shared import batches, clients, parallel, settings
from lambdas.shared.answers import Answer
from lambdas.shared.invocation import Event, count, entry
from lambdas.vtn_deliver.adapters import open_adapters
from lambdas.vtn_deliver.logic import DeliveryOutcome
from lambdas.vtn_deliver.posting import Posting, UndeliveredError
from lambdas.vtn_deliver.settings import DeliverSettings

clients.at_init(__package__, clients.dynamodb, clients.sqs)


@entry
def handler(event: Event, context: LambdaContext) -> Answer:  # noqa: ARG001 - Lambda's form
    """Post each notification of a batch; one that did not come to its callback is a partial failure."""
    environment = settings.read(DeliverSettings)
    posting = Posting(open_adapters(environment), environment)
    records = event["Records"]
    results = dict(
        zip(
            (record["messageId"] for record in records),
            parallel.over(records, posting.result),
            strict=True,
        )
    )
    failed = {message_id: result for message_id, result in results.items() if isinstance(result, Exception)}
    ends = Counter(
        result.outcome if isinstance(result, UndeliveredError) else result for result in results.values()
    )
    count(
        NotificationsDelivered=ends[DeliveryOutcome.DELIVERED],
        NotificationsUndelivered=ends[DeliveryOutcome.ABANDONED] + ends[DeliveryOutcome.DROPPED],
    )
    return batches.answer(event, failed)
