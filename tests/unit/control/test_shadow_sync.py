"""The VEN's copy of its shadow, whatever the order in which it hears of it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ven_twin.control.shadow_sync import ShadowCopy, one_patch


def accepted(version: int, **state: Any) -> tuple[str, dict[str, Any]]:
    """An ``update/accepted``."""
    return "accepted", {"state": state, "version": version}


def delta(version: int, **state: Any) -> tuple[str, dict[str, Any]]:
    """An ``update/delta``."""
    return "delta", {"state": state, "version": version}


def hear(copy: ShadowCopy, *messages: tuple[str, dict[str, Any]]) -> ShadowCopy:
    """*copy* after these messages."""
    takes = {"accepted": ShadowCopy.on_accepted, "delta": ShadowCopy.on_delta, "get": ShadowCopy.on_get}
    for kind, document in messages:
        copy = takes[kind](copy, document)
    return copy


@pytest.fixture
def copy() -> ShadowCopy:
    """A copy that was read whole, at version 4."""
    document = {"state": {"desired": {"enabled": True, "a": 1}, "reported": {"enabled": True}}, "version": 4}
    return ShadowCopy().on_get(document)


def test_shadow_copy_holds_the_whole_that_was_read(copy: ShadowCopy) -> None:
    """After a get the copy is what the service holds (defect 7)."""
    assert copy.desired == {"enabled": True, "a": 1}
    assert copy.reported == {"enabled": True}
    assert copy.synchronized


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_shadow_copy_ends_alike_in_every_order(copy: ShadowCopy, order: tuple[int, ...]) -> None:
    """Deltas and accepted updates in any order come to the latest state, or to the need to read it anew."""
    messages = (
        accepted(5, desired={"a": 2}),
        delta(5, a=2),
        accepted(6, desired={"a": 3}),
        delta(6, a=3),
    )
    after = hear(copy, *(messages[index] for index in order))
    assert after.desired["a"] == 3
    assert after.accepted == 6
    assert after.synchronized is (order.index(0) < order.index(2))


def test_shadow_copy_learns_of_a_removed_key_from_the_accepted_update(copy: ShadowCopy) -> None:
    """A key that is no longer desired is in no delta; null in an accepted update removes it (defect 2)."""
    assert "a" not in hear(copy, accepted(5, desired={"a": None})).desired


@pytest.mark.parametrize(
    "message", [accepted(4, desired={"a": 9}), delta(4, a=9), delta(3, a=9), accepted(3, desired={"a": 9})]
)
def test_shadow_copy_does_nothing_on_what_is_not_newer(
    copy: ShadowCopy, message: tuple[str, dict[str, Any]]
) -> None:
    """A stale or repeated message changes nothing."""
    assert hear(copy, message) == copy


def test_shadow_copy_that_missed_an_update_has_to_be_read_anew(copy: ShadowCopy) -> None:
    """Versions of accepted updates run without a gap; where one is missing something was lost."""
    after = hear(copy, accepted(6, reported={"enabled": False}))
    assert not after.synchronized
    assert not hear(after, accepted(7, desired={})).synchronized
    assert hear(after, ("get", {"state": {"desired": {"a": 7}}, "version": 7})).synchronized


def test_shadow_copy_ignores_a_whole_that_is_older_than_what_it_knows(copy: ShadowCopy) -> None:
    """An answer to get that was overtaken by a delta does not bring the old state back."""
    ahead = hear(copy, delta(7, a=2))
    assert hear(ahead, ("get", {"state": {"desired": {"a": 1}}, "version": 6})) == ahead


def test_shadow_copy_is_not_trusted_after_a_disconnect(copy: ShadowCopy) -> None:
    """Whatever was said meanwhile was missed; what was known is kept until it is read anew."""
    away = copy.disconnected()
    assert not away.synchronized
    assert away.desired == copy.desired


def test_shadow_copy_of_a_shadow_that_does_not_exist_is_empty(copy: ShadowCopy) -> None:
    """No shadow yet: nothing desired, nothing reported, and the first update continues from there."""
    empty = copy.on_missing()
    assert (empty.desired, empty.reported, empty.synchronized) == ({}, {}, True)
    assert hear(empty, accepted(17, reported={"x": 1})).synchronized


def test_shadow_copy_takes_messages_up_by_their_topic(copy: ShadowCopy) -> None:
    """The last levels of the topic tell what a message is; one of any other topic changes nothing."""
    document = {"state": {"desired": {"a": 9}}, "version": 5}
    messages = {
        "get/accepted": copy.on_get(document),
        "update/delta": copy.on_delta(document),
        "update/accepted": copy.on_accepted(document),
        "update/documents": copy,
        "delete/accepted": copy,
    }
    for suffix, after in messages.items():
        assert copy.on_message(suffix, document, answers_us=False) == after
    assert messages["get/accepted"] != copy


@pytest.mark.parametrize(
    ("code", "missing"), [(404, True), (403, False), (405, False), (500, False), (None, False)]
)
def test_shadow_copy_takes_only_not_found_for_a_shadow_that_does_not_exist(
    copy: ShadowCopy, code: int | None, missing: bool
) -> None:
    """A get that is refused for another reason says nothing of the shadow."""
    after = copy.on_message("get/rejected", {"code": code}, answers_us=True)
    assert after == (ShadowCopy(synchronized=True) if missing else copy)


@pytest.mark.parametrize(("answers_us", "synchronized"), [(True, False), (False, True)])
def test_shadow_copy_is_read_anew_when_its_own_update_is_refused(
    copy: ShadowCopy, answers_us: bool, synchronized: bool
) -> None:
    """The VEN's own update, assumed done, was not; another's refused update changes nothing."""
    after = copy.on_message("update/rejected", {"code": 409}, answers_us=answers_us)
    assert (after.synchronized, after.desired) == (synchronized, copy.desired)


def test_shadow_copy_takes_up_the_delta_of_the_update_that_it_knows(copy: ShadowCopy) -> None:
    """Delta and accepted of one update have one version, and the later of them is no old news."""
    known = hear(copy, accepted(5, reported={"a": 0}))
    assert hear(known, delta(5, b=2)).desired == {**copy.desired, "b": 2}


@pytest.mark.parametrize("version", [{}, {"version": "5"}, {"version": True}])
def test_a_whole_without_a_version_is_as_old_as_the_first(version: dict[str, Any]) -> None:
    """A VEN that knows nothing yet takes it up, and one that knows a version does not."""
    document = {"state": {"desired": {"a": 1}}, **version}
    assert ShadowCopy().on_get(document) == ShadowCopy(desired={"a": 1}, synchronized=True)
    assert ShadowCopy(accepted=1).on_get(document) == ShadowCopy(accepted=1)


@pytest.mark.parametrize(
    ("first", "then", "both"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": None}}, {"a": {"x": 1, "y": None}}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": None}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ],
)
def test_two_patches_are_one_that_does_both(
    first: dict[str, Any], then: dict[str, Any], both: dict[str, Any]
) -> None:
    """Objects are merged key by key, the later word stands, and a null stays to delete its key."""
    assert one_patch(first, then) == both


def test_shadow_copy_has_what_a_command_wants_at_once(copy: ShadowCopy) -> None:
    """A message that does not know of the command yet does not undo it."""
    wanted = copy.with_desired({"enabled": False, "a": None})
    assert hear(wanted, accepted(5, reported={"x": 1})).desired == {"enabled": False}


@pytest.mark.parametrize("document", [{}, {"version": "5"}, {"version": True}, {"state": 3, "version": 5}])
def test_shadow_copy_survives_a_document_of_another_form(copy: ShadowCopy, document: dict[str, Any]) -> None:
    """What is not of the service's form changes nothing that is desired."""
    for kind in ("accepted", "delta"):
        assert hear(copy, (kind, document)).desired == copy.desired


def test_shadow_copy_takes_nothing_up_before_the_whole_was_read() -> None:
    """A message kept for an earlier run may be old; the whole must then be at least as new as it."""
    fresh = hear(ShadowCopy(), delta(6, a=2), accepted(7, desired={"a": 3}))
    assert fresh.desired == {}
    old = hear(fresh, ("get", {"state": {"desired": {"a": 1}}, "version": 6}))
    assert not old.synchronized
    assert hear(fresh, ("get", {"state": {"desired": {"a": 3}}, "version": 7})).synchronized


@pytest.mark.parametrize("version", [None, "7", True, 1.5])
def test_a_delta_whose_version_is_no_number_is_never_news(version: object) -> None:
    """It counts as version 0, which nothing is older than."""
    whole = ShadowCopy().on_get({"version": 0, "state": {"desired": {"a": 1}}})
    for document in ({"state": {"a": 2}}, {"state": {"a": 2}, "version": version}):
        assert whole.on_delta(document).desired == {"a": 1}


EVENT = {"revision": 1, "startTs": 1_800_000_000, "intervals": [{"durationS": 60}], "priority": 0}
CANCELLED = {"revision": 2, "startTs": 1_800_000_000, "intervals": [], "priority": 1_000_000}


@pytest.mark.parametrize("order", [("delta", "accepted"), ("accepted", "delta"), ("delta",)])
def test_a_cancellation_is_never_pieced_together_from_the_revision_before(order: tuple[str, ...]) -> None:
    """The service knows nothing yet of the report of revision 1, its delta of revision 2 says only that."""
    copy = ShadowCopy().on_get({"state": {"desired": {"drEvents": {"e1": EVENT}}}, "version": 6})
    came = {
        "delta": {"state": {"drEvents": {"e1": {"revision": 2}}}, "version": 7},
        "accepted": {"state": {"desired": {"drEvents": {"e1": CANCELLED}}}, "version": 7},
    }
    for kind in order:
        copy = copy.on_message(f"update/{kind}", came[kind], answers_us=False)
        assert copy.desired_events["e1"] in (EVENT, CANCELLED)
    assert copy.desired_events["e1"] == (CANCELLED if "accepted" in order else EVENT)
    assert copy.synchronized is (order[0] == "accepted"), "what the delta left out has to be read"


def test_a_new_event_counts_from_its_delta_on() -> None:
    """Nothing was reported of it, so its delta is the whole of it."""
    copy = ShadowCopy().on_get({"state": {}, "version": 6})
    copy = copy.on_delta({"state": {"drEvents": {"e1": EVENT}, "enabled": False}, "version": 7})
    assert copy.desired_events == {"e1": EVENT}
    assert copy.synchronized
    again = copy.on_delta({"state": {"drEvents": {"e1": EVENT}, "enabled": True}, "version": 8})
    assert again.synchronized, "what is open again is no change of the event"
    assert again.desired["enabled"] is True


def test_a_delta_after_a_gap_does_not_piece_an_event_together_either() -> None:
    """The ``accepted`` of the cancellation is lost; the next update's delta still says only its revision."""
    copy = ShadowCopy().on_get({"state": {"desired": {"drEvents": {"e1": EVENT}}}, "version": 6})
    copy = copy.on_accepted({"state": {"desired": {"drEvents": {"e2": EVENT}}}, "version": 8})
    copy = copy.on_delta({"state": {"drEvents": {"e1": {"revision": 2}, "e2": EVENT}}, "version": 8})
    assert copy.desired_events == {"e1": EVENT, "e2": EVENT}
    assert not copy.synchronized


@pytest.mark.parametrize(
    ("suffix", "document"),
    [
        ("get/rejected", {"code": 500, "message": "internal error"}),
        ("update/rejected", {"code": 409, "message": "version conflict"}),
        ("update/documents", {"current": {"version": 9}}),
    ],
)
def test_a_message_that_is_none_of_the_shadows_news_changes_nothing(
    copy: ShadowCopy, suffix: str, document: dict[str, Any]
) -> None:
    """A reading that failed, the rejection of somebody else's update, a topic that no VEN subscribes to."""
    assert copy.on_message(suffix, document, answers_us=False) == copy
