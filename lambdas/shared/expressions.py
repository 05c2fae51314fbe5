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
) -> str:
    """The update expression; adds its placeholders to *names* and *placeholders*."""
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
    clauses = [f"SET {', '.join(sets)}"] if sets else []
    return " ".join([*clauses, f"REMOVE {', '.join(removes)}"] if removes else clauses)
