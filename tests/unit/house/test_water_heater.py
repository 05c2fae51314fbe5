"""The water heater: heat, draws, what a shed leaves and what a load up stores."""

from math import isfinite

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.hot_water import TAP_L_S, WaterHeaterUse
from ven_twin.house.devices.layered_tank import LOWER, NONE, UPPER, WATER_KWH_L_C, Layers
from ven_twin.house.devices.water_heater import WaterHeater, thresholds
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

IDLE = Environment()
SHED = Control(setpoint_offset_c=5.56)
FULL_C = 54.48
EMERGENCY = 3


def drawing(litres: float) -> Environment:
    """A step in which so much is drawn."""
    return Environment().using(WaterHeaterUse(drawn_l=litres))


def tank_at(heater: WaterHeater, hot_c: float, cold_c: float = 0.0, cold_l: float = 0.0) -> WaterHeater:
    """The tank in two layers, or in one."""
    return replace(heater, layers=Layers(hot_c, cold_c, cold_l) if cold_l else Layers.mixed(hot_c))


@pytest.fixture
def heater(house: House) -> WaterHeater:
    """The tank, at its setpoint."""
    device = house.device("heater1")
    assert isinstance(device, WaterHeater)
    return device


def test_heater_recovers_to_the_top_of_its_deadband(heater: WaterHeater) -> None:
    """Once started, an element runs until the tank is half a deadband above its setpoint."""
    tank = tank_at(heater, 48.0)
    for _ in range(30):
        tank = tank.step(FREE, IDLE, 60.0).device
    assert tank.layers.hot_c == pytest.approx(FULL_C, abs=0.1)
    assert tank.element is NONE


@pytest.mark.parametrize("litres", [5e-324, 1e-311, 1e-12, 1e-8])
def test_a_drop_leaves_a_tank_as_it_is(heater: WaterHeater, litres: float) -> None:
    """However little is drawn, every temperature stays a number, and the heat is what it was."""
    for step in range(3):
        heater, _ = heater.step(FREE, drawing(litres), 60.0)
        assert isfinite(heater.layers.hot_c + heater.layers.cold_c + heater.layers.cold_l), step
        assert heater.flexibility(drawing(litres), 0.0).headroom == pytest.approx(1.0, abs=0.5)


def test_a_short_draw_leaves_the_element_off_and_a_shower_starts_it(heater: WaterHeater) -> None:
    """The lower thermostat feels a sixth of the tank: 3 L of cold water are not enough, 8 L are."""
    full = tank_at(heater, FULL_C)
    assert full.step(FREE, drawing(3.0), 60.0).device.element is NONE
    assert full.step(FREE, drawing(8.0), 60.0).device.element is LOWER


def test_draws_leave_the_outlet_as_hot_as_it_was(heater: WaterHeater) -> None:
    """Water is drawn from the top, and cold water stays below it, until all that was hot is drawn."""
    tank, off = tank_at(heater, FULL_C), Control(enabled=False)
    for _ in range(17):
        tank = tank.step(off, drawing(10.0), 60.0).device
        assert tank.outlet_c == pytest.approx(FULL_C, abs=0.1)
    for _ in range(2):
        tank = tank.step(off, drawing(10.0), 60.0).device
    assert tank.outlet_c == pytest.approx(heater.spec.inlet_c, abs=0.1)


def test_the_upper_element_comes_first(heater: WaterHeater) -> None:
    """Emptied, the tank heats its top, in the time that its share of the heat takes, and then the rest."""
    tank, elements = tank_at(heater, 16.0), []
    for _ in range(150):
        tank = tank.step(FREE, IDLE, 60.0).device
        elements.append(tank.element)
    assert elements.index(LOWER) == pytest.approx(47.3 * 38.5 * 4.186 / 4.5 / 60.0, abs=2)
    assert set(elements[: elements.index(LOWER)]) == {UPPER}
    assert set(elements[elements.index(LOWER) :]) <= {LOWER, NONE}


def test_a_shed_heater_defers_what_a_stratified_tank_can(heater: WaterHeater) -> None:
    """A small draw waits for the end of the event; a bath's is heated, up to the lower setpoint."""
    full = tank_at(heater, FULL_C)
    assert full.step(SHED, drawing(8.0), 60.0).power_kw == 0.0
    tank, power_kw = full.step(SHED, drawing(40.0), 60.0)
    assert power_kw == heater.spec.element_kw
    for _ in range(60):
        tank = tank.step(SHED, IDLE, 60.0).device
    assert tank.element is NONE
    missing_c_l = (FULL_C - tank.layers.hot_c) * heater.spec.tank_kwh_c / WATER_KWH_L_C
    assert missing_c_l == pytest.approx(40.0 * 5.56, rel=0.15)


@pytest.mark.parametrize(("level", "offset_c"), [(0, 5.56), (1, 2.2), (2, 5.56), (EMERGENCY, 22.2)])
def test_each_level_lowers_the_setpoint_by_its_own(heater: WaterHeater, level: int, offset_c: float) -> None:
    """CTA-2045: 4 °F shed, 10 critical peak, 40 grid emergency; a request in kW has the offset of its own."""
    offer = tank_at(heater, FULL_C).flexibility(IDLE, 4.5, level)
    assert (offer.shed_offset_c, offer.floor_kw, offer.blocked) == (offset_c, 0.0, "")
    plain = replace(heater, spec=replace(heater.spec, level_offsets_c=None))
    assert plain.flexibility(IDLE, 4.5, level).shed_offset_c == 5.56


def test_a_deeper_level_waits_for_more_cold_water(heater: WaterHeater) -> None:
    """The litres of a draw that starts the element grow from level to level."""
    started_l = []
    for level in (1, 2, EMERGENCY):
        control = Control(setpoint_offset_c=heater.spec.offset_c(level))
        litres = range(1, 40)
        full = tank_at(heater, FULL_C)
        started_l.append(next(n for n in litres if full.step(control, drawing(n), 1.0).power_kw))
    assert started_l == [7, 10, 23]


@pytest.mark.parametrize("level", [0, 1, 2, EMERGENCY])
@pytest.mark.parametrize("reserve_l", [20.0, 30.0, 40.0, 60.0])
def test_a_shed_tank_gives_the_largest_draw_twice(heater: WaterHeater, level: int, reserve_l: float) -> None:
    """After any such draws under a shed two more, 20 minutes apart, leave the outlet above its limit."""
    spec = replace(heater.spec, reserve_l=reserve_l)
    control = Control(setpoint_offset_c=spec.offset_c(level))
    tank, draw_s = replace(tank_at(heater, FULL_C), spec=spec), reserve_l / TAP_L_S
    for second in range(4 * 3_600):
        env = drawing(TAP_L_S if second % 3_600 < draw_s else 0.0)
        tank = tank.step(control, env, 1.0).device
    for second in range(2_400):
        env = drawing(TAP_L_S if second % 1_200 < draw_s else 0.0)
        tank = tank.step(control, env, 1.0).device
        assert tank.outlet_c >= spec.least_c


def test_no_offset_goes_below_the_critical_limit(heater: WaterHeater) -> None:
    """However far the setpoint is lowered, the element comes on before the least temperature."""
    tank = tank_at(heater, heater.spec.least_c + 0.5)
    assert tank.step(Control(setpoint_offset_c=40.0), IDLE, 60.0).power_kw == heater.spec.element_kw


def test_less_than_the_reserve_is_heated(heater: WaterHeater) -> None:
    """With two of the largest draws hot a deep shed waits, with a litre less it does not."""
    deep, capacity_l = Control(setpoint_offset_c=40.0), 0.22 / (4.186 / 3600)
    enough, short = (tank_at(heater, FULL_C, 20.0, capacity_l - 80.0 + more_l) for more_l in (-1.0, 1.0))
    assert enough.step(deep, IDLE, 60.0).power_kw == 0.0
    assert short.step(deep, IDLE, 60.0).power_kw == heater.spec.element_kw


def test_an_open_relay_draws_nothing(heater: WaterHeater) -> None:
    """A heater that was switched off stays off."""
    assert tank_at(heater, 20.0).step(Control(enabled=False), IDLE, 60.0).power_kw == 0.0


def test_the_length_of_a_step_does_not_change_the_heat(heater: WaterHeater) -> None:
    """Five minutes at once are five single minutes."""
    whole = tank_at(heater, 52.0, 30.0, 10.0)
    parts, energy = whole, 0.0
    for _ in range(5):
        parts, power_kw = parts.step(FREE, drawing(8.0), 60.0)
        energy += power_kw * 60.0
    after, power_kw = whole.step(FREE, drawing(40.0), 300.0)
    for name in ("hot_c", "cold_c", "cold_l"):
        assert getattr(after.layers, name) == pytest.approx(getattr(parts.layers, name), abs=1e-9)
    assert power_kw * 300.0 == pytest.approx(energy)


def test_heater_says_when_it_has_nothing_left_to_give(heater: WaterHeater) -> None:
    """A tank for which the shed thermostat would call for heat is at its comfort limit."""
    cold = tank_at(heater, 43.0)
    assert cold.flexibility(IDLE, 4.5).blocked == "comfort limit"
    assert cold.flexibility(IDLE, 4.5).at_limit_kw == heater.spec.element_kw
    assert tank_at(heater, 52.0).flexibility(IDLE, 4.5).floor_kw == 0.0


def test_a_load_up_fills_the_tank_beyond_its_setpoint(heater: WaterHeater) -> None:
    """A full tank heats at once, as far as it is asked to and never beyond its cap."""
    full = tank_at(heater, FULL_C)
    assert full.step(FREE, IDLE, 60.0).power_kw == 0.0
    for offset_c, end_c in ((-2.0, 56.48), (-5.0, 59.48), (-30.0, 60.0)):
        tank = full
        for _ in range(120):
            tank = tank.step(Control(setpoint_offset_c=offset_c), IDLE, 60.0).device
            assert tank.layers.hot_c <= end_c + 0.05
        assert tank.layers.hot_c == pytest.approx(end_c, abs=1.2)


def test_a_cap_below_the_setpoint_lowers_nothing(heater: WaterHeater) -> None:
    """A load up under a cap that is below the tank's usual heat fills it as usual."""
    spec = replace(heater.spec, most_c=45.0)
    assert thresholds(spec, -5.0).lower_off_c == pytest.approx(FULL_C)


@pytest.mark.parametrize(
    ("hot_c", "element", "runs"),
    [(48.93, NONE, False), (48.91, NONE, True), (54.47, LOWER, True), (54.49, LOWER, False)],
)
def test_the_element_switches_at_the_edges_of_its_deadband(
    heater: WaterHeater, hot_c: float, element: object, runs: bool
) -> None:
    """On at 48.92 °C and off at 54.48 °C: half of 5.56 °C about 51.7 °C."""
    after = replace(tank_at(heater, hot_c), element=element).step(FREE, IDLE, 1.0).device
    assert (after.element is not NONE) is runs


def test_an_undersized_tank_is_never_shed(heater: WaterHeater) -> None:
    """One that even full does not keep two of its draws hot gives nothing up."""
    small = replace(tank_at(heater, FULL_C), spec=replace(heater.spec, reserve_l=80.0))
    assert small.flexibility(IDLE, 4.5).blocked == "comfort limit"
    assert small.flexibility(IDLE, 4.5).at_limit_kw is None
