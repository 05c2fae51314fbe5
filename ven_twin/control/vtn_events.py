"""The events that a VTN of OpenADR has for a VEN, taken up into its state. Pure.

a VTN's event                                          the schedule
─────────────────────────────────────────────────      ────────────────────────────
new, or with a newer revision                          taken up as `Schedule.offer` does
by this way before, and the VTN has it no more         cancelled, unless it is over
in the shadow too, under the same id                   the shadow's: it is acted on once, as desired there
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contracts.wire.events import DrEvent, Phase
from ven_twin.control.schedule import EventOrigin
from ven_twin.control.ven_state import VenState


def with_vtn_events(state: VenState, events: Iterable[DrEvent], now_ts: float) -> VenState:
    """The state with *events*, which are all that the VTN has for this VEN to act on."""
    schedule, event_ids = state.schedule, set()
    for event in events:
        event_ids.add(event.event_id)
        scheduled = schedule.events.get(event.event_id)
        if scheduled is not None and scheduled.source is EventOrigin.SHADOW:
            continue
        schedule, _ = schedule.offer(event, EventOrigin.OPENADR, state.ven_id, now_ts)
    gone = schedule.ids_from(EventOrigin.OPENADR) - event_ids
    if any(event_id in schedule.open_ids(now_ts) for event_id in gone):
        schedule = schedule.end(gone, Phase.CANCELLED, now_ts)
    return state if schedule is state.schedule else replace(state, schedule=schedule)
