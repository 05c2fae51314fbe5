"""How good plans are, over thousands of states of the standard house, against every choice there is."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from ven_twin.control.circuit_views import circuit_views
from ven_twin.control.guards import CircuitView, Switching, must_stay_off, refusal
from ven_twin.control.shedding import (
    OVERSHOOT_COST,
    SHORTFALL_COST,
    SWITCHING_COST,
    ShedPlan,
    discomfort_per_kw,
    plan_shed,
    shed_available_kw,
)
from ven_twin.house.circuit import Device
from ven_twin.house.devices.appliance import Appliance
from ven_twin.house.devices.battery import Battery
from ven_twin.house.devices.dimmable import LightsUse
from ven_twin.house.devices.ev import LEAST_SLACK_H, Ev, EvUse
from ven_twin.house.devices.fridge import FridgeUse
from ven_twin.house.devices.heat_pump import Mode
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.environment import Environment
from ven_twin.house.house import House
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

STATES = 3_000
YEAR_TS = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
STEP_S = 60.0


class Case(NamedTuple):
    """A house in some state, and what is asked of it."""

    house: House
    env: Environment
    views: tuple[CircuitView, ...]
    requested_kw: float
    plan: ShedPlan


@lru_cache
def cases() -> tuple[Case, ...]:
    """Seeded states with something to curtail, each asked for 15 to 90 % of it."""
    rng = random.Random(20260714)
    profile = load_profile()
    site, built = load_environment(profile), build_house(profile)
    made: list[Case] = []
    while len(made) < STATES:
        env = site.environment(YEAR_TS + rng.randrange(365 * 24 * 60) * STEP_S, STEP_S)
        if rng.random() < 0.7:
            env = env.using(replace(env.use(EvUse), home=True, departs_in_h=rng.uniform(0.2, 14.0)))
        house = any_state(built, env, rng)
        switching = {
            circuit.id: Switching(curtailed=rng.random() < 0.2, for_s=rng.uniform(0.0, 7200.0))
            for circuit in house.circuits
        }
        views = circuit_views(house, env, STEP_S, switching)
        available_kw = shed_available_kw(views)
        if available_kw > 0.1:
            requested_kw = rng.uniform(0.15, 0.9) * available_kw
            made.append(Case(house, env, views, requested_kw, plan_shed(views, requested_kw)))
    return tuple(made)


def any_state(house: House, env: Environment, rng: random.Random) -> House:
    """*house* with every device somewhere between its limits."""
    assert house.hvac is not None
    assert house.battery is not None
    mode = rng.choice([Mode.OFF, Mode.COOL if env.outdoor_c > 20.0 else Mode.HEAT])
    air_c = rng.uniform(18.0, 27.0)
    hvac = Hvac(house.hvac.spec, air_c, air_c + rng.uniform(-1.0, 1.0), mode, rng.uniform(0.0, 3600.0))
    battery = Battery(house.battery.spec, rng.uniform(0.15, 0.95))
    loads = tuple(_any_load(load, rng) for load in house.loads)
    return replace(house, loads=loads, hvac=hvac, battery=battery)


def _any_load(load: Device, rng: random.Random) -> Device:
    match load:
        case Ev():
            return Ev(load.spec, rng.uniform(0.1, 0.9))
        case WaterHeater():
            return WaterHeater(load.spec, rng.uniform(44.0, 54.0), rng.random() < 0.4)
        case Appliance():
            owed_s = rng.choice([0.0, 0.0, rng.uniform(60.0, 2400.0)])
            return type(load)(load.spec, owed_s, owed_s > 0.0 and rng.random() < 0.5)
        case _:
            return load


def cost_of(case: Case) -> float:
    """What a plan costs, worked out anew from what it decided."""
    views = {view.id: view for view in case.views}
    cost = 0.0
    for decision in case.plan.decisions:
        view = views[decision.id]
        if decision.curtailed_kw > 0.0 and not must_stay_off(view):
            cost += discomfort_per_kw(view) * decision.curtailed_kw
            relay = not view.continuous or (view.step_kw > 0.0 and decision.final_kw < 1e-9)
            cost += SWITCHING_COST if relay and not view.curtailed else 0.0
    return cost + missed_cost(case.plan.shed_kw - case.requested_kw)


def missed_cost(over_kw: float) -> float:
    """What it costs to shed so much more than asked, or less."""
    return over_kw * OVERSHOOT_COST if over_kw > 0.0 else -over_kw * SHORTFALL_COST


def least_cost(views: tuple[CircuitView, ...], requested_kw: float) -> float:
    """The cheapest of all that may be done: every set of circuits off, the rest filled up cheapest first.

    Among circuits that can be set anywhere, cheapest first is exact: each costs the same for every kW.
    """
    held_kw = sum(view.sheddable_kw for view in views if must_stay_off(view))
    free = [view for view in views if not refusal(view) and not must_stay_off(view)]
    whole = [view for view in free if not view.continuous or view.step_kw > 0.0]
    dials = sorted((view for view in free if view.continuous), key=discomfort_per_kw)
    least = float("inf")
    for count in range(len(whole) + 1):
        for off in combinations(whole, count):
            off_ids = {view.id for view in off}
            cost = sum(
                discomfort_per_kw(view) * view.sheddable_kw + (0.0 if view.curtailed else SWITCHING_COST)
                for view in off
            )
            shed_kw = held_kw + sum(view.sheddable_kw for view in off)
            for view in dials:
                most_kw = view.demand_kw - (
                    max(view.floor_kw, view.step_kw) if view.step_kw else view.floor_kw
                )
                fill_kw = 0.0 if view.id in off_ids else max(min(requested_kw - shed_kw, most_kw), 0.0)
                cost += discomfort_per_kw(view) * fill_kw
                shed_kw += fill_kw
            least = min(least, cost + missed_cost(shed_kw - requested_kw))
    return least


def test_plans_pass_their_target_by_twelve_watts_on_average() -> None:
    """What is asked is met and barely passed; the mean is the one that docs/reference/house.md names."""
    over_kw = [max(0.0, case.plan.shed_kw - case.requested_kw) for case in cases()]
    assert round(sum(over_kw) / STATES, 3) == 0.012


def test_plans_fall_short_by_next_to_nothing_on_average() -> None:
    """A target well within what is curtailable is reached."""
    short_kw = [max(0.0, case.requested_kw - case.plan.shed_kw) for case in cases()]
    assert sum(short_kw) / STATES < 0.001


def test_plans_cost_as_little_as_the_best_there_is() -> None:
    """No state has a choice of circuits that would be felt less."""
    for case in cases():
        cost, least = cost_of(case), least_cost(case.views, case.requested_kw)
        assert cost == pytest.approx(least, abs=1e-9)


def test_plans_leave_a_car_alone_that_has_to_charge() -> None:
    """However much is asked, a car that would miss its departure's need charges on."""
    tight = 0
    for case in cases():
        car = case.house.device("ev1")
        assert isinstance(car, Ev)
        if car.slack_h(case.env) <= LEAST_SLACK_H:
            tight += case.env.use(EvUse).home
            assert not case.plan.curtailed["ev1"]
    assert tight > 50


def test_a_car_that_is_held_back_all_the_time_leaves_with_what_it_needs() -> None:
    """Asked for everything until its departure, the car still gets its charge: the guard lets go in time."""
    profile = load_profile()
    house = build_house(profile)
    loads = tuple(replace(load, soc=0.4) if isinstance(load, Ev) else load for load in house.loads)
    house = replace(house, loads=loads)
    for minute in range(8 * 60):
        env = Environment().using(
            EvUse(departs_in_h=8.0 - minute / 60.0), LightsUse(level_kw=0.1), FridgeUse(mean_kw=0.07)
        )
        plan = plan_shed(circuit_views(house, env, STEP_S, {}), 100.0)
        house = house.step(plan.controls, env, STEP_S).house
    car = house.device("ev1")
    assert isinstance(car, Ev)
    assert car.soc >= car.spec.need_soc - 1e-6


def test_plans_are_made_within_a_tick_many_times_over() -> None:
    """A solve is microseconds: thousands of houses can be planned for in a second."""
    started_s = time.process_time()
    for case in cases():
        plan_shed(case.views, case.requested_kw)
    assert (time.process_time() - started_s) / STATES < 500e-6
