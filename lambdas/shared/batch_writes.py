"""Many items at once into one table, and which of them did not make it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from contracts.store.items import Item, to_item
from contracts.store.unprocessed import until_processed
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestTypeDef

K = TypeVar("K")
WRITE_MAX_ITEMS = 25
"""Source: DynamoDB, BatchWriteItem. moto takes more."""


def write_all(table: Table, items: Mapping[K, Item]) -> set[K]:
    """Put *items*, by an id of the caller's; returns the ids of those that are not written.

    What DynamoDB leaves unprocessed is tried again with a growing, jittered pause. A call that is
    throttled as a whole leaves its items unwritten; any other error passes through.
    """
    ids = list(items)
    unwritten: set[K] = set()
    for first in range(0, len(ids), WRITE_MAX_ITEMS):
        chunk = {key: items[key] for key in ids[first : first + WRITE_MAX_ITEMS]}
        left = until_processed(chunk, partial(_write, table), pause=table.pause)
        unwritten |= left.keys()
    return unwritten


def _write(table: Table, chunk: Mapping[K, Item]) -> dict[K, Item]:
    """One call; returns what it left."""
    errors = table.client.exceptions
    requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": to_item(item)}} for item in chunk.values()]
    try:
        answer = table.client.batch_write_item(RequestItems={table.name: requests})
    except (errors.ProvisionedThroughputExceededException, errors.RequestLimitExceeded):
        return dict(chunk)
    left = {
        _key(table, request["PutRequest"]["Item"])
        for request in answer["UnprocessedItems"].get(table.name, [])
    }
    return {key: item for key, item in chunk.items() if _key(table, to_item(item)) in left} if left else {}


def _key(table: Table, item: Mapping[str, AttributeValueTypeDef]) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in table.keys if name is not None)
