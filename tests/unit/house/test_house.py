"""The house: circuits stepped together."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ven_twin.house.control import Control
from ven_twin.house.devices.appliance import RangeUse
from ven_twin.house.devices.dimmable import LightsUse, OutletsUse
from ven_twin.house.environment import Environment
from ven_twin.house.errors import PhysicsError, StepDurationError
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Profile, build_house

CIRCUITS = ["hvac1", "heater1", "ev1", "batt1", "dryer1", "range1", "lights1", "fridge1", "misc1", "pv1"]
JULY = datetime(2026, 7, 14, 20, tzinfo=UTC).timestamp()


def test_the_standard_house_has_the_circuits_of_the_wire(house: House) -> None:
    """Deployed backends know these ids."""
    assert [circuit.id for circuit in house.circuits] == CIRCUITS


def test_a_step_answers_for_every_circuit_in_panel_order(house: House, hot_day: Environment) -> None:
    """Each circuit has one mean power, and their sum is what the meter sees."""
    stepped = house.step({}, hot_day, 60.0)
    assert list(stepped.power_kw) == CIRCUITS
    assert stepped.grid_kw == pytest.approx(sum(stepped.power_kw.values()))


def test_a_control_reaches_its_circuit_only(house: House, hot_day: Environment) -> None:
    """Turning down the lights turns down the lights."""
    env = hot_day.using(LightsUse(level_kw=0.3), OutletsUse(level_kw=0.2))
    free, dimmed = house.step({}, env, 60.0), house.step({"lights1": Control(limit_kw=0.0)}, env, 60.0)
    changed = {name for name in CIRCUITS if free.power_kw[name] != dimmed.power_kw[name]}
    assert changed == {"lights1"}


def test_the_battery_takes_what_the_rest_would_export(house: House) -> None:
    """On a sunny noon the meter stands still while the battery fills."""
    assert house.battery is not None
    low = replace(house, battery=replace(house.battery, soc=0.4))
    stepped = low.step({}, Environment(array_w_m2=500.0, outdoor_c=22.0), 60.0)
    surplus_kw = -sum(kw for name, kw in stepped.power_kw.items() if name != "batt1")
    assert surplus_kw > 2.0
    assert stepped.power_kw["batt1"] == pytest.approx(surplus_kw)
    assert stepped.grid_kw == pytest.approx(0.0, abs=1e-9)


def test_appliances_warm_the_house(house: House) -> None:
    """Cooking in summer is heat that the air conditioner has to remove."""
    quiet = house.step({}, Environment(), 600.0).house
    cooking = house.step({}, Environment().using(RangeUse(started_s=1200.0)), 600.0).house
    assert quiet.hvac is not None
    assert cooking.hvac is not None
    assert cooking.hvac.air_c > quiet.hvac.air_c + 0.1


def test_a_house_and_its_clone_stay_one_until_something_is_asked(
    house: House, environment: HouseEnvironment
) -> None:
    """The uncurtailed clone is the true baseline because nothing else tells the two apart."""
    clone = house
    for tick in range(240):
        env = environment.environment(JULY + 60.0 * tick, 60.0)
        house, power_kw = house.step({}, env, 60.0)
        clone, clone_kw = clone.step({}, env, 60.0)
        assert power_kw == clone_kw
    assert house == clone


def test_stepping_leaves_the_house_as_it_was(house: House, hot_day: Environment) -> None:
    """A house is a value: looking ahead changes nothing."""
    before = house.step({}, hot_day, 60.0)
    house.step({"hvac1": Control(enabled=False)}, hot_day, 3600.0)
    assert house.step({}, hot_day, 60.0) == before


@pytest.mark.parametrize("dt_s", [0.0, -60.0, float("nan"), float("inf")])
def test_a_step_of_no_length_is_refused(house: House, hot_day: Environment, dt_s: float) -> None:
    """Time goes forward by a finite amount."""
    with pytest.raises(StepDurationError) as refused:
        house.step({}, hot_day, dt_s)
    assert refused.value.dt_s is dt_s


def test_a_house_may_lack_any_circuit(profile: Profile, environment: HouseEnvironment) -> None:
    """Which circuits a house has is configuration: without HVAC and battery it still steps."""
    whole = build_house(profile)
    bare = House.of({"fridge1": whole.device("fridge1")})
    assert list(bare.step({}, environment.environment(JULY, 60.0), 60.0).power_kw) == ["fridge1"]
    with pytest.raises(KeyError):
        bare.device("hvac1")


def test_a_house_has_one_battery_at_most(house: House) -> None:
    """Two would each charge from the same surplus."""
    assert house.battery is not None
    with pytest.raises(PhysicsError, match="at most one"):
        House.of({"batt1": house.battery, "batt2": house.battery})
