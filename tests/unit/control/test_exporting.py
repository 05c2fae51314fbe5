"""Shedding below zero: batteries and cars that give more than the house draws, within the interconnection."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import msgspec
import pytest

from contracts.wire.events import Interval, Signal
from tests.property.test_stores import changed
from ven_twin.control.circuit_views import CircuitSetting, circuit_views
from ven_twin.control.guards import CircuitView
from ven_twin.control.house_pair import HousePair
from ven_twin.control.manual_sheds import manually_shed_kw
from ven_twin.control.release import begin
from ven_twin.control.shedding import plan_shed, shed_available_kw
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.dimmable import LightsUse
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.environment import Environment
from ven_twin.house.library import load_environment
from ven_twin.house.profile import build_house

NOON_TS = 1_783_789_200.0
"""11 July 2026, 12 h local standard time."""
STEP_S = 60.0
SELF = {"mode": "self_consumption", "reserve_soc": 0.2}
V2G = {"discharge_kw": 9.6, "v2x": "v2g"}


def view(name: str, demand_kw: float, floor_kw: float = 0.0, **changes: object) -> CircuitView:
    """A circuit of the type that its name begins with."""
    kind = {"batt1": "battery", "ev1": "ev", "pv1": "pv", "load1": "lights"}[name]
    plain = CircuitView(
        id=name,
        name=name,
        type=kind,
        breaker_amps=40.0,
        priority={"batt1": 9, "ev1": 8}.get(name, 5),
        critical=name == "load1",
        demand_kw=demand_kw,
        floor_kw=floor_kw,
        continuous=kind != "pv",
        step_kw=1.44 if kind == "ev" else 0.0,
        blocked="generation" if kind == "pv" else "",
    )
    return msgspec.structs.replace(plain, **changes)


LOAD = view("load1", 1.0, 1.0)
BATTERY = view("batt1", 0.0, -5.0)
CAR = view("ev1", 7.2, -9.6)


@pytest.mark.parametrize(
    ("export_kw", "pv_kw", "shed_kw"),
    [(0.0, 0.0, 1.0), (3.0, 0.0, 4.0), (9.0, 0.0, 5.0), (3.0, -2.0, 2.0), (3.0, -4.0, 1.0), (0.0, -4.0, 1.0)],
)
def test_a_house_sheds_down_to_its_interconnection(export_kw: float, pv_kw: float, shed_kw: float) -> None:
    """From what it draws to what it may export; PV takes its share of that, and is never itself shed."""
    views = (LOAD, BATTERY, view("pv1", pv_kw, pv_kw))
    assert shed_available_kw(views, export_kw) == pytest.approx(shed_kw)
    assert plan_shed(views, 20.0, export_kw).shed_kw == pytest.approx(shed_kw)


def test_a_battery_that_covers_the_house_has_only_what_is_beyond() -> None:
    """Its own discharge leaves nothing to shed where nothing may be exported."""
    views = (LOAD, view("batt1", -1.0, -5.0, follows_house=True))
    assert shed_available_kw(views, 0.0) == 0.0
    assert shed_available_kw(views, 3.0) == pytest.approx(3.0)
    assert plan_shed(views, 2.0, 3.0).controls["batt1"] == Control(limit_kw=-3.0)


def test_a_battery_that_covers_the_house_stays_at_what_it_gives_while_others_shed() -> None:
    """Left to its mode it would give less as they shed; without an event it is left to it."""
    lamp = view("load1", 2.0, critical=False)
    views = (view("ev1", 0.0), lamp, view("batt1", -5.0, -5.0, follows_house=True), view("pv1", 0.0))
    busy = (*views, msgspec.structs.replace(LOAD, id="load2", demand_kw=6.0, floor_kw=6.0))
    plan = plan_shed(busy, 1.0)
    assert plan.controls["load1"] == Control(limit_kw=1.0)
    assert plan.controls["batt1"] == Control(limit_kw=-5.0)
    assert plan_shed(busy, 0.0).controls["batt1"] is FREE
    opted_out = msgspec.structs.replace(busy[2], blocked="out of this event")
    assert plan_shed((*busy[:2], opted_out, *busy[3:]), 1.0).controls["batt1"] is FREE


@pytest.mark.parametrize(
    ("needed_kw", "battery_kw", "car_kw"),
    [
        (3.0, -3.0, 7.2),
        (8.0, -5.0, 4.2),
        (12.2, -5.0, 0.0),
        (15.0, -5.0, -2.8),
        (50.0, -5.0, -9.6),
    ],
)
def test_a_car_gives_after_the_battery_and_after_it_has_stopped_charging(
    needed_kw: float, battery_kw: float, car_kw: float
) -> None:
    """First the battery, then less charging, then none, then the car's own charge: each only as needed."""
    views = (LOAD, BATTERY, CAR)
    plan = plan_shed(views, needed_kw, 20.0)
    final_kw = {decision.id: decision.final_kw for decision in plan.decisions}
    assert (final_kw["batt1"], final_kw["ev1"]) == pytest.approx((battery_kw, car_kw))
    limit_kw = plan.controls["ev1"].limit_kw
    assert limit_kw is None or limit_kw == pytest.approx(car_kw)


def test_a_car_gives_before_comfort() -> None:
    """Lights go on as long as the car has something to give."""
    lamp = view("load1", 1.0, critical=False)
    views = (lamp, msgspec.structs.replace(LOAD, id="load2"), view("ev1", 0.0, -9.6))
    plan = plan_shed(views, 2.0, 5.0)
    assert plan.curtailed_kw == {"ev1": pytest.approx(2.0)}


def test_a_car_for_the_house_alone_gives_what_is_imported() -> None:
    """With PV above the load it has nothing to cover; the battery beside it may export."""
    views = (LOAD, view("ev1", 0.0, -1.0, exports=False), BATTERY)
    assert shed_available_kw(views, 9.0) == pytest.approx(6.0)
    sunny = (LOAD, view("ev1", 0.0, -0.0, exports=False), BATTERY, view("pv1", -4.0, -4.0))
    assert shed_available_kw(sunny, 9.0) == pytest.approx(5.0)


def test_a_car_shed_by_command_in_the_gap_of_its_charger_goes_off_and_gives_nothing() -> None:
    """Six of 7.2 kW leave what no charger holds: it stops, and is not discharged on top."""
    assert manually_shed_kw((CAR,), {"ev1": LoadShed(6.5, 9e9)}) == {"ev1": pytest.approx(7.2)}
    assert manually_shed_kw((CAR,), {"ev1": LoadShed(9.0, 9e9)}) == {"ev1": pytest.approx(9.0)}


def test_a_car_stops_giving_when_the_event_is_over() -> None:
    """It waits for its turn to charge, and exports nothing while it does."""
    views = (LOAD, BATTERY, CAR)
    plan = plan_shed(views, 50.0, 20.0)
    turns = begin("e1", "ven-1", 1000.0, plan, views, staged=True).turns
    assert turns["ev1"].kw == pytest.approx(7.2)
    parked = (LOAD, view("ev1", 0.0, -9.6))
    turns = begin("e1", "ven-1", 1000.0, plan_shed(parked, 5.0, 9.0), parked, staged=True).turns
    assert turns["ev1"].kw == 0.0


@lru_cache
def pair(mode: bool, export_kw: float = 5.0, soc: float = 0.6) -> HousePair:
    """The standard house at noon, its battery as a backup or in self-consumption."""
    house = build_house(changed(SELF if mode else {}, V2G, export_kw))
    assert house.battery is not None
    house = msgspec.structs.replace(house, battery=msgspec.structs.replace(house.battery, soc=soc))
    return HousePair(house, house)


def world() -> Environment:
    """An evening without sun on which the car is away."""
    env = load_environment(changed({}, {}, 5.0)).environment(NOON_TS + 8 * 3600.0, STEP_S)
    dark = msgspec.structs.replace(env, array_w_m2=0.0)
    return dark.using(EvUse(home=False), LightsUse(level_kw=2.0))


@pytest.mark.parametrize("mode", [False, True])
@pytest.mark.parametrize("kw", [1.0, 3.0])
def test_an_event_is_credited_with_what_it_adds_to_the_mode(mode: bool, kw: float) -> None:
    """House and counterfactual both cover the load; below that the house exports what is requested."""
    request = Interval(duration_s=900, signal=Signal.SHED_KW, value=kw)
    env = world()
    planned = pair(mode).planned(env, STEP_S, request)
    _, flow = planned.step(env, STEP_S)
    assert flow.baseline_kw - flow.used_kw == pytest.approx(kw, abs=0.01)
    assert (flow.baseline_kw == pytest.approx(0.0, abs=1e-9)) is mode


def test_nothing_is_exported_for_a_level() -> None:
    """A level is a share of what the house draws, at most all that can be shed of it."""
    request = Interval(duration_s=900, signal=Signal.LEVEL, value=3)
    env = world()
    planned = pair(False).planned(env, STEP_S, request)
    _, flow = planned.step(env, STEP_S)
    assert planned.available_kw == pytest.approx(flow.baseline_kw)
    assert flow.used_kw == pytest.approx(0.0, abs=0.01)


def test_an_import_limit_is_held_in_each_mode() -> None:
    """A house that covers itself is below it anyway."""
    request = Interval(duration_s=900, signal=Signal.IMPORT_LIMIT_KW, value=0.2)
    env = world()
    for mode in (False, True):
        _, flow = pair(mode).planned(env, STEP_S, request).step(env, STEP_S)
        assert flow.used_kw <= 0.2 + 1e-6


def test_no_comfort_is_given_up_for_a_battery_that_an_event_has_emptied() -> None:
    """The counterfactual covers its load, the house no more; the cap of the release leaves that out."""
    env = world()
    alike = pair(True)
    assert alike.house.battery is not None
    empty = msgspec.structs.replace(alike.house.battery, soc=0.16)
    after = replace(alike, house=msgspec.structs.replace(alike.house, battery=empty))
    planned = after.planned(env, STEP_S, None, above_baseline_kw=0.0)
    _, flow = planned.step(env, STEP_S)
    assert flow.used_kw > flow.baseline_kw + 0.4
    assert planned.plan.shed_kw == pytest.approx(0.0, abs=1e-9)


def test_what_follows_the_house_is_planned_on_what_the_others_are_left_with() -> None:
    """Circuits that a command sheds leave less to cover, and an event's kW come on top of that."""
    request = Interval(duration_s=900, signal=Signal.SHED_KW, value=1.0)
    env, sheds = world(), {"misc1": LoadShed(9.0, 9e9), "lights1": LoadShed(9.0, 9e9)}
    planned = pair(True).planned(env, STEP_S, request, load_sheds=sheds)
    # the counterfactual is shed by the command too, one plan later than it is set
    settled, _ = planned.step(env, STEP_S)
    _, flow = settled.planned(env, STEP_S, request, load_sheds=sheds).step(env, STEP_S)
    assert flow.baseline_kw - flow.used_kw == pytest.approx(1.0, abs=0.01)


def test_a_store_offers_no_more_than_its_site_has_room_for() -> None:
    """Each circuit's sheddable kW is one that the meter would see."""
    env = world()
    house = pair(False, 0.0).house
    views = {one.id: one for one in circuit_views(house, env, STEP_S, {})}
    drawn_kw = sum(one.demand_kw for one in views.values())
    assert views["batt1"].floor_kw == pytest.approx(-drawn_kw)
    assert drawn_kw < 5.0
    off = circuit_views(house, env, STEP_S, {}, {"batt1": CircuitSetting(enabled=False)})
    assert next(one.floor_kw for one in off if one.id == "batt1") == 0.0
