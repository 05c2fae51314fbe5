"""Expressions of DynamoDB calls, with the placeholders of their names and values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from contracts.store.items import to_attribute

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef


def projection(attributes: Collection[str]) -> tuple[str, dict[str, str]]:
    """The projection of *attributes*, and its names."""
    names = {f"#a{index}": attribute for index, attribute in enumerate(attributes)}
    return ", ".join(names), names


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
