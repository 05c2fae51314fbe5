"""DynamoDB's attribute values to and from plain values, floats included.

boto3's own serializer wants Decimal and refuses float; telemetry is nothing but floats. A float is
written by its shortest repr, which reads back as the same float.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from contracts.errors import FieldError
from contracts.wire.codec import JsonDict, JsonObject

Item = JsonDict

_SMALLEST, _LARGEST, _DIGITS = 1e-130, 9.9e125, 38
"""What DynamoDB takes as a number. Source: DynamoDB Developer Guide, naming rules and data types."""


def to_item(value: JsonObject) -> JsonDict:
    """*value* as an item, without the attributes that are None.

    Raises:
        FieldError: a number that DynamoDB cannot hold.
    """
    return {str(name): to_attribute(item) for name, item in value.items() if item is not None}


def from_item(item: JsonObject) -> Item:
    """The plain values of an item. A whole number comes back as int, any other as float."""
    return {name: from_attribute(value) for name, value in item.items()}


def to_attribute(value: object) -> Any:
    """One attribute value. Raises as `to_item`."""
    if isinstance(value, str | bytes):
        return {"S" if isinstance(value, str) else "B": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": _number(value)}
    if isinstance(value, Mapping):
        return {"M": {str(name): to_attribute(item) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(item) for item in value]}
    if value is None:
        return {"NULL": True}
    raise TypeError(f"{type(value).__name__} has no attribute type here")


def from_attribute(attribute: JsonObject) -> Any:
    """The plain value of one attribute."""
    kind, value = next(iter(attribute.items()))
    if kind == "N":
        text = str(value)
        return int(text) if text.lstrip("-").isdigit() else float(text)
    if kind == "M":
        return from_item(value)
    if kind == "L":
        return [from_attribute(item) for item in value]
    if kind == "NULL":
        return None
    if kind == "B" and isinstance(value, str):  # read without botocore, which decodes it
        return base64.b64decode(value)
    return value


def _number(value: float) -> str:
    size = abs(value)
    if size < _SMALLEST:
        return "0"
    if not size <= _LARGEST:
        raise FieldError("number", "beyond what can be stored")
    if isinstance(value, int) and len(str(size).rstrip("0")) > _DIGITS:
        raise FieldError("number", f"of more than {_DIGITS} digits cannot be stored")
    return repr(value)
