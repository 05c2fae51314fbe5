"""Bodies of OpenADR's calls, made of the Structs that the VTN decodes with: right ones, and spoiled ones."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec.inspect as structs

from contracts.openadr.objects import URL_PATTERN
from contracts.openadr.times import DATE_TIME, DURATION

PATTERNED = {DATE_TIME.pattern: "2030-06-01T12:00:00Z", DURATION.pattern: "PT1H"}
PATTERNED |= {URL_PATTERN: "https://example.org/a?b=c#d"}
MALFORMED = {
    URL_PATTERN: (
        "www.example.org",
        "/a",
        "https://a b",
        "https://\u00e4.example",
        "https:<a>",
        "a:\n",
        "https:#a#b",
        "https:%zz",
    ),
    DATE_TIME.pattern: ("tomorrow", "2030-06-01", "2030-06-01T12:00:00", "2030-13-01T12:00:00Z", ""),
    DURATION.pattern: ("1h", "P", "PT", "P1D2W", "PT1H30", ""),
}
PLAIN: dict[type[structs.Type], Any] = {
    structs.IntType: 1,
    structs.FloatType: 1.5,
    structs.BoolType: True,
    structs.StrType: "text",
}


class BodyField(NamedTuple):
    """A field of a body: its way from the root, its type without null, and whether it must be there."""

    way: tuple[str | int, ...]
    type: structs.Type
    required: bool
    nullable: bool


class SpoiledBody(NamedTuple):
    """A body with one thing wrong, and its name."""

    name: str
    body: Any


@dataclass(frozen=True)
class BodyKind:
    """A Struct that a call's body may be of; *chosen* has the fields that refer to what is there, by name.

    Of several Structs that a field may be of, it is the one whose tag begins with *object_type*.
    """

    kind: structs.StructType
    object_type: str
    chosen: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the Struct."""
        return self.kind.cls.__name__

    def whole(self) -> dict[str, Any]:
        """A body with every field."""
        return self._made(self.kind, lambda _: True)

    def least(self) -> dict[str, Any]:
        """A body with the required fields alone."""
        return self._made(self.kind, lambda field: field.required)

    def spoiled(self) -> Iterator[SpoiledBody]:
        """The whole body with each field missing, null, mistyped or out of bounds, where that is wrong."""
        body = self.whole()
        if self.kind.tag_field is not None:
            for value in (7, [], [[]], {"a": 1}, "NONE_OF_THEM"):
                yield SpoiledBody(f"{self.kind.tag_field} {value!r}", {**body, self.kind.tag_field: value})
        for field in self._fields(self.kind):
            name = ".".join(map(str, field.way))
            if field.required and isinstance(field.way[-1], str):
                yield SpoiledBody(f"{name} missing", changed(body, field.way, None, away=True))
            if not field.nullable:
                yield SpoiledBody(f"{name} null", changed(body, field.way, None))
            for value in _wrong(field.type):
                yield SpoiledBody(f"{name} {str(value)[:24]!r}", changed(body, field.way, value))

    def nulls(self) -> Iterator[SpoiledBody]:
        """The whole body with each optional field null, the least with all of them: none of it is wrong."""
        body, bare = self.whole(), self.least()
        for field in self._fields(self.kind):
            if field.nullable and not field.required:
                yield SpoiledBody(".".join(map(str, field.way)), changed(body, field.way, None))
                if len(field.way) == 1:
                    bare[str(field.way[0])] = None
        yield SpoiledBody("all", bare)

    def _fields(self, kind: structs.StructType, way: tuple[str | int, ...] = ()) -> Iterator[BodyField]:
        """Every field below *kind*, the first item standing for all of a list."""
        for field in kind.fields:
            present = self._present(field.type)
            here = (*way, field.encode_name)
            yield BodyField(here, present, field.required, _may_be_null(field.type))
            if field.encode_name not in self.chosen:
                yield from self._below(present, here)

    def _below(self, info: structs.Type, way: tuple[str | int, ...]) -> Iterator[BodyField]:
        if isinstance(info, structs.StructType):
            yield from self._fields(info, way)
        elif isinstance(info, structs.VarTupleType):
            item = self._present(info.item_type)
            yield BodyField((*way, 0), item, required=True, nullable=False)
            yield from self._below(item, (*way, 0))

    def _present(self, info: structs.Type) -> structs.Type:
        """The type of a field that is there."""
        if not isinstance(info, structs.UnionType):
            return info
        members = [member for member in info.types if not isinstance(member, structs.NoneType)]
        if not all(isinstance(member, structs.StructType) for member in members):
            return members[0] if len(members) == 1 else info
        ours = [member for member in members if str(getattr(member, "tag", "")).startswith(self.object_type)]
        return (ours or members)[0]

    def _made(self, kind: structs.StructType, wants: Callable[[structs.Field], bool]) -> dict[str, Any]:
        body: dict[str, Any] = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
        for field in kind.fields:
            name = field.encode_name
            if wants(field):
                body[name] = self.chosen[name] if name in self.chosen else self._value(field.type, wants)
        return body

    def _value(self, info: structs.Type, wants: Callable[[structs.Field], bool]) -> Any:
        match self._present(info):
            case structs.StructType() as kind:
                return self._made(kind, wants)
            case structs.VarTupleType() as items:
                return [self._value(items.item_type, wants)]
            case structs.LiteralType() as words:
                return words.values[0]
            case structs.UnionType():
                return 0.5
            case structs.StrType(pattern=str(pattern)) if pattern in PATTERNED:
                return PATTERNED[pattern]
            case other:
                return PLAIN[type(other)]


def kinds_of(request: Any, object_type: str, chosen: Mapping[str, Any]) -> tuple[BodyKind, ...]:
    """The Structs that a call's body may be of."""
    info = structs.type_info(request)
    members = info.types if isinstance(info, structs.UnionType) else (info,)
    return tuple(
        BodyKind(member, object_type, chosen) for member in members if isinstance(member, structs.StructType)
    )


def _may_be_null(info: structs.Type) -> bool:
    return isinstance(info, structs.UnionType) and any(
        isinstance(member, structs.NoneType) for member in info.types
    )


def _wrong(info: structs.Type) -> Iterator[Any]:
    """Values that a field of that type does not take."""
    if isinstance(info, structs.StructType | structs.VarTupleType):
        yield from ("text", 7, {} if isinstance(info, structs.VarTupleType) else [])
        return
    yield from ({"a": 1}, [])
    match info:
        case structs.StrType():
            yield 7
            yield from MALFORMED.get(info.pattern or "", ())
            if info.min_length:
                yield ""
            if info.max_length is not None:
                yield "x" * (info.max_length + 1)
            if info.pattern is not None and "a-zA-Z0-9_-" in info.pattern:
                yield from ("a/b", "a b", "a\n", "ä")
        case structs.IntType():
            yield from ("text", 1.5, True)
            yield from () if info.ge is None else (info.ge - 1,)
            yield from () if info.le is None else (info.le + 1,)
        case structs.FloatType():
            yield from ("text", True)
        case structs.BoolType():
            yield from ("text", 1)
        case structs.LiteralType():
            yield from ("NONE_OF_THEM", 7)


def changed(body: Any, way: tuple[str | int, ...], value: Any, *, away: bool = False) -> Any:
    """A copy of *body* with *value* at the end of *way*, or nothing there."""
    whole_body = copy.deepcopy(body)
    inner = whole_body
    for step in way[:-1]:
        inner = inner[step]
    if away:
        del inner[way[-1]]
    else:
        inner[way[-1]] = value
    return whole_body
