"""Key conditions that are read once select what the emulator's own reading of each item selects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import dynamodb

from local_cloud.key_conditions import matcher

NAMES = {"#p": "venId", "#s": "rowId"}
CONDITIONS = (
    "#p = :p",
    "#p = :p AND #s BETWEEN :a AND :b",
    "(#p = :p AND begins_with(#s, :a))",
    "(#p = :p) AND (#s > :a)",
    *(f"venId = :p AND rowId {sign} :a" for sign in ("<", "<=", ">=", "=")),
)
TEXTS = st.text(alphabet="ab~é😀\ufffd", max_size=3)
NUMBERS = st.one_of(st.integers(-3, 3).map(str), st.sampled_from(["1.0", "1e0", "0.10", "-0"]))


def key(kind: str, text: str) -> dict[str, str]:
    """A key's value, as DynamoDB has it."""
    return {kind: text}


@given(st.data(), st.sampled_from(CONDITIONS), st.sampled_from(["S", "N"]))
def test_an_item_is_selected_as_by_the_emulator(data: st.DataObject, condition: str, kind: str) -> None:
    """Texts and numbers, of one type or another than the condition's, and items without the key."""
    if kind == "N" and "begins_with" in condition:
        kind = "S"
    texts = TEXTS if kind == "S" else NUMBERS
    least, most = sorted((data.draw(texts), data.draw(texts)), key=str if kind == "S" else float)
    values = {":p": key("S", "v"), ":a": key(kind, least)} | (
        {":b": key(kind, most)} if ":b" in condition else {}
    )
    item: dict[str, Any] = {"venId": key("S", data.draw(st.sampled_from("vw")))}
    item |= data.draw(st.one_of(st.just({}), texts.map(lambda text: {"rowId": key(kind, text)})))
    matches = matcher(condition, values, NAMES)
    assert matches is not None
    expected = dynamodb._evaluate_condition(condition, item, values, NAMES, slot="KeyConditionExpression")
    assert matches(item) is bool(expected)


@pytest.mark.parametrize(
    "condition", ["#p = :p OR #s = :a", "size(#s) > :a", "NOT #p = :p", "#p = :x", "#p <> :p"]
)
def test_what_is_said_otherwise_is_left_to_the_emulator(condition: str) -> None:
    """No guess is made at an expression in another form, or without its value."""
    assert matcher(condition, {":p": key("S", "v"), ":a": key("S", "a")}, NAMES) is None
