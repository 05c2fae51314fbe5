"""Rows read from the bytes of a Query's answer are those that the items say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.store.items import from_item, to_item
from lambdas.shared import rows, typed_rows
from lambdas.shared.power_traces import PowerRow

KW = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100) | st.integers(-9, 9)
ITEMS = st.fixed_dictionaries(
    {"timestamp": st.integers(0, 2**40), "usedPowerKw": KW, "baselinePowerKw": KW},
    optional={
        "eventId": st.none() | st.text() | st.sampled_from(["null", "5", "true"]),
        "requestedReductionKw": st.none() | KW,
        "loads": st.lists(st.text(max_size=3), max_size=2),
    },
)


def body(items: list[dict[str, Any]], last: dict[str, Any] | None = None) -> bytes:
    """The answer that holds *items*."""
    answer = {"Count": len(items), "Items": items, "ScannedCount": len(items)}
    return msgspec.json.encode(answer | ({"LastEvaluatedKey": last} if last else {}))


@given(st.lists(ITEMS, max_size=5))
def test_rows_from_bytes_are_those_of_the_items(values: list[dict[str, Any]]) -> None:
    """Every number to the bit, absent attributes as their defaults, attributes of no field passed over."""
    items = [to_item(value) for value in values]
    expected = [rows.read(PowerRow, from_item(item)) for item in items]
    assert typed_rows.reader(PowerRow).read(body(items)) == (expected, None)


@given(st.sampled_from(["timestamp", "usedPowerKw", "eventId", "requestedReductionKw"]))
def test_an_item_that_is_no_such_row_is_refused(name: str) -> None:
    """A number where a text belongs, or a list where a number does, is an error and no default."""
    item = to_item({"timestamp": 1, "usedPowerKw": 1.0, "baselinePowerKw": 2.0, "eventId": "e1"})
    wrong = {"N": "1"} if name == "eventId" else {"L": []}
    with pytest.raises(msgspec.ValidationError):
        typed_rows.reader(PowerRow).read(body([{**item, name: wrong}]))


@given(st.sampled_from(["timestamp", "usedPowerKw", "baselinePowerKw"]))
def test_an_item_without_a_needed_attribute_is_refused(name: str) -> None:
    """A row without its time or its powers is an error; so is one that has NULL there."""
    item = to_item({"timestamp": 1, "usedPowerKw": 1.0, "baselinePowerKw": 2.0})
    for changed in ({**item, name: {"NULL": True}}, {key: item[key] for key in item if key != name}):
        with pytest.raises(msgspec.ValidationError):
            typed_rows.reader(PowerRow).read(body([changed]))


def test_null_is_none_where_a_field_may_be() -> None:
    """An attribute that was written as NULL is the same as none."""
    item = to_item({"timestamp": 1, "usedPowerKw": 1.0, "baselinePowerKw": 2.0}) | {"eventId": {"NULL": True}}
    assert typed_rows.reader(PowerRow).read(body([item]))[0] == [PowerRow(1, 1.0, 2.0)]


def test_a_page_says_where_it_ends() -> None:
    """The key comes back as it was sent, to go on after it."""
    last = {"venId": {"S": "h"}, "rowId": {"S": "5#"}}
    assert typed_rows.reader(PowerRow).read(body([], last)) == ([], last)
    assert typed_rows.read_items(body([], last)).last == last
