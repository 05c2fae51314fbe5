"""Refusals of a value in words: what is allowed, never the decoder's own terms."""

from __future__ import annotations

import pytest

from contracts.api.resources import NewEvent
from contracts.errors import FieldError
from contracts.wire import codec

INTERVAL = {"durationS": 60, "signal": "shedKw", "value": 1}
NAME = "must be 1 to 64 of A-Z a-z 0-9 _ -, the first a letter or digit"


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"priority": -1}, "priority", "must be at least 0"),
        ({"randomizeStartS": 36_000}, "randomizeStartS", "must be at most 3600"),
        ({"targets": [""]}, "targets[0]", NAME),
        ({"program": "a b"}, "program", NAME),
        ({"allocation": "foo"}, "allocation", "'foo' is none of each, merit, proportional"),
        ({"intervals": []}, "intervals", "must have at least 1 element"),
        (
            {"intervals": [{**INTERVAL, "signal": "kWh"}]},
            "intervals[0].signal",
            "'kWh' is none of shedKw, importLimitKw, level, loadUpKw",
        ),
        ({"intervals": [{**INTERVAL, "value": -1}]}, "intervals[0].value", "must be at least 0"),
    ],
)
def test_a_value_that_is_not_allowed_is_answered_with_what_is(
    changes: dict[str, object], field: str, reason: str
) -> None:
    """Bounds, names and choices in plain words; no regular expression, no type of the program."""
    with pytest.raises(FieldError) as refused:
        codec.convert(NewEvent, {"intervals": [INTERVAL], **changes})
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_what_has_no_words_is_told_as_it_is() -> None:
    """A value of another kind: whoever writes JSON reads it."""
    with pytest.raises(FieldError, match="expected `int`, got `str`"):
        codec.convert(NewEvent, {"intervals": [INTERVAL], "priority": "x"})
