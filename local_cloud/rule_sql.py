"""The SQL of a topic rule: what the emulator cannot evaluate is refused when the rule is made.

Left to itself the emulator takes a function or an action that it does not know, and evaluates it to nothing.
`regexp_matches` is taken in SELECT and in a comparison too, and ``true`` and ``false`` are values, as on AWS.
Source: AWS IoT SQL reference. On AWS the client id in `topic(n)` is as the client sent it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from contracts.wire.codec import JsonDict
from local_cloud.overrides import Original

_ACTIONS = {"lambda", "republish", "dynamoDBv2", "sns", "sqs"}
_ARGUMENTS: dict[str, set[int]] = {
    "clientid": {0},
    "encode": {2},
    "isundefined": {1},
    "newuuid": {0},
    "principal": {0},
    "regexp_matches": {2},
    "replace": {3},
    "timestamp": {0},
    "topic": {0, 1},
    "traceid": {0},
}
"""The functions that are evaluated here, and how many arguments each takes."""
_LITERALS = {"true": True, "false": False, "null": None}


def evaluable(put: Original, iot: ModuleType) -> Original:
    """The emulator's *put* of a rule, refusing SQL and actions that it would not carry out."""

    def put_topic_rule(name: str, payload: JsonDict, **named: Any) -> Any:
        refusal = _refusal(iot, str(payload.get("sql", "")), payload)
        if refusal is not None:
            raise iot.RuleSqlError(f"the local cloud cannot run this rule as AWS does: {refusal}")
        return put(name, payload, **named)

    return put_topic_rule


def _refusal(iot: ModuleType, sql: str, payload: JsonDict) -> str | None:
    """The first part of a rule that would be passed over in silence."""
    actions = [*(payload.get("actions") or []), payload.get("errorAction") or {}]
    unknown = sorted({name for action in actions for name in action} - _ACTIONS)
    if unknown:
        return f"action {unknown[0]}"
    if not re.match(r"\s*SELECT\s+\S", sql, re.IGNORECASE):
        return None  # the emulator's own check
    for item in iot._split_select_items(iot._rule_select_clause(sql)):  # noqa: SLF001 - the emulator's own parser
        expression, _ = iot._split_select_alias(item)  # noqa: SLF001
        if expression != "*" and (refusal := _expression_refusal(iot, expression)):
            return refusal
    where = iot._rule_where_clause(sql)  # noqa: SLF001
    return _node_refusal(iot, iot._parse_where(where)) if where else None  # noqa: SLF001


def _node_refusal(iot: ModuleType, node: Any) -> str | None:
    """The same of a parsed WHERE clause; None where it does not parse, which the emulator refuses itself."""
    if node is None:
        return None
    kind, *terms = node
    if kind in {"or", "and"}:
        return next((refusal for child in terms[0] if (refusal := _node_refusal(iot, child))), None)
    if kind == "not":
        return _node_refusal(iot, terms[0])
    operands = terms if kind == "between" else terms[:1]
    if kind == "cmp":
        operands = [terms[0], terms[2]]
    elif kind == "in":
        operands = [terms[0], *terms[1]]
    return next((refusal for one in operands if (refusal := _expression_refusal(iot, one))), None)


def _expression_refusal(iot: ModuleType, expression: str) -> str | None:
    """The first function or form in *expression* that is not evaluated here."""
    text = expression.strip()
    call = iot._SELECT_FUNC_RE.match(text)  # noqa: SLF001
    if call and _is_one_call(iot, text):
        return _call_refusal(iot, call["name"].lower(), iot._split_select_items(call["args"]))  # noqa: SLF001
    group = iot._strip_where_group(text)  # noqa: SLF001
    if group is not None:
        return _expression_refusal(iot, group)
    if iot._sql_string_value(text) is not None or iot._SELECT_ATTR_RE.match(text):  # noqa: SLF001
        return None
    if re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        return None
    halves = iot._split_arithmetic(text)  # noqa: SLF001
    if halves is None:
        return f"expression {text}"
    return _expression_refusal(iot, halves[0]) or _expression_refusal(iot, halves[2])


def _is_one_call(iot: ModuleType, text: str) -> bool:
    """False of ``f(a) + g(b)``, which begins and ends as a call does."""
    return iot._split_arithmetic(text) is None  # noqa: SLF001


def _call_refusal(iot: ModuleType, name: str, arguments: list[str]) -> str | None:
    if name not in _ARGUMENTS:
        return f"function {name}()"
    if len(arguments) not in _ARGUMENTS[name]:
        return f"function {name}() with {len(arguments)} arguments"
    if (check := _CALL_CHECKS.get(name)) and (refusal := check(iot, arguments)):
        return refusal
    return _inner_refusal(iot, arguments[0]) if arguments else None


def _encode_refusal(_: ModuleType, arguments: list[str]) -> str | None:
    encoding = arguments[1].strip().strip("'").lower()
    return None if encoding == "base64" else f"encoding {encoding}"


def _topic_refusal(_: ModuleType, arguments: list[str]) -> str | None:
    return (
        None if all(re.fullmatch(r"[1-9]\d*", one.strip()) for one in arguments) else "topic(n) of no number"
    )


def _pattern_refusal(iot: ModuleType, arguments: list[str]) -> str | None:
    pattern = iot._sql_string_value(arguments[1].strip())  # noqa: SLF001
    return None if pattern is not None and _compiles(pattern) else f"regular expression {arguments[1]}"


def _replace_refusal(iot: ModuleType, arguments: list[str]) -> str | None:
    literal = all(iot._sql_string_value(one.strip()) is not None for one in arguments[1:])  # noqa: SLF001
    return None if literal else "replace() by what is no text"


_CALL_CHECKS: dict[str, Callable[[ModuleType, list[str]], str | None]] = {
    "encode": _encode_refusal,
    "regexp_matches": _pattern_refusal,
    "replace": _replace_refusal,
    "topic": _topic_refusal,
}


def _inner_refusal(iot: ModuleType, argument: str) -> str | None:
    return None if argument.strip() == "*" else _expression_refusal(iot, argument)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def matching(evaluate: Original, iot: ModuleType) -> Original:
    """The emulator's *evaluate* of a function, with `regexp_matches` wherever a value can be."""

    def evaluate_function(name: str, arguments: list[str], *context: Any) -> Any:
        if name != "regexp_matches":
            return evaluate(name, arguments, *context)
        text = iot._sql_as_string(iot._eval_select_expr(arguments[0], *context))  # noqa: SLF001
        pattern = iot._sql_string_value(arguments[1].strip())  # noqa: SLF001
        return iot._MISSING if text is None else re.search(pattern, text) is not None  # noqa: SLF001

    return evaluate_function


def with_literals(evaluate: Original) -> Original:
    """The emulator's *evaluate* of an expression, in which ``true``, ``false`` and ``null`` are values."""

    def evaluate_expression(expression: str, *context: Any) -> Any:
        word = expression.strip().lower()
        return _LITERALS[word] if word in _LITERALS else evaluate(expression, *context)

    return evaluate_expression
