"""The usual control of a circuit, as prices have it, under events, residents and commands."""

from __future__ import annotations

from ven_twin.control.circuit_views import CircuitSetting, circuit_views, setting_controls, with_settings
from ven_twin.control.shedding import ShedPlan
from ven_twin.house.control import FREE, Control
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

WAITS = Control(limit_kw=0.0)
EVENING_TS = 1_784_167_200.0


def plan(**controls: Control) -> ShedPlan:
    """A plan with these controls."""
    return ShedPlan(needed_kw=0.0, shed_kw=0.0, controls=controls, decisions=())


def test_a_circuit_of_which_nothing_is_asked_is_under_its_usual_control() -> None:
    """With an event or without."""
    settings = {"ev1": CircuitSetting(usual=WAITS)}
    assert setting_controls(settings) == {"ev1": WAITS}
    assert with_settings(plan(ev1=FREE), settings) == {"ev1": WAITS}
    assert with_settings(plan(), settings) == {"ev1": WAITS}


def test_an_event_comes_before_the_usual_control() -> None:
    """A load up charges a car that waits, by what it asks for; a shed discharges a battery that charges."""
    settings = {
        "ev1": CircuitSetting(usual=WAITS),
        "batt1": CircuitSetting(usual=Control(covers=False, charge_kw=5.0)),
        "hvac1": CircuitSetting(usual=Control(setpoint_offset_c=-1.1)),
    }
    shed = Control(setpoint_offset_c=2.2)
    controls = with_settings(
        plan(ev1=Control(charge_kw=3.0), batt1=Control(limit_kw=-4.0), hvac1=shed), settings
    )
    assert controls == {
        "ev1": Control(charge_kw=3.0, limit_kw=3.0),
        "batt1": Control(limit_kw=-4.0),
        "hvac1": shed,
    }


def test_a_residents_setting_comes_before_the_usual_control() -> None:
    """Off stays off, and the lower ceiling holds."""
    charging = Control(covers=False, charge_kw=5.0)
    off = CircuitSetting(enabled=False, usual=charging)
    assert not with_settings(plan(), {"batt1": off})["batt1"].enabled
    limited = CircuitSetting(capacity_kw=2.0, usual=charging)
    assert setting_controls({"batt1": limited})["batt1"].limit_kw == 2.0


def test_views_see_a_battery_that_is_told_to_cover() -> None:
    """Its power follows the house, as that of one whose mode covers it."""
    house, environment = build_house(load_profile()), load_environment(load_profile())
    env = environment.environment(EVENING_TS, 60.0)
    settings = {"batt1": CircuitSetting(usual=Control(covers=True))}
    (view,) = (view for view in circuit_views(house, env, 60.0, {}, settings) if view.id == "batt1")
    (alone,) = (view for view in circuit_views(house, env, 60.0, {}) if view.id == "batt1")
    assert (view.follows_house, alone.follows_house) == (True, False)
    assert view.demand_kw < alone.demand_kw == 0.0
