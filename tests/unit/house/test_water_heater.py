"""The water heater: heat, draws and what a shed leaves."""

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.water_heater import (
    TAP_L_S,
    WATER_KWH_L_C,
    WaterHeater,
    WaterHeaterUse,
    floor_c,
)
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

IDLE = Environment()
SHOWER = Environment().using(WaterHeaterUse(drawn_l=8.0))
SHED = Control(setpoint_offset_c=5.56)


@pytest.fixture
def heater(house: House) -> WaterHeater:
    """The tank, at its setpoint."""
    device = house.device("heater1")
    assert isinstance(device, WaterHeater)
    return device


def test_heater_recovers_to_the_top_of_its_deadband(heater: WaterHeater) -> None:
    """Once started, the element runs until the tank is half a deadband above its setpoint."""
    tank = replace(heater, tank_c=48.0)
    temperatures = []
    for _ in range(60):
        tank = tank.step(FREE, IDLE, 60.0).device
        temperatures.append(tank.tank_c)
    assert max(temperatures) == pytest.approx(heater.spec.setpoint_c + heater.spec.deadband_c / 2, abs=0.01)


def test_heater_energy_is_conserved(heater: WaterHeater) -> None:
    """What the element puts in is stored, lost through the jacket, or drawn at the tap."""
    tank, dt_s = replace(heater, tank_c=50.0), 10.0
    electric = useful = lost = 0.0
    for tick in range(2_000):
        env = Environment().using(WaterHeaterUse(drawn_l=1.2 if tick % 60 < 12 else 0.0))
        before_c = tank.tank_c
        tank, power_kw = tank.step(FREE, env, dt_s)
        mean_c = (before_c + tank.tank_c) / 2
        electric += power_kw * dt_s / 3600
        useful += env.use(WaterHeaterUse).drawn_l * WATER_KWH_L_C * (mean_c - heater.spec.inlet_c)
        lost += heater.spec.loss_kw_c * (mean_c - heater.spec.ambient_c) * dt_s / 3600
    stored = heater.spec.tank_kwh_c * (tank.tank_c - 50.0)
    assert electric == pytest.approx(useful + lost + stored, rel=0.002)


def test_a_shed_heater_waits_until_the_tank_is_as_cold_as_allowed(heater: WaterHeater) -> None:
    """With the setpoint lowered the element stays off through a short shower, and comes on at the floor."""
    tank = replace(heater, tank_c=54.4)
    powers_kw = []
    for _ in range(3):
        tank, power_kw = tank.step(SHED, SHOWER, 60.0)
        powers_kw.append(power_kw)
    assert powers_kw == [0.0] * 3
    for _ in range(300):
        tank = tank.step(SHED, SHOWER if tank.tank_c > 48.0 else IDLE, 60.0).device
        assert tank.tank_c >= heater.spec.least_c - 0.01


def test_no_offset_goes_below_the_critical_limit(heater: WaterHeater) -> None:
    """However far the setpoint is lowered, the element comes on at the least temperature."""
    tank = replace(heater, tank_c=heater.spec.least_c - 0.5)
    assert tank.step(Control(setpoint_offset_c=30.0), IDLE, 60.0).power_kw == heater.spec.element_kw


def test_an_open_relay_draws_nothing(heater: WaterHeater) -> None:
    """A heater that was switched off stays off."""
    assert replace(heater, tank_c=20.0).step(Control(enabled=False), IDLE, 60.0).power_kw == 0.0


def test_the_length_of_a_step_does_not_change_the_heat(heater: WaterHeater) -> None:
    """Five minutes at once are five single minutes."""
    env = Environment().using(WaterHeaterUse(drawn_l=40.0))
    minute = Environment().using(WaterHeaterUse(drawn_l=8.0))
    whole = replace(heater, tank_c=49.5)
    parts, energy = whole, 0.0
    for _ in range(5):
        parts, power_kw = parts.step(FREE, minute, 60.0)
        energy += power_kw * 60.0
    after, power_kw = whole.step(FREE, env, 300.0)
    assert after.tank_c == pytest.approx(parts.tank_c, abs=1e-6)
    assert power_kw * 300.0 == pytest.approx(energy)


def test_heater_says_when_it_has_nothing_left_to_give(heater: WaterHeater) -> None:
    """At the shed setpoint the tank is at its comfort limit."""
    cold = replace(heater, tank_c=43.0, heating=True)
    assert cold.flexibility(IDLE, 4.5).blocked == "comfort limit"
    assert replace(heater, tank_c=52.0, heating=True).flexibility(IDLE, 4.5).floor_kw == 0.0


def test_a_shower_starts_the_element_before_the_tank_has_cooled(heater: WaterHeater) -> None:
    """The thermostat sits at the bottom, where the cold water comes in, and heats the tank right up again."""
    sip, bath = replace(heater, tank_c=53.0), replace(heater, tank_c=53.0)
    sip = sip.step(FREE, Environment().using(WaterHeaterUse(drawn_l=5.0)), 60.0).device
    bath = bath.step(FREE, Environment().using(WaterHeaterUse(drawn_l=15.0)), 60.0).device
    assert min(sip.tank_c, bath.tank_c) > heater.spec.setpoint_c - heater.spec.deadband_c / 2
    assert sip.step(FREE, IDLE, 60.0).power_kw == 0.0
    assert bath.step(FREE, IDLE, 60.0).power_kw == heater.spec.element_kw


def test_a_released_heater_makes_up_for_the_showers_of_the_event(heater: WaterHeater) -> None:
    """What was drawn while shed is heated right after: part of the rebound."""
    tank = replace(heater, tank_c=53.0)
    for _ in range(3):
        tank, power_kw = tank.step(SHED, SHOWER, 60.0)
        assert power_kw == 0.0
    assert tank.step(FREE, IDLE, 60.0).power_kw == heater.spec.element_kw


def test_a_tank_without_loss_keeps_and_gains_exactly(heater: WaterHeater) -> None:
    """Off it stays as warm as it is; on, every kWh of the element is in the water."""
    tight = replace(heater, spec=replace(heater.spec, loss_kw_c=0.0), tank_c=45.0)
    assert tight.step(Control(enabled=False), IDLE, 3600.0).device.tank_c == 45.0
    warmer, power_kw = tight.step(FREE, IDLE, 600.0)
    assert power_kw == heater.spec.element_kw
    assert (warmer.tank_c - 45.0) * heater.spec.tank_kwh_c == pytest.approx(heater.spec.element_kw / 6.0)


@pytest.mark.parametrize(
    ("tank_c", "heating", "runs"),
    [(48.93, False, False), (48.91, False, True), (54.47, True, True), (54.49, True, False)],
)
def test_the_element_switches_at_the_edges_of_its_deadband(
    heater: WaterHeater, tank_c: float, heating: bool, runs: bool
) -> None:
    """On at 48.92 °C and off at 54.48 °C: half of 5.56 °C about 51.7 °C."""
    after = replace(heater, tank_c=tank_c, heating=heating).step(FREE, IDLE, 1.0).device
    assert after.heating is runs


@pytest.mark.parametrize("reserve_l", [20.0, 30.0, 40.0, 60.0])
def test_a_tank_at_its_floor_gives_the_largest_draw_twice(heater: WaterHeater, reserve_l: float) -> None:
    """From the floor two draws, twenty minutes apart, end at the comfort limit and not a degree above it."""
    spec = replace(heater.spec, reserve_l=reserve_l, setpoint_c=70.0)
    tank = replace(heater, spec=spec, tank_c=floor_c(spec), heating=True)
    lowest_c, draw_s = 99.0, reserve_l / TAP_L_S
    for second in range(1_800):
        draws = second % 1_200 < draw_s
        env = Environment().using(WaterHeaterUse(drawn_l=TAP_L_S if draws else 0.0))
        tank = tank.step(FREE, env, 1.0).device
        lowest_c = min(lowest_c, tank.tank_c)
    assert heater.spec.least_c <= lowest_c < heater.spec.least_c + 0.5


def test_an_undersized_tank_is_never_shed(heater: WaterHeater) -> None:
    """One that even full does not keep for two of its draws gives nothing up."""
    small = replace(heater, spec=replace(heater.spec, reserve_l=80.0), tank_c=54.4)
    assert small.flexibility(IDLE, 4.5).blocked == "comfort limit"
