"""DynamoDB as the functions use it, in memory: every condition holds, and pages end where 1 MB would."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from contracts.store.items import to_item
from contracts.store.keys import TableKeys
from contracts.store.vtn_keys import VTN_INDEX
from contracts.wire.codec import JsonDict, JsonObject

PAGE_BYTES = 2**20
"""Source: DynamoDB, Query and Scan."""
PLACE = "place"
"""Attribute of a page's end, which is opaque to those who go on after it: how many items came before."""
_SET = re.compile(r"(#\w+) = (?:if_not_exists\(#\w+, )?(:\w+)")


@dataclass
class Partition:
    """The items of one partition in the order of their sort keys."""

    items: dict[str, JsonDict] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    answered: tuple[tuple[object, ...], list[JsonDict]] = ((), [])

    def copy(self) -> Partition:
        """The same items, to put others beside them."""
        return Partition(dict(self.items), list(self.order))

    def put(self, sort: str, item: JsonDict) -> None:
        """Put *item* at *sort*."""
        if sort not in self.items:
            insort(self.order, sort)
        self.items[sort] = item

    def take(self, sort: str) -> None:
        """Take the item at *sort* away."""
        del self.items[sort]
        self.order.remove(sort)

    def between(self, first: str, last: str, *, forward: bool) -> list[JsonDict]:
        """The items from *first* to *last*, or the other way round; the last answer is remembered."""
        if self.answered[0] != (first, last, forward, len(self.order)):
            sorts = self.order[bisect_left(self.order, first) : bisect_right(self.order, last)]
            items = [self.items[sort] for sort in (sorts if forward else reversed(sorts))]
            self.answered = ((first, last, forward, len(self.order)), items)
        return self.answered[1]


@dataclass
class CannedTable:
    """One table; items are written as DynamoDB has them.

    Attributes:
        keys: the names of its key attributes.
        page: how many of its items are 1 MB, where they are shorter here than they are stored.
        partitions: its items, by partition.
    """

    keys: TableKeys
    page: int | None = None
    partitions: dict[str, Partition] = field(default_factory=dict)

    def add(self, items: Iterable[JsonObject]) -> CannedTable:
        """Put plain *items*; returns the table."""
        for item in items:
            self._put(to_item(item))
        return self

    def answer(self, operation: str, query: JsonDict) -> JsonObject:
        """The answer to one of DynamoDB's operations on this table."""
        answers: Mapping[str, Callable[[JsonDict], JsonObject]] = {
            "GetItem": self._get,
            "PutItem": lambda query: self._put(query["Item"]),
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "Query": self._query,
            "Scan": self._scan,
        }
        return answers[operation](query)

    def find(self, key: JsonDict) -> JsonDict | None:
        """The item at *key*, or None."""
        partition, sort = self._place(key)
        return self.partitions.get(partition, Partition()).items.get(sort)

    def write(self, requests: Iterable[JsonDict]) -> None:
        """The puts of a BatchWriteItem."""
        for request in requests:
            self._put(request["PutRequest"]["Item"])

    def write_one(self, kind: str, write: JsonDict) -> None:
        """One write of a transaction; its conditions hold."""
        if kind == "Put":
            self._put(write["Item"])
        elif kind == "Delete" and self.find(write["Key"]) is not None:
            self._delete(write)

    def _place(self, item: JsonDict) -> tuple[str, str]:
        sort = "" if self.keys.sort is None else item[self.keys.sort]["S"]
        return item[self.keys.partition]["S"], sort

    def _put(self, item: JsonDict) -> JsonObject:
        partition, sort = self._place(item)
        self.partitions.setdefault(partition, Partition()).put(sort, item)
        return {}

    def _get(self, query: JsonDict) -> JsonObject:
        item = self.find(query["Key"])
        return {} if item is None else {"Item": item}

    def _delete(self, query: JsonDict) -> JsonObject:
        partition, sort = self._place(query["Key"])
        self.partitions[partition].take(sort)
        return {}

    def _update(self, query: JsonDict) -> JsonObject:
        names, values = query["ExpressionAttributeNames"], query.get("ExpressionAttributeValues", {})
        changed = {names[name]: values[value] for name, value in _SET.findall(query["UpdateExpression"])}
        item = {**(self.find(query["Key"]) or query["Key"]), **changed}
        self._put(item)
        return {"Attributes": item} if query.get("ReturnValues") == "ALL_NEW" else {}

    def _query(self, query: JsonDict) -> JsonObject:
        values = query["ExpressionAttributeValues"]
        if "IndexName" in query:
            items = self._of_index(query)
        else:
            partition = self.partitions.get(values[":p"]["S"], Partition())
            items = partition.between(
                values[":a"]["S"], values[":b"]["S"], forward=query.get("ScanIndexForward", True)
            )
        return self._paged(items, query)

    def _of_index(self, query: JsonDict) -> list[JsonDict]:
        """The items of an index, the last first: headers of events by start, or a type by its ids."""
        if query["ExpressionAttributeNames"]["#p"] == VTN_INDEX.partition:
            kind, by = query["ExpressionAttributeValues"][":p"], str(VTN_INDEX.sort)
            items = [item for item in self._all_with(by) if item.get(VTN_INDEX.partition) == kind]
            return sorted(items, key=lambda item: str(item[by]["S"]), reverse=True)
        return sorted(self._all_with("startTs"), key=lambda item: int(item["startTs"]["N"]), reverse=True)

    def _scan(self, query: JsonDict) -> JsonObject:
        return self._paged(list(self._all_with(self.keys.partition)), query)

    def _all_with(self, attribute: str) -> Iterator[JsonDict]:
        for partition in self.partitions.values():
            yield from (item for item in partition.items.values() if attribute in item)

    def _paged(self, items: list[JsonDict], query: JsonDict) -> JsonObject:
        """The page of *items* that *query* asks for, and where it ends."""
        first = int(query.get("ExclusiveStartKey", {}).get(PLACE, {"N": "0"})["N"])
        most = self.page or (PAGE_BYTES // len(msgspec.json.encode(items[first])) if items[first:] else 1)
        page = items[first : first + min(most, query.get("Limit", most))]
        answer: JsonDict = {"Items": [projected(item, query) for item in page], "Count": len(page)}
        after = first + len(page)
        if page and after < len(items):
            names = (*self.keys, "startTs")
            end = {name: page[-1][name] for name in names if name in page[-1]}
            answer["LastEvaluatedKey"] = {**end, PLACE: {"N": str(after)}}
        return answer


def projected(item: JsonDict, query: JsonDict) -> JsonDict:
    """The attributes of *item* that *query* wants."""
    if "ProjectionExpression" not in query:
        return item
    names = [query["ExpressionAttributeNames"][name] for name in query["ProjectionExpression"].split(", ")]
    return {name: item[name] for name in names if name in item}
