"""The plan for priced hours: never dearer than none, within comfort, the car in time, above the reserve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.priced_house import EVENING, house_at, outlook_of, slots_of
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.pricing import battery as batteries
from ven_twin.control.pricing import car as cars
from ven_twin.control.pricing import planning
from ven_twin.control.pricing.outlook import slot_means_kw
from ven_twin.control.pricing.planning import PricePlan, price_plan
from ven_twin.control.pricing.setpoints import REST_SHARE, best_air, best_tank, is_hot, tank_of
from ven_twin.house.control import Control
from ven_twin.house.devices.ev import LEAST_SLACK_H, Ev, EvUse
from ven_twin.house.devices.layered_tank import Layers
from ven_twin.house.house import House

WINTER_TS = datetime(2026, 1, 20, 5, tzinfo=UTC).timestamp()
SUMMER_TS = datetime(2026, 7, 15, 4, tzinfo=UTC).timestamp()
FLAT = (0.2,) * 24
PRICES = st.lists(st.sampled_from([-0.05, 0.0, 0.1, 0.2, 0.25, 0.6]), min_size=1, max_size=24)


def plan_of(
    profile: str, at_ts: float, prices: Sequence[float], **options: object
) -> tuple[PricePlan, House]:
    """The plan of a packaged house for prices by the hour."""
    house, environment = house_at(profile, at_ts)
    usual = sum(prices) / len(prices)
    return price_plan(house, environment, slots_of(at_ts, prices), usual, **options), house  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PRICES, st.sampled_from(["standard", "flat", "leaky"]), st.sampled_from([WINTER_TS, SUMMER_TS]))
def test_a_plan_costs_no_more_than_none_and_stays_within_comfort(
    prices: list[float], profile: str, at_ts: float
) -> None:
    """Whatever the prices: no setpoint moves further than its rest or a load up, nothing is switched off."""
    plan, house = plan_of(profile, at_ts, prices)
    assert plan.cost <= plan.free_cost
    assert len(plan.controls) == len(plan.slots)
    allowed = {device.spec.id: device.spec for device in house.devices()}
    for controls in plan.controls:
        for name, control in controls.items():
            spec = allowed[name]
            assert control.enabled
            if spec.type == "hvac":
                assert -spec.load_up_offset_c <= control.setpoint_offset_c <= REST_SHARE * spec.deadband_c  # type: ignore[attr-defined]
            elif spec.type == "water_heater":
                assert control == Control(setpoint_offset_c=-spec.load_up_offset_c)  # type: ignore[attr-defined]
            elif spec.type == "ev":
                assert control == Control(limit_kw=0.0)
            else:
                assert spec.type == "battery"
                assert control.limit_kw is None
                assert control.covers is not None


@pytest.mark.parametrize("profile", ["standard", "flat"])
def test_prices_that_are_all_alike_move_next_to_nothing(profile: str) -> None:
    """There is no cheaper hour; only what the sun gives may be stored for later."""
    plan, _ = plan_of(profile, WINTER_TS, FLAT)
    assert all(not any(name.startswith(("ev", "heater", "hvac")) for name in each) for each in plan.controls)


def test_the_unit_of_prices_moves_nothing() -> None:
    """Cents, dollars and grams of CO2 of the same shape are one plan, but for ties."""
    plan, _ = plan_of("standard", WINTER_TS, EVENING)
    grams, _ = plan_of("standard", WINTER_TS, [price * 1000 for price in EVENING])
    assert grams.cost == pytest.approx(1000 * plan.cost, rel=1e-3)
    assert grams.free_cost == pytest.approx(1000 * plan.free_cost)
    assert grams.tank_rests == plan.tank_rests


def test_a_plan_that_saves_too_little_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doing nothing is the cheaper way then, and what the plan says that it costs."""
    assert (
        plan_of("standard", WINTER_TS, EVENING)[0].cost < plan_of("standard", WINTER_TS, EVENING)[0].free_cost
    )
    monkeypatch.setattr(planning, "LEAST_SAVING", 100.0)
    plan, _ = plan_of("standard", WINTER_TS, EVENING)
    assert plan.cost == plan.free_cost
    assert not any(plan.controls)
    assert not plan.tank_rests


def test_no_prices_no_plan() -> None:
    """And outside of its slots a plan moves nothing."""
    plan, house = plan_of("standard", WINTER_TS, EVENING)
    assert price_plan(*house_at("standard", WINTER_TS), (), 0.2) == PricePlan()
    assert PricePlan().controls_at(house, WINTER_TS) == {}
    assert plan.controls_at(house, WINTER_TS - 1) == {}
    assert plan.controls_at(house, WINTER_TS + 86_400) == {}


def test_what_a_resident_has_taken_out_is_left_alone() -> None:
    """Switched off, or by hand: neither battery nor car nor thermostat is moved."""
    mine = {name: CircuitSetting(opted_out=True) for name in ("batt1", "hvac1", "heater1")} | {
        "ev1": CircuitSetting(enabled=False)
    }
    plan, _ = plan_of("standard", WINTER_TS, EVENING, settings=mine)
    assert all(not each for each in plan.controls)
    assert not plan.tank_rests


def acts_of(soc: float, prices: Sequence[float], net_kw: float = 1.0) -> list[str]:
    """The battery's acts by the hour beside a house of so many kW."""
    ahead = outlook_of("standard", WINTER_TS, prices)
    battery = ahead.house.battery
    assert battery is not None
    battery = msgspec.structs.replace(battery, soc=soc)
    flat = [net_kw] * len(ahead.steps)
    charges_kw = batteries.charge_kw(ahead, battery, flat, None)
    usual = sum(prices) / len(prices)
    acts = batteries.cheapest_acts(ahead, battery, flat, charges_kw, usual=usual, end_soc=soc)
    return [str(act) for act in acts[::4]]


def test_a_battery_charges_in_the_cheap_hours_and_covers_the_dear() -> None:
    """Of a day with a cheap night and a dear evening."""
    acts = acts_of(0.3, EVENING)
    assert acts[17:20] == ["cover"] * 3
    assert "charge" in acts[:6]
    assert "charge" not in acts[6:20]


@pytest.mark.parametrize(("dear", "is_worth_it"), [(0.11, False), (0.2, True)])
def test_a_spread_that_does_not_pay_is_not_taken(dear: float, is_worth_it: bool) -> None:
    """A tenth is lost on the way: a kWh of 0.10 that is used at 0.11 costs more than it saves."""
    acts = acts_of(0.5, (0.1,) * 4 + (dear,) * 4)
    assert ("cover" in acts) is is_worth_it


def test_a_battery_is_not_drawn_below_its_reserve() -> None:
    """Nor is one that an event has drawn lower."""
    ahead = outlook_of("standard", WINTER_TS, (0.9,) * 6)
    assert ahead.house.battery is not None
    for soc in (0.5, 0.3, 0.16):
        battery = msgspec.structs.replace(ahead.house.battery, soc=soc)
        told = batteries.lived(
            ahead, battery, [Control(covers=True)] * len(ahead.slots), [3.0] * len(ahead.steps)
        )
        assert told.end.soc == pytest.approx(min(soc, max(0.3, soc - 1)), abs=1e-6)


def test_an_import_limit_leaves_no_room_to_charge() -> None:
    """What a limit would shed again is not charged."""
    ahead = outlook_of("standard", WINTER_TS, EVENING)
    assert ahead.house.battery is not None
    charges_kw = batteries.charge_kw(ahead, ahead.house.battery, [2.5] * len(ahead.steps), 3.0)
    assert set(charges_kw) == {0.5}
    assert set(batteries.charge_kw(ahead, ahead.house.battery, [4.0] * len(ahead.steps), 3.0)) == {0.0}


def car_plan(
    soc: float, departs_in_h: float, prices: Sequence[float] = EVENING
) -> tuple[cars.CarPlan, Ev, list[float]]:
    """The car's plan from midnight, the car, and the end of each slot in hours."""
    ahead = outlook_of("standard", WINTER_TS, prices)
    car = cars.car_of(ahead)
    assert car is not None
    car = msgspec.structs.replace(car, soc=soc, away=False)
    means_kw = slot_means_kw(ahead, [step.net_kw for step in ahead.steps])
    plan = cars.in_cheap_hours(ahead, car, EvUse(True, departs_in_h), means_kw)
    return plan, car, [(slot.end_ts - WINTER_TS) / 3600 for slot in ahead.slots]


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.1, 0.95),
    st.floats(0.0, 30.0),
    st.lists(st.sampled_from([-0.1, 0.1, 0.2, 0.7]), min_size=24, max_size=24),
)
def test_a_car_is_charged_as_far_as_without_prices_by_its_departure(
    soc: float, departs_in_h: float, prices: list[float]
) -> None:
    """No trip is shorter for it; half an hour before the departure nothing is left to charge."""
    plan, car, ends_h = car_plan(soc, departs_in_h, prices)
    need_kwh = max(car.spec.full_soc - soc, 0.0) * car.spec.battery_kwh / car.spec.efficiency
    charged_kwh = sum(kw * 0.25 for kw in plan.kw)
    possible_kwh = car.spec.charger_kw * min(departs_in_h, 24.0)
    assert charged_kwh == pytest.approx(min(need_kwh, possible_kwh), abs=0.01)
    if plan.waits:
        last_h = max((end for kw, end in zip(plan.kw, ends_h, strict=True) if kw), default=0.0)
        assert last_h <= departs_in_h - LEAST_SLACK_H + 1e-6
    assert not any(kw and number in plan.waits for number, kw in enumerate(plan.kw))


def test_a_car_waits_for_the_cheapest_hours() -> None:
    """With a day until it leaves it charges in none of the dear ones."""
    plan, _, _ = car_plan(0.4, 24.0, (0.4,) * 6 + (0.1,) * 6 + (0.4,) * 12)
    assert all(not kw for kw in plan.kw[:24])
    assert any(plan.kw[24:48])
    assert not any(plan.kw[48:])


def test_a_car_that_is_away_or_full_waits_for_nothing() -> None:
    """There is nothing to put off."""
    ahead = outlook_of("standard", WINTER_TS, EVENING)
    car = cars.car_of(ahead)
    assert car is not None
    rest_kw = [1.0] * len(ahead.slots)
    assert not cars.in_cheap_hours(ahead, car, EvUse(False, 5.0), rest_kw).waits
    full = msgspec.structs.replace(car, soc=car.spec.full_soc)
    assert not cars.in_cheap_hours(ahead, full, EvUse(True, 5.0), rest_kw).waits


def test_setpoints_move_ahead_of_dear_hours_and_back_in_them() -> None:
    """Air and tank are warmed before the evening, and the course saves what it is said to."""
    ahead = outlook_of("standard", WINTER_TS, EVENING)
    net_kw = [step.net_kw for step in ahead.steps]
    air, tank = best_air(ahead, net_kw, 0.22), best_tank(ahead, net_kw, 0.22)
    assert air is not None
    assert tank is not None
    assert any(control.setpoint_offset_c < 0 for control in air.controls[12 * 4 : 17 * 4])
    assert all(control.setpoint_offset_c >= 0 for control in air.controls[17 * 4 : 20 * 4])
    assert {number // 4 for number in tank.rests} >= {17, 18, 19}


def test_a_tank_rests_only_while_it_is_hot() -> None:
    """Two of the largest draws stay as hot as its thermostat keeps them anyway."""
    house, _ = house_at("standard", WINTER_TS)
    heater = tank_of(house)
    assert heater is not None
    spec = heater.spec
    capacity_l = spec.tank_kwh_c / 4.186 * 3600
    for layers, hot in (
        (Layers(54.0, 54.0), True),
        (Layers(54.0, 20.0, capacity_l - 2 * spec.reserve_l - 1), True),
        (Layers(54.0, 20.0, capacity_l - 2 * spec.reserve_l + 1), False),
        (Layers(49.0, 49.0), False),
    ):
        assert is_hot(msgspec.structs.replace(heater, layers=layers)) is hot
