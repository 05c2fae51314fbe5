"""What no device may do, whatever it is asked and whatever the weather."""

from math import isfinite, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.appliance import DryerUse, RangeUse
from ven_twin.house.devices.dimmable import LightsUse, OutletsUse
from ven_twin.house.devices.ev import Ev, EvUse
from ven_twin.house.devices.fridge import FridgeUse
from ven_twin.house.devices.heat_pump import Mode
from ven_twin.house.devices.hot_water import WaterHeaterUse
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.devices.layered_tank import WATER_KWH_L_C, Element, Layers
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.environment import Environment
from ven_twin.house.library import load_profile
from ven_twin.house.profile import build_house

HOUSE = build_house(load_profile())
IDS = [circuit.id for circuit in HOUSE.circuits]


def numbers(least: float, most: float) -> st.SearchStrategy[float]:
    """Floats within bounds."""
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


controls = st.builds(
    Control,
    enabled=st.booleans(),
    limit_kw=st.none() | numbers(-12.0, 12.0),
    setpoint_offset_c=numbers(-10.0, 20.0),
)
environments = st.builds(
    lambda uses, **world: Environment(**world).using(*uses),
    uses=st.tuples(
        st.builds(LightsUse, level_kw=numbers(0.0, 0.4)),
        st.builds(OutletsUse, level_kw=numbers(0.0, 1.0)),
        st.builds(FridgeUse, mean_kw=numbers(0.0, 0.15)),
        st.builds(WaterHeaterUse, drawn_l=numbers(0.0, 20.0)),
        st.builds(DryerUse, started_s=st.sampled_from([0.0, 0.0, 2_400.0])),
        st.builds(RangeUse, started_s=st.sampled_from([0.0, 0.0, 1_500.0])),
        st.builds(
            EvUse,
            home=st.booleans(),
            departs_in_h=numbers(0.0, 24.0),
            trip_miles=numbers(0.0, 200.0),
        ),
    ),
    hour_of_day=numbers(0.0, 23.99),
    outdoor_c=numbers(-25.0, 45.0),
    humidity=numbers(0.0, 1.0),
    walls_w_m2=numbers(0.0, 500.0),
    array_w_m2=numbers(0.0, 1300.0),
    sky_less_ground_w_m2=numbers(-300.0, 500.0),
    people_kw=numbers(0.0, 1.0),
)
durations_s = st.sampled_from([0.5, 1.0, 17.0, 60.0, 61.0, 300.0, 900.0])
ticks = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(IDS), controls), environments, durations_s),
    min_size=1,
    max_size=12,
)


@given(ticks)
@settings(max_examples=60, deadline=None)
def test_a_house_stays_within_its_limits_whatever_it_is_asked(
    run: list[tuple[dict[str, Control], Environment, float]],
) -> None:
    """Powers are numbers within each breaker, and every store stays within its bounds."""
    house = HOUSE
    for asked, env, dt_s in run:
        house, power_kw = house.step(asked, env, dt_s)
        for circuit in house.circuits:
            kw = power_kw[circuit.id]
            assert isfinite(kw)
            assert abs(kw) <= circuit.breaker_amps * 0.24 + 1e-6
            assert kw >= 0.0 or circuit.id in {"batt1", "pv1"}
        car, battery, hvac = house.device("ev1"), house.battery, house.hvac
        assert isinstance(car, Ev)
        assert battery is not None
        assert hvac is not None
        assert 0.0 <= car.soc <= car.spec.full_soc + 1e-9
        assert battery.spec.least_soc - 1e-9 <= battery.soc <= battery.spec.full_soc + 1e-9
        assert isfinite(hvac.air_c)
        assert isfinite(hvac.mass_c)


@given(ticks)
@settings(max_examples=30, deadline=None)
def test_a_demand_is_never_below_what_could_be_left_of_it(
    run: list[tuple[dict[str, Control], Environment, float]],
) -> None:
    """A floor is never above the demand, and headroom is a fraction."""
    house = HOUSE
    for asked, env, dt_s in run:
        demand_kw = house.step({}, env, dt_s).power_kw
        for device in house.devices():
            offer = device.flexibility(env, demand_kw[device.spec.id])
            assert offer.floor_kw <= offer.demand_kw + 1e-9
            assert 0.0 <= offer.headroom <= 1.0
        house = house.step(asked, env, dt_s).house


@given(numbers(0.15, 0.95), controls, environments, durations_s, numbers(-8.0, 8.0))
@settings(deadline=None)
def test_a_battery_conserves_energy(
    soc: float, control: Control, env: Environment, dt_s: float, surplus_kw: float
) -> None:
    """Half of the round trip's loss falls on what goes in, the other half on what comes out."""
    assert HOUSE.battery is not None
    battery = replace(HOUSE.battery, soc=soc)
    after, power_kw = battery.step(control, env, dt_s, surplus_kw)
    stored_kwh = (after.soc - soc) * battery.spec.battery_kwh
    drawn_kwh = power_kw * dt_s / 3600
    one_way = sqrt(battery.spec.round_trip)
    assert stored_kwh == pytest.approx(
        drawn_kwh * one_way if drawn_kwh > 0 else drawn_kwh / one_way, abs=1e-9
    )


@given(numbers(0.0, 0.9), controls, environments, durations_s)
@settings(deadline=None)
def test_a_car_at_home_conserves_energy(soc: float, control: Control, env: Environment, dt_s: float) -> None:
    """Charge is what was drawn, less losses; power is none or at least six amps' worth until nearly full."""
    car = HOUSE.device("ev1")
    assert isinstance(car, Ev)
    start = replace(car, soc=soc)
    after, power_kw = start.step(control, env.using(replace(env.use(EvUse), home=True)), dt_s)
    gained_kwh = (after.soc - soc) * car.spec.battery_kwh
    assert gained_kwh == pytest.approx(power_kw * dt_s / 3600 * car.spec.efficiency, abs=1e-9)
    assert (
        power_kw == 0.0
        or power_kw >= car.spec.least_kw - 1e-9
        or after.soc == pytest.approx(car.spec.full_soc)
    )


def stored_kwh(tank: WaterHeater) -> float:
    """The heat in a tank above 0 °C."""
    layers, capacity_l = tank.layers, tank.spec.tank_kwh_c / WATER_KWH_L_C
    return WATER_KWH_L_C * (layers.hot_c * (capacity_l - layers.cold_l) + layers.cold_c * layers.cold_l)


@given(
    layers=st.builds(Layers, numbers(40.0, 65.0), numbers(5.0, 40.0), numbers(0.1, 185.0)),
    element=st.sampled_from(Element),
    control=controls,
    draws_l=st.lists(st.just(0.0) | numbers(0.0, 80.0), min_size=1, max_size=60),
    inlet_c=numbers(2.0, 30.0),
    dt_s=st.sampled_from([1.0, 10.0, 60.0]),
)
@settings(deadline=None)
def test_a_tank_conserves_energy(
    *, layers: Layers, element: Element, control: Control, draws_l: list[float], inlet_c: float, dt_s: float
) -> None:
    """The elements' heat is drawn, lost or stored, to 1e-9 kWh; drawn and lost are reckoned apart."""
    heater = HOUSE.device("heater1")
    assert isinstance(heater, WaterHeater)
    spec = replace(heater.spec, inlet_c=inlet_c)
    tank, capacity_l = WaterHeater(spec, layers, element), spec.tank_kwh_c / WATER_KWH_L_C
    in_kwh = out_kwh = 0.0
    for draw_l in draws_l:
        hot_l = min(capacity_l - tank.layers.cold_l, draw_l)
        left_c = (tank.layers.cold_c * tank.layers.cold_l + inlet_c * hot_l) / capacity_l
        drawn_c_l = hot_l * tank.layers.hot_c + (draw_l - hot_l) * left_c
        drawn_kwh = WATER_KWH_L_C * (drawn_c_l - draw_l * inlet_c)
        # Draws come first in a part: what they leave loses its heat.
        mean_c = (stored_kwh(tank) - drawn_kwh) / spec.tank_kwh_c
        after, power_kw = tank.step(control, Environment().using(WaterHeaterUse(drawn_l=draw_l)), dt_s)
        step_kwh = drawn_kwh + spec.loss_kw_c * (mean_c - spec.ambient_c) * dt_s / 3600
        assert power_kw * dt_s / 3600 == pytest.approx(
            step_kwh + stored_kwh(after) - stored_kwh(tank), abs=1e-9
        )
        in_kwh, out_kwh, tank = in_kwh + power_kw * dt_s / 3600, out_kwh + step_kwh, after
        assert tank.layers.cold_c <= tank.layers.hot_c
        assert 0.0 <= tank.layers.cold_l < capacity_l
    assert in_kwh == pytest.approx(
        out_kwh + stored_kwh(tank) - stored_kwh(WaterHeater(spec, layers)), abs=1e-9
    )


@given(
    numbers(15.0, 30.0),
    numbers(15.0, 30.0),
    numbers(-15.0, 42.0),
    numbers(0.0, 300.0),
    numbers(0.0, 3.0),
    st.sampled_from([0.0, 0.005, 0.03]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
@settings(max_examples=40, deadline=None)
def test_a_house_conserves_heat(  # noqa: PLR0917 - numbers that hypothesis draws
    air_c: float,
    mass_c: float,
    outdoor_c: float,
    walls_w_m2: float,
    gains_kw: float,
    stack_kw_c15: float,
    sky_view: float,
) -> None:
    """With the machine off, what air and mass gain is what came in less what went out, by leaks as well."""
    assert HOUSE.hvac is not None
    envelope = replace(HOUSE.hvac.spec.envelope, stack_kw_c15=stack_kw_c15, sky_view=sky_view)
    spec = replace(HOUSE.hvac.spec, envelope=envelope)
    # Held within its cycle time the machine stays off whatever the temperature.
    house = replace(HOUSE.hvac, spec=spec, air_c=air_c, mass_c=mass_c, mode=Mode.OFF, in_mode_s=0.0)
    sky_w_m2 = walls_w_m2 / 2
    env = Environment(outdoor_c=outdoor_c, walls_w_m2=walls_w_m2, sky_less_ground_w_m2=sky_w_m2)
    seen_w_m2 = walls_w_m2 - (1 - sky_view) * sky_w_m2
    in_kwh = 0.0
    for _ in range(110):
        before_c = house.air_c
        house, power_kw = house.step(FREE, env, 1.0, gains_kw)
        assert power_kw == 0.0
        mean_c = (before_c + house.air_c) / 2
        heat_kw = gains_kw + envelope.aperture_m2 * seen_w_m2 / 1000 + envelope.ua_kw_c * (outdoor_c - mean_c)
        # What leaks carry is as it was when the part started.
        leak_kw = stack_kw_c15 * abs(outdoor_c - before_c) ** 1.5
        in_kwh += (heat_kw + (leak_kw if outdoor_c > before_c else -leak_kw)) / 3600
    held_kwh = envelope.air_kwh_c * (house.air_c - air_c) + envelope.mass_kwh_c * (house.mass_c - mass_c)
    assert held_kwh == pytest.approx(in_kwh, abs=1e-4)


@given(controls, st.lists(environments, min_size=6, max_size=6))
@settings(max_examples=40, deadline=None)
def test_no_control_takes_the_air_beyond_the_critical_limits(
    control: Control, weathers: list[Environment]
) -> None:
    """In weather that the machine can handle, the air stays between the limits that the resident set."""
    assert HOUSE.hvac is not None
    hvac: Hvac = replace(HOUSE.hvac, air_c=22.0, mass_c=22.0)
    for weather in weathers:
        env = replace(
            weather, outdoor_c=min(max(weather.outdoor_c, -5.0), 38.0), walls_w_m2=weather.walls_w_m2 / 3
        )
        for _ in range(30):
            hvac = hvac.step(control, env, 60.0, 0.3).device
            assert hvac.spec.coolest_c - 0.6 <= hvac.air_c <= hvac.spec.warmest_c + 0.6


@given(st.lists(st.tuples(controls, st.sampled_from([0.0, 0.0, 0.0, 900.0])), max_size=30))
@settings(deadline=None)
def test_an_appliance_owes_what_it_has_not_run(run: list[tuple[Control, float]]) -> None:
    """Every second that someone starts is run in the end, once."""
    dryer = HOUSE.device("dryer1")
    asked_s = used_kws = 0.0
    for control, start_s in run:
        dryer, power_kw = dryer.step(control, Environment().using(DryerUse(started_s=start_s)), 60.0)
        asked_s += start_s
        used_kws += power_kw * 60.0
    for _ in range(500):
        dryer, power_kw = dryer.step(FREE, Environment(), 60.0)
        used_kws += power_kw * 60.0
    assert used_kws == pytest.approx(asked_s * 4.5, abs=1e-6)


@given(st.lists(st.tuples(st.booleans(), durations_s, numbers(0.0, 0.14)), max_size=30))
@settings(deadline=None)
def test_a_fridge_is_never_further_from_its_duty_than_a_cycle(run: list[tuple[bool, float, float]]) -> None:
    """While it has power, energy and duty agree to within one cycle."""
    fridge = HOUSE.device("fridge1")
    due_kws = used_kws = 0.0
    for _, dt_s, level_kw in run:
        fridge, power_kw = fridge.step(FREE, Environment().using(FridgeUse(mean_kw=level_kw)), dt_s)
        due_kws += level_kw * dt_s
        used_kws += power_kw * dt_s
        assert 0.0 <= due_kws - used_kws + 1e-6 <= 480.0 * 0.15 + 1e-3
