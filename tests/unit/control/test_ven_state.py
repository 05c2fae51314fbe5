"""The VEN converges to its shadow, each key alone, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contracts.wire.events import Phase
from contracts.wire.shadow import LoadSetting, OptOut, difference, merge
from tests.support.ven_states import NOW, desired, event, told, ven
from ven_twin.control.schedule import EventOrigin
from ven_twin.control.ven_state import EXPIRED, LoadShed, VenState


def delta_of(state: VenState) -> dict[str, Any]:
    """What the service would still find to differ: desired that is not reported so."""
    wanted, reported = state.shadow.desired, state.reported_settings()
    return _only_wanted(wanted, reported)


def _only_wanted(wanted: Any, reported: Any) -> dict[str, Any]:
    out = {}
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(reported.get(key), dict):
            below = _only_wanted(value, reported[key])
            out |= {key: below} if below else {}
        elif reported.get(key) != value:
            out[key] = value
    return out


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"report_interval_seconds": 0}, "report_interval_seconds"),
        ({"target_power_kw": "low"}, "target_power_kw"),
        ({"enabled": "yes"}, "enabled"),
        ({"optOut": {"reason": ""}}, "optOut.reason"),
        ({"loads": {"ev1": {"enabled": "yes"}}}, "loads.ev1.enabled"),
        ({"loads": {"pool1": {"enabled": False}}}, "loads.pool1"),
        ({"drEvents": {"e1": {"startTs": NOW}}}, "drEvents.e1.intervals"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_ven_refuses_a_key_alone_and_applies_the_others(state: dict[str, Any], path: str) -> None:
    """A bad value is refused under its path, its delta stays open, and a good one beside it is applied."""
    good = {"report_interval_seconds": 7} if path != "report_interval_seconds" else {"enabled": False}
    after = told(ven(), {**state, **good})
    assert set(after.errors) == {path}
    assert delta_of(after) == state
    assert (after.settings.report_interval_s, after.settings.enabled) in {(7, True), (30, False)}


def test_ven_names_the_circuits_that_it_has_when_it_knows_none_of_that_name() -> None:
    """The refusal of an unknown circuit says which there are."""
    assert "ev1" in told(ven(), {"loads": {"pool1": {"enabled": False}}}).errors["loads.pool1"]


@pytest.mark.parametrize(
    "state",
    [
        desired(event(), event("e2", starts_in_s=900, durations_s=(60, 60))),
        {"drEvents": {"a.b": {"startTs": NOW, "intervals": []}}},
        {"loads": {"ev1": {"enabled": False}, "hvac1": {"priority": 3, "capacityKw": 2}}},
        {"loads": [{"id": "ev1", "enabled": False}]},
        {"loads": [{"load_id": "ev1", "enabled": True}, {"loadId": "hvac1", "capacityKw": 1.5}]},
        {"report_interval_seconds": 5, "target_power_kw": 3, "enabled": False, "optOut": True},
        {"optOut": {"reason": "mustRun"}},
        {"optOut": False},
    ],
)
def test_ven_mirrors_what_it_accepted_as_it_was_written(state: dict[str, Any]) -> None:
    """What was accepted is reported verbatim, so that the delta closes."""
    after = told(ven(), state)
    assert after.errors == {}
    assert delta_of(after) == {}


def test_ven_mirrors_an_event_beside_a_refused_one_whose_id_continues_its_own() -> None:
    """Ids hold dots: the refusal of one event is no refusal of another whose id it begins with."""
    good = desired(event("e1"))
    bad = {"drEvents": {"e1.b": {"startTs": 0, "intervals": []}}}
    after = told(ven(), merge(good, bad))
    assert delta_of(after) == bad


def test_ven_refuses_an_event_that_was_over_before_it_came() -> None:
    """An expired event is refused with its reason, and never runs (defect 4)."""
    after = told(ven(), desired(event(starts_in_s=-600)))
    assert after.errors == {"drEvents.e1": EXPIRED}
    assert after.schedule.open_ids(NOW) == ()
    assert told(after, desired(event(starts_in_s=-600)), NOW + 9).errors == after.errors


def test_ven_refuses_nothing_of_an_event_that_an_earlier_run_dealt_with() -> None:
    """After a restart what is over and was reported is neither refused nor run again (defect 4)."""
    state = desired(event(starts_in_s=-600))
    after = told(ven(), state, reported={"drEvents": state["drEvents"]})
    assert after.errors == {}
    assert delta_of(after) == {}
    assert after.advance(NOW)[1] == ()


def test_ven_goes_on_with_an_event_that_an_earlier_run_began() -> None:
    """After a restart an event that is not over runs for the rest of its time (defects 4, 7)."""
    state = desired(event(starts_in_s=-300))
    after = told(ven(), state, reported={"drEvents": state["drEvents"]})
    assert after.in_force(NOW) is not None
    assert after.in_force(NOW + 300) is None


def test_ven_does_not_go_back_to_an_event_that_an_earlier_run_left() -> None:
    """An event that was opted out of stays so over a restart, though it is desired still."""
    state = desired(event())
    before, _ = told(ven(), state | {"optOut": True}).advance(NOW)
    reported = before.reported_settings()
    assert reported["drEvents"]["e1"]["ended"] == "optedOut"
    after = told(ven(), state | {"optOut": False}, NOW + 10, reported=reported)
    assert after.in_force(NOW + 10) is None
    assert delta_of(after) == {}
    revised = told(after, desired(event(revision=1)), NOW + 20)
    assert revised.in_force(NOW + 20) is not None


def test_ven_takes_a_report_without_a_revision_for_one_of_the_first() -> None:
    """The first revision need not be named: what an earlier run left of it stays left."""
    state = desired(event())
    earlier = {"drEvents": {"e1": {"ended": "cancelled"}}}
    assert told(ven(), state, reported=earlier).in_force(NOW) is None
    assert told(ven(), desired(event(revision=1)), reported=earlier).in_force(NOW) is not None


def test_ven_mirrors_the_events_after_one_that_is_no_longer_desired() -> None:
    """Of two events the first is removed: the other is reported as before."""
    state = told(told(ven(), desired(event(), event("e2"))), desired(event("e2")), NOW + 5)
    assert list(state.schedule.events) == ["e1", "e2"]
    assert state.reported_settings()["drEvents"] == desired(event("e2"))["drEvents"]


def test_ven_cancels_an_event_whose_key_was_deleted() -> None:
    """What is no longer desired is over at once (defect 2)."""
    state = told(told(ven(), desired(event())).advance(NOW)[0], {}, NOW + 5)
    assert state.in_force(NOW + 5) is None
    assert [transition.phase for transition in state.advance(NOW + 5)[1]] == [Phase.CANCELLED]
    assert state.reported_settings()["drEvents"] == {}


def test_ven_keeps_an_event_that_came_by_command_when_the_shadow_is_empty() -> None:
    """What never was in the shadow cannot be deleted from it."""
    schedule, _ = ven().schedule.offer(event(), EventOrigin.COMMAND, "ven-1", NOW)
    after = told(replace(ven(), schedule=schedule), {})
    assert after.in_force(NOW) is not None
    assert after.reported_settings()["drEvents"] == {"e1": event().to_shadow()}


def test_ven_cancels_nothing_while_its_shadow_was_not_read() -> None:
    """Before the whole was read, what is missing may only be unknown."""
    state = told(ven(), desired(event()))
    away = replace(state.shadow.disconnected(), desired={})
    assert state.with_shadow(away, NOW + 1).in_force(NOW + 1) is not None


def test_ven_cancels_nothing_when_events_as_a_whole_are_refused() -> None:
    """A value that is no object is refused, and what is refused changes nothing."""
    state = told(told(ven(), desired(event())), {"drEvents": 5}, NOW + 1)
    assert "drEvents" in state.errors
    assert state.in_force(NOW + 1) is not None


def test_ven_keeps_the_old_revision_when_the_new_one_is_refused() -> None:
    """A revision that cannot be read takes nothing away."""
    bad = {"drEvents": {"e1": {"revision": 1, "startTs": NOW, "intervals": [{"durationS": 0}]}}}
    state = told(told(ven(), desired(event())), bad, NOW + 1)
    assert state.in_force(NOW + 1) is not None
    assert delta_of(state) == bad


@pytest.mark.parametrize(
    ("key", "value", "lifted"),
    [("target_power_kw", 3.0, None), ("optOut", True, None)],
)
def test_ven_lifts_a_limit_and_an_opt_out_that_were_deleted(key: str, value: Any, lifted: Any) -> None:
    """A deleted key is the only way in which a shadow can say null."""
    state = told(told(ven(), {key: value}), {}, NOW + 1)
    assert (state.settings.target_power_kw, state.settings.opt_out) == (lifted, lifted)


def test_ven_keeps_what_was_set_without_the_shadow() -> None:
    """A shadow that never mentioned a setting lifts nothing."""
    limited = replace(ven().settings, target_power_kw=3.0, opt_out=OptOut())
    state = told(replace(ven(), settings=limited), {"enabled": True})
    assert state.settings == limited


def test_ven_leaves_a_running_event_when_it_is_disabled() -> None:
    """Opting out ends what runs, at once and for good; what is to come waits (defect 8)."""
    both = desired(event(), event("later", starts_in_s=300))
    state = told(told(ven(), both).advance(NOW)[0], both | {"enabled": False}, NOW + 10)
    assert state.in_force(NOW + 10) is None
    state, said = state.advance(NOW + 10)
    assert [(one.scheduled.event.event_id, one.phase) for one in said] == [("e1", Phase.OPTED_OUT)]
    state = told(state, both | {"enabled": True}, NOW + 20)
    assert state.in_force(NOW + 20) is None
    held = state.in_force(NOW + 300)
    assert held is not None
    assert held.event.event_id == "later"


def test_ven_opt_out_ends_by_itself() -> None:
    """From *untilTs* on events are taken part in again."""
    away = {"optOut": {"reason": "notParticipating", "untilTs": NOW + 100}}
    state = told(ven(), desired(event(starts_in_s=50)) | away)
    assert state.in_force(NOW + 60) is None
    assert state.in_force(NOW + 100) is not None


def test_ven_forgets_a_load_shed_at_its_end() -> None:
    """A circuit curtailed by command comes back when its time is over."""
    state = replace(ven(), load_sheds={"ev1": LoadShed(1.0, NOW + 10), "hvac1": LoadShed(1.0, NOW + 20)})
    assert set(state.advance(NOW + 10)[0].load_sheds) == {"hvac1"}


def test_ven_reports_the_least_that_changed() -> None:
    """Two reports of one state differ in nothing."""
    state = told(ven(), desired(event()) | {"loads": {"ev1": {"enabled": False}}})
    assert difference(state.reported_settings(), state.advance(NOW)[0].reported_settings()) == {}


def test_ven_refuses_the_65th_open_event_of_its_shadow_and_says_why() -> None:
    """The first 64 are held; the one too many has its reason beside its open delta."""
    state = told(ven(), desired(*[event(f"e{n}", starts_in_s=100 + n) for n in range(65)]))
    assert state.errors == {"drEvents.e64": "64 events that are not over are held already"}
    assert len(state.schedule.events) == 64
    assert set(delta_of(state)["drEvents"]) == {"e64"}


def test_ven_mirrors_a_circuit_as_it_is_desired_and_not_as_it_is_set() -> None:
    """A setting that is no longer desired stays set and is no longer mirrored, so that the delta closes."""
    state = told(ven(), {"loads": {"ev1": {"enabled": False, "priority": 3}}})
    state = told(state, {"loads": {"ev1": {"enabled": True}}}, NOW + 1)
    assert state.settings.loads["ev1"] == LoadSetting(enabled=True, priority=3)
    assert state.reported_settings()["loads"] == {"ev1": {"enabled": True}}


@pytest.mark.parametrize("wanted", [{"loads": {"ev1": {"enabled": "yes"}}}, {"loads": 5}, {}])
def test_ven_reports_what_is_set_of_a_circuit_whose_desired_is_refused_or_gone(
    wanted: dict[str, Any],
) -> None:
    """What was refused changes nothing, and the report says what is in force."""
    state = told(ven(), {"loads": {"ev1": {"enabled": False, "capacityKw": 2}}})
    state = told(state, wanted, NOW + 1)
    assert state.reported_settings()["loads"] == {"ev1": {"enabled": False, "capacityKw": 2}}
