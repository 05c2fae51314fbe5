"""Events that a VTN has for a VEN: taken up, revised, cancelled, and acted on once beside the shadow."""

from __future__ import annotations

from dataclasses import replace

from contracts.wire.events import Phase
from tests.support.ven_states import NOW, event, ven
from ven_twin.control.schedule import EventOrigin
from ven_twin.control.shadow_sync import ShadowCopy
from ven_twin.control.ven_state import VenState
from ven_twin.control.vtn_events import with_vtn_events


def desired(state: VenState, *events: object) -> VenState:
    """The state with the shadow read, and these desired."""
    wanted = {each.event_id: each.to_shadow() for each in events}  # type: ignore[attr-defined]
    shadow = ShadowCopy(desired={"drEvents": wanted}, synchronized=True)
    return state.with_shadow(shadow, NOW)


def test_an_event_of_the_vtn_is_taken_up_and_cancelled_when_it_is_gone() -> None:
    """What the VTN has no more is cancelled; what it still has stays as it is."""
    state = with_vtn_events(ven(), [event("e1"), event("e2", starts_in_s=900)], NOW)
    assert state.schedule.ids_from(EventOrigin.OPENADR) == {"e1", "e2"}
    after = with_vtn_events(state, [event("e1")], NOW + 1)
    phases = {event_id: held.phase(NOW + 1) for event_id, held in after.schedule.events.items()}
    assert phases == {"e1": Phase.ACTIVE, "e2": Phase.CANCELLED}


def test_the_same_events_again_change_nothing() -> None:
    """Each poll brings them all."""
    state = with_vtn_events(ven(), [event("e1")], NOW)
    assert with_vtn_events(state, [event("e1")], NOW + 30) is state
    gone = with_vtn_events(state, [], NOW + 60)
    assert with_vtn_events(gone, [], NOW + 90) is gone


def test_an_event_that_is_over_is_not_cancelled() -> None:
    """The VTN leaves it out once its time is over."""
    state = with_vtn_events(ven(), [event("e1", durations_s=(60,))], NOW)
    after = with_vtn_events(state, [], NOW + 100)
    assert after.schedule.events["e1"].phase(NOW + 100) is Phase.COMPLETED


def test_an_event_by_shadow_and_by_a_vtn_is_the_shadows() -> None:
    """Whichever came first, the shadow's terms are acted on, once, and the VTN cancels nothing of it."""
    by_shadow, by_vtn = event("e1", kw=1.0), event("e1", revision=3, kw=2.0)
    for first_vtn in (True, False):
        state = with_vtn_events(ven(), [by_vtn], NOW) if first_vtn else ven()
        state = with_vtn_events(desired(state, by_shadow), [by_vtn], NOW)
        scheduled = state.schedule.events["e1"]
        assert (scheduled.source, scheduled.event.intervals) == (EventOrigin.SHADOW, by_shadow.intervals)
        assert with_vtn_events(state, [], NOW).schedule.events["e1"].phase(NOW) is Phase.ACTIVE


def test_the_shadow_cancels_nothing_of_a_vtn() -> None:
    """An event of the VTN is not desired, and is acted on all the same; it is reported."""
    state = desired(with_vtn_events(ven(), [event("e1")], NOW))
    assert state.in_force(NOW) is not None
    reported = state.reported_settings()["drEvents"]
    assert isinstance(reported, dict)
    assert reported["e1"]["intervals"]


def test_an_opt_out_leaves_the_vtns_event() -> None:
    """It is left as any other, and a repeat does not start it again."""
    state = with_vtn_events(ven(), [event("e1")], NOW)
    state, _ = replace(state, settings=replace(state.settings, enabled=False)).advance(NOW + 1)
    state = with_vtn_events(state, [event("e1")], NOW + 2)
    assert state.schedule.events["e1"].phase(NOW + 2) is Phase.OPTED_OUT
