"""Each command: what it does, what it refuses, and that both ways agree afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import CommandRefusedError
from contracts.wire.commands import read_command
from contracts.wire.events import Phase
from contracts.wire.shadow import LoadSetting, merge
from tests.support.ven_states import NOW, VEN, desired, event, told, ven
from ven_twin.control.command_handlers import StateChange, VenFigures, carry_out
from ven_twin.control.ven_state import EXPIRED, VenState

FACTS = VenFigures(
    status=lambda: {"is": "status"}, config=lambda: {"is": "config"}, critical=frozenset({"fridge1"})
)


def do(
    state: VenState,
    op: str,
    data: dict[str, Any] | None = None,
    *,
    now_ts: float = NOW,
    correlation_id: str | None = "c1",
) -> StateChange:
    """Carry out a command as it comes from the wire."""
    message = {"op": op, "data": data or {}, "correlationId": correlation_id}
    return carry_out(state, read_command(json.dumps(message).encode(), ven_id=VEN), now_ts, FACTS)


def test_ping_is_answered() -> None:
    """A ping says pong and changes nothing."""
    assert do(ven(), "ping") == StateChange(ven(), {"pong": True})


@pytest.mark.parametrize("what", ["status", "config"])
def test_get_answers_with_what_was_asked_for(what: str) -> None:
    """Status and configuration are told apart."""
    assert do(ven(), "get", {"what": what}).answer == {"data": {"is": what}}


def test_set_puts_settings_in_force_and_into_the_shadow() -> None:
    """What a command sets is what the shadow comes to desire."""
    settings = {"report_interval_seconds": 5, "target_power_kw": 2.5, "loads": {"ev1": {"priority": 9}}}
    done = do(ven(), "set", settings)
    assert done.state.settings.report_interval_s == 5
    assert done.state.settings.target_power_kw == 2.5
    assert done.state.settings.loads == {"ev1": LoadSetting(priority=9)}
    assert done.desired == settings


@pytest.mark.parametrize(("op", "enabled"), [("enable", True), ("disable", False)])
def test_enable_and_disable(op: str, enabled: bool) -> None:
    """Whether the VEN takes part is set, and desired from then on."""
    state = replace(ven(), settings=replace(ven().settings, enabled=not enabled))
    done = do(state, op)
    assert done.state.settings.enabled is enabled
    assert done.desired == {"enabled": enabled}


def test_set_load_changes_one_circuit() -> None:
    """What is not given stays as it was."""
    state = do(ven(), "setLoad", {"loadId": "ev1", "priority": 4}).state
    done = do(state, "setLoad", {"load_id": "ev1", "enabled": False, "capacity_kw": 3})
    assert done.state.settings.loads == {"ev1": LoadSetting(enabled=False, capacity_kw=3, priority=4)}
    assert done.desired == {"loads": {"ev1": {"enabled": False, "capacityKw": 3}}}


def test_shed_load_curtails_one_circuit_for_a_while() -> None:
    """A named circuit is curtailed beside any event, until its time is over."""
    done = do(ven(), "shedLoad", {"loadId": "ev1", "amountKw": 2, "duration_s": 60})
    assert done.answer == {"requested_shed_kw": 2}
    assert done.state.load_sheds["ev1"].reduce_kw == 2
    assert done.state.advance(NOW + 59)[0].load_sheds
    assert not done.state.advance(NOW + 60)[0].load_sheds
    assert done.state.schedule.events == {}


@pytest.mark.parametrize(
    ("op", "data"),
    [
        ("shedPanel", {"requestedReductionKw": 2, "durationS": 60}),
        ("shedLoad", {"reduceKw": 2, "durationS": 60}),
        ("shedPanel", {"requestedReductionKw": 2, "durationS": 59.6}),
    ],
)
def test_shed_without_a_circuit_is_an_event_from_now_on(op: str, data: dict[str, Any]) -> None:
    """Whichever circuits suit: it is held as an event, and ends like one."""
    done = do(ven(), op, data)
    held = done.state.in_force(NOW)
    assert held is not None
    assert done.answer == {"event_id": held.event.event_id, "requested_shed_kw": 2, "status": "accepted"}
    assert done.state.in_force(NOW + 59) is not None
    assert done.state.in_force(NOW + 60) is None


def test_a_shed_of_less_than_half_a_second_lasts_a_second() -> None:
    """An event lasts whole seconds, and one at the least."""
    done = do(ven(), "shedPanel", {"requestedReductionKw": 2, "durationS": 0.2})
    assert done.state.in_force(NOW + 0.9) is not None
    assert done.state.in_force(NOW + 1) is None


@pytest.mark.parametrize("correlation_id", ["c1", "a b/c", "x" * 128])
def test_shed_that_comes_twice_sheds_once(correlation_id: str) -> None:
    """A repeated command is the same event, even after a restart has forgotten its answer."""
    data = {"requestedReductionKw": 2, "durationS": 60}
    once = do(ven(), "shedPanel", data, correlation_id=correlation_id)
    twice = do(once.state, "shedPanel", data, now_ts=NOW + 30, correlation_id=correlation_id)
    assert twice.state == once.state


def test_sheds_without_a_correlation_id_are_events_of_their_own() -> None:
    """What cannot be told to be a repeat is none."""
    state = ven()
    for kw in (1, 2, 3):
        state = do(
            state, "shedPanel", {"requestedReductionKw": kw, "durationS": 60}, correlation_id=None
        ).state
    assert len(state.schedule.events) == 3


@pytest.mark.parametrize(
    ("data", "lasts_s"),
    [
        ({"end_ts": NOW + 90}, 90),
        ({"end_ts": NOW + 7 * 86400}, 7 * 86400),
        ({"duration_s": 60}, 60),
        ({"durationS": 60, "start_ts": NOW - 20}, 40),
        ({"duration_sec": 0.2}, 1),
    ],
)
def test_event_runs_to_its_end(data: dict[str, Any], lasts_s: int) -> None:
    """By its end or its duration; what came late is shorter (defect 4)."""
    done = do(ven(), "event", {"eventId": "e1", "shed_kw": 2, **data})
    assert done.state.in_force(NOW + lasts_s - 0.5) is not None
    assert done.state.in_force(NOW + lasts_s) is None


def test_event_that_is_repeated_after_its_end_is_answered_as_the_first_time() -> None:
    """Without a start of its own it is the event that began then, and not one that would end before it."""
    command = {"eventId": "e1", "shed_kw": 2, "end_ts": NOW + 90}
    once = do(ven(), "event", command)
    again = do(once.state, "event", command, now_ts=NOW + 100)
    assert (again.answer, again.state) == (once.answer, once.state)


def test_event_by_command_and_by_shadow_is_one() -> None:
    """Either way, or both in any order: one event with one outcome."""
    wanted = desired(event(kw=2))
    command = {"event_id": "e1", "requestedReductionKw": 2, "start_ts": NOW, "duration_s": 600}
    shadow_first = do(told(ven(), wanted), "event", command).state
    command_first = told(do(ven(), "event", command).state, wanted)
    assert shadow_first.schedule == command_first.schedule
    for state in (shadow_first, command_first):
        assert told(state, {}, NOW + 1).in_force(NOW + 1) is None


def test_restore_ends_every_event_and_every_load_shed() -> None:
    """Everything that is curtailed is given back, and is no longer desired (defect 2)."""
    state = told(ven(), desired(event(), event("later", starts_in_s=100)))
    state = do(state, "shedLoad", {"loadId": "ev1", "reduceKw": 1, "durationS": 60}).state
    done = do(state, "restore")
    assert done.state.in_force(NOW) is None
    assert done.state.in_force(NOW + 100) is None
    assert done.state.load_sheds == {}
    assert done.answer["data"] == {"ended": ["e1", "later"]}
    assert done.desired == {"drEvents": {"e1": None, "later": None}}


def test_restore_of_one_event_leaves_the_others() -> None:
    """Only what is named is ended."""
    done = do(told(ven(), desired(event(), event("e2", priority=3))), "restore", {"eventId": "e2"})
    held = done.state.in_force(NOW)
    assert held is not None
    assert held.event.event_id == "e1"
    assert done.desired == {"drEvents": {"e2": None}}


def test_restore_of_what_is_over_ends_nothing() -> None:
    """An event that ended by itself is not said to have been ended."""
    state = told(ven(), desired(event()))
    done = do(state, "restore", {"event_id": "e1"}, now_ts=NOW + 600)
    assert done.answer["data"] == {"ended": []}
    assert done.state.schedule.events["e1"].phase(NOW + 600) is Phase.COMPLETED


@pytest.mark.parametrize(("data", "restores"), [({}, 1), ({"event_id": "gone"}, 1), ({"event_id": "e1"}, 0)])
def test_restore_gives_back_what_an_event_that_is_over_still_holds(
    data: dict[str, Any], restores: int
) -> None:
    """What waits for its turn after an event comes back too, unless another event was named."""
    state = told(ven(), desired(event(), event("gone", durations_s=(5,))))
    assert do(state, "restore", data, now_ts=NOW + 10).state.restores == restores


@pytest.mark.parametrize(
    ("op", "data", "field"),
    [
        ("set", {}, "data"),
        ("set", {"drEvents": {}}, "data.drEvents"),
        ("set", {"enabled": False, "report_interval_seconds": 0}, "data.report_interval_seconds"),
        ("set", {"enabled": False, "loads": {"pool1": {}}}, "data.loads.pool1"),
        ("set", {"nonsense": 1}, "data.nonsense"),
        ("setLoad", {"loadId": "pool1", "enabled": True}, "data.loadId"),
        ("setLoad", {"loadId": "ev1"}, "data"),
        ("shedLoad", {"loadId": "pool1", "reduceKw": 1, "durationS": 9}, "data.loadId"),
        ("shedLoad", {"loadId": "fridge1", "reduceKw": 1, "durationS": 9}, "data.loadId"),
        ("event", {"event_id": "x", "shed_kw": 1, "end_ts": NOW - 5}, "data.end_ts"),
        ("event", {"event_id": "x", "shed_kw": 1, "end_ts": NOW}, "data.end_ts"),
        ("event", {"event_id": "x", "shed_kw": 1, "end_ts": NOW + 7 * 86400 + 1}, "data.end_ts"),
        ("event", {"event_id": "x", "shed_kw": 1, "start_ts": NOW - 90, "durationS": 80}, "data.end_ts"),
        ("restore", {"event_id": "x"}, "data.event_id"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_field(op: str, data: dict[str, Any], field: str) -> None:
    """A refusal names the field; the state, a value, is as it was."""
    with pytest.raises(CommandRefusedError) as refused:
        do(told(ven(), desired(event())), op, data)
    assert refused.value.field == field
    assert refused.value.correlation_id == "c1"
    assert refused.value.reason


def test_an_expired_event_says_that_it_is() -> None:
    """The reason is the one that the shadow gives."""
    with pytest.raises(CommandRefusedError, match=EXPIRED):
        do(ven(), "event", {"event_id": "x", "shed_kw": 1, "start_ts": NOW - 90, "durationS": 80})


@pytest.mark.parametrize("away", [{"enabled": False}, {"optOut": True}])
@pytest.mark.parametrize("op", ["shedPanel", "event", "shedLoad"])
def test_events_are_refused_while_the_ven_takes_no_part(op: str, away: dict[str, Any]) -> None:
    """A VEN that is disabled or opted out starts nothing (defect 8)."""
    data = {
        "shedPanel": {"requestedReductionKw": 1, "durationS": 60},
        "event": {"event_id": "e1", "requestedReductionKw": 1, "durationS": 60},
        "shedLoad": {"reduceKw": 1, "durationS": 60},
    }[op]
    with pytest.raises(CommandRefusedError) as refused:
        do(told(ven(), away), op, data)
    assert refused.value.field == "op"


@pytest.mark.parametrize(
    ("op", "data"),
    [
        ("set", {"report_interval_seconds": 5, "optOut": True}),
        ("set", {"target_power_kw": None}),
        ("enable", {}),
        ("disable", {}),
        ("setLoad", {"loadId": "ev1", "enabled": True}),
        ("restore", {}),
    ],
)
def test_both_ways_agree_after_a_command(op: str, data: dict[str, Any]) -> None:
    """Told by the shadow what the command's patch makes of it, the VEN has nothing left to change."""
    wanted = desired(event()) | {
        "enabled": False,
        "target_power_kw": 3.0,
        "loads": {"ev1": {"enabled": False}},
    }
    done = do(told(ven(), wanted), op, data)
    told_too = told(done.state, merge(wanted, done.desired), NOW + 1)
    assert told_too.settings == done.state.settings
    assert told_too.schedule == done.state.schedule


def test_a_message_that_does_not_know_of_a_command_yet_does_not_undo_it() -> None:
    """Between the command and the update of the shadow, other updates come in."""
    done = do(told(ven(), {"enabled": False}), "enable")
    other = done.state.shadow.on_accepted({"state": {"reported": {"x": 1}}, "version": 2})
    assert done.state.with_shadow(other, NOW + 1).settings.enabled is True


def test_a_command_that_would_start_the_65th_open_event_is_refused() -> None:
    """The refusal says that 64 are held; a repeat of one of them is still answered."""
    state = told(ven(), desired(*[event(f"e{n}", starts_in_s=100 + n) for n in range(64)]))
    with pytest.raises(CommandRefusedError, match="64 events that are not over") as refused:
        do(state, "shedPanel", {"requestedReductionKw": 1, "durationS": 60})
    assert refused.value.field == "op"
    known = {"event_id": "e0", "requestedReductionKw": 2, "start_ts": NOW + 100, "duration_s": 600}
    assert do(state, "event", known).answer["status"] == "accepted"
