"""The home battery: commands, limits and how it fills itself."""

from math import sqrt

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import Battery
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

NOON = Environment(hour_of_day=12.0)
NIGHT = Environment(hour_of_day=3.0)


@pytest.fixture
def battery(house: House) -> Battery:
    """The battery, half full."""
    assert house.battery is not None
    return replace(house.battery, soc=0.5)


def test_battery_idles_when_nothing_is_asked_and_nothing_is_over(battery: Battery) -> None:
    """Outside events and without surplus it neither takes nor gives."""
    after, power_kw = battery.step(FREE, NOON, 60.0, surplus_kw=-2.0)
    assert power_kw == 0.0
    assert after is battery


def test_battery_discharges_on_command(battery: Battery) -> None:
    """A limit below zero is a discharge of that much."""
    after, power_kw = battery.step(Control(limit_kw=-3.0), NOON, 3600.0)
    assert power_kw == -3.0
    assert (0.5 - after.soc) * 13.5 == pytest.approx(3.0 / sqrt(0.9))


def test_battery_gives_no_more_than_its_inverter(battery: Battery) -> None:
    """Asked for 20 kW it gives its 5."""
    assert battery.step(Control(limit_kw=-20.0), NOON, 60.0).power_kw == -5.0


def test_battery_stops_at_its_reserve(battery: Battery) -> None:
    """The last step gives what is left above the reserve."""
    low = replace(battery, soc=battery.spec.least_soc + 0.001)
    after, power_kw = low.step(Control(limit_kw=-5.0), NOON, 3600.0)
    assert after.soc == pytest.approx(battery.spec.least_soc)
    assert power_kw == pytest.approx(-0.001 * 13.5 * sqrt(0.9))
    assert after.step(Control(limit_kw=-5.0), NOON, 60.0).power_kw == pytest.approx(0.0, abs=1e-9)


def test_battery_charges_from_what_would_be_exported(battery: Battery) -> None:
    """Surplus goes into the battery first."""
    assert battery.step(FREE, NOON, 60.0, surplus_kw=2.5).power_kw == 2.5


def test_battery_refills_gently_in_the_small_hours(battery: Battery) -> None:
    """By morning it is ready for the next event, without a peak of its own."""
    assert battery.step(FREE, NIGHT, 60.0, surplus_kw=-1.0).power_kw == battery.spec.refill_kw
    assert battery.step(FREE, NOON, 60.0, surplus_kw=-1.0).power_kw == 0.0


def test_battery_stops_when_full(battery: Battery) -> None:
    """Charging ends at the upper limit, not beyond."""
    after = replace(battery, soc=0.9499).step(FREE, NOON, 3600.0, surplus_kw=5.0).device
    assert after.soc == pytest.approx(battery.spec.full_soc)


def test_a_limit_above_zero_slows_charging(battery: Battery) -> None:
    """A ceiling on the circuit holds for the battery's charging too."""
    assert battery.step(Control(limit_kw=1.0), NOON, 60.0, surplus_kw=4.0).power_kw == 1.0


def test_a_round_trip_returns_nine_tenths(battery: Battery) -> None:
    """What goes in comes out less the round-trip loss."""
    charged = battery.step(FREE, NOON, 3600.0, surplus_kw=2.0).device
    given_kw = 2.0 * battery.spec.round_trip
    assert charged.step(Control(limit_kw=-given_kw), NOON, 3600.0).device.soc == pytest.approx(0.5)


def test_battery_offers_what_it_can_hold(battery: Battery) -> None:
    """An offer is what a quarter of an hour can be served with, so that it is kept."""
    assert battery.flexibility(NOON, 0.0).floor_kw == -5.0
    low = replace(battery, soc=battery.spec.least_soc + 0.02)
    assert low.flexibility(NOON, 0.0).floor_kw == pytest.approx(-0.02 * 13.5 * sqrt(0.9) / 0.25)


def test_a_battery_that_is_switched_off_does_nothing(battery: Battery) -> None:
    """An open relay ends charging and discharging alike."""
    assert battery.step(Control(enabled=False, limit_kw=-3.0), NIGHT, 60.0, surplus_kw=3.0).power_kw == 0.0


def test_a_battery_charges_from_the_grid_when_asked(battery: Battery) -> None:
    """Asked for more it draws that much at least: from the grid if nothing is over, within its power."""
    assert battery.step(Control(charge_kw=3.0), NOON, 60.0, surplus_kw=-2.0).power_kw == 3.0
    assert battery.step(Control(charge_kw=3.0), NOON, 60.0, surplus_kw=4.0).power_kw == 4.0
    assert battery.step(Control(charge_kw=20.0), NOON, 60.0).power_kw == battery.spec.charge_kw
    assert battery.step(Control(limit_kw=1.0, charge_kw=3.0), NOON, 60.0).power_kw == 1.0, "a ceiling wins"


def test_a_battery_that_is_asked_to_charge_stops_when_full(battery: Battery) -> None:
    """The ask ends at the upper limit, and the offer of more with it."""
    after = replace(battery, soc=0.9499).step(Control(charge_kw=5.0), NOON, 3600.0).device
    assert after.soc == pytest.approx(battery.spec.full_soc)
    assert replace(battery, soc=battery.spec.full_soc).flexibility(NOON, 0.0).ceiling_kw is None


def test_a_battery_tells_how_much_more_it_can_draw(battery: Battery) -> None:
    """The most it can be brought to is what it can hold for a quarter of an hour."""
    assert battery.flexibility(NOON, 0.0).ceiling_kw == battery.spec.charge_kw
    nearly = replace(battery, soc=battery.spec.full_soc - 0.02)
    assert nearly.flexibility(NOON, 0.0).ceiling_kw == pytest.approx(0.02 * 13.5 / sqrt(0.9) / 0.25)
    assert nearly.flexibility(NOON, 2.0).ceiling_kw is None, "it draws more already"


EVENING, WEEKEND = Environment(day=20_453, hour_of_day=18.0), Environment(day=20_456, hour_of_day=18.0)
"""A Thursday and a Sunday of winter, local standard time."""


def of_mode(battery: Battery, soc: float, **keys: object) -> Battery:
    """The battery in another mode."""
    return replace(battery, soc=soc, spec=replace(battery.spec, **keys))


def test_self_consumption_covers_the_house_down_to_its_reserve(battery: Battery) -> None:
    """It gives what the house would import and no more, and keeps the reserve for events."""
    mode = of_mode(battery, 0.5, mode="self_consumption", reserve_soc=0.3)
    assert mode.step(FREE, NOON, 60.0, surplus_kw=-2.0).power_kw == -2.0
    assert mode.step(FREE, NOON, 60.0, surplus_kw=-9.0).power_kw == -5.0
    assert mode.step(FREE, NOON, 60.0, surplus_kw=2.0).power_kw == 2.0
    low = replace(mode, soc=0.3)
    assert low.step(FREE, NOON, 60.0, surplus_kw=-2.0).power_kw == 0.0
    assert low.step(Control(limit_kw=-2.0), NOON, 60.0, surplus_kw=-2.0).power_kw == -2.0, "an event may"


def test_self_consumption_takes_only_its_reserve_from_the_grid(battery: Battery) -> None:
    """The room above the reserve is left for the sun."""
    mode = of_mode(battery, 0.29, mode="self_consumption", reserve_soc=0.3)
    assert mode.step(FREE, NIGHT, 60.0, surplus_kw=-2.0).power_kw == battery.spec.refill_kw
    assert mode.step(FREE, NIGHT, 3600.0, surplus_kw=-2.0).device.soc == pytest.approx(0.3)


def test_time_of_use_covers_the_house_in_its_peak_hours(battery: Battery) -> None:
    """On weekdays from four to nine it gives; at any other time it fills itself, from the grid off-peak."""
    mode = of_mode(battery, 0.5, mode="time_of_use", peak_from_h=16.0, peak_until_h=21.0)
    assert mode.step(FREE, EVENING, 60.0, surplus_kw=-2.0).power_kw == -2.0
    assert mode.step(FREE, WEEKEND, 60.0, surplus_kw=-2.0).power_kw == 0.0
    assert mode.step(FREE, NOON, 60.0, surplus_kw=-2.0).power_kw == 0.0
    assert mode.step(FREE, NIGHT, 60.0, surplus_kw=-2.0).power_kw == battery.spec.refill_kw
    always = of_mode(mode, 0.5, peak_weekends=True)
    assert always.step(FREE, WEEKEND, 60.0, surplus_kw=-2.0).power_kw == -2.0


def test_a_battery_that_is_asked_to_charge_covers_nothing(battery: Battery) -> None:
    """A signal that asks for more goes before the mode."""
    mode = of_mode(battery, 0.5, mode="self_consumption")
    assert mode.step(Control(charge_kw=3.0), NOON, 60.0, surplus_kw=-2.0).power_kw == 3.0


def test_a_battery_gives_no_more_than_its_site_has_room_for(battery: Battery) -> None:
    """The interconnection's limit goes before the command."""
    assert battery.step(Control(limit_kw=-5.0), NOON, 60.0, 0.0, 1.5).power_kw == -1.5
