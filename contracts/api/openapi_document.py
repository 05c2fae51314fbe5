"""The frame of an OpenAPI 3.1 document: operations, bodies and answers, with schemas made of Structs. Pure.

Source: OpenAPI Specification 3.1.1; RFC 9457 for refusals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from contracts.api.problems import JSON
from contracts.wire.codec import JsonDict, JsonObject

OPENAPI = "3.1.1"
REF = "#/components/schemas/{name}"
PARAMETER = re.compile(r"\{(\w+)\}")


class Described(NamedTuple):
    """A document's frame: what it is of, and how its calls are authorized."""

    title: str
    version: str
    description: str
    security: Sequence[Mapping[str, Sequence[str]]]
    security_schemes: JsonObject


def document(
    described: Described,
    operations: Iterable[tuple[str, str, JsonDict]],
    kinds: Iterable[type[msgspec.Struct]],
) -> JsonDict:
    """The whole document, as JSON's own types.

    Args:
        described: title, version and the like.
        operations: each with its path and its method.
        kinds: the Structs that operations refer to.
    """
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    schemas = {name: _with_constants(schema) for name, schema in schemas.items()}
    paths: dict[str, JsonDict] = {}
    for path, method, value in operations:
        paths.setdefault(path, {})[method.lower()] = value
    return {
        "openapi": OPENAPI,
        "info": {
            "title": described.title,
            "version": described.version,
            "description": described.description,
        },
        "servers": [{"url": "/"}],
        "security": described.security,
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": described.security_schemes,
        },
    }


def _with_constants(schema: object) -> object:
    """*schema* with a lone true or false as a constant: generators of clients take no `enum` of booleans."""
    if isinstance(schema, dict):
        if schema.get("enum") in ([True], [False]):
            (value,) = schema["enum"]
            rest = {name: item for name, item in schema.items() if name != "enum"}
            return {"type": "boolean", "const": value, **rest}
        return {name: _with_constants(item) for name, item in schema.items()}
    return [_with_constants(item) for item in schema] if isinstance(schema, list) else schema


def operation(
    operation_id: str,
    summary: str,
    *,
    parameters: Sequence[JsonDict],
    body: JsonDict | None,
    responses: Mapping[int, JsonDict],
) -> JsonDict:
    """One operation; *body* is the content of its request, *responses* are by status."""
    value: JsonDict = {"operationId": operation_id, "summary": summary}
    if parameters:
        value["parameters"] = parameters
    if body is not None:
        value["requestBody"] = {"required": True, "content": {JSON: body}}
    value["responses"] = {str(status): responses[status] for status in sorted(responses)}
    return value


def path_parameter(name: str, schema: JsonDict) -> JsonDict:
    """A parameter of a path, which is always there."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def query_parameter(name: str, description: str) -> JsonDict:
    """A parameter of a query string that may be left out."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}


def response(
    description: str,
    schemas: Mapping[str, JsonDict] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JsonDict:
    """An answer with a schema by media type, and its headers, each with a description."""
    value: JsonDict = {"description": description}
    if headers:
        value["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
        }
    if schemas is not None:
        value["content"] = {media_type: {"schema": schema} for media_type, schema in schemas.items()}
    return value


def ref(kind: type[msgspec.Struct]) -> JsonDict:
    """A reference to the schema of a Struct."""
    return {"$ref": REF.format(name=kind.__name__)}
