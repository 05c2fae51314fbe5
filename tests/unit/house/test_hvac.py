"""Heating and cooling: thermostat, comfort limits, capacity and cost of shedding."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.heat_pump import Mode, output
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

FROST = Environment(outdoor_c=-4.0, humidity=0.7)


@pytest.fixture
def hvac(house: House) -> Hvac:
    """The HVAC, off, midway between its setpoints."""
    assert house.hvac is not None
    return house.hvac


def run(hvac: Hvac, control: Control, env: Environment, hours: float, dt_s: float = 60.0) -> list[Hvac]:
    """Every minute of some hours."""
    trace = []
    for _ in range(int(hours * 3600 / dt_s)):
        hvac = hvac.step(control, env, dt_s, 0.5).device
        trace.append(hvac)
    return trace


def energy_kwh(hvac: Hvac, env: Environment, dt_s: float, hours: float = 6.0) -> float:
    """Energy over some hours at a step length, kWh."""
    total = 0.0
    for _ in range(int(hours * 3600 / dt_s)):
        hvac, power_kw = hvac.step(FREE, env, dt_s, 0.5)
        total += power_kw * dt_s / 3600
    return total


def test_hvac_cools_to_its_deadband_on_a_hot_day(hvac: Hvac, hot_day: Environment) -> None:
    """Left alone, the air stays within the thermostat's deadband once it has been reached."""
    half_c = hvac.spec.deadband_c / 2
    settled = run(hvac, FREE, hot_day, 8.0)[120:]
    assert min(after.air_c for after in settled) == pytest.approx(hvac.spec.cooling_c - half_c, abs=0.05)
    assert max(after.air_c for after in settled) == pytest.approx(hvac.spec.cooling_c + half_c, abs=0.05)


def test_hvac_heats_to_its_deadband_in_a_frost(hvac: Hvac) -> None:
    """In winter the same machine holds the heating setpoint."""
    settled = run(hvac, FREE, FROST, 12.0)[240:]
    assert max(abs(after.air_c - hvac.spec.heating_c) for after in settled) < hvac.spec.deadband_c / 2 + 0.05


def test_a_positive_offset_relaxes_both_setpoints(hvac: Hvac, hot_day: Environment) -> None:
    """Relaxing lets the house be warmer in summer and cooler in winter, by the offset."""
    relaxed = Control(setpoint_offset_c=2.0)
    free, shed = hvac.band(FREE, hot_day), hvac.band(relaxed, hot_day)
    assert shed.cool_on_c - free.cool_on_c == pytest.approx(2.0)
    assert shed.heat_on_c - free.heat_on_c == pytest.approx(-2.0)


def test_a_negative_offset_precools_without_meeting_the_heating(hvac: Hvac, hot_day: Environment) -> None:
    """However much precooling is asked for, cooling and heating never work against each other."""
    band = hvac.band(Control(setpoint_offset_c=-20.0), hot_day)
    assert band.cool_off_c >= band.heat_off_c - 1e-9


def test_a_negative_offset_moves_the_setpoint_of_the_season(hvac: Hvac, hot_day: Environment) -> None:
    """In summer the house is precooled and in a frost preheated; the other setpoint stays where it is."""
    ahead = Control(setpoint_offset_c=-2.0)
    summer, winter = hvac.band(ahead, hot_day), hvac.band(ahead, FROST)
    free = hvac.band(FREE, hot_day)
    assert (summer.cool_on_c, summer.heat_on_c) == pytest.approx((free.cool_on_c - 2.0, free.heat_on_c))
    assert (winter.cool_on_c, winter.heat_on_c) == pytest.approx((free.cool_on_c, free.heat_on_c + 2.0))


@pytest.mark.parametrize(
    "control", [Control(setpoint_offset_c=15.0), Control(enabled=False), Control(limit_kw=0.0)], ids=str
)
def test_no_control_takes_the_house_beyond_its_critical_limits(
    hvac: Hvac, hot_day: Environment, control: Control
) -> None:
    """Off, limited or relaxed, the machine runs rather than let the air pass the critical limit."""
    assert max(after.air_c for after in run(hvac, control, hot_day, 24.0)) <= hvac.spec.warmest_c + 0.05
    assert min(after.air_c for after in run(hvac, control, FROST, 48.0)) >= hvac.spec.coolest_c - 0.05


def test_a_limit_that_the_machine_keeps_to_changes_nothing(hvac: Hvac, hot_day: Environment) -> None:
    """A ceiling above what it draws is no reason to switch off."""
    assert hvac.band(Control(limit_kw=9.0), hot_day) == hvac.band(FREE, hot_day)


def test_hvac_does_not_switch_twice_within_its_cycle_time(hvac: Hvac, hot_day: Environment) -> None:
    """Controls that alternate every ten seconds do not make the compressor do so."""
    switched_s = []
    now = replace(hvac, air_c=24.6, mass_c=24.6)
    for tick in range(360):
        control = Control(setpoint_offset_c=2.2) if tick % 2 else FREE
        after = now.step(control, hot_day, 10.0).device
        if after.mode is not now.mode:
            switched_s.append(tick * 10)
        now = after
    gaps_s = [later - earlier for earlier, later in pairwise(switched_s)]
    assert len(gaps_s) > 2
    assert min(gaps_s) >= hvac.spec.cycle_s - 10


def test_hvac_power_is_the_mean_over_a_step_that_it_switches_in(hvac: Hvac, hot_day: Environment) -> None:
    """A compressor that stops a third into a step is billed for a third."""
    band = hvac.band(FREE, hot_day)
    full_kw = output(hvac.spec.machine, Mode.COOL, hot_day.outdoor_c, hot_day.humidity).power_kw
    cooling = replace(hvac, mode=Mode.COOL, air_c=band.cool_off_c + 0.1, mass_c=band.cool_off_c + 0.4)
    after, power_kw = cooling.step(FREE, hot_day, 60.0)
    assert after.mode is Mode.OFF
    assert 0.0 < power_kw < full_kw


def test_a_long_step_uses_the_energy_of_the_short_ones(hvac: Hvac, hot_day: Environment) -> None:
    """An accelerated clock does not change what the house consumes."""
    start = replace(hvac, air_c=23.9, mass_c=24.2)
    assert energy_kwh(start, hot_day, 300.0) == pytest.approx(energy_kwh(start, hot_day, 5.0), rel=0.03)


def test_the_first_hour_of_shed_is_worth_more_than_the_second(hvac: Hvac, hot_day: Environment) -> None:
    """The air stops the compressor at once; the mass warms the air again within the event."""
    settled = run(hvac, FREE, hot_day, 8.0)[-1]
    relaxed = Control(setpoint_offset_c=1.1)

    def kwh(control: Control, now: Hvac) -> tuple[float, Hvac]:
        total = 0.0
        for _ in range(60):
            now, power_kw = now.step(control, hot_day, 60.0, 0.5)
            total += power_kw / 60
        return total, now

    first_free, free = kwh(FREE, settled)
    first_shed, shed = kwh(relaxed, settled)
    second_free, _ = kwh(FREE, free)
    second_shed, _ = kwh(relaxed, shed)
    assert first_free - first_shed > 1.5 * (second_free - second_shed) > 0.0


def test_heat_pump_draws_its_rated_power_at_the_rating_point(hvac: Hvac) -> None:
    """At 35 °C the cooling curves are 1: rated capacity over rated COP, and the fan."""
    machine = hvac.spec.machine
    rated = output(machine, Mode.COOL, 35.0, 0.5)
    assert rated.power_kw == pytest.approx(
        machine.cooling_kw / machine.cooling_cop + machine.fan_kw, rel=0.005
    )


def test_strip_heat_and_compressor_stay_within_the_breaker(hvac: Hvac) -> None:
    """In the hardest frost the circuit carries no more than its 30 A."""
    powers_kw = [output(hvac.spec.machine, Mode.AUX, degrees, 0.7).power_kw for degrees in range(-25, 10)]
    assert max(powers_kw) <= hvac.spec.breaker_amps * 0.24 + 1e-9


def test_hvac_offers_nothing_once_the_relaxed_setpoint_is_reached(hvac: Hvac, hot_day: Environment) -> None:
    """A house that is as warm as an event may make it has no more to give, and says why."""
    warm = replace(hvac, air_c=27.5, mass_c=27.5, mode=Mode.COOL)
    offer = warm.flexibility(hot_day, 4.2)
    assert (offer.floor_kw, offer.blocked) == (4.2, "comfort limit")
    assert offer.headroom < 0.1


def test_hvac_offers_all_of_its_power_within_comfort(hvac: Hvac, hot_day: Environment) -> None:
    """Within its setpoints the whole of the compressor can wait."""
    cooling = replace(hvac, air_c=24.0, mass_c=24.0, mode=Mode.COOL)
    offer = cooling.flexibility(hot_day, 4.2)
    assert (offer.demand_kw, offer.floor_kw, offer.blocked) == (4.2, 0.0, "")


def test_hvac_that_has_just_started_says_that_it_must_run_on(hvac: Hvac, hot_day: Environment) -> None:
    """The cycle time is a reason of its own, not a matter of comfort."""
    started = replace(hvac, air_c=24.0, mode=Mode.COOL, in_mode_s=30.0)
    assert started.flexibility(hot_day, 4.2).blocked == "minimum cycle time 120 s"


@pytest.mark.parametrize(
    ("mode", "in_mode_s", "air_c", "then"),
    [
        (Mode.OFF, 900.0, 19.50, Mode.OFF),
        (Mode.OFF, 900.0, 19.40, Mode.HEAT),
        (Mode.OFF, 100.0, 19.40, Mode.OFF),
        (Mode.OFF, 120.0, 19.40, Mode.HEAT),
        (Mode.HEAT, 900.0, 20.50, Mode.HEAT),
        (Mode.HEAT, 900.0, 20.60, Mode.OFF),
        (Mode.HEAT, 100.0, 20.60, Mode.HEAT),
        (Mode.HEAT, 900.0, 18.40, Mode.HEAT),
        (Mode.HEAT, 900.0, 18.30, Mode.AUX),
        (Mode.HEAT, 100.0, 18.30, Mode.AUX),
        (Mode.AUX, 900.0, 20.50, Mode.AUX),
        (Mode.AUX, 900.0, 20.60, Mode.OFF),
        (Mode.OFF, 900.0, 24.40, Mode.OFF),
        (Mode.OFF, 900.0, 24.50, Mode.COOL),
        (Mode.COOL, 900.0, 23.40, Mode.COOL),
        (Mode.COOL, 900.0, 23.30, Mode.OFF),
        (Mode.COOL, 100.0, 23.30, Mode.COOL),
        (Mode.COOL, 900.0, 19.40, Mode.HEAT),
    ],
)
def test_the_thermostat_switches_at_the_edges_of_its_deadbands(
    hvac: Hvac, mode: Mode, in_mode_s: float, air_c: float, then: Mode
) -> None:
    """Half of 1.11 °C about 20.0 and 23.9 °C, the strip a deadband below; within 120 s only the strip."""
    now = replace(hvac, mode=mode, in_mode_s=in_mode_s, air_c=air_c, mass_c=air_c)
    after = now.step(FREE, Environment(outdoor_c=air_c), 0.5).device
    assert after.mode is then
    strip = mode > 0 and then > 0
    assert after.in_mode_s == pytest.approx(in_mode_s + 0.5 if strip or then is mode else 0.5)


@pytest.mark.parametrize(
    "control", [Control(setpoint_offset_c=15.0), Control(enabled=False), Control(limit_kw=0.0)], ids=str
)
def test_a_shed_machine_switches_a_deadband_within_the_critical_limits(hvac: Hvac, control: Control) -> None:
    """Half a degree within: cooling from 27.3 to 26.19 °C, heating from 17.2 to 18.31 °C, strip at 16.95."""
    assert hvac.band(control, FROST) == pytest.approx((27.3, 26.19, 17.2, 18.31, 16.95))


def test_a_limit_of_exactly_what_the_machine_draws_lets_it_run(hvac: Hvac) -> None:
    """In a frost it is heating that the limit is measured by; a watt less holds the machine off."""
    heating_kw = output(hvac.spec.machine, Mode.HEAT, FROST.outdoor_c, FROST.humidity).power_kw
    assert hvac.band(Control(limit_kw=heating_kw), FROST) == hvac.band(FREE, FROST)
    assert hvac.band(Control(limit_kw=heating_kw - 0.001), FROST).heat_on_c == pytest.approx(17.2)


@pytest.mark.parametrize(
    ("air_c", "headroom"),
    [
        (16.0, 0.0),
        (16.7, 0.0),
        (18.35, 0.5),
        (20.0, 1.0),
        (23.9, 1.0),
        (25.85, 0.5),
        (27.8, 0.0),
        (29.0, 0.0),
    ],
)
def test_hvac_headroom_falls_from_setpoint_to_critical_limit(
    hvac: Hvac, hot_day: Environment, air_c: float, headroom: float
) -> None:
    """All of it between the setpoints, half midway, none at 16.7 or 27.8 °C and beyond."""
    assert replace(hvac, air_c=air_c).flexibility(hot_day, 4.2).headroom == pytest.approx(headroom)
