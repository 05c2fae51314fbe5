"""A VEN's memory is its own, of the form that this release reads."""

from __future__ import annotations

import msgspec
import pytest

from contracts.errors import MalformedError
from tests.support.ven_states import LOADS, NOW, VEN, desired, event, told, ven
from ven_twin.ven.storage.persisted_state import FORMAT, PersistedState, lasting, read_state, write_state


def memory() -> PersistedState:
    """A VEN with an event, a setting and something that it refused."""
    wanted = desired(event(), nonsense=1) | {"loads": {"ev1": {"enabled": False}}}
    return PersistedState(state=told(ven(), wanted), boot_id="b1", saved_ts=NOW)


def test_the_memory_of_another_ven_is_refused() -> None:
    """A file that was copied from another VEN never becomes this one's state."""
    raw = write_state(memory())
    assert read_state(raw, VEN, LOADS) == memory()
    with pytest.raises(MalformedError, match="is that of VEN 'ven-1'"):
        read_state(raw, "ven-2", LOADS)


@pytest.mark.parametrize("form", [FORMAT - 1, FORMAT + 1])
def test_a_memory_of_another_form_is_refused_whatever_else_it_holds(form: int) -> None:
    """What a later or an earlier release wrote is not guessed at; the refusal names both forms."""
    raw = write_state(msgspec.structs.replace(memory(), format=form))
    with pytest.raises(MalformedError, match=f"has form {form}, this release reads 1$"):
        read_state(raw, VEN, LOADS)


def test_only_what_outlives_the_process_is_remembered() -> None:
    """Settings, events and what is desired stay; versions of the shadow and refusals are judged again."""
    state = memory().state
    kept = lasting(state)
    assert (kept.settings, kept.schedule) == (state.settings, state.schedule)
    assert kept.shadow.desired == state.shadow.desired
    assert not kept.shadow.synchronized
    assert (state.errors != {}, state.mirrored != frozenset()) == (True, True)
    assert (kept.errors, kept.mirrored, kept.shadow.reported) == ({}, frozenset(), {})
