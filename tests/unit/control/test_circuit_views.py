"""A house as the planner sees it, and a plan as the house carries it out."""

from datetime import UTC, datetime

import msgspec
import pytest

from ven_twin.control.circuit_views import CircuitSetting, circuit_views, stricter
from ven_twin.control.guards import CircuitReason, CircuitView, Switching, advance, refusal
from ven_twin.control.shedding import (
    needed_kw,
    plan_shed,
    shed_available_kw,
)
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.heat_pump import Mode
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


def with_air(house: House, air_c: float) -> House:
    """The house with its air and walls at a temperature and its machine long off."""
    assert house.hvac is not None
    hvac = msgspec.structs.replace(house.hvac, air_c=air_c, mass_c=air_c, mode=Mode.OFF, in_mode_s=1e9)
    return msgspec.structs.replace(house, hvac=hvac)


def test_in_a_cold_that_the_machine_cannot_make_up_for_no_heat_is_shed(
    house: House, site: HouseEnvironment
) -> None:
    """At -5 °C the standard house gives up neither its heating nor what warms it; at 0 °C it does."""
    cold = with_air(house, 19.0)
    env = site.environment(EVENING_S, 60.0)
    for outdoor_c, sheds in ((-5.0, False), (0.0, True)):
        views = circuit_views(cold, msgspec.structs.replace(env, outdoor_c=outdoor_c), 60.0, {})
        shown = {one.id: one for one in views}
        assert (not shown["hvac1"].blocked) is sheds
        assert (not shown["lights1"].blocked) is sheds
        assert not shown["ev1"].blocked
    assert shown["heater1"].blocked == ""


def test_an_eased_circuit_is_seen_with_what_it_draws_there(house: House, site: HouseEnvironment) -> None:
    """A setpoint on its way back lets the machine stand where the resident's would start it."""
    warm = with_air(house, 24.6)
    env = site.environment(EVENING_S, 60.0)
    free = circuit_views(warm, env, 60.0, {})
    eased = circuit_views(warm, env, 60.0, {}, easing={"hvac1": Control(setpoint_offset_c=2.0)})
    drawn_kw = [next(one.demand_kw for one in views if one.id == "hvac1") for views in (free, eased)]
    assert drawn_kw[0] > 3.0
    assert drawn_kw[1] == 0.0


def test_a_circuit_that_is_shed_to_its_relaxed_setpoint_is_at_its_limit(
    house: House, site: HouseEnvironment
) -> None:
    """It draws what keeps it there and can give nothing; switched by hand, it is out of the event at once."""
    hot = with_air(house, 27.0)
    env = site.environment(EVENING_S, 60.0)

    def hvac(switching: dict[str, Switching], **settings: CircuitSetting) -> CircuitView:
        views = circuit_views(hot, env, 60.0, switching, settings)
        return next(one for one in views if one.id == "hvac1")

    shed = {"hvac1": Switching(curtailed=True, for_s=600.0)}
    assert hvac(shed).at_limit
    assert hvac(shed).sheddable_kw == 0.0
    assert not hvac({}).at_limit
    assert not hvac(shed, hvac1=CircuitSetting(opted_out=True)).at_limit
