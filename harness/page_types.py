"""Write the types of the pages' requests and answers: ``python -m harness.page_types``.

The TypeScript declarations in `types/pages.d.ts` are made of the servers' Structs; `tsc` checks the pages'
JavaScript against them. A browser never loads them.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from contracts.api.groups import GroupDetail
from contracts.api.problems import Problem
from contracts.api.requests import EventDispatched
from contracts.api.resources import NewEvent
from ven_twin.operations.fleet import event_detail, fleet_rules, fleet_view
from ven_twin.ven.page.routes import kinds
from ven_twin.webkit.rules import CommonRules
from ven_twin.webkit.time_series import DrawnHistory

TARGET = Path(__file__).parents[1] / "types" / "pages.d.ts"
HEAD = """\
// What the servers of the two pages send and take, made of their Structs by `make types`. Do not edit.
// VenApi is the VEN's page, FleetApi the operator's, KitApi what both have.
"""
SCALARS: dict[type[inspect.Type], str] = {
    inspect.AnyType: "unknown",
    inspect.NoneType: "null",
    inspect.BoolType: "boolean",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "string",
}
NAMESPACES: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "KitApi": (CommonRules, Problem, DrawnHistory),
    "VenApi": tuple(kinds()),
    "FleetApi": (
        fleet_view.FleetView,
        fleet_view.Heartbeat,
        fleet_view.EventsView,
        fleet_rules.FleetRules,
        event_detail.EventDetail,
        fleet_view.DefinitionsView,
        GroupDetail,
        NewEvent,
        EventDispatched,
    ),
}


def declarations() -> str:
    """The whole file."""
    return HEAD + "".join(f"\n{_namespace(name, roots)}" for name, roots in NAMESPACES.items())


def _namespace(name: str, roots: Iterable[type[msgspec.Struct]]) -> str:
    structs: dict[str, inspect.StructType] = {}
    for info in inspect.multi_type_info(list(roots)):
        _collect(info, structs)
    interfaces = "\n".join(_interface(structs[kind]) for kind in sorted(structs))
    return f"declare namespace {name} {{\n{interfaces}}}\n"


def _collect(info: inspect.Type, structs: dict[str, inspect.StructType]) -> None:
    """Every Struct in *info*, by its name. Two of one name in a namespace would be one type: refused."""
    if isinstance(info, inspect.StructType):
        name = info.cls.__name__
        if name in structs:
            if structs[name].cls is not info.cls:
                raise ValueError(f"{name} names two Structs")
            return
        structs[name] = info
    for inner in _inside(info):
        _collect(inner, structs)


def _inside(info: inspect.Type) -> Iterator[inspect.Type]:
    match info:
        case inspect.StructType():
            yield from (field.type for field in info.fields)
        case inspect.UnionType():
            yield from info.types
        case inspect.DictType():
            yield from (info.key_type, info.value_type)
        case inspect.ListType() | inspect.VarTupleType():
            yield info.item_type


def _interface(info: inspect.StructType) -> str:
    lines = "".join(
        f"    {field.encode_name}{'?' if _may_be_absent(info, field) else ''}: {_type(field.type)};\n"
        for field in info.fields
    )
    doc = (info.cls.__doc__ or "").splitlines()[0]
    return f"  /** {doc} */\n  interface {info.cls.__name__} {{\n{lines}  }}\n"


def _may_be_absent(info: inspect.StructType, field: inspect.Field) -> bool:
    """A field that is left out when it is the default, or that a caller may leave out."""
    config = info.cls.__struct_config__
    return not field.required and (config.omit_defaults or config.forbid_unknown_fields)


def _type(info: inspect.Type) -> str:
    match info:
        case inspect.StructType() as struct:
            return struct.cls.__name__
        case inspect.EnumType(cls=kind):
            return _union(member.value for member in kind)
        case inspect.LiteralType(values=values):
            return _union(values)
        case inspect.UnionType(types=types):
            return " | ".join(map(_type, types))
    return _container(info) or SCALARS[type(info)]


def _container(info: inspect.Type) -> str | None:
    match info:
        case inspect.DictType(key_type=key, value_type=value):
            return f"Record<{_type(key)}, {_type(value)}>"
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            of = _type(item)
            return f"({of})[]" if " | " in of else f"{of}[]"
    return None


def _union(values: Iterable[Any]) -> str:
    plain = [value.value if isinstance(value, enum.Enum) else value for value in values]
    return " | ".join(msgspec.json.encode(value).decode() for value in plain)


if __name__ == "__main__":
    TARGET.write_text(declarations())
    sys.stdout.write(f"{TARGET}\n")
