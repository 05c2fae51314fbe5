"""What every plan keeps to, for any house in any state."""

from itertools import product
from math import inf

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ven_twin.control.guards import CircuitView, must_stay_off, refusal
from ven_twin.control.shed_cases import OVERSHOOT_COST, SHORTFALL_COST, SWITCHING_COST, discomfort_per_kw
from ven_twin.control.shedding import plan_shed, shed_available_kw
from ven_twin.house.control import FREE


def kw(least: float, most: float) -> st.SearchStrategy[float]:
    """Power in steps of 10 W."""
    return st.integers(round(least * 100), round(most * 100)).map(lambda hundredths: hundredths / 100)


@st.composite
def one_view(draw: st.DrawFn, number: int) -> CircuitView:
    """A circuit of any sort in any state."""
    kind = draw(
        st.sampled_from(["hvac", "water_heater", "dryer", "lights", "outlets", "ev", "battery", "pv"])
    )
    demand_kw = draw(kw(-5.0, 0.0) if kind == "pv" else kw(0.0, 8.0))
    floor_kw = {
        "battery": draw(kw(-5.0, 0.0)),
        "lights": demand_kw * 0.5,
        "outlets": demand_kw * 0.3,
        "pv": demand_kw,
    }.get(kind, 0.0)
    return CircuitView(
        id=f"circuit{number}",
        name=kind,
        type=kind,
        breaker_amps=30.0,
        priority=draw(st.integers(1, 12)),
        critical=draw(st.booleans()) and draw(st.booleans()),
        demand_kw=demand_kw,
        floor_kw=floor_kw,
        step_kw=1.44 if kind == "ev" else 0.0,
        continuous=kind in {"lights", "outlets", "ev", "battery"},
        in_use=draw(st.booleans()),
        headroom=draw(st.floats(0.0, 1.0)),
        curtailed=draw(st.booleans()),
        switched_s=draw(st.sampled_from([0.0, 60.0, 3_600.0, inf])),
        least_off_s=draw(st.sampled_from([0.0, 180.0])),
        least_on_s=draw(st.sampled_from([0.0, 180.0])),
        shed_offset_c=2.2 if kind in {"hvac", "water_heater"} else 0.0,
        blocked=draw(st.sampled_from(["", "", "", "comfort limit", "mid-use"]))
        if kind != "pv"
        else "generation",
    )


@st.composite
def houses(draw: st.DrawFn, most: int = 9) -> tuple[CircuitView, ...]:
    """Views of a house."""
    return tuple(draw(one_view(number)) for number in range(draw(st.integers(0, most))))


@given(houses(), kw(0.0, 40.0))
@settings(max_examples=300, deadline=None)
def test_a_plan_never_touches_what_a_guard_protects(
    views: tuple[CircuitView, ...], requested_kw: float
) -> None:
    """Critical, blocked, futile or too recently switched: left alone, with the reason."""
    plan = plan_shed(views, requested_kw)
    for view, decision in zip(views, plan.decisions, strict=True):
        assert decision.id == view.id
        assert decision.reason
        reason = refusal(view)
        if reason is not None and not must_stay_off(view):
            assert plan.controls[view.id] is FREE
            assert decision.curtailed_kw == 0.0
            assert decision.reason == reason.words(view)


@given(houses(), kw(0.0, 40.0))
@settings(max_examples=300, deadline=None)
def test_a_plan_sheds_no_more_than_there_is(views: tuple[CircuitView, ...], requested_kw: float) -> None:
    """Each circuit stays between its floor and its demand, and the house above nothing."""
    plan = plan_shed(views, requested_kw)
    consumed_kw = sum(max(view.demand_kw, 0.0) for view in views)
    held_kw = sum(max(view.sheddable_kw, 0.0) for view in views if must_stay_off(view))
    assert -1e-9 <= plan.shed_kw <= max(consumed_kw, held_kw) + 1e-9
    assert plan.shed_kw == pytest.approx(sum(decision.curtailed_kw for decision in plan.decisions))
    for view, decision in zip(views, plan.decisions, strict=True):
        assert -1e-9 <= decision.curtailed_kw <= max(view.sheddable_kw, 0.0) + 1e-9
        if view.type == "ev" and decision.curtailed_kw > 0.0:
            assert decision.final_kw < 1e-9 or decision.final_kw >= min(1.44, view.demand_kw) - 1e-9


@given(houses(), kw(0.0, 40.0))
@settings(max_examples=300, deadline=None)
def test_a_plan_leaves_something_on(views: tuple[CircuitView, ...], requested_kw: float) -> None:
    """A house that draws anything is never switched off whole by a new decision."""
    plan = plan_shed(views, requested_kw)
    free = [view for view in views if view.demand_kw > 0.01 and not must_stay_off(view)]
    final_kw = {decision.id: decision.final_kw for decision in plan.decisions}
    assert not free or any(final_kw[view.id] > 0.0 for view in free)


@given(houses(), kw(0.0, 40.0))
@settings(max_examples=300, deadline=None)
def test_a_target_within_reach_is_reached(views: tuple[CircuitView, ...], requested_kw: float) -> None:
    """Short by less than a kW at worst, where only the dearest comfort is left; nothing is kept back."""
    plan = plan_shed(views, requested_kw)
    available_kw = shed_available_kw(views)
    assert plan.shed_kw >= min(requested_kw, available_kw) - 1.2
    if requested_kw >= sum(max(view.demand_kw, 0.0) for view in views):
        assert plan.shed_kw >= available_kw - 0.01


@given(st.lists(kw(0.0, 8.0), min_size=1, max_size=5), kw(0.0, 20.0))
@settings(max_examples=200, deadline=None)
def test_with_a_large_battery_a_target_is_met_exactly(demands_kw: list[float], requested_kw: float) -> None:
    """A continuous circuit that reaches far enough leaves neither shortfall nor overshoot."""
    views = [*map(_dryer, range(len(demands_kw)), demands_kw), _battery(-20.0)]
    plan = plan_shed(views, requested_kw)
    assert plan.shed_kw == pytest.approx(min(requested_kw, sum(demands_kw)), abs=1e-9)


@given(houses(most=5), kw(0.0, 25.0))
@settings(max_examples=150, deadline=None)
def test_no_choice_of_relays_is_cheaper_than_the_plan(
    views: tuple[CircuitView, ...], requested_kw: float
) -> None:
    """For relays alone, trying every choice finds nothing better."""
    relays = tuple(
        msgspec.structs.replace(
            view, continuous=False, step_kw=0.0, floor_kw=0.0, curtailed=False, critical=False
        )
        for view in views
        if view.type not in {"pv", "battery"}
    )
    views = (*relays, msgspec.structs.replace(_dryer(99, 0.5), critical=True))
    target_kw = min(requested_kw, sum(view.demand_kw for view in views))
    free = [view for view in relays if not refusal(view)]

    def cost(chosen: tuple[bool, ...] | list[bool]) -> float:
        taken = [view for view, shed in zip(free, chosen, strict=True) if shed]
        missing_kw = target_kw - sum(view.demand_kw for view in taken)
        felt = sum(discomfort_per_kw(view) * view.demand_kw + SWITCHING_COST for view in taken)
        return felt + (missing_kw * SHORTFALL_COST if missing_kw > 0 else -missing_kw * OVERSHOOT_COST)

    plan = plan_shed(views, requested_kw)
    if requested_kw > 0.0:
        least = min(cost(chosen) for chosen in product([False, True], repeat=len(free)))
        assert cost([plan.curtailed[view.id] for view in free]) == pytest.approx(least, abs=1e-9)


def _dryer(number: int, demand_kw: float) -> CircuitView:
    return CircuitView(
        id=f"dryer{number}",
        name="dryer",
        type="dryer",
        breaker_amps=30.0,
        priority=7,
        critical=False,
        demand_kw=demand_kw,
        floor_kw=0.0,
    )


def _battery(floor_kw: float) -> CircuitView:
    return CircuitView(
        id="batt1",
        name="battery",
        type="battery",
        breaker_amps=30.0,
        priority=9,
        critical=False,
        demand_kw=0.0,
        floor_kw=floor_kw,
        continuous=True,
    )
