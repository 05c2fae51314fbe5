"""The limits that AWS documents, held against a request.

`data/limits.jsonl` and `data/actions.jsonl` are made by ``make aws-limits``; each row has its source.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import regex
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

_DATA = Path(__file__).parent / "data"
LIMITS = _DATA / "limits.jsonl"
ACTIONS = _DATA / "actions.jsonl"
SERVICES = {
    "apigatewayv2": "apigateway",
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "iam": "iam",
    "iot": "iot",
    "iot-data": "iot",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "states",
    "sts": "sts",
}
"""The services that the project calls, and the prefix of their IAM actions."""


class DocumentedLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bound on a shape, or on a structure's member when a sentence of its documentation states it."""

    service: str
    shape: str
    least: float | None = None
    most: float | None = None
    pattern: str = ""
    unit: str = "characters"
    sentence: str = ""


class ActionTypes(msgspec.Struct, frozen=True, kw_only=True):
    """An IAM action and the ARNs of the resource types it can be granted on; none: only on ``*``."""

    action: str
    arns: list[str]


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A value that AWS would refuse: its place in the request, and the constraint it fails."""

    place: str
    constraint: str
    sentence: str = ""

    def message(self) -> str:
        """The text of AWS's refusal. The value stays out of it, as it may be a secret."""
        if self.sentence:
            return f"Value at '{self.place}' {self.constraint}: {self.sentence}"
        failed = f"Value at '{self.place}' failed to satisfy constraint: Member must {self.constraint}"
        return f"1 validation error detected: {failed}"


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Botocore's model of *service*."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@functools.cache
def _rows() -> dict[tuple[str, str], DocumentedLimit]:
    lines = LIMITS.read_bytes().splitlines()[1:]
    rows = (msgspec.json.decode(line, type=DocumentedLimit) for line in lines)
    return {(row.service, row.shape): row for row in rows}


@functools.cache
def action_types() -> dict[str, list[str]]:
    """Each IAM action in lower case, and the ARNs of the resource types it can be granted on."""
    lines = ACTIONS.read_bytes().splitlines()[1:]
    rows = (msgspec.json.decode(line, type=ActionTypes) for line in lines)
    return {row.action.lower(): row.arns for row in rows}


def violations(service: str, shape: Shape, value: object, place: str = "") -> Iterator[Violation]:
    """Each limit that *value* of *shape*, by its names on the wire, fails. Another type is passed over."""
    if not _bounded(service, shape):
        return
    row = _rows().get((service, shape.name))
    if row is not None and (failed := _failed(row, shape.type_name, value)) is not None:
        yield Violation(place=place, constraint=failed)
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _member_violations(service, shape, value, place)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from violations(service, shape.member, item, f"{place}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from violations(service, shape.key, key, f"{place}.key")
            yield from violations(service, shape.value, item, f"{place}.{key}.value")


def _member_violations(
    service: str, shape: StructureShape, value: Mapping[str, object], place: str
) -> Iterator[Violation]:
    for name, member in shape.members.items():
        item = value.get(member.serialization.get("name", name))
        if item is None:
            continue
        at = f"{place}.{name}" if place else name
        row = _rows().get((service, f"{shape.name}.{name}"))
        if row is not None and isinstance(item, str) and row.most is not None:
            size = _size(row.unit, item, member.type_name)
            if size > row.most:
                yield Violation(place=at, constraint=f"has {size} {row.unit}", sentence=row.sentence)
        yield from violations(service, member, item, at)


_bounded_shapes: dict[tuple[str, str], bool] = {}


def _bounded(service: str, shape: Shape) -> bool:
    """True when a limit is on *shape* or on what it holds: all else need not be walked."""
    key = service, shape.name
    if key not in _bounded_shapes:
        _bounded_shapes[key] = False  # of a shape within itself
        _bounded_shapes[key] = (
            key in _rows()
            or any((service, f"{shape.name}.{name}") in _rows() for name in getattr(shape, "members", ()))
            or any(_bounded(service, inner) for inner in _inner(shape))
        )
    return _bounded_shapes[key]


def _inner(shape: Shape) -> Iterable[Shape]:
    if isinstance(shape, StructureShape):
        return list(shape.members.values())
    if isinstance(shape, ListShape):
        return (shape.member,)
    return (shape.key, shape.value) if isinstance(shape, MapShape) else ()


def _size(unit: str, text: str, type_name: str) -> int:
    if type_name == "blob":
        return len(base64.b64decode(text + "==="))
    if unit == "bytes":
        return len(text.encode())
    return len("".join(text.split())) if "without" in unit else len(text)


def _failed(row: DocumentedLimit, type_name: str, value: object) -> str | None:
    """The constraint of *row* that *value* fails, in AWS's words."""
    measure = _MEASURES.get(type_name)
    measured = None if measure is None else measure(value)
    if measured is None:
        return None
    kind, amount = measured
    if row.most is not None and amount > row.most:
        return f"have {kind} less than or equal to {row.most:.15g}"
    if row.least is not None and amount < row.least:
        return f"have {kind} greater than or equal to {row.least:.15g}"
    if row.pattern and isinstance(value, str) and not _compiled(row.pattern).fullmatch(value):
        return f"satisfy regular expression pattern: {row.pattern}"
    return None


@functools.cache
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern)


def _length(value: object) -> tuple[str, float] | None:
    return ("length", len(value)) if isinstance(value, str | list | Mapping) else None


def _blob_length(value: object) -> tuple[str, float] | None:
    return ("length", _size("bytes", value, "blob")) if isinstance(value, str) else None


def _number(value: object) -> tuple[str, float] | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return "value", float(value)  # in a query it is text
    except ValueError:
        return None


_MEASURES: dict[str, Callable[[object], tuple[str, float] | None]] = {
    **dict.fromkeys(("string", "list", "map"), _length),
    **dict.fromkeys(("integer", "long", "float", "double"), _number),
    "blob": _blob_length,
}
