"""An event ends no earlier than it starts, whenever it was cancelled, wherever it is shown."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.api.requests import DispatchEvent
from contracts.store import views
from contracts.wire.events import Interval, Phase, Signal
from lambdas.dispatch_event.logic.answer import answer
from lambdas.dispatch_event.logic.plan import plan_event
from lambdas.settle_event.logic.report import settlement_context
from lambdas.settle_event.logic.timeline import event_timeline
from lambdas.shared.rows import VenRow
from ven_twin.control.event_history import past_event
from ven_twin.control.schedule import EventOrigin, Schedule

NOW = 1_800_000_000
FLEET = [VenRow(ven_id="ven-1", online=True, shed_availability_kw=5.0)]
REQUEST = st.builds(
    DispatchEvent,
    event_id=st.just("e1"),
    start_ts=st.none() | st.integers(NOW - 500, NOW + 100_000),
    randomize_start_s=st.sampled_from([0, 600]),
    intervals=st.lists(
        st.builds(
            Interval, duration_s=st.integers(600, 7_200), signal=st.just(Signal.SHED_KW), value=st.just(2.0)
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(request=REQUEST, cancelled_s=st.floats(0, 200_000), phase=st.sampled_from(Phase))
def test_no_event_ends_before_it_starts(request: DispatchEvent, cancelled_s: float, phase: Phase) -> None:
    """The answer, the resource, the settled windows and the VEN's history, before, in and after the event."""
    planned = plan_event(request, "e1", FLEET, now=float(NOW), retention_days=1, token="t")
    cancelled_ts = NOW + cancelled_s
    row = msgspec.structs.replace(planned.row, cancelled_ts=cancelled_ts)
    answered = answer(row, planned.plan)
    assert row.start_ts <= answered.end_ts <= row.end_ts
    header: dict[str, Any] = msgspec.to_builtins(row)
    shown = views.event_summary(header, now_ts=cancelled_ts)
    assert (shown.start_ts, shown.end_ts) == (answered.start_ts, answered.end_ts)
    timeline = event_timeline(row, [planned.plan])
    context = settlement_context(row, timeline)
    windows = [timeline.fleet.window, context.frame.event, *(of.window for of in timeline.vens.values())]
    assert all(window.end_ts >= window.start_ts for window in windows)
    (assignment,) = planned.plan.assignments
    schedule, _ = Schedule().offer(planned.row.for_ven(assignment), EventOrigin.SHADOW, "ven-1", NOW)
    past = past_event(schedule.events["e1"], phase, None, None, now_ts=cancelled_ts)
    assert past.end_ts >= past.start_ts
