"""A request as AWS reads it: its operation and its parameters, by botocore's model of the service."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
from botocore.model import ListShape, Shape, StructureShape

from contracts.wire.codec import JsonDict, JsonObject
from local_cloud.limits import service_model

if TYPE_CHECKING:
    from botocore.model import OperationModel


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request over HTTP, with its path and query decoded."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, list[str]]


def read(service: str, request: Request) -> tuple[OperationModel, JsonDict] | None:
    """The operation and its parameters by their names on the wire; None when it is no known operation."""
    readers = {"json": _read_json, "query": _read_query, "rest-json": _read_rest}
    reader = readers.get(str(service_model(service).metadata["protocol"]))
    return reader(service, request) if reader is not None else None


def _read_json(service: str, request: Request) -> tuple[OperationModel, JsonDict] | None:
    operation = _operation(service, request.headers.get("x-amz-target", "").rpartition(".")[2])
    return None if operation is None else (operation, dict(_object(request.body)))


def _read_query(service: str, request: Request) -> tuple[OperationModel, JsonDict] | None:
    fields = {**request.query, **parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)}
    operation = _operation(service, fields.get("Action", [""])[0])
    if operation is None or operation.input_shape is None:
        return None
    tree: JsonDict = {}
    for name, values in fields.items():
        *parents, leaf = name.split(".")
        node = tree
        for parent in parents:
            branch = node.setdefault(parent, {})
            node = branch if isinstance(branch, dict) else {}
        node[leaf] = values[0]
    parameters = _from_query(operation.input_shape, tree)
    return operation, parameters if isinstance(parameters, dict) else {}


def _from_query(shape: Shape, node: object) -> object:
    """The value of *shape* in the tree of a query's dotted names."""
    if not isinstance(node, dict):
        return node
    if isinstance(shape, StructureShape):
        named = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return {name: _from_query(named[name], value) for name, value in node.items() if name in named}
    if isinstance(shape, ListShape):
        items = node.get(shape.member.serialization.get("name", "member"), node)
        return (
            [_from_query(shape.member, items[key]) for key in sorted(items)]
            if isinstance(items, dict)
            else []
        )
    entries = node.get("entry", node)
    entries = entries.values() if isinstance(entries, dict) else ()
    pairs = (entry for entry in entries if isinstance(entry, dict) and "key" in entry)
    return {entry["key"]: entry.get("value") for entry in pairs}


def _read_rest(service: str, request: Request) -> tuple[OperationModel, JsonDict] | None:
    # The last label may hold slashes, an ARN's being decoded before: tried when nothing else fits.
    for whole in (False, True):
        for method, path, name in _routes(service, last_label_whole=whole):
            match = path.fullmatch(request.path) if method == request.method else None
            operation = _operation(service, name) if match else None
            if match and operation is not None and operation.input_shape is not None:
                return operation, _rest_parameters(operation.input_shape, match, request)
    return None


def _rest_parameters(shape: StructureShape, path: re.Match[str], request: Request) -> JsonDict:
    payload = shape.serialization.get("payload")
    is_blob = payload is not None and shape.members[payload].type_name == "blob"
    body: JsonObject = {} if is_blob else _object(request.body)
    parameters: JsonDict = {payload: dict(body)} if payload and not is_blob else dict(body)
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if (value := _outside_the_body(member, wire, path, request)) is not None:
            parameters[wire] = value
    return parameters


def _outside_the_body(member: Shape, wire: str, path: re.Match[str], request: Request) -> object:
    """The value of a parameter in the path, the query or a header; None where it is in none."""
    match member.serialization.get("location"):
        case "uri":
            return path.groupdict().get(_group(wire))
        case "querystring":
            values = request.query.get(wire)
            return values if values is None or isinstance(member, ListShape) else values[0]
        case "header":
            return request.headers.get(wire.lower())
    return None


@functools.cache
def _routes(service: str, *, last_label_whole: bool) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of each operation; paths with fewer labels first, as they are the narrower."""
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        template = http["requestUri"].partition("?")[0].rstrip("/") or "/"
        path = _path_pattern(template, last_label_whole=last_label_whole)
        routes.append((http["method"], path, name, template.count("{")))
    routes.sort(key=lambda route: route[3])
    return [(method, path, name) for method, path, name, _ in routes]


def _path_pattern(template: str, *, last_label_whole: bool) -> re.Pattern[str]:
    texts = re.split(r"\{([^}]+)\}", template)
    last = len(texts) - 2
    pattern = ""
    for place, text in enumerate(texts):
        whole = text.endswith("+") or (last_label_whole and place == last)
        label = f"(?P<{_group(text.rstrip('+'))}>{'.+' if whole else '[^/]+'})"
        pattern += label if place % 2 else re.escape(text)
    return re.compile(f"{pattern}/?", re.DOTALL)


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _operation(service: str, name: str) -> OperationModel | None:
    model = service_model(service)
    return model.operation_model(name) if name in model.operation_names else None


def _object(body: bytes) -> JsonObject:
    try:
        value = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}
