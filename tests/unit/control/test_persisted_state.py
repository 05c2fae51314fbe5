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


OLDER = """
{"format": 1,
 "state": {"ven_id": "ven-1", "load_ids": ["ev1"], "restores": 1, "by_hand": {"ev1": "e1"},
   "settings": {"report_interval_s": 7.0, "enabled": false, "loads": {"ev1": {"enabled": false}}},
   "schedule": {"events": {"e1": {"event": {"eventId": "e1", "startTs": 1800000000, "intervals":
     [{"durationS": 600, "signal": "shedKw", "value": 2.0}]}, "source": "shadow", "offset_s": 0.0,
     "announced": "active"}}},
   "load_sheds": {"hvac1": {"reduce_kw": 1.5, "until_ts": 1800000500.0}},
   "shadow": {"desired": {"enabled": false}}, "errors": {}, "taken": []},
 "wanted": {"enabled": false}, "last_event": {"eventId": "e0"},
 "delivered": {"e1": {"seconds": 5.0, "used_kwh": 0.1, "baseline_kwh": 0.2, "circuits_kwh": {"ev1": 0.1}}},
 "requested_kw": {"e1": 2.0}, "boot_id": "b1", "saved_ts": 1800000100.0,
 "past": [{"eventId": "e0", "startTs": 1.0, "endTs": 2.0, "ended": "completed", "askedKw": 3.0,
   "askedKwh": 0.5}]}
"""
"""As release 1.0 wrote it."""


def test_the_state_of_an_older_release_is_taken_over_whole() -> None:
    """No VEN forgets by an upgrade: each field keeps the key under which it was stored."""
    persisted = read_state(OLDER.encode(), VEN, LOADS)
    state, (past,) = persisted.state, persisted.past
    assert persisted.pending == {"enabled": False}
    assert persisted.requested_kw == {"e1": 2.0}
    assert persisted.delivered["e1"].reduction_kwh == pytest.approx(0.1)
    assert (past.requested_kw, past.requested_kwh, past.ended) == (3.0, 0.5, "completed")
    assert (state.settings.report_interval_s, state.settings.enabled) == (7.0, False)
    assert state.schedule.events["e1"].announced == "active"
    assert (state.load_sheds["hvac1"].reduce_kw, state.by_hand, state.restores) == (1.5, {"ev1": "e1"}, 1)


def test_the_stored_keys_are_those_of_the_older_release() -> None:
    """What is written now, an older release reads: nothing is stored under another key."""
    stored = msgspec.json.decode(write_state(read_state(OLDER.encode(), VEN, LOADS)))
    assert msgspec.json.decode(OLDER).keys() == stored.keys()
    assert stored["past"][0]["askedKw"] == 3.0
    assert stored["wanted"] == {"enabled": False}
