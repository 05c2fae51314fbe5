"""An event that requests more power: who is called, by which offer, and what counts as delivered."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from contracts.api.requests import DispatchEvent
from contracts.api.resources import TelemetryRow
from contracts.errors import FieldError
from contracts.wire.events import Interval, Signal
from lambdas.dispatch_event.logic.outcome import Outcome
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.dispatch_event.logic.rebalance import rebalance
from lambdas.shared.rows import VenRow
from tests.unit.lambdas.dispatch.running import HOUR_S, NOW, START, event, shed, ven


def load_up(kw: float) -> tuple[Interval, ...]:
    """An hour in which the fleet is to draw so much more."""
    return (Interval(duration_s=HOUR_S, signal=Signal.LOAD_UP_KW, value=kw),)


def planned(intervals: tuple[Interval, ...], *vens: VenRow) -> Planned:
    """The plan of a request at its start."""
    request = DispatchEvent(event_id="e1", intervals=intervals, start_ts=START)
    return plan_event(request, "e1", vens, now=float(START), retention_days=30, token="t")


def storing(ven_id: str, more_kw: float | None, shed_kw: float = 0.0) -> VenRow:
    """A VEN that can draw so much more."""
    return ven(ven_id, shed_kw, load_up_availability_kw=more_kw, load_up_sustain_s=7200.0)


def test_a_load_up_is_shared_by_what_each_ven_can_draw_more() -> None:
    """Its offer to shed has no part in it."""
    plan = planned(load_up(4.0), storing("a", 3.0), storing("b", 3.0), storing("c", 0.0, shed_kw=9.0)).plan
    assert {one.ven_id: one.values for one in plan.assignments} == {"a": (3.0,), "b": (1.0,)}
    assert plan.unavailable == {"c": "offers nothing"}


def test_a_ven_that_tells_no_load_up_is_in_none() -> None:
    """A VEN of before this signal goes on as it is, and the plan says which key it lacks."""
    plan = planned(load_up(4.0), ven("a", 5.0), storing("b", 3.0)).plan
    assert plan.unavailable == {"a": "reports no metrics.loadUpAvailabilityKw in its shadow"}
    assert planned(load_up(4.0), storing("b", 3.0)).row.shortfall_kw == 1.0


def test_an_event_of_both_directions_is_refused() -> None:
    """Its delivery would be a sum of two signs."""
    with pytest.raises(FieldError, match="one event of each"):
        planned(load_up(1.0) + shed(1.0), storing("a", 3.0))


@pytest.mark.parametrize(("used_kw", "outcome"), [(3.0, Outcome.IN_TOLERANCE), (1.0, Outcome.CHANGED)])
def test_what_is_drawn_above_the_baseline_is_delivered(used_kw: float, outcome: Outcome) -> None:
    """Two kilowatts were called for: 3 kW over a baseline of 1 deliver them, 1 kW does not."""
    row, plan = event({"a": (2.0,)}, load_up(2.0))
    latest = TelemetryRow(
        timestamp=int(NOW),
        received_ts=NOW,
        boot_id="a",
        seq=1,
        used_power_kw=used_kw,
        baseline_power_kw=1.0,
        shed_power_kw=0.0,
        event_id="e1",
    )
    other = replace(latest, event_id=None)
    vens = [storing("a", 3.0), storing("b", 3.0)]
    change = rebalance(row, plan, vens, {"a": latest, "b": other}, now=NOW, token="t")
    assert change.outcome is outcome
    if outcome is Outcome.CHANGED:
        assert change.plan is not None
        assert "b" in change.plan.ven_ids
