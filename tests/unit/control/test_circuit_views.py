"""A house as the planner sees it, and a plan as the house carries it out."""

from datetime import UTC, datetime

import pytest

from ven_twin.control.circuit_views import CircuitSetting, circuit_views, stricter
from ven_twin.control.guards import CircuitReason, Switching, advance, refusal
from ven_twin.control.shedding import (
    needed_kw,
    plan_shed,
    shed_available_kw,
)
from ven_twin.house.control import FREE, Control
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

EVENING_S = datetime(2026, 7, 14, 23, tzinfo=UTC).timestamp()
"""18:00 in Greensboro on a weekday: the car is back."""


@pytest.fixture(scope="module")
def site() -> HouseEnvironment:
    """The world around the standard house."""
    return load_environment(load_profile())


@pytest.fixture
def house() -> House:
    """The standard house after a day alone, with the car just back."""
    house, site = build_house(load_profile()), load_environment(load_profile())
    for tick in range(288):
        house = house.step({}, site.environment(EVENING_S - 300.0 * (288 - tick), 300.0), 300.0).house
    return house


def test_views_show_the_house_as_it_would_be_left_alone(house: House, site: HouseEnvironment) -> None:
    """Every circuit is there, with the power that the next step would draw."""
    env = site.environment(EVENING_S, 60.0)
    views = circuit_views(house, env, 60.0, {})
    assert {shown.id: shown.demand_kw for shown in views} == house.step({}, env, 60.0).power_kw
    assert [shown.priority for shown in views] == [spec.priority for spec in house.circuits]


def test_settings_of_the_resident_reach_the_views(house: House, site: HouseEnvironment) -> None:
    """Opted out, switched off, ranked anew or capped: the planner sees the circuit as it was set."""
    env = site.environment(EVENING_S, 60.0)
    settings = {
        "hvac1": CircuitSetting(opted_out=True),
        "heater1": CircuitSetting(enabled=False),
        "misc1": CircuitSetting(priority=40),
        "lights1": CircuitSetting(capacity_kw=0.01),
    }
    shown = {one.id: one for one in circuit_views(house, env, 60.0, {}, settings)}
    assert refusal(shown["hvac1"]) is refusal(shown["heater1"]) is CircuitReason.BLOCKED
    assert shown["hvac1"].blocked == "switched by hand: out of this event"
    assert shown["heater1"].blocked == "switched off by the resident"
    assert shown["misc1"].priority == 40
    standing = {"lights1": Control(limit_kw=0.01)}
    assert shown["lights1"].demand_kw == house.step(standing, env, 60.0).power_kw["lights1"]


def test_an_event_is_delivered_against_the_clone(house: House, site: HouseEnvironment) -> None:
    """Two hours, solved anew each minute: the meter is 3 kW below the clone, or as far as the house draws."""
    clone = house
    switching: dict[str, Switching] = {}
    missed_kw = []
    for minute in range(120):
        env = site.environment(EVENING_S + 60.0 * minute, 60.0)
        clone, baseline = clone.step({}, env, 60.0)
        views = circuit_views(house, env, 60.0, switching)
        demand_kw = sum(shown.demand_kw for shown in views)
        baseline_kw = sum(baseline.values())
        plan = plan_shed(views, needed_kw(demand_kw, baseline_kw, 3.0))
        switching = advance(switching, plan.curtailed, 60.0)
        house, power_kw = house.step(plan.controls, env, 60.0)
        reachable_kw = min(3.0, baseline_kw - demand_kw + shed_available_kw(views))
        missed_kw.append(abs(baseline_kw - sum(power_kw.values()) - reachable_kw))
    assert max(missed_kw) < 0.3
    assert sum(missed_kw) / 120 < 0.02


def test_a_plan_of_the_house_is_what_the_house_does(house: House, site: HouseEnvironment) -> None:
    """Final power in each decision is the power that the circuit then draws."""
    for minute in range(0, 180, 7):
        env = site.environment(EVENING_S + 60.0 * minute, 60.0)
        plan = plan_shed(circuit_views(house, env, 60.0, {}), 9.0)
        house, power_kw = house.step(plan.controls, env, 60.0)
        for made in plan.decisions:
            if made.id not in {"hvac1", "batt1"}:
                assert power_kw[made.id] == pytest.approx(made.final_kw, abs=1e-6)


@pytest.mark.parametrize(
    ("other", "both"),
    [
        (FREE, Control(limit_kw=2.0, setpoint_offset_c=1.0)),
        (Control(enabled=False), Control(enabled=False, limit_kw=2.0, setpoint_offset_c=1.0)),
        (Control(limit_kw=3.0), Control(limit_kw=2.0, setpoint_offset_c=1.0)),
        (Control(limit_kw=0.0, setpoint_offset_c=0.5), Control(limit_kw=0.0, setpoint_offset_c=1.0)),
        (Control(setpoint_offset_c=2.0), Control(limit_kw=2.0, setpoint_offset_c=2.0)),
    ],
)
def test_of_a_plan_and_a_setting_the_stricter_holds(other: Control, both: Control) -> None:
    """Off when either is off, the lower limit, the wider offset; in whichever order they come."""
    one = Control(limit_kw=2.0, setpoint_offset_c=1.0)
    assert (stricter(one, other), stricter(other, one)) == (both, both)
