"""Projections that are read once show what the emulator's own reading of each item shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import dynamodb

from local_cloud.projections import attributes_of

NAMES = {"#a0": "venId", "#a1": "dotted.name", "#a2": "values"}
VALUES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from([{"S": ""}, {"S": "é"}, {"N": "1.50"}, {"NULL": True}]),
    st.just({"L": [{"N": "1"}, {"M": {"part": {"BOOL": True}}}]}),
    st.just({"M": {}}),
)
ITEMS = st.dictionaries(st.sampled_from(["venId", "dotted.name", "values", "rowId", "bootId"]), VALUES)


@given(ITEMS, st.lists(st.sampled_from(["#a0", "#a1", "#a2", "rowId", " bootId "]), min_size=1, unique=True))
def test_an_item_is_shown_as_by_the_emulator(item: dict[str, Any], paths: list[str]) -> None:
    """Attributes that it has and has not, of any type, whatever their order."""
    expression = ",".join(paths)
    attributes = attributes_of(expression, NAMES)
    assert attributes is not None
    shown = {name: item[name] for name in attributes if name in item}
    assert shown == dynamodb._project_item(item, expression, NAMES)


@pytest.mark.parametrize("expression", ["venId.part", "#a2[0]", "venId, #a2.part", "", "venId,"])
def test_a_part_of_an_attribute_is_left_to_the_emulator(expression: str) -> None:
    """No guess is made at a path into an attribute, or at what is no list of names."""
    assert attributes_of(expression, NAMES) is None
