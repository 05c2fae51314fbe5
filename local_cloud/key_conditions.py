"""Key conditions of a query, read once and not for each item.

The emulator reads the expression anew for every item of a partition: 0.2 s of a processor for a VEN's three
weeks of telemetry, at each look; here it takes 0.03 s. The first item of a query is left to it, so that what
AWS refuses is refused as before. The others are compared by what the expression says, where it says it in one
of the usual ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import ModuleType

from contracts.wire.codec import JsonObject
from local_cloud.overrides import Original, replace

KEY_CONDITION = "KeyConditionExpression"
_NAME, _VALUE = r"#?[A-Za-z_]\w*", r":\w+"
_CLAUSE = re.compile(
    rf"[\s(]*(?:(?P<name>{_NAME})\s*(?P<sign>=|<=|>=|<|>)\s*(?P<value>{_VALUE})"
    rf"|(?P<between>{_NAME})\s+BETWEEN\s+(?P<least>{_VALUE})\s+AND\s+(?P<most>{_VALUE})"
    rf"|begins_with\s*\(\s*(?P<begins>{_NAME})\s*,\s*(?P<prefix>{_VALUE})\s*\))[\s)]*(?:AND\b|$)",
    re.IGNORECASE,
)
_SIGNS: Mapping[str, Callable[[object, object], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}

Matches = Callable[[JsonObject], bool]
"""True of an item that is in a query's answer."""


def read_key_conditions_once(dynamodb: ModuleType) -> None:
    """Have a query read its key condition once; *dynamodb* is the emulator's module."""
    replace(dynamodb, "_evaluate_condition", _once)


def _once(evaluate: Original) -> Original:
    last: list[tuple[object, object, object, Matches | None]] = [(None, None, None, None)]

    def evaluated(
        expression: str,
        item: JsonObject,
        values: JsonObject,
        names: JsonObject,
        slot: str = "ConditionExpression",
    ) -> object:
        if slot != KEY_CONDITION:
            return evaluate(expression, item, values, names, slot=slot)
        of, of_values, of_names, matches = last[0]
        if of is expression and of_values is values and of_names is names and matches is not None:
            return matches(item)
        judged = evaluate(expression, item, values, names, slot=slot)
        last[0] = (expression, values, names, matcher(expression, values, names))
        return judged

    return evaluated


def matcher(expression: str, values: JsonObject, names: JsonObject) -> Matches | None:
    """The items that *expression* is true of; None of one that is not in one of the usual ways."""
    clauses: list[Matches] = []
    at = 0
    while at < len(expression):
        clause_text = _CLAUSE.match(expression, at)
        clause = None if clause_text is None else _clause(clause_text, values, names)
        if clause_text is None or clause is None:
            return None
        clauses.append(clause)
        at = clause_text.end()
    return lambda item: all(clause(item) for clause in clauses)


def _clause(clause_text: re.Match[str], values: JsonObject, names: JsonObject) -> Matches | None:
    """The items that one clause is true of."""
    name = clause_text["name"] or clause_text["between"] or clause_text["begins"]
    attribute = names.get(name, name)
    refs = [clause_text[group] for group in ("value", "least", "most", "prefix") if clause_text[group]]
    operands = [operand for operand in (_read(values.get(ref)) for ref in refs) if operand is not None]
    if len(operands) < len(refs):
        return None
    kinds, plain = zip(*operands, strict=True)
    if len(set(kinds)) > 1:
        return None
    kind, compare = kinds[0], _comparison(clause_text, plain)

    def matches(item: JsonObject) -> bool:
        there = _read(item.get(attribute))
        return there is not None and there[0] == kind and compare(there[1])

    return matches


def _comparison(clause_text: re.Match[str], plain: tuple[object, ...]) -> Callable[[object], bool]:
    if clause_text["between"]:
        return lambda value: plain[0] <= value <= plain[1]  # type: ignore[operator]
    if clause_text["begins"]:
        return lambda value: str(value).startswith(str(plain[0]))
    sign = _SIGNS[clause_text["sign"]]
    return lambda value: sign(value, plain[0])


def _read(value: object) -> tuple[str, object] | None:
    """The type and the plain value of a key; strings are in the order of their UTF-8, as Python's are."""
    if not isinstance(value, Mapping):
        return None
    if "S" in value:
        return "S", value["S"]
    return ("N", Decimal(value["N"])) if "N" in value else None
