"""DynamoDB tables as the functions see them: plain values in and out, conditions answered by bool."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

import msgspec

from contracts.store.items import Item, from_item, to_attribute, to_item
from contracts.store.keys import Key, TableKeys
from contracts.wire.codec import JsonDict
from lambdas.shared import typed_rows
from lambdas.shared.batch_reads import read_all
from lambdas.shared.expressions import conditional, has_values, key_condition, projection, update_expression

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a write. *names* and *values* are the expression's placeholders, with # and :."""

    expression: str
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def unchanged(cls, attribute: str, value: object) -> Condition:
        """The condition that *attribute* is *value*; with None, that there is none."""
        if value is None:
            return cls("attribute_not_exists(#a)", {"#a": attribute})
        return cls("#a = :a", {"#a": attribute}, {":a": value})


class Put(NamedTuple):
    """The write of an *item* on condition."""

    item: Mapping[str, object]
    when: Condition


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index; items that have the attribute *without* are passed over."""

    name: str
    keys: TableKeys
    without: str


class PageReader(Protocol[R]):
    """Reads the answers of a Query: the attributes that it needs, and the rows in an answer's bytes."""

    @property
    def attributes(self) -> Sequence[str]:
        """The attributes to read of each item."""

    def read(self, body: bytes) -> tuple[list[R], typed_rows.LastKey | None]:
        """The rows of a page, and where it ends when there may be more."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. Errors of AWS pass through: whoever invoked the function tries again.

    Attributes:
        pause: waits for so many seconds at most, jittered, before what was left of a batch is tried again.
    """

    client: DynamoDBClient
    name: str
    keys: TableKeys
    pause: Callable[[float], None]

    def key(self, key: Key) -> Item:
        """The key's attributes."""
        named = {self.keys.partition: key.partition}
        if self.keys.sort is not None:
            named[self.keys.sort] = key.sort or ""
        return named

    def get(self, key: Key) -> Item | None:
        """The item as it is now (strongly consistent), or None."""
        answer = self.client.get_item(TableName=self.name, Key=to_item(self.key(key)), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def put_new(self, item: Mapping[str, object]) -> bool:
        """Write *item*, unless its key is taken; returns True when it was written."""
        return self._attempt(
            self.client.put_item,
            lambda stored: stored == from_item(to_item(item)),
            Item=to_item(item),
            ConditionExpression="attribute_not_exists(#p)",
            ExpressionAttributeNames={"#p": self.keys.partition},
        )[0]

    def replace(self, item: Mapping[str, object], *, when: Condition) -> bool:
        """Write *item* over what is there, when the condition is true; returns True then."""
        return self._attempt(
            self.client.put_item,
            lambda stored: stored == from_item(to_item(item)),
            Item=to_item(item),
            **conditional(when),
        )[0]

    def put_all(self, puts: Sequence[Put]) -> bool:
        """Write all of *puts*, up to a hundred, or none; returns True when every condition was true.

        False too when another write of one of the items was in the way. A call whose answer was lost is
        tried again under the same token, and takes effect once.
        """
        writes = [
            {"Put": {"TableName": self.name, "Item": to_item(put.item), **conditional(put.when)}}
            for put in puts
        ]
        try:
            self.client.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
        except self.client.exceptions.TransactionCanceledException as error:
            reasons = {reason.get("Code") for reason in error.response["CancellationReasons"]}
            if reasons <= {"None", "ConditionalCheckFailed", "TransactionConflict"}:
                return False
            raise
        return True

    def update(
        self,
        key: Key,
        values: Mapping[str, object],
        *,
        once: Mapping[str, object] | None = None,
        when: Condition | None = None,
    ) -> bool:
        """Set *values* (None removes) and, where still absent, *once*; returns True when *when* was true."""
        return self.change(key, values, once=once, when=when)[0]

    def change(
        self,
        key: Key,
        values: Mapping[str, object],
        *,
        once: Mapping[str, object] | None = None,
        when: Condition | None = None,
        add: Mapping[str, float] | None = None,
    ) -> tuple[bool, Item]:
        """The same as `update`, and *add* to numbers; returns the item, too.

        It is the one of afterwards where something is added, and what is there where *when* was false.
        """
        names: dict[str, str] = dict(when.names) if when else {}
        placeholders = {name: to_attribute(value) for name, value in (when.values if when else {}).items()}
        expression = update_expression(values, once or {}, names, placeholders, add or {})
        optional: dict[str, object] = {"ConditionExpression": when.expression} if when else {}
        if placeholders:
            optional["ExpressionAttributeValues"] = placeholders
        return self._attempt(
            self.client.update_item,
            lambda stored: stored is not None and has_values(stored, values),
            ReturnValues="ALL_NEW" if add else "NONE",
            Key=to_item(self.key(key)),
            UpdateExpression=expression,
            ExpressionAttributeNames=names,
            **optional,
        )

    def delete(self, key: Key, *, when: Condition) -> bool:
        """Delete the item when the condition is true; returns True then."""
        return self._attempt(
            self.client.delete_item,
            lambda stored: stored is None,
            Key=to_item(self.key(key)),
            **conditional(when),
        )[0]

    def _attempt(
        self, call: Callable[..., object], written: Callable[[Item | None], bool], **arguments: object
    ) -> tuple[bool, Item]:
        """Make a conditional *call*; returns False when its condition was false, and the item if it is told.

        boto3 tries a call again whose answer was lost. Then the condition can be false as the first one took
        effect, which *written* tells of the stored item. A transaction about to change it is a change too.
        """
        try:
            answer = call(TableName=self.name, ReturnValuesOnConditionCheckFailure="ALL_OLD", **arguments)
            after = cast("dict[str, JsonDict]", answer).get("Attributes", {})
        except self.client.exceptions.ConditionalCheckFailedException as error:
            repeated = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
            item = error.response.get("Item")
            stored = from_item(cast("JsonDict", item)) if item else None
            return repeated and written(stored), stored or {}
        except self.client.exceptions.TransactionConflictException:
            return False, {}
        return True, from_item(after)

    def query(
        self, partition: str, between: tuple[str, str], attributes: Collection[str] = ()
    ) -> Iterator[Item]:
        """Items of *partition* whose sort keys lie in *between*, in order; *attributes* of them, or all."""
        arguments, last = self._range(partition, between, attributes), None
        while True:
            page = typed_rows.read_items(self._page(arguments, last))
            yield from (from_item(item) for item in page.items)
            last = page.last
            if last is None:
                return

    def query_rows(self, kind: type[R], partition: str, between: tuple[str, str]) -> Iterator[list[R]]:
        """The same as rows of *kind*, page by page: no more is read of an item than the row has.

        An item costs a thirtieth of what it costs as a dict.
        """
        return self.query_pages(typed_rows.reader(kind), partition, between)

    def query_pages(
        self, reader: PageReader[R], partition: str, between: tuple[str, str], *, newest_first: bool = False
    ) -> Iterator[list[R]]:
        """The same as *reader* reads each page; *newest_first* is the reverse order."""
        arguments = self._range(partition, between, reader.attributes)
        arguments["ScanIndexForward"] = not newest_first
        last = None
        while True:
            page, last = reader.read(self._page(arguments, last))
            yield page
            if last is None:
                return

    def first_items(
        self,
        partition: str,
        between: tuple[str, str],
        attributes: Collection[str],
        limit: int,
        *,
        newest_first: bool = False,
    ) -> tuple[list[Item], bool]:
        """The first of what `query` gives, up to *limit* in one call, and whether there may be more.

        *newest_first* is the reverse order.
        """
        arguments = self._range(partition, between, attributes)
        arguments |= {"Limit": limit, "ScanIndexForward": not newest_first}
        page = typed_rows.read_items(self._page(arguments, None))
        return [from_item(item) for item in page.items], page.last is not None

    def newest(
        self,
        index: Index,
        partition: str,
        *,
        after: Item | None,
        limit: int,
        between: tuple[int, int] | None = None,
    ) -> tuple[list[Item], Item | None]:
        """Up to *limit* items of an index's *partition*, the highest sort key first, and where they end.

        *between* are the lowest and the highest sort key, both included.
        *after* and the second result are keys, the index's and the table's: of the item to go on after, None
        for the first, and of the last one, when there may be more.
        """
        items: list[Item] = []
        last = None if after is None else to_item(after)
        query = key_condition(index.keys, partition, between)
        query |= {"IndexName": index.name, "ScanIndexForward": False}
        query["FilterExpression"] = "attribute_not_exists(#absent)"
        query["ExpressionAttributeNames"]["#absent"] = index.without
        while len(items) < limit:
            page = typed_rows.read_items(self._page({**query, "Limit": limit - len(items)}, last))
            items += [from_item(item) for item in page.items]
            last = page.last
            if last is None:
                return items, None
        return items, None if last is None else from_item(last)

    def _range(self, partition: str, between: tuple[str, str], attributes: Collection[str]) -> JsonDict:
        projected, names = projection(attributes)
        query = key_condition(self.keys, partition, between) | {"ConsistentRead": True}
        if names:
            query["ProjectionExpression"] = projected
            query["ExpressionAttributeNames"] |= names
        return query

    def _page(self, arguments: JsonDict, after: JsonDict | None) -> bytes:
        """One answer of Query as its bytes, which goes on *after* the key that the page before ended at."""
        start = {} if after is None else {"ExclusiveStartKey": after}
        query = cast("Callable[..., dict[str, bytes]]", self.client.query)
        return query(TableName=self.name, **arguments, **start)[typed_rows.BODY]

    def scan(self, attributes: Collection[str]) -> Iterator[Item]:
        """*attributes* of every item, in no order."""
        projected, names = projection(attributes)
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.name,
            ProjectionExpression=projected,
            ExpressionAttributeNames=names,
            ConsistentRead=True,
        )
        for page in pages:
            yield from (from_item(item) for item in page["Items"])

    def get_many(
        self, partitions: Iterable[str], attributes: Collection[str], *, sort: str | None = None
    ) -> list[Item]:
        """*attributes* of the items that are there, in no order; of a table with a sort key, at *sort*.

        Raises:
            TableBusyError: DynamoDB has left some of the keys at every attempt.
        """
        projected, names = projection(attributes)
        options = {"ProjectionExpression": projected, "ExpressionAttributeNames": names}
        keys = [to_item(self.key(Key(partition, sort))) for partition in dict.fromkeys(partitions)]
        return read_all(self.client, self.name, keys, options, pause=self.pause)
