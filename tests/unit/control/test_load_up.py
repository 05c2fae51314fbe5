"""A load up: which circuits draw more, how much, and what stays as it is."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.wire.events import Interval, Signal
from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.futures import futures
from ven_twin.control.guards import CircuitView
from ven_twin.control.holding import can_hold
from ven_twin.control.house_pair import Flow, HousePair
from ven_twin.control.load_up import plan_load_up
from ven_twin.control.offers import Trial
from ven_twin.control.shed_cases import OVERSHOOT_COST, SHORTFALL_COST, SWITCHING_COST, rank_cost
from ven_twin.control.shedding import plan_shed
from ven_twin.house.control import FREE
from ven_twin.house.house import House

MINUTES = 60


def battery(kw: float = 5.0, demand_kw: float = 0.0) -> CircuitView:
    """A charger that can be set anywhere."""
    return view("batt1", "battery", kw, demand_kw=demand_kw, continuous=True)


def view(
    name: str, kind: str, ceiling_kw: float, *, demand_kw: float = 0.0, continuous: bool = False
) -> CircuitView:
    """A circuit that may be raised to so many kW."""
    return CircuitView(
        id=name,
        name=name,
        type=kind,
        breaker_amps=30.0,
        priority=6,
        critical=False,
        demand_kw=demand_kw,
        floor_kw=0.0,
        continuous=continuous,
        ceiling_kw=ceiling_kw,
        raise_offset_c=0.0 if continuous else 5.0,
    )


def lived(
    minutes: int,
    kw: float,
    *,
    limit_kw: float | None = None,
    settings: dict[str, CircuitSetting] | None = None,
) -> tuple[HousePair, list[Flow]]:
    """The standard house in a load up of *kw*, with half of its battery."""
    house, site = evening()
    house = with_battery(house, 0.5)
    pair, flows = HousePair(house, house), []
    request = Interval(duration_s=3600, signal=Signal.LOAD_UP_KW, value=kw)
    for minute in range(minutes):
        env = site.environment(EVENING_TS + minute * STEP_S, STEP_S)
        pair = pair.planned(env, STEP_S, request, limit_kw=limit_kw, settings=settings or {})
        pair, flow = pair.step(env, STEP_S, settings or {})
        flows.append(flow)
    return pair, flows


def with_battery(house: House, soc: float) -> House:
    """*house* with so much in its battery."""
    assert house.battery is not None
    return replace(house, battery=replace(house.battery, soc=soc))


def test_a_load_up_is_met_on_top_of_what_the_house_without_events_draws() -> None:
    """Three kilowatts more than the counterfactual, minute by minute."""
    _, flows = lived(MINUTES, 3.0)
    more_kw = [flow.used_kw - flow.baseline_kw for flow in flows]
    assert min(more_kw) > 2.9
    assert sum(more_kw) / MINUTES == pytest.approx(3.0, abs=0.3)


def test_a_battery_is_charged_before_a_setpoint_is_moved() -> None:
    """Comfort is the dearer store."""
    pair, _ = lived(1, 3.0)
    assert pair.plan.raised == {"batt1"}
    assert pair.plan.shed_kw == pytest.approx(-3.0, abs=0.05)
    decision = next(one for one in pair.plan.decisions if one.id == "batt1")
    assert decision.reason == "charges ahead"
    assert decision.final_kw == pytest.approx(decision.original_kw - decision.curtailed_kw)


def test_a_lasting_import_limit_bounds_a_load_up() -> None:
    """A limit that is set for the site holds in each event."""
    _, flows = lived(MINUTES, 10.0, limit_kw=6.0)
    assert max(flow.used_kw for flow in flows) <= 6.0 + 1e-6


@pytest.mark.parametrize(
    "setting",
    [CircuitSetting(enabled=False), CircuitSetting(opted_out=True)],
    ids=["switched off", "out of the event"],
)
def test_a_residents_switch_stands_in_a_load_up(setting: CircuitSetting) -> None:
    """A circuit that is off, or out of the event, is not raised."""
    pair, _ = lived(5, 20.0, settings={"batt1": setting})
    assert "batt1" not in pair.plan.raised


def test_a_capacity_setting_bounds_what_a_circuit_is_raised_to() -> None:
    """A charger takes what it may; an element that may not draw its power is left alone."""
    settings = {"batt1": CircuitSetting(capacity_kw=2.0), "heater1": CircuitSetting(capacity_kw=1.0)}
    pair, flows = lived(5, 20.0, settings=settings)
    assert max(flow.circuits_kw["batt1"] for flow in flows) == pytest.approx(2.0)
    assert "heater1" not in pair.plan.raised


def test_nothing_is_raised_when_nothing_is_requested() -> None:
    """A load up of nothing is no load up."""
    pair, flows = lived(5, 0.0)
    assert not pair.plan.raised
    assert all(flow.used_kw == pytest.approx(flow.baseline_kw) for flow in flows)


def test_what_a_house_can_draw_more_is_told_by_the_trials_that_tell_what_it_sheds() -> None:
    """A battery that is half full takes three kilowatts for an hour in each future, not for six."""
    house, site = evening()
    house = with_battery(house, 0.5)
    trial = Trial(HousePair(house, house), site.environment, EVENING_TS).loading_up
    ahead = futures(site, EVENING_TS)
    assert can_hold(trial, ahead, 3.0, 60.0).holds
    assert not can_hold(trial, ahead, 3.0, 360.0).holds


@given(
    ceilings_kw=st.lists(st.floats(0.1, 8.0), max_size=5),
    charger_kw=st.floats(0.5, 10.0),
    more_kw=st.floats(0.1, 20.0),
    raised=st.sets(st.sampled_from(["r0", "r1", "r2"])),
)
def test_no_other_choice_of_circuits_is_cheaper(
    ceilings_kw: list[float], charger_kw: float, more_kw: float, raised: set[str]
) -> None:
    """Against every choice of setpoints, each filled up by the charger."""
    relays = [view(f"r{number}", "water_heater", kw) for number, kw in enumerate(ceilings_kw)]
    charger = battery(charger_kw)
    views = [*relays, charger]
    base = plan_shed(views, 0.0)
    plan = plan_load_up(views, more_kw, base, raised)

    def cost(chosen: dict[str, float]) -> float:
        by_id = {one.id: one for one in views}
        missing_kw = more_kw - sum(chosen.values())
        total = sum(rank_cost(by_id[name]) * kw for name, kw in chosen.items())
        total += SWITCHING_COST * sum(name not in raised and name != charger.id for name in chosen)
        return total + (SHORTFALL_COST * missing_kw if missing_kw > 0.0 else -OVERSHOOT_COST * missing_kw)

    best = min(
        cost(chosen)
        for bits in product([False, True], repeat=len(relays))
        for chosen in _filled(relays, bits, charger, more_kw)
    )
    taken = {one.id: -one.curtailed_kw for one in plan.decisions if one.curtailed_kw}
    assert cost(taken) == pytest.approx(best, abs=1e-6)
    assert plan.shed_kw == pytest.approx(-sum(taken.values()))
    assert {name for name, control in plan.controls.items() if control is not FREE} == taken.keys()


def _filled(
    relays: list[CircuitView], bits: tuple[bool, ...], charger: CircuitView, more_kw: float
) -> list[dict[str, float]]:
    chosen = {one.id: one.may_rise_kw for one, on in zip(relays, bits, strict=True) if on}
    missing_kw = more_kw - sum(chosen.values())
    if missing_kw <= 0.0:
        return [chosen]
    return [chosen, {**chosen, charger.id: min(missing_kw, charger.may_rise_kw)}]
