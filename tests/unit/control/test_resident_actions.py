"""The resident's word: an opt-out, and a circuit switched by hand, hold whatever the cloud says meanwhile."""

from __future__ import annotations

import pytest

from contracts.errors import FieldError
from contracts.wire.events import Phase
from contracts.wire.shadow import OptOut
from tests.support.ven_states import NOW, desired, event, told, ven
from ven_twin.control import command_handlers


def test_resident_opts_out_with_a_reason_and_an_end() -> None:
    """The running event is left at once, the cloud is told, and after the end the VEN takes part again."""
    state = told(ven(), desired(event("e1"), event("e2", starts_in_s=1200)))
    done = command_handlers.opt_out(state, "guests", NOW + 300, NOW + 10)
    assert done.desired == {"optOut": {"reason": "guests", "untilTs": NOW + 300}}
    assert done.state.settings.opt_out == OptOut(reason="guests", until_ts=NOW + 300)
    left, transitions = done.state.advance(NOW + 10)
    assert [
        (said.scheduled.event.event_id, said.phase) for said in transitions if said.phase is not Phase.NEAR
    ] == [("e1", Phase.OPTED_OUT)]
    assert left.in_force(NOW + 20) is None
    later, _ = left.advance(NOW + 1200)
    assert later.in_force(NOW + 1200) is not None


def test_resident_opts_in_again() -> None:
    """What is desired says nothing of an opt-out any more, and the next event is acted on."""
    out = command_handlers.opt_out(told(ven(), {}), "guests", None, NOW).state
    back = command_handlers.opt_in(out, NOW)
    assert back.desired == {"optOut": None}
    assert back.state.settings.opt_out is None
    assert told(back.state, desired(event())).in_force(NOW) is not None


@pytest.mark.parametrize(
    ("reason", "until_ts", "field"),
    [("", None, "reason"), ("x" * 65, None, "reason"), ("guests", NOW, "untilTs")],
)
def test_resident_is_told_what_is_wrong(reason: str, until_ts: int | None, field: str) -> None:
    """An opt-out without a reason, or one that is over before it begins, is refused by its field."""
    with pytest.raises(FieldError) as refused:
        command_handlers.opt_out(ven(), reason, until_ts, NOW)
    assert refused.value.field == field


@pytest.mark.parametrize("reason", ["x", "x" * 64])
def test_resident_opts_out_for_a_reason_of_one_to_sixty_four_characters(reason: str) -> None:
    """The shortest and the longest reason are taken as they are."""
    opted_out = command_handlers.opt_out(ven(), reason, None, NOW).state.settings.opt_out
    assert opted_out == OptOut(reason=reason)


def test_a_circuit_switched_by_hand_is_out_of_the_event_until_it_ends() -> None:
    """Only this circuit, only this event: it is named still when the end is announced, and then forgotten."""
    state, _ = told(ven(), desired(event("e1", durations_s=(600,)))).advance(NOW)
    done = command_handlers.switch(state, "ev1", enabled=True, now_ts=NOW + 5)
    assert done.desired == {"loads": {"ev1": {"enabled": True}}}
    assert done.state.by_hand == {"ev1": "e1"}
    during, _ = done.state.advance(NOW + 599)
    assert during.by_hand == {"ev1": "e1"}
    ending, transitions = during.advance(NOW + 600)
    assert [said.phase for said in transitions] == [Phase.COMPLETED]
    assert ending.by_hand == {"ev1": "e1"}
    assert ending.advance(NOW + 601)[0].by_hand == {}


def test_a_circuit_switched_without_an_event_is_only_switched() -> None:
    """There is nothing to be out of."""
    done = command_handlers.switch(told(ven(), {}), "ev1", enabled=False, now_ts=NOW)
    assert done.state.by_hand == {}
    assert done.state.settings.loads["ev1"].enabled is False


def test_an_unknown_circuit_is_refused() -> None:
    """The refusal says which circuits there are."""
    with pytest.raises(FieldError, match="ev1"):
        command_handlers.switch(ven(), "pool1", enabled=True, now_ts=NOW)


def test_resident_is_not_overruled_by_an_older_word_of_the_cloud() -> None:
    """A shadow written before the resident spoke does not lift the opt-out that is on its way."""
    done = command_handlers.opt_out(told(ven(), {"enabled": True}), "guests", None, NOW)
    older = done.state.shadow.on_get({"state": {"desired": {"enabled": True}}, "version": 9})
    assert done.state.with_shadow(older.with_desired(done.desired), NOW).settings.opt_out is not None
