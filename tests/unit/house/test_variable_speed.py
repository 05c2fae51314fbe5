"""The heat pump of variable speed: speeds, frost, strip, and what an event takes off it."""

from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.heat_pump import AUX, COOL, HEAT, OFF, Mode, at_speed, full_speed, output
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.devices.variable_speed import NO_DEFROST, Defrost, VariableSpeed, defrost, share_within_kw
from ven_twin.house.environment import Environment
from ven_twin.house.errors import ProfileError
from ven_twin.house.house import House
from ven_twin.house.library import load_profile
from ven_twin.house.profile import build_house, decode_profile

SPEEDS = VariableSpeed()
COLD = Environment(outdoor_c=2.0, humidity=0.8)


def with_speeds(house: House) -> Hvac:
    """The house's HVAC with a compressor of variable speed."""
    assert house.hvac is not None
    machine = replace(house.hvac.spec.machine, variable=SPEEDS)
    return replace(house.hvac, spec=replace(house.hvac.spec, machine=machine))


@pytest.fixture
def hvac(house: House) -> Hvac:
    """The HVAC with a compressor of variable speed, off."""
    return with_speeds(house)


def run(hvac: Hvac, control: Control, env: Environment, hours: float) -> tuple[Hvac, list[float]]:
    """Some hours minute by minute, and the power of each."""
    powers_kw = []
    for _ in range(int(hours * 60)):
        hvac, power_kw = hvac.step(control, env, 60.0, 0.5)
        powers_kw.append(power_kw)
    return hvac, powers_kw


def test_it_runs_on_at_part_speed_where_one_speed_cycles(house: House) -> None:
    """After it has settled the compressor never stops, and the air stands still within its deadband."""
    settled, powers_kw = run(with_speeds(house), FREE, COLD, 8.0)
    assert settled.mode is HEAT
    assert max(powers_kw[-60:]) - min(powers_kw[-60:]) < 0.01
    assert abs(settled.air_c - settled.spec.heating_c) < settled.spec.deadband_c / 2
    assert house.hvac is not None
    _, single_kw = run(house.hvac, FREE, COLD, 8.0)
    assert min(single_kw[-60:]) == 0.0
    assert max(single_kw[-60:]) > 2.0 * max(powers_kw[-60:])


@pytest.mark.parametrize(("mode", "outdoor_c", "gain"), [(HEAT, 8.33, 1.385), (COOL, 35.0, 1.07)])
def test_part_speed_is_worth_more_heat_a_kwh(hvac: Hvac, mode: Mode, outdoor_c: float, gain: float) -> None:
    """At the least speed the compressor's COP is above that at full speed by the file's gain."""
    full = full_speed(hvac.spec.machine, SPEEDS, mode, outdoor_c, 0.5)
    least = at_speed(full, SPEEDS.least_share)
    compressor_kw = least.power_kw - full.fan_kw * SPEEDS.least_share
    heat_kw = least.heat_kw - full.fan_kw * SPEEDS.least_share
    assert heat_kw / compressor_kw == pytest.approx(full.heat_kw / full.compressor_kw * gain)


@pytest.mark.parametrize("mode", [HEAT, COOL])
def test_full_speed_in_mild_weather_is_the_machine_of_one_speed(house: House, mode: Mode) -> None:
    """Speeds change nothing at full speed, where there is no frost."""
    assert house.hvac is not None
    single = house.hvac.spec.machine
    variable = output(replace(single, variable=SPEEDS), mode, 10.0, 0.6)
    assert astuple(variable) == pytest.approx(astuple(output(single, mode, 10.0, 0.6)))


def test_frost_takes_heat_below_its_range_and_most_in_damp_air(hvac: Hvac) -> None:
    """From 4.4 °C down heat is lost to defrosting, more of it the more water the air has."""
    assert defrost(4.5, 1.0, 10.0) == NO_DEFROST == Defrost(1.0, 1.0, 0.0, 0.0)
    heats = [
        full_speed(hvac.spec.machine, SPEEDS, HEAT, outdoor_c, humidity).heat_kw
        for outdoor_c, humidity in ((4.5, 0.9), (4.4, 0.1), (4.4, 0.6), (4.4, 1.0))
    ]
    assert all(more > less for more, less in pairwise(heats))


def test_frost_by_hand() -> None:
    """At 0 °C and 80 %: 3.00 g of water a kg in the air, 1.82 on a coil of -8.6 °C; 7.6 % of the time."""
    frost = defrost(0.0, 0.8, 10.1667)
    time = 1.0 / (1.0 + 0.01446 / (0.0030249 - 0.0018169))
    assert time == pytest.approx(0.0771, abs=0.0005)
    assert astuple(frost) == pytest.approx(
        (0.875 * (1 - time), 0.954 * (1 - time), -0.1 * time * 7.222, 1.528 * time), rel=0.01
    )


def test_in_the_hardest_cold_the_strip_heats_alone(hvac: Hvac) -> None:
    """Below its range the compressor rests, whatever the mode."""
    for mode in (HEAT, AUX):
        rest = full_speed(hvac.spec.machine, SPEEDS, mode, SPEEDS.compressor_above_c - 0.1, 0.7)
        assert (rest.compressor_kw, rest.strip_kw) == (0.0, 5.0)
        runs = full_speed(hvac.spec.machine, SPEEDS, mode, SPEEDS.compressor_above_c, 0.7)
        assert runs.compressor_kw > 1.0
        assert (runs.strip_kw > 0.0) is (mode is AUX)


def test_the_strip_helps_when_the_compressor_cannot_hold(hvac: Hvac) -> None:
    """Far below its setpoint the air gets full speed and the strip, within what the circuit carries."""
    cold = replace(hvac, air_c=17.0, mass_c=17.0, mode=HEAT)
    after, power_kw = cold.step(FREE, Environment(outdoor_c=-10.0, humidity=0.7), 60.0)
    assert after.mode is AUX
    assert power_kw == pytest.approx(hvac.spec.machine.most_kw)


def test_a_relaxed_setpoint_slows_it_and_a_limit_does_too(hvac: Hvac, hot_day: Environment) -> None:
    """A shed stops it until the air is at the relaxed setpoint; under a limit it runs slower."""
    settled, free_kw = run(hvac, FREE, hot_day, 6.0)
    _, shed_kw = run(settled, Control(setpoint_offset_c=2.2), hot_day, 1.0)
    assert sum(shed_kw) < 0.5 * sum(free_kw[-60:])
    limit_kw = 0.8 * free_kw[-1]
    slower, limited_kw = run(settled, Control(limit_kw=limit_kw), hot_day, 1.0)
    assert slower.mode is COOL
    assert max(limited_kw) <= limit_kw + 1e-9
    assert min(limited_kw) == pytest.approx(limit_kw)


def test_a_limit_below_its_least_speed_stops_it(hvac: Hvac, hot_day: Environment) -> None:
    """A machine that cannot run as slowly as that waits for its critical limit, as an open relay does."""
    settled, _ = run(hvac, FREE, hot_day, 6.0)
    stopped, powers_kw = run(settled, Control(limit_kw=0.2), hot_day, 0.2)
    assert (stopped.mode, powers_kw[-1]) == (OFF, 0.0)


def test_it_offers_what_it_draws_and_says_what_its_limit_takes(hvac: Hvac, hot_day: Environment) -> None:
    """At part speed there is less to give; at the relaxed setpoint it is what part speed draws there."""
    settled, powers_kw = run(hvac, FREE, hot_day, 6.0)
    offer = settled.flexibility(hot_day, powers_kw[-1])
    assert (offer.floor_kw, offer.at_limit_kw) == (0.0, None)
    relaxed, relaxed_kw = run(settled, Control(setpoint_offset_c=2.2), hot_day, 10.0)
    limit = relaxed.flexibility(hot_day, relaxed_kw[-1])
    assert limit.blocked == "comfort limit"
    assert limit.at_limit_kw == pytest.approx(relaxed_kw[-1], rel=0.02)


@given(st.floats(0.1, 1.0), st.sampled_from([COOL, HEAT, AUX]), st.floats(-30.0, 40.0), st.floats(0.0, 1.0))
def test_a_limit_is_met_by_the_share_that_it_leaves(
    share: float, mode: Mode, outdoor_c: float, humidity: float
) -> None:
    """The share for a power is the one that draws it."""
    hvac = with_speeds(build_house(load_profile()))
    full = full_speed(hvac.spec.machine, SPEEDS, mode, outdoor_c, humidity)
    assert share_within_kw(full, at_speed(full, share).power_kw) == pytest.approx(share)


@given(
    air_c=st.floats(17.0, 27.0),
    outdoor_c=st.floats(-30.0, 42.0),
    humidity=st.floats(0.1, 1.0),
    mode=st.sampled_from([COOL, HEAT, AUX]),
    offset_c=st.floats(-4.0, 6.0),
)
@settings(max_examples=60, deadline=None)
def test_a_house_with_it_conserves_heat(
    *, air_c: float, outdoor_c: float, humidity: float, mode: Mode, offset_c: float
) -> None:
    """Air and mass gain the machine's heat at its speed, less what goes out, to 1e-8 kWh a second."""
    hvac = with_speeds(build_house(load_profile()))
    envelope, control = hvac.spec.envelope, Control(setpoint_offset_c=offset_c)
    env = Environment(outdoor_c=outdoor_c, humidity=humidity)
    now = replace(hvac, air_c=air_c, mass_c=air_c, mode=mode, in_mode_s=0.0)
    for _ in range(20):
        after, power_kw = now.step(control, env, 1.0)
        machine = now._drawn(now.band(control, env), after.mode, now.air_c, env)
        assert power_kw == pytest.approx(machine.power_kw)
        mean_c = (now.air_c + after.air_c) / 2
        in_kwh = (machine.heat_kw + envelope.ua_kw_c * (outdoor_c - mean_c)) / 3600
        gained_kwh = envelope.air_kwh_c * (after.air_c - now.air_c)
        gained_kwh += envelope.mass_kwh_c * (after.mass_c - now.mass_c)
        assert gained_kwh == pytest.approx(in_kwh, abs=1e-8)
        now = after


def test_a_house_file_selects_it() -> None:
    """A table below the machine makes it one of variable speed; a wrong key is named with the right ones."""
    text = load_text()
    table = "[circuits.hvac1.machine.variable]\nleast_share = 0.25\n\n[circuits.heater1]"
    profile = decode_profile(text.replace("[circuits.heater1]", table, 1), "mine.toml")
    house = build_house(profile)
    assert house.hvac is not None
    assert house.hvac.spec.machine.variable == VariableSpeed(least_share=0.25)
    for line, key, allowed in (
        ("least_share = 0.05", "machine.variable.least_share", ">= 0.1 and <= 1"),
        ("speeds = 4", "machine.variable.speeds", "least_share, heating_gain"),
    ):
        wrong = text.replace("[circuits.heater1]", table.replace("least_share = 0.25", line), 1)
        with pytest.raises(ProfileError) as refused:
            decode_profile(wrong, "mine.toml")
        assert f"circuits.hvac1.{key}" in str(refused.value)
        assert allowed in str(refused.value)


def load_text() -> str:
    """The standard house's file."""
    return (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
