"""Expressions of DynamoDB calls, with the placeholders of their names and values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from contracts.store.items import Item, from_item, to_attribute, to_item
from contracts.store.keys import TableKeys
from contracts.wire.codec import JsonDict

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from lambdas.shared.tables import Condition


def projection(attributes: Collection[str]) -> tuple[str, dict[str, str]]:
    """The projection of *attributes*, and its names."""
    names = {f"#a{index}": attribute for index, attribute in enumerate(attributes)}
    return ", ".join(names), names


def key_condition(
    keys: TableKeys, partition: str, between: tuple[str, str] | tuple[int, int] | None
) -> JsonDict:
    """The condition of a query of *partition*: sort keys in *between*, both ends included, or any."""
    names, condition = {"#p": keys.partition}, "#p = :p"
    values: JsonDict = {":p": partition}
    if between is not None:
        names["#s"] = keys.sort or ""
        values |= {":a": between[0], ":b": between[1]}
        condition = "#p = :p AND #s BETWEEN :a AND :b"
    return {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": to_item(values),
    }


def update_expression(
    values: Mapping[str, object],
    once: Mapping[str, object],
    names: dict[str, str],
    placeholders: dict[str, AttributeValueTypeDef],
    add: Mapping[str, float],
) -> str:
    """The update expression; adds its placeholders to *names* and *placeholders*.

    *values* are set, *once* where absent, and *add* raises numbers, an absent one from 0.
    """
    sets, removes = [], []
    for index, (attribute, value) in enumerate(values.items()):
        names[f"#u{index}"] = attribute
        if value is None:
            removes.append(f"#u{index}")
        else:
            placeholders[f":u{index}"] = to_attribute(value)
            sets.append(f"#u{index} = :u{index}")
    for index, (attribute, value) in enumerate(once.items()):
        names[f"#o{index}"] = attribute
        placeholders[f":o{index}"] = to_attribute(value)
        sets.append(f"#o{index} = if_not_exists(#o{index}, :o{index})")
    raises = []
    for index, (attribute, value) in enumerate(add.items()):
        names[f"#d{index}"] = attribute
        placeholders[f":d{index}"] = to_attribute(value)
        raises.append(f"#d{index} :d{index}")
    clauses = (("SET", sets), ("REMOVE", removes), ("ADD", raises))
    return " ".join(f"{verb} {', '.join(items)}" for verb, items in clauses if items)


def has_values(stored: Item, values: Mapping[str, object]) -> bool:
    """True when *stored* has each of *values*, and none of those that are None."""
    set_values = {name: value for name, value in values.items() if value is not None}
    as_stored = from_item(to_item(set_values))
    return all(stored.get(name) == as_stored.get(name) for name in values)


def conditional(when: Condition) -> dict[str, object]:
    """The arguments of a call that a condition makes."""
    condition: dict[str, object] = {
        "ConditionExpression": when.expression,
        "ExpressionAttributeNames": dict(when.names),
    }
    return condition | ({"ExpressionAttributeValues": to_item(when.values)} if when.values else {})
