"""A command under the id of an event that the VEN has: in force when it is accepted, else refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import CommandRefusedError
from contracts.wire.commands import read_command
from tests.support.ven_states import NOW, VEN, desired, event, told, ven
from ven_twin.control.command_handlers import StateChange, VenFigures, carry_out
from ven_twin.control.ven_state import VenState

FIGURES = VenFigures(status=dict, config=dict, critical=frozenset())


def do(state: VenState, op: str, data: dict[str, Any], *, now_ts: float = NOW, by: str = "c1") -> StateChange:
    """Carry out a command as it comes from the wire."""
    message = {"op": op, "data": data, "correlationId": by}
    return carry_out(state, read_command(json.dumps(message).encode(), ven_id=VEN), now_ts, FIGURES)


def request(kw: float, **more: Any) -> dict[str, Any]:
    """The data of an `event` command for ten minutes."""
    return {"event_id": "e1", "shed_kw": kw, "duration_s": 600, **more}


def kw_in_force(state: VenState, now_ts: float = NOW) -> float | None:
    """The kW that the VEN acts on."""
    scheduled = state.in_force(now_ts)
    interval = None if scheduled is None else scheduled.interval(now_ts)
    return None if interval is None else interval.value


def refusal(state: VenState, op: str, data: dict[str, Any], now_ts: float = NOW) -> tuple[str, str]:
    """The field and the reason of a command's refusal."""
    with pytest.raises(CommandRefusedError) as refused:
        do(state, op, data, now_ts=now_ts)
    return refused.value.field, refused.value.reason


def test_the_same_id_with_another_power_is_in_force() -> None:
    """1.0 kW, then 2.5 kW under one id: 2.5 are in force, from the start that the event had."""
    once = do(ven(), "event", request(1.0)).state
    twice = do(once, "event", request(2.5), now_ts=NOW + 60)
    assert (kw_in_force(once), kw_in_force(twice.state, NOW + 60)) == (1.0, 2.5)
    assert twice.answer["requested_shed_kw"] == 2.5
    assert twice.state.schedule.events["e1"].end_ts == NOW + 600
    again = do(twice.state, "event", request(1.0), now_ts=NOW + 90).state
    assert kw_in_force(again, NOW + 90) == 1.0


def test_the_same_id_with_another_end_ends_then() -> None:
    """Drawn out to twenty minutes, and cut to five; an end that is past is refused."""
    state = do(ven(), "event", request(1.0)).state
    longer = do(state, "event", request(1.0, duration_s=1200), now_ts=NOW + 60).state
    assert kw_in_force(longer, NOW + 1199) == 1.0
    shorter = do(longer, "event", request(1.0, duration_s=300), now_ts=NOW + 60).state
    assert kw_in_force(shorter, NOW + 300) is None
    assert refusal(state, "event", request(1.0, duration_s=30), NOW + 60) == (
        "data.end_ts",
        "ended before it was received",
    )


@pytest.mark.parametrize("kw", [1.0, 2.5])
def test_after_restore_the_id_is_refused(kw: float) -> None:
    """What was given back does not start again by a late repeat; whoever wants it anew names another id."""
    restored = do(do(ven(), "event", request(1.0)).state, "restore", {}).state
    assert refusal(restored, "event", request(kw)) == (
        "data.event_id",
        "event 'e1' is over (cancelled): name another id",
    )
    anew = do(restored, "event", {**request(kw), "event_id": "e2"}).state
    assert kw_in_force(anew) == kw


def test_after_its_time_the_id_is_refused_for_other_terms() -> None:
    """A repeat is answered as the first time; other terms are not taken, and not said to be."""
    state = do(ven(), "event", request(1.0)).state
    assert do(state, "event", request(1.0), now_ts=NOW + 700).state == state
    later = request(2.5, start_ts=NOW + 700)
    assert refusal(state, "event", later, NOW + 700)[1] == "event 'e1' is over (completed): name another id"


def test_an_id_that_came_too_late_is_free_for_a_time_that_is_not() -> None:
    """What was refused as expired never ran: under its id another time is taken."""
    late = told(ven(), desired(event(starts_in_s=-900)))
    assert kw_in_force(late) is None
    command_late = ven()
    with pytest.raises(CommandRefusedError):
        do(command_late, "event", request(1.0, start_ts=NOW - 900))
    assert kw_in_force(do(command_late, "event", request(1.0)).state) == 1.0


def test_an_id_that_the_shadow_has_with_other_terms_is_refused() -> None:
    """The shadow is the truth, and revises its events by itself; the same terms are the same event."""
    state = told(ven(), desired(event(kw=2.0)))
    assert refusal(state, "event", request(2.5, start_ts=NOW)) == (
        "data.event_id",
        "event 'e1' is in the shadow with other terms: revise it there",
    )
    assert do(state, "event", request(2.0, start_ts=NOW)).state == state
    revised = told(state, desired(event(kw=3.0, revision=1)))
    assert kw_in_force(revised) == 3.0


@pytest.mark.parametrize("commands", [1, 2, 3])
def test_what_the_shadow_desires_takes_the_place_of_a_command_with_other_terms(commands: int) -> None:
    """However often a command has changed it, whatever the shadow's revision: what is desired is in force."""
    state = ven()
    for number in range(commands):
        state = do(state, "event", request(1.0 + number, start_ts=NOW)).state
    state = told(state, desired(event(kw=5.0)))
    assert kw_in_force(state) == 5.0
    assert state.reported_settings()["drEvents"] == desired(event(kw=5.0))["drEvents"]
    assert kw_in_force(told(state, desired(event(durations_s=(), revision=1)))) is None


def test_a_panel_shed_is_revised_by_its_correlation_id() -> None:
    """The same correlation id with another power: in force, for the rest of the time that it had."""
    once = do(ven(), "shedPanel", {"requestedReductionKw": 1.0, "durationS": 600}).state
    twice = do(once, "shedPanel", {"requestedReductionKw": 2.5, "durationS": 600}, now_ts=NOW + 60).state
    assert kw_in_force(twice, NOW + 60) == 2.5
    restored = do(twice, "restore", {}).state
    with pytest.raises(CommandRefusedError) as refused:
        do(restored, "shedPanel", {"requestedReductionKw": 3.0, "durationS": 600})
    assert refused.value.field == "correlationId"


OP = st.one_of(
    st.tuples(
        st.just("event"),
        st.fixed_dictionaries(
            {
                "event_id": st.sampled_from(["e1", "e2"]),
                "shed_kw": st.sampled_from([1.0, 2.0, 3.0]),
                "start_ts": st.none() | st.sampled_from([NOW, NOW + 100]),
                "duration_s": st.sampled_from([200, 500]),
            }
        ).map(lambda data: {key: value for key, value in data.items() if value is not None}),
    ),
    st.tuples(st.just("restore"), st.just({})),
    st.tuples(st.just("shadow"), st.fixed_dictionaries({"kw": st.sampled_from([4.0, 5.0])})),
)


@given(ops=st.lists(OP, max_size=8))
def test_a_command_that_is_accepted_is_what_the_ven_holds(ops: list[tuple[str, dict[str, Any]]]) -> None:
    """After any commands and shadows: accepted is held with its power, and a refusal changes nothing."""
    state, now_ts, shadow_revision = ven(), NOW, -1
    for number, (op, data) in enumerate(ops):
        now_ts += 40
        if op == "shadow":
            shadow_revision += 1
            state = told(state, desired(event(kw=data["kw"], revision=shadow_revision)), now_ts)
            continue
        try:
            done = do(state, op, data, now_ts=now_ts, by=f"c{number}")
        except CommandRefusedError:
            continue
        state = done.state
        if op == "event":
            scheduled = state.schedule.events[data["event_id"]]
            assert scheduled.ended is None
            assert [interval.value for interval in scheduled.event.intervals] == [data["shed_kw"]]
            assert scheduled.event.duration_s == data["duration_s"]


@pytest.mark.parametrize("revision", [1, 0])
def test_other_terms_without_a_newer_revision_are_refused_and_not_mirrored(revision: int) -> None:
    """2.5 kW under a revision that the VEN has with 1.0 kW, or an older one: the reason is reported."""
    state = told(ven(), desired(event(kw=1.0, revision=1)))
    changed = told(state, desired(event(kw=2.5, revision=revision)))
    assert kw_in_force(changed) == 1.0
    assert changed.errors == {"drEvents.e1": "revision 1 has other terms: raise the revision"}
    assert changed.reported_settings()["drEvents"] == {}
    raised = told(changed, desired(event(kw=2.5, revision=2)))
    assert (kw_in_force(raised), raised.errors) == (2.5, {})
    repeated = told(raised, desired(event(kw=2.5, revision=2)))
    assert (kw_in_force(repeated), repeated.errors) == (2.5, {})
