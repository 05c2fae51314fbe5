"""DynamoDB's units of a call: what AWS would bill, by the whole items that it reads and writes.

Source: Amazon DynamoDB, read and write request units: 4 KB a read unit, half of one where eventually
consistent.
"""

from __future__ import annotations

import math
import re

from contracts.wire.codec import JsonDict, JsonObject

READ_BYTES = 4096
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")


def read_units(operation: str, parameters: JsonObject, document: JsonObject) -> float:
    """Read units of an answer with whole items: 4 KB each, half where eventually consistent."""
    if operation == "BatchGetItem":
        items = document.get("Responses", {})
        requested = parameters["RequestItems"]
        total = 0.0
        for table, request in requested.items():
            sizes = [item_bytes(item) for item in items.get(table, [])]
            sizes += [0] * (len(request["Keys"]) - len(sizes))
            factor = 1.0 if request.get("ConsistentRead") else 0.5
            total += sum(max(1, math.ceil(size / READ_BYTES)) for size in sizes) * factor
        return total
    factor = 1.0 if parameters.get("ConsistentRead") else 0.5
    items = [document["Item"]] if "Item" in document else document.get("Items", [])
    return max(1, math.ceil(sum(map(item_bytes, items)) / READ_BYTES)) * factor


def item_bytes(item: JsonObject) -> int:
    """The size of an item in DynamoDB, by the emulator's own measure."""
    from ministack.services import dynamodb  # noqa: PLC0415 - it reads its environment when imported

    return int(dynamodb._item_size_bytes(item))  # noqa: SLF001 - the emulator's own


def whole_read(operation: str, parameters: JsonDict) -> JsonDict:
    """The same read with whole items, filters and projections left out: AWS bills what it has read."""
    if operation == "BatchGetItem":
        requested = parameters["RequestItems"]
        return {"RequestItems": {table: {"Keys": request["Keys"]} for table, request in requested.items()}}
    left_out = {"ProjectionExpression", "FilterExpression", "Select", "ReturnConsumedCapacity"}
    whole = {name: value for name, value in parameters.items() if name not in left_out}
    used = set(_PLACEHOLDER.findall(str(whole.get("KeyConditionExpression", ""))))
    for field in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        pruned = {name: value for name, value in whole.pop(field, {}).items() if name in used}
        whole |= {field: pruned} if pruned else {}
    return whole


def consumed_units(document: JsonObject) -> float:
    """The units that an answer says were consumed."""
    consumed = document.get("ConsumedCapacity", [])
    entries = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(entry["CapacityUnits"] for entry in entries))
