"""Batches of a table's items, read and written as an operator."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from contracts.store.items import Item, from_item
from contracts.store.unprocessed import TableBusyError, until_processed
from ven_twin.operations.aggregator.cloud_errors import explained

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

WRITE_MAX_ITEMS = 25
"""Source: DynamoDB, BatchWriteItem."""
BATCH_MAX_KEYS = 100
"""Source: DynamoDB, BatchGetItem."""
ATTEMPTS = 8
"""Calls for one batch, of which DynamoDB leaves some each time."""


def read_batch(client: DynamoDBClient, table: str, keys: Sequence[Item]) -> list[Item]:
    """The items of *keys*, at most 100, that are there. Raises TableBusyError."""
    items: list[Item] = []

    def attempt(wanted: list[Item]) -> list[Item]:
        answer = client.batch_get_item(RequestItems={table: {"Keys": wanted}})
        items.extend(from_item(item) for item in answer["Responses"].get(table, []))
        left = answer["UnprocessedKeys"].get(table)
        return [dict(key) for key in left["Keys"]] if left else []

    _until_processed(table, keys, attempt)
    return items


def write_batch(client: DynamoDBClient, table: str, requests: Sequence[Mapping[str, object]]) -> None:
    """Write *requests*, at most 25. Raises TableBusyError."""

    def attempt(left: list[Item]) -> list[Item]:
        answer = client.batch_write_item(RequestItems={table: left})  # type: ignore[dict-item]
        return cast("list[Item]", answer["UnprocessedItems"].get(table, []))

    _until_processed(table, [dict(request) for request in requests], attempt)


def _until_processed(table: str, batch: Sequence[Item], attempt: Callable[[list[Item]], list[Item]]) -> None:
    def pause(longest_s: float) -> None:
        time.sleep(longest_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, protects nothing

    with explained():
        left = until_processed(list(batch), attempt, pause=pause, attempts=ATTEMPTS)
    if left:
        raise TableBusyError(table, len(left))
