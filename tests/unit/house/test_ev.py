"""The car: trips, charging and what its departure needs."""

import pytest
from msgspec.structs import replace

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.ev import Ev, EvUse
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

HOME = Environment().using(EvUse(home=True, departs_in_h=14.0, trip_miles=30.0))
AWAY = Environment().using(EvUse(home=False))


@pytest.fixture
def ev(house: House) -> Ev:
    """The car, half full, at home."""
    device = house.device("ev1")
    assert isinstance(device, Ev)
    return replace(device, soc=0.5)


def test_ev_charges_at_full_power_when_left_alone(ev: Ev) -> None:
    """An uncontrolled car takes what its charger gives."""
    assert ev.step(FREE, HOME, 60.0).power_kw == ev.spec.charger_kw


def test_ev_stores_what_it_draws_less_losses(ev: Ev) -> None:
    """An hour of charging puts the efficiency's share into the battery."""
    after, power_kw = ev.step(FREE, HOME, 3600.0)
    assert (after.soc - 0.5) * ev.spec.battery_kwh == pytest.approx(power_kw * ev.spec.efficiency)


def test_ev_stops_exactly_when_full(ev: Ev) -> None:
    """The last step draws what is missing and no more."""
    after, power_kw = replace(ev, soc=ev.spec.full_soc - 0.001).step(FREE, HOME, 3600.0)
    assert after.soc == pytest.approx(ev.spec.full_soc)
    assert power_kw == pytest.approx(0.001 * ev.spec.battery_kwh / ev.spec.efficiency)
    assert after.step(FREE, HOME, 60.0).power_kw == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("limit_kw", "power_kw"), [(5.0, 5.0), (1.44, 1.44), (1.43, 0.0), (0.0, 0.0), (-3.0, 0.0)]
)
def test_ev_holds_any_power_from_six_amps_up_or_none(ev: Ev, limit_kw: float, power_kw: float) -> None:
    """Below 6 A the standard knows no charging: less than 1.44 kW means none."""
    assert ev.step(Control(limit_kw=limit_kw), HOME, 60.0).power_kw == pytest.approx(power_kw)


def test_ev_comes_back_with_less(ev: Ev) -> None:
    """A trip of 30 miles takes its kWh out of the battery, once."""
    back = ev.step(FREE, AWAY, 60.0).device.step(Control(enabled=False), HOME, 60.0).device
    again = back.step(Control(enabled=False), HOME, 60.0).device
    assert (0.5 - back.soc) * ev.spec.battery_kwh == pytest.approx(30.0 * ev.spec.kwh_per_mile)
    assert again.soc == back.soc


def test_a_trip_beyond_the_battery_ends_at_empty(ev: Ev) -> None:
    """A car never comes home below empty; the rest was charged on the way."""
    far = HOME.using(EvUse(trip_miles=500.0))
    back = ev.step(FREE, AWAY, 60.0).device.step(Control(enabled=False), far, 60.0).device
    assert back.soc == ev.spec.empty_soc


def test_ev_away_draws_and_offers_nothing(ev: Ev) -> None:
    """A car that is not there cannot charge."""
    after, power_kw = ev.step(FREE, AWAY, 60.0)
    assert (power_kw, after.away) == (0.0, True)
    assert after.step(FREE, AWAY, 60.0).device is after


def test_ev_defends_what_its_departure_needs(ev: Ev) -> None:
    """When only flat-out charging still reaches the need, nothing can be shed."""
    urgent = HOME.using(EvUse(departs_in_h=1.2))
    assert ev.flexibility(urgent, 7.2).blocked.startswith("comfort limit")
    assert ev.flexibility(HOME, 7.2).blocked == ""


def test_ev_headroom_shrinks_as_the_departure_nears(ev: Ev) -> None:
    """Putting off charging costs more the less time is left."""
    headrooms = [
        ev.flexibility(HOME.using(EvUse(departs_in_h=hours)), 7.2).headroom for hours in (8.0, 4.0, 2.0)
    ]
    assert headrooms == sorted(headrooms, reverse=True)
    assert headrooms[0] == 1.0 > headrooms[1] > headrooms[2]


def test_ev_slack_is_what_is_left_beside_flat_out_charging(ev: Ev) -> None:
    """From half full to 60 %: 6 kWh into the battery, 6.67 kWh from the wall, 55.6 minutes at 7.2 kW."""
    assert ev.slack_h(HOME) == pytest.approx(14.0 - 6.0 / 0.9 / 7.2)
    assert replace(ev, soc=0.7).slack_h(HOME) == 14.0


@pytest.mark.parametrize(
    ("departs_in_h", "headroom", "blocked"),
    [(5.0, 1.0, False), (4.5, 1.0, False), (2.5, 0.5, False), (0.51, 0.0025, False), (0.5, 0.0, True)],
)
def test_ev_has_no_discomfort_with_four_hours_to_spare(
    ev: Ev, departs_in_h: float, headroom: float, blocked: bool
) -> None:
    """Half an hour of slack is never given away; four hours above that are all of the headroom."""
    offer = replace(ev, soc=0.7).flexibility(HOME.using(EvUse(departs_in_h=departs_in_h)), 7.2)
    assert offer.headroom == pytest.approx(headroom)
    assert bool(offer.blocked) is blocked


def test_a_car_that_is_asked_to_charge_keeps_its_ceiling(ev: Ev) -> None:
    """Being asked for more never lifts a limit, nor the power of the charger, nor fills beyond full."""
    assert ev.step(Control(limit_kw=3.0, charge_kw=6.0), HOME, 60.0).power_kw == 3.0
    assert ev.step(Control(charge_kw=60.0), HOME, 60.0).power_kw == ev.spec.charger_kw
    assert replace(ev, soc=ev.spec.full_soc).step(Control(charge_kw=6.0), HOME, 60.0).power_kw == 0.0


def test_a_car_tells_how_much_more_it_can_draw(ev: Ev) -> None:
    """Slowed it can be brought back to its charger's power; away, full or at full power to nothing more."""
    assert ev.flexibility(HOME, 3.0).ceiling_kw == ev.spec.charger_kw
    assert ev.flexibility(HOME, ev.spec.charger_kw).ceiling_kw is None
    assert ev.flexibility(AWAY, 0.0).ceiling_kw is None
    assert replace(ev, soc=ev.spec.full_soc).flexibility(HOME, 0.0).ceiling_kw is None


@pytest.fixture
def v2g(ev: Ev) -> Ev:
    """The car at 80 %, at a charger that discharges; its driver keeps 50 %, its departure needs 60."""
    return replace(ev, soc=0.8, spec=replace(ev.spec, discharge_kw=9.6, v2x="v2g", least_soc=0.5))


def test_a_bidirectional_car_discharges_on_command_alone(v2g: Ev) -> None:
    """A limit below zero discharges it, with the loss of its way; left alone it charges."""
    after, power_kw = v2g.step(Control(limit_kw=-6.0), HOME, 3600.0)
    assert power_kw == -6.0
    assert (0.8 - after.soc) * 60.0 == pytest.approx(6.0 / 0.9)
    assert v2g.step(Control(limit_kw=-20.0), HOME, 60.0).power_kw == -9.6
    assert v2g.step(Control(limit_kw=-6.0), HOME, 60.0, 2.0).power_kw == -2.0, "as far as the site has room"
    assert v2g.step(FREE, HOME, 60.0).power_kw == v2g.spec.charger_kw


def test_a_car_lends_neither_its_drivers_charge_nor_its_departures(v2g: Ev) -> None:
    """It stops at the larger of the two, in the step in which it comes there."""
    after, power_kw = replace(v2g, soc=0.61).step(Control(limit_kw=-9.6), HOME, 3600.0)
    assert after.soc == pytest.approx(0.6)
    assert power_kw == pytest.approx(-0.01 * 60.0 * 0.9)
    kept = replace(v2g, soc=0.8, spec=replace(v2g.spec, least_soc=0.75))
    assert kept.step(Control(limit_kw=-9.6), HOME, 36_000.0).device.soc == pytest.approx(0.75)
    assert replace(v2g, soc=0.4).flexibility(HOME, 7.2).floor_kw == 0.0


def test_a_car_that_is_away_switched_off_or_one_way_gives_nothing(v2g: Ev, ev: Ev) -> None:
    """A limit below zero is no charging for such a car, and nothing else."""
    assert v2g.step(Control(limit_kw=-6.0), AWAY, 60.0).power_kw == 0.0
    assert v2g.step(Control(enabled=False, limit_kw=-6.0), HOME, 60.0).power_kw == 0.0
    assert ev.step(Control(limit_kw=-6.0), HOME, 60.0).power_kw == 0.0
    assert v2g.flexibility(AWAY, 0.0).floor_kw == 0.0


def test_a_car_that_comes_back_and_discharges_has_its_trip_behind_it(v2g: Ev) -> None:
    """The miles are taken off once, whatever it is told on its return."""
    back = v2g.step(FREE, AWAY, 60.0).device.step(Control(limit_kw=-0.6), HOME, 3600.0).device
    spent_kwh = 30.0 * v2g.spec.kwh_per_mile + 0.6 / 0.9
    assert (0.8 - back.soc) * 60.0 == pytest.approx(spent_kwh)
    assert not back.away
