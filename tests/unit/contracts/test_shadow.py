"""The shadow: each desired key judged alone, patches merged as the service does, its limits held."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import FieldError, OversizeError
from contracts.wire.shadow import (
    STATE_MAX_BYTES,
    STATE_MAX_DEPTH,
    LoadSetting,
    check_state,
    difference,
    merge,
    read_desired,
)

GOOD_EVENT = {"startTs": 1_800_000_000, "intervals": [{"durationS": 60, "signal": "shedKw", "value": 1}]}


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"report_interval_seconds": 0}, "report_interval_seconds"),
        ({"report_interval_seconds": 3601}, "report_interval_seconds"),
        ({"report_interval_seconds": "5"}, "report_interval_seconds"),
        ({"report_interval_seconds": True}, "report_interval_seconds"),
        ({"report_interval_seconds": float("nan")}, "report_interval_seconds"),
        ({"target_power_kw": -1}, "target_power_kw"),
        ({"target_power_kw": 10_001}, "target_power_kw"),
        ({"enabled": 1}, "enabled"),
        ({"enabled": "yes"}, "enabled"),
        ({"optOut": 1}, "optOut"),
        ({"optOut": {"reason": ""}}, "optOut.reason"),
        ({"optOut": {"untilTs": 1.5}}, "optOut.untilTs"),
        ({"optOut": {"why": "x"}}, "optOut.why"),
        ({"loads": 1}, "loads"),
        ({"loads": {"ev1": 1}}, "loads.ev1"),
        ({"loads": {"ev1": {"enabled": 1}}}, "loads.ev1.enabled"),
        ({"loads": {"ev1": {"capacityKw": -1}}}, "loads.ev1.capacityKw"),
        ({"loads": {"ev1": {"priority": 101}}}, "loads.ev1.priority"),
        ({"loads": {"ev1": {"colour": "red"}}}, "loads.ev1.colour"),
        ({"loads": {"a/b": {}}}, "loads.a/b"),
        ({"loads": {"x" * 200: {}}}, f"loads.{'x' * 58}"),
        ({"loads": [1]}, "loads[0]"),
        ({"loads": [{"enabled": True}]}, "loads[0].id"),
        ({"loads": [{"id": 5}]}, "loads[0].id"),
        ({"drEvents": []}, "drEvents"),
        ({"drEvents": {"evt-1": 1}}, "drEvents.evt-1"),
        ({"drEvents": {"evt-1": {**GOOD_EVENT, "startTs": 1}}}, "drEvents.evt-1.startTs"),
        ({"drEvents": {"evt-1": {"startTs": 1_800_000_000}}}, "drEvents.evt-1.intervals"),
        ({"certificateId": 5}, "certificateId"),
        ({"certificateId": ""}, "certificateId"),
        ({"certificateId": "a" * 63}, "certificateId"),
        ({"certificateId": "A" * 64}, "certificateId"),
        ({"certificateId": "a" * 64 + "\n"}, "certificateId"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_value_that_is_refused_is_named_by_its_path(state: dict[str, Any], field: str) -> None:
    """The reported shadow_errors say which desired value it was, and nothing else comes of it."""
    read = read_desired(state)
    assert list(read.errors) == [field]
    assert (read.events, read.loads, read.report_interval_s, read.enabled) == ({}, {}, None, None)


def test_one_bad_value_leaves_the_others_standing() -> None:
    """A typing error in one setting does not stop an event."""
    read = read_desired(
        {
            "report_interval_seconds": "often",
            "enabled": True,
            "drEvents": {"good": GOOD_EVENT, "bad": {}, "gone": None},
            "loads": {"ev1": {"enabled": False}, "batt1": {"priority": "high"}},
        }
    )
    assert set(read.errors) == {"report_interval_seconds", "drEvents.bad.startTs", "loads.batt1.priority"}
    assert (set(read.events), read.events["gone"]) == ({"good", "gone"}, None)
    assert read.loads == {"ev1": LoadSetting(enabled=False)}
    assert read.enabled is True


def test_an_unknown_key_says_what_is_known() -> None:
    """Whoever misspells a key sees the right one beside it."""
    assert "report_interval_seconds" in read_desired({"report_interval_s": 5}).errors["report_interval_s"]


@pytest.mark.parametrize(
    ("document", "patch", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {}),
        ({}, {"a": None}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2, 3]}, {"a": [4]}, {"a": [4]}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 2}}, {"a": 1}, {"a": 1}),
        ({}, {"a": {"b": {"c": None, "d": 1}}}, {"a": {"b": {"d": 1}}}),
    ],
)
def test_merging_is_the_services(
    document: dict[str, Any], patch: dict[str, Any], merged: dict[str, Any]
) -> None:
    """Objects merge, null deletes, arrays and values replace."""
    assert merge(document, patch) == merged


def test_merging_changes_neither_side() -> None:
    """State goes in and state comes out."""
    document, patch = {"a": {"b": 1}}, {"a": {"c": 2}}
    merge(document, patch)
    assert (document, patch) == ({"a": {"b": 1}}, {"a": {"c": 2}})


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": {}}, {"a": {}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}),
        ({"a": [1, 2]}, {"a": [1, 2]}, {}),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1]}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": [1]}, {"a": [True]}, {"a": [True]}),
        ({"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 3]}),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"c": 2.0, "b": 1}]}, {}),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1, "c": 3}]}, {"a": [{"b": 1, "c": 3}]}),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, {"a": [{"c": 1}]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": None}]}, {"a": [{"b": 1, "c": None}]}),
        ({"a": 1}, {"a": [1]}, {"a": [1]}),
    ],
)
def test_the_difference_is_the_smallest_patch(
    before: dict[str, Any], after: dict[str, Any], patch: dict[str, Any]
) -> None:
    """A shadow update costs four publishes and is metered by size: only what changed is said."""
    assert difference(before, after) == patch


def test_a_state_of_8_kb_is_let_through_and_one_byte_more_is_not() -> None:
    """AWS answers 413; the VEN does not find that out by sending."""
    room = STATE_MAX_BYTES - len(b'{"a":""}')
    check_state({"a": "x" * room})
    with pytest.raises(OversizeError) as refused:
        check_state({"a": "x" * (room + 1)})
    assert (refused.value.size, refused.value.allowed) == (STATE_MAX_BYTES + 1, STATE_MAX_BYTES)


def test_bytes_count_and_not_characters() -> None:
    """The service measures UTF-8."""
    with pytest.raises(OversizeError):
        check_state({"a": "é" * (STATE_MAX_BYTES // 2)})


@pytest.mark.parametrize(
    "wrap", [lambda inner: {"a": inner}, lambda inner: [inner]], ids=["objects", "arrays"]
)
def test_nesting_is_held_to_the_limit(wrap: Any) -> None:
    """Objects and arrays both count."""
    state: Any = {"a": 1}
    for _ in range(STATE_MAX_DEPTH - 1):
        state = wrap(state)
    check_state(state)
    with pytest.raises(OversizeError, match="depth is 7, at most 6"):
        check_state(wrap(state))


@pytest.mark.parametrize("empty", [{}, []])
def test_an_empty_object_or_array_is_a_level_of_its_own(empty: object) -> None:
    """The service counts it: six levels with it are allowed, seven are not."""
    state: Any = empty
    for _ in range(STATE_MAX_DEPTH - 1):
        state = {"a": state}
    check_state(state)
    with pytest.raises(OversizeError, match="depth is 7, at most 6"):
        check_state({"a": state})


def test_a_null_in_an_array_is_refused_by_its_path() -> None:
    """The service takes null as deletion, which an array has no place for."""
    with pytest.raises(FieldError) as refused:
        check_state({"desired": {"drEvents": {"e": {"intervals": [1, None]}}}})
    assert refused.value.field == "desired.drEvents.e.intervals"


@pytest.mark.parametrize("certificate_id", ["0123456789abcdef" * 4, None])
def test_a_desired_certificate_is_taken_by_its_id(certificate_id: str | None) -> None:
    """64 hexadecimal digits name the certificate to connect with; null names none and is no error."""
    read = read_desired({"certificateId": certificate_id})
    assert read.errors == {}


def test_the_deepest_of_an_arrays_items_counts() -> None:
    """A flat item beside a deep one does not hide it."""
    deep: Any = 1
    for _ in range(STATE_MAX_DEPTH - 2):
        deep = {"a": deep}
    check_state({"list": [1, deep]})
    with pytest.raises(OversizeError, match="depth is 7, at most 6"):
        check_state({"list": [1, {"a": deep}]})


def test_the_deepest_of_an_objects_members_counts() -> None:
    """A flat member before or after a deep one does not hide it."""
    deep: Any = 1
    for _ in range(6):
        deep = {"deep": deep}
    for state in ({"a": 1, **deep}, {**deep, "a": 1}):
        check_state(state)
        with pytest.raises(OversizeError, match="depth is 7, at most 6"):
            check_state({"state": state})
