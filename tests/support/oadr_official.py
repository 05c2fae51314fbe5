"""The Alliance's OpenAPI document, no part of the project: None where it is not beside the checkout."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonschema import Draft4Validator, FormatChecker

T = TypeVar("T")
BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "openadr" / "openadr3.1.0.yaml"
ABOVE = Path(__file__).resolve().parents[3].parent / "shared" / "openadr" / "openadr3.1.0.yaml"
METHODS = frozenset({"get", "post", "put", "delete"})
ANSWERED_TYPES = {"BlVenRequest": "VEN", "BlResourceRequest": "RESOURCE"}
"""Schemas that an answer of another objectType is of, too: the document contradicts itself there."""


@cache
def official() -> dict[str, Any] | None:
    """The document as it is."""
    for path in (BESIDE, ABOVE):
        if path.is_file():
            # Its examples are times without quotes, which YAML takes for more than text.
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            plain: dict[str, Any] = json.loads(json.dumps(document, default=str))
            return plain
    return None


def where_at_hand(test: T) -> T | None:
    """*test* where the document is at hand, and none elsewhere: it would pass and compare nothing."""
    return None if official() is None else test


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Its operations by id."""
    document = official() or {"paths": {}}
    return {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    }


@cache
def validator(name: str) -> Draft4Validator | None:
    """Checks by one of its schemas."""
    return _checks({"$ref": f"#/components/schemas/{name}"})


@cache
def answer_validator(operation: str, status: int) -> Draft4Validator | None:
    """Checks an operation's answer; None where there is no document, or it has no such answer."""
    response = operations().get(operation, {}).get("responses", {}).get(str(status))
    document = official()
    if response is None or document is None:
        return None
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content = response.get("content", {}).get("application/json")
    return None if content is None else _checks(content["schema"])


@cache
def request_validator(name: str) -> Draft4Validator | None:
    """Checks a body by the schema of that *name*: with its formats, and null where it may be."""
    document = official()
    if document is None:
        return None
    schemas = _with_nulls(document["components"]["schemas"])
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    return Draft4Validator(whole, format_checker=FormatChecker())


def _with_nulls(schema: Any) -> Any:
    if isinstance(schema, dict):
        made = {name: _with_nulls(item) for name, item in schema.items() if name != "discriminator"}
        if schema.get("nullable") is True and isinstance(schema.get("type"), str):
            made["type"] = [schema["type"], "null"]
        return made
    return [_with_nulls(item) for item in schema] if isinstance(schema, list) else schema


def _checks(schema: dict[str, Any]) -> Draft4Validator | None:
    document = official()
    if document is None:
        return None
    return Draft4Validator({**_json_schema(schema), "components": {"schemas": _schemas()}})


@cache
def _schemas() -> dict[str, Any]:
    document = official()
    assert document is not None
    schemas: dict[str, Any] = _json_schema(document["components"]["schemas"])
    for schema, kind in ANSWERED_TYPES.items():
        schemas[schema]["properties"]["objectType"]["enum"].append(kind)
    return schemas


def _json_schema(schema: Any) -> Any:
    """OpenAPI 3.0's schemas as JSON Schema's, as far as answers need it: nothing is null in them."""
    if isinstance(schema, dict):
        return {
            name: _json_schema(item)
            for name, item in schema.items()
            if name not in {"discriminator", "format"}
        }
    return [_json_schema(item) for item in schema] if isinstance(schema, list) else schema
