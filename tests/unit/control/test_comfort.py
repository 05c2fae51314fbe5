"""Comfort that an event takes: minutes beyond setpoints and limits, against the counterfactual."""

import msgspec
import pytest

from contracts.wire.ids import EventId
from ven_twin.control.comfort import WITHIN, Beyond, ComfortLost, ComfortMeter, beyond
from ven_twin.house.devices.layered_tank import Layers
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.house import House
from ven_twin.house.library import load_profile
from ven_twin.house.profile import build_house

HOUSE = build_house(load_profile("flat"))
E1, E2 = EventId("e1"), EventId("e2")


def with_air(air_c: float) -> House:
    """The house with such air."""
    assert HOUSE.hvac is not None
    return msgspec.structs.replace(HOUSE, hvac=msgspec.structs.replace(HOUSE.hvac, air_c=air_c))


def with_tank(tank_c: float) -> House:
    """The house with such hot water."""
    loads = tuple(
        msgspec.structs.replace(load, layers=Layers.mixed(tank_c)) if isinstance(load, WaterHeater) else load
        for load in HOUSE.loads
    )
    return msgspec.structs.replace(HOUSE, loads=loads)


def heater() -> WaterHeater:
    """The house's tank."""
    return next(load for load in HOUSE.loads if isinstance(load, WaterHeater))


def test_a_house_at_its_setpoints_is_within() -> None:
    """Nothing is lost where nothing is beyond, and a house without air or tank has nothing to lose."""
    assert beyond(HOUSE) == WITHIN
    assert beyond(msgspec.structs.replace(HOUSE, hvac=None, loads=())) == WITHIN


def test_air_is_beyond_a_deadband_past_a_setpoint_and_past_a_limit() -> None:
    """A thermostat's own swing is no discomfort."""
    assert HOUSE.hvac is not None
    spec = HOUSE.hvac.spec
    assert beyond(with_air(spec.cooling_c + 0.9 * spec.deadband_c)) == WITHIN
    assert beyond(with_air(spec.cooling_c + 1.1 * spec.deadband_c)) == Beyond(air_setpoints=True)
    assert beyond(with_air(spec.heating_c - 1.1 * spec.deadband_c)) == Beyond(air_setpoints=True)
    assert beyond(with_air(spec.warmest_c + 0.1)) == Beyond(air_setpoints=True, air_limits=True)
    assert beyond(with_air(spec.coolest_c - 0.1)) == Beyond(air_setpoints=True, air_limits=True)


def test_water_is_beyond_below_its_deadband_and_below_its_limit() -> None:
    """Water that is too hot is no discomfort."""
    spec = heater().spec
    assert beyond(with_tank(spec.setpoint_c + spec.deadband_c)) == WITHIN
    assert beyond(with_tank(spec.setpoint_c - 0.6 * spec.deadband_c)) == Beyond(tank_setpoints=True)
    assert beyond(with_tank(spec.least_c - 0.1)) == Beyond(tank_setpoints=True, tank_limits=True)


def test_minutes_of_the_counterfactual_are_no_events() -> None:
    """Air that would be beyond anyway costs nothing; machines that run by other turns even out."""
    assert HOUSE.hvac is not None
    hot = with_air(HOUSE.hvac.spec.warmest_c + 0.1)
    lost = ComfortLost(E1)
    assert lost.count(hot, hot, 600.0) == lost
    assert lost.count(hot, HOUSE, 600.0) == ComfortLost(E1, 10.0, 10.0)
    assert lost.count(hot, HOUSE, 600.0).count(HOUSE, hot, 240.0).summary() == {
        "comfortMinutesLost": 6,
        "comfortMinutesBeyondLimits": 6,
    }
    assert lost.count(HOUSE, hot, 600.0).summary()["comfortMinutesLost"] == 0


@pytest.mark.parametrize("events", [[E1], [E1, E1]])
def test_a_meter_counts_for_one_event_and_keeps_the_one_before(events: list[EventId]) -> None:
    """An event that is acted on again goes on; another begins its own, and the former's count stays."""
    assert HOUSE.hvac is not None
    hot, meter = with_air(HOUSE.hvac.spec.warmest_c + 0.1), ComfortMeter()
    assert meter.count(hot, HOUSE, 60.0) == meter
    for event_id in events:
        meter = meter.begun(event_id).count(hot, HOUSE, 60.0)
    after = meter.begun(E2).count(hot, HOUSE, 120.0)
    assert after == ComfortMeter(ComfortLost(E2, 2.0, 2.0), meter.latest)
    assert meter.latest == ComfortLost(E1, len(events), len(events))
