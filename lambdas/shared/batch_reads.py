"""Many items of one table by their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from contracts.store.items import Item, from_item
from contracts.store.unprocessed import TableBusyError, until_processed
from lambdas.shared import parallel

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

GET_MAX_KEYS = 100
"""Source: DynamoDB, BatchGetItem."""


def read_all(
    client: DynamoDBClient,
    table: str,
    keys: Sequence[Item],
    options: Mapping[str, object],
    *,
    pause: Callable[[float], None],
) -> list[Item]:
    """The items of *keys* that are there, in no order, read consistently and several chunks at a time.

    *options* are more of the request's. Raises TableBusyError when keys were left at every attempt.
    """

    def read(chunk: Sequence[Item]) -> list[Item]:
        items: list[Item] = []

        def attempt(wanted: list[Item]) -> list[Item]:
            request = {"Keys": wanted, "ConsistentRead": True, **options}
            answer = client.batch_get_item(RequestItems={table: request})  # type: ignore[dict-item]
            items.extend(from_item(item) for item in answer["Responses"].get(table, []))
            left = answer["UnprocessedKeys"].get(table)
            return [dict(key) for key in left["Keys"]] if left else []

        if left := until_processed(list(chunk), attempt, pause=pause):
            raise TableBusyError(table, len(left))
        return items

    chunks = [keys[first : first + GET_MAX_KEYS] for first in range(0, len(keys), GET_MAX_KEYS)]
    return [item for items in parallel.over(chunks, read) for item in items]
