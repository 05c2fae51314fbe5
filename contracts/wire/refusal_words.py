"""Refusals of a value in words for whoever sent it, instead of msgspec's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from contracts.wire.ids import EVENT_ID, LOAD_ID, VEN_ID

_SIGNS: Mapping[str, str] = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_BOUND = re.compile(
    r"Expected `(?P<kind>[^`]*)` (?P<length>of length )?(?P<sign>[<>]=?) (?P<limit>-?[0-9.e+]+)"
)
_PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.*)", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value (?P<value>.*)", re.DOTALL)
_LETTERS = "1 to {most} of A-Z a-z 0-9 _ {more}-, the first a letter or digit"
_PATTERN_WORDS: Mapping[str, str] = {
    repr(VEN_ID.pattern): _LETTERS.format(most=64, more=""),
    repr(EVENT_ID.pattern): _LETTERS.format(most=64, more=". : "),
    repr(LOAD_ID.pattern): _LETTERS.format(most=32, more=""),
}
_NAME = re.compile(r"[^.\[\]]+")


def reason_in_words(reason: str, kind: type[Any], path: str) -> str:
    """The *reason* of msgspec as what is allowed; its own words where there are no others for it.

    Args:
        reason: of msgspec's ValidationError, without the path.
        kind: what was to be read.
        path: of the field in *kind*, as msgspec writes it: ``intervals[0].signal``.
    """
    if bound := _BOUND.fullmatch(reason):
        return _bound_words(bound)
    if (pattern := _PATTERN.fullmatch(reason)) and (words := _PATTERN_WORDS.get(pattern["pattern"])):
        return f"must be {words}"
    if (choice := _CHOICE.fullmatch(reason)) and (allowed := list(_choices(kind, path))):
        return f"{choice['value']} is none of {', '.join(allowed)}"
    return reason[:1].lower() + reason[1:]


def _bound_words(bound: re.Match[str]) -> str:
    limit = bound["limit"].removesuffix(".0")
    if not bound["length"]:
        return f"must be {_SIGNS[bound['sign']]} {limit}"
    what = "character" if bound["kind"].startswith("str") else "element"
    return f"must have {_SIGNS[bound['sign']]} {limit} {what}{'' if limit == '1' else 's'}"


def _choices(kind: type[Any], path: str) -> Iterator[str]:
    """The values that the field at *path* of *kind* may have; none where it has no list of them."""
    from msgspec import inspect  # noqa: PLC0415 - in trouble only

    reached = [inspect.type_info(kind)]
    for name in _NAME.findall(path):
        reached = [inner for one in reached for inner in _below(one, name)]
    for one in _members(reached):
        if isinstance(one, inspect.EnumType):
            yield from (str(member.value) for member in one.cls)
        elif isinstance(one, inspect.LiteralType):
            yield from (str(value) for value in one.values)


def _below(kind: Any, name: str) -> Iterator[Any]:
    """The types of what is *name* in a value of *kind*: a field, or a place of an array."""
    for one in _members([kind]):
        if isinstance(one, msgspec.inspect.StructType):
            yield from (field.type for field in one.fields if field.encode_name == name)
        elif hasattr(one, "item_type"):
            yield one.item_type


def _members(kinds: list[Any]) -> Iterator[Any]:
    """*kinds*, with the members of a union in its place."""
    for one in kinds:
        yield from getattr(one, "types", (one,))
