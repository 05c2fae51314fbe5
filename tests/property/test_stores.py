"""Battery and car: what goes in comes out less the losses, within every limit, whatever is asked."""

from math import sqrt
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ven_twin.control.circuit_views import circuit_views
from ven_twin.control.house_pair import HousePair
from ven_twin.control.shedding import plan_shed, shed_available_kw
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import Battery, BatterySpec
from ven_twin.house.devices.ev import Ev, EvSpec, EvUse
from ven_twin.house.environment import Environment
from ven_twin.house.house import House
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import Profile, build_house

YEAR_TS = 1_767_225_600.0
MODES: list[dict[str, object]] = [
    {},
    {"mode": "self_consumption", "reserve_soc": 0.4},
    {"mode": "time_of_use", "peak_from_h": 16.0, "peak_until_h": 21.0, "reserve_soc": 0.25},
    {"mode": "time_of_use", "peak_from_h": 7.0, "peak_until_h": 21.0, "peak_weekends": True},
]
CARS: list[dict[str, object]] = [
    {},
    {"discharge_kw": 9.6, "v2x": "v2h", "least_soc": 0.5},
    {"discharge_kw": 9.6, "v2x": "v2g"},
]
modes, cars, exports_kw = (
    st.sampled_from(MODES),
    st.sampled_from(CARS),
    st.sampled_from([0.0, 3.0, 5.0, 15.0]),
)


def changed(
    battery: dict[str, object], car: dict[str, object], export_kw: float, circuits: tuple[str, ...] = ()
) -> Profile:
    """The standard profile with another battery, car and interconnection; of *circuits* alone where named."""
    profile = load_profile()
    specs = []
    for spec in profile.circuits:
        if circuits and spec.id not in circuits:
            continue
        changes = battery if isinstance(spec, BatterySpec) else car if isinstance(spec, EvSpec) else {}
        specs.append(msgspec.structs.replace(spec, **changes))
    panel = msgspec.structs.replace(profile.panel, export_kw=export_kw)
    return msgspec.structs.replace(profile, circuits=tuple(specs), panel=panel)


def device(profile: Profile, kind: type) -> Battery | Ev:
    """The device of a kind in its house."""
    return next(one for one in build_house(profile).devices() if isinstance(one, kind))


def anything(chance: Random) -> Control:
    """Some control, sane or not."""
    if chance.random() < 0.3:
        return FREE
    return Control(
        enabled=chance.random() > 0.1,
        limit_kw=None if chance.random() < 0.4 else chance.uniform(-12.0, 12.0),
        charge_kw=None if chance.random() < 0.6 else chance.uniform(-1.0, 12.0),
    )


@given(mode=modes, seed=st.integers(0, 2**32), dt_s=st.sampled_from([1.0, 60.0, 900.0, 3600.0]))
@settings(max_examples=60)
def test_a_battery_keeps_its_energy(mode: dict[str, object], seed: int, dt_s: float) -> None:
    """The charge changes by what went in less its loss, or came out with its loss, within its limits."""
    chance = Random(seed)
    battery = device(changed(mode, {}, 5.0), Battery)
    assert isinstance(battery, Battery)
    spec = battery.spec
    battery = msgspec.structs.replace(battery, soc=chance.uniform(spec.least_soc, spec.full_soc))
    one_way = sqrt(spec.round_trip)
    for step in range(100):
        env = Environment(day=20_000 + step // 24, hour_of_day=chance.uniform(0.0, 23.99))
        control, surplus_kw, room_kw = anything(chance), chance.uniform(-9.0, 9.0), chance.uniform(0.0, 9.0)
        after, kw = battery.step(control, env, dt_s, surplus_kw, room_kw)
        into_kwh, out_kwh = max(kw, 0.0) * dt_s / 3600.0, max(-kw, 0.0) * dt_s / 3600.0
        changed_kwh = into_kwh * one_way - out_kwh / one_way
        assert (after.soc - battery.soc) * spec.battery_kwh == pytest.approx(changed_kwh, abs=1e-9)
        assert spec.least_soc - 1e-9 <= after.soc <= spec.full_soc + 1e-9
        assert -spec.discharge_kw <= kw <= spec.charge_kw
        discharges = control.limit_kw is not None and control.limit_kw < 0.0
        assert -kw <= max(room_kw, -surplus_kw) + 1e-9, "no more than the site has room for"
        if kw < 0.0 and not discharges:
            assert -kw <= -surplus_kw + 1e-9, "of its own accord no more than the house draws"
            assert after.soc >= spec.covering_floor_soc - 1e-9, "and not into its reserve"
        battery = after


@given(car=cars, seed=st.integers(0, 2**32), dt_s=st.sampled_from([1.0, 60.0, 900.0, 3600.0]))
@settings(max_examples=60)
def test_a_car_keeps_its_energy(car: dict[str, object], seed: int, dt_s: float) -> None:
    """As the battery's; and it gives nothing of what its driver keeps or its departure needs."""
    chance = Random(seed)
    ev = device(changed({}, car, 5.0), Ev)
    assert isinstance(ev, Ev)
    spec = ev.spec
    ev = msgspec.structs.replace(ev, soc=chance.uniform(0.1, spec.full_soc))
    home = Environment().using(EvUse(home=True, departs_in_h=9.0))
    for _ in range(100):
        control, room_kw = anything(chance), chance.uniform(-2.0, 9.0)
        after, kw = ev.step(control, home, dt_s, room_kw)
        into_kwh, out_kwh = max(kw, 0.0) * dt_s / 3600.0, max(-kw, 0.0) * dt_s / 3600.0
        changed_kwh = into_kwh * spec.efficiency - out_kwh / spec.efficiency
        assert (after.soc - ev.soc) * spec.battery_kwh == pytest.approx(changed_kwh, abs=1e-9)
        assert after.soc <= spec.full_soc + 1e-9
        assert -min(spec.discharge_kw, max(room_kw, 0.0)) <= kw <= spec.charger_kw
        assert after.soc >= min(ev.soc, spec.floor_soc) - 1e-9
        ev = after


@given(battery=modes, car=cars, export_kw=exports_kw, day=st.integers(0, 364), seed=st.integers(0, 2**32))
@settings(max_examples=12)
def test_a_site_exports_no_more_than_it_may(
    battery: dict[str, object], car: dict[str, object], export_kw: float, day: int, seed: int
) -> None:
    """Whatever is asked, stores bring the export to the interconnection's limit at most, beside the PV.

    Without a limit above zero they cover what the circuits draw. A car that is for the house alone gives no
    more than what is imported.
    """
    chance = Random(seed)
    profile = changed(battery, car, export_kw)
    world = load_environment(profile, seed)
    house = build_house(profile)
    at_ts = YEAR_TS + 86_400.0 * day
    for step in range(200):
        at_s = at_ts + 300.0 * step
        controls = {name: anything(chance) for name in ("batt1", "ev1", "hvac1")}
        house, power_kw = house.step(controls, world.environment(at_s, 300.0), 300.0)
        loads_kw = {name: kw for name, kw in power_kw.items() if name not in {"batt1", "ev1"}}
        generated_kw = -min(loads_kw["pv1"], 0.0)
        net_kw = sum(loads_kw.values())
        assert sum(power_kw.values()) >= -max(export_kw, generated_kw) - 1e-9
        if car.get("v2x") == "v2h" and power_kw["ev1"] < 0.0:
            assert -power_kw["ev1"] <= net_kw + 1e-9


@given(battery=modes, car=cars, export_kw=exports_kw, seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_a_plan_with_stores_is_what_the_house_then_does(
    battery: dict[str, object], car: dict[str, object], export_kw: float, seed: int
) -> None:
    """The meter misses as much as a plan takes off, up to what is available, and no export is too large."""
    chance = Random(seed)
    only = ("batt1", "ev1", "lights1", "misc1", "fridge1", "pv1")  # what gives exactly what it is asked
    profile = changed(battery, car, export_kw, only)
    world = load_environment(profile, seed)
    house = _any_charge(build_house(profile), chance)
    env = world.environment(YEAR_TS + chance.randrange(365 * 24) * 3600.0, 60.0)
    env = env.using(EvUse(home=chance.random() < 0.8, departs_in_h=chance.uniform(0.3, 14.0)))
    views = circuit_views(house, env, 60.0, {})
    left_kw = sum(view.demand_kw for view in views)
    available_kw = shed_available_kw(views, export_kw)
    wished_kw = chance.uniform(0.0, 1.2) * available_kw
    plan = plan_shed(views, wished_kw, export_kw)
    stepped = house.step(plan.controls, env, 60.0)
    generated_kw = -min(stepped.power_kw["pv1"], 0.0)
    # A relay's overshoot, beyond what is available too, ends at the interconnection's limit.
    delivered_kw = min(plan.shed_kw, left_kw + max(export_kw, generated_kw))
    assert left_kw - stepped.grid_kw == pytest.approx(delivered_kw, abs=1e-6)
    assert stepped.grid_kw >= -max(export_kw, generated_kw) - 1e-6
    least_on_kw = 1.44  # where a car's charger leaves a gap, and nothing else fills it, more is shed
    assert min(wished_kw, available_kw) - 1e-6 <= plan.shed_kw + 0.3
    assert plan.shed_kw <= min(wished_kw, available_kw) + least_on_kw + 1e-6


def _any_charge(house: House, chance: Random) -> House:
    battery, car = house.battery, house.car
    loads = tuple(
        msgspec.structs.replace(load, soc=chance.uniform(0.1, 0.9)) if isinstance(load, Ev) else load
        for load in house.loads
    )
    return msgspec.structs.replace(
        house,
        loads=loads,
        battery=battery and msgspec.structs.replace(battery, soc=chance.uniform(0.15, 0.95)),
        car=car and msgspec.structs.replace(car, soc=chance.uniform(0.1, 0.9)),
    )


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: str(mode.get("mode", "backup")))
def test_house_and_counterfactual_live_the_same_mode(mode: dict[str, object]) -> None:
    """Without events they are the same house, so that an event is credited with what it adds alone."""
    profile = changed(mode, {}, 5.0)
    world = load_environment(profile)
    house = build_house(profile)
    pair = HousePair(house, house)
    discharged_kw = 0.0
    for step in range(2 * 96):
        env = world.environment(YEAR_TS + 86_400.0 * 160 + 900.0 * step, 900.0)
        pair, flow = pair.planned(env, 900.0, None).step(env, 900.0)
        assert flow.used_kw == pytest.approx(flow.baseline_kw)
        discharged_kw = min(discharged_kw, flow.circuits_kw["batt1"])
    assert pair.house == pair.counterfactual
    assert (discharged_kw < 0.0) is bool(mode), "a battery in a mode discharges by itself, another never"
