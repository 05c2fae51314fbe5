"""The array form of the physics and the scalar form are one physics."""

from datetime import UTC, datetime
from random import Random
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.property.test_stores import CARS, MODES, changed
from ven_twin.house.circuit import Circuit
from ven_twin.house.control import FREE, Control, Stepped
from ven_twin.house.devices.appliance import DryerUse, RangeUse
from ven_twin.house.devices.dimmable import LightsSpec, LightsUse, OutletsUse
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.devices.fridge import FridgeUse
from ven_twin.house.devices.hot_water import WaterHeaterUse
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.variable_speed import VariableSpeed
from ven_twin.house.environment import Environment
from ven_twin.house.errors import PhysicsError, StepDurationError
from ven_twin.house.house import House
from ven_twin.house.library import load_environment, load_profile, packaged_houses
from ven_twin.house.occupants import StreamType
from ven_twin.house.profile import Profile, build_house

np = pytest.importorskip("numpy", reason="a fleet needs numpy: pip install numpy")
from ven_twin.house.chance import unit  # noqa: E402 - after the skip
from ven_twin.simulation.many_houses.arrays import Controls  # noqa: E402
from ven_twin.simulation.many_houses.chance import units  # noqa: E402
from ven_twin.simulation.many_houses.environments import HouseEnvironments  # noqa: E402
from ven_twin.simulation.many_houses.fleet import ManyHouses  # noqa: E402

YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
HOUSES = 3
STEPS = 1_500


def anything_asked(chance: Random) -> Control:
    """A control such as no sane planner would think of, or none at all."""
    if chance.random() < 0.4:
        return FREE
    return Control(
        enabled=chance.random() > 0.2,
        limit_kw=None if chance.random() < 0.4 else chance.uniform(-6.0, 9.0),
        setpoint_offset_c=0.0 if chance.random() < 0.4 else chance.uniform(-5.0, 8.0),
        charge_kw=None if chance.random() < 0.4 else chance.uniform(-1.0, 9.0),
    )


def variable_speed(profile: Profile) -> Profile:
    """The profile with a heat pump of variable speed."""
    circuits = tuple(
        replace(spec, machine=replace(spec.machine, variable=VariableSpeed()))
        if isinstance(spec, HvacSpec)
        else spec
        for spec in profile.circuits
    )
    return replace(profile, circuits=circuits)


def leaking(profile: Profile) -> Profile:
    """The profile with leaks in its envelope, and walls that see the ground as well."""
    circuits = tuple(
        replace(spec, envelope=replace(spec.envelope, stack_kw_c15=0.01, sky_view=0.5))
        if isinstance(spec, HvacSpec)
        else spec
        for spec in profile.circuits
    )
    return replace(profile, circuits=circuits)


@given(
    name=st.sampled_from(packaged_houses()),
    variable=st.booleans(),
    leaks=st.booleans(),
    day=st.integers(0, 364),
    seed=st.integers(0, 2**64 - 1),
    dt_s=st.sampled_from([10.0, 60.0, 60.0, 97.0, 300.0, 900.0]),
)
@settings(max_examples=8, deadline=None)
def test_a_fleet_and_its_houses_have_one_trajectory(
    *, name: str, variable: bool, leaks: bool, day: int, seed: int, dt_s: float
) -> None:
    """Over days of random controls all powers and states are the same to the bit, at any step length."""
    profile = variable_speed(load_profile(name)) if variable else load_profile(name)
    profile = leaking(profile) if leaks else profile
    _live_alike(profile, day, seed, dt_s, int(min(2 * 86_400 / dt_s, STEPS)))


@given(
    battery=st.sampled_from(MODES),
    car=st.sampled_from(CARS),
    export_kw=st.sampled_from([0.0, 3.0, 15.0]),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=12)
def test_a_fleet_s_stores_have_the_trajectory_of_their_houses(
    battery: dict[str, object], car: dict[str, object], export_kw: float, seed: int
) -> None:
    """In each mode, with each sort of car and interconnection, to the bit as well."""
    _live_alike(changed(battery, car, export_kw), seed % 365, seed, 900.0, 2 * 96)


def _live_alike(profile: Profile, day: int, seed: int, dt_s: float, steps: int) -> None:
    """Step houses of *profile* and their fleet under random controls; every power and state is the same."""
    chance = Random(seed)
    seeds = [chance.getrandbits(64) for _ in range(HOUSES)]
    worlds = [load_environment(profile, each) for each in seeds]
    environments = HouseEnvironments.of(worlds[0], seeds)
    houses = [build_house(profile) for _ in seeds]
    fleet = ManyHouses.of(houses)
    asked: list[dict[str, Control]] = [{} for _ in houses]
    arrays: dict[str, Controls] = {}
    start_s = YEAR + 86_400.0 * day
    for step in range(steps):
        if step % 23 == 0:
            circuits = [spec.id for spec in profile.circuits if chance.random() < 0.6]
            asked = [{circuit: anything_asked(chance) for circuit in circuits} for _ in houses]
            arrays = {circuit: Controls.of([one[circuit] for one in asked]) for circuit in circuits}
        at_s = start_s + dt_s * step
        fleet, fleet_kw = fleet.step(arrays, environments.environments(at_s, dt_s), dt_s)
        for index, world in enumerate(worlds):
            houses[index], power_kw = houses[index].step(asked[index], world.environment(at_s, dt_s), dt_s)
            for circuit, kw in power_kw.items():
                assert fleet_kw[circuit][index] == kw, (step, circuit)
    assert [fleet.house(index) for index in range(HOUSES)] == houses


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(-(2**63), 2**63), max_size=3))
def test_a_fleet_draws_the_same_chance(seed: int, keys: list[int]) -> None:
    """Bit for bit, so that a house of a fleet showers when it would have showered alone."""
    assert units(np.array([seed], np.uint64), *keys)[0] == unit(seed, *keys)


@given(at_s=st.floats(YEAR, YEAR + 3e7), dt_s=st.sampled_from([1.0, 60.0, 3_600.0, 10_000.0]))
@settings(max_examples=12, deadline=None)
def test_a_fleet_lives_in_the_same_worlds(at_s: float, dt_s: float) -> None:
    """Weather, draws, starts and trips of each house are those that it would have met alone."""
    profile = load_profile()
    many = HouseEnvironments.of(load_environment(profile), [1, 99]).environments(at_s, dt_s)
    for index, seed in enumerate([1, 99]):
        one = load_environment(profile, seed).environment(at_s, dt_s)
        car = one.use(EvUse)
        assert many.shared.outdoor_c == one.outdoor_c
        assert many.shared.use(FridgeUse) == one.use(FridgeUse)
        assert (many.ev_home[index], many.ev_trip_miles[index]) == (car.home, car.trip_miles)
        assert many.ev_departs_in_h[index] == car.departs_in_h
        assert many.hot_water_l[index] == one.use(WaterHeaterUse).drawn_l
        for level in (LightsUse, OutletsUse):
            assert many.levels_kw[level][index] == one.use(level).level_kw
        for started in (DryerUse, RangeUse):
            assert many.started_s[started][index] == one.use(started).started_s
        assert many.by_house()[index] == one, "as a device without an array form sees it"


class Fan(msgspec.Struct, frozen=True):
    """A device of which the array form knows nothing: it follows the taps, and counts its steps."""

    spec_type: ClassVar[type[Circuit]] = LightsSpec
    stream_type: ClassVar[StreamType | None] = None
    spec: Circuit
    steps: int = 0

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped["Fan"]:  # noqa: ARG002
        """Draw by the use of hot water, within the limit."""
        kw = env.use(WaterHeaterUse).drawn_l + self.steps / 1000.0
        kw = min(kw, 9.0 if control.limit_kw is None else control.limit_kw)
        return Stepped(Fan(self.spec, self.steps + 1), kw if control.enabled else 0.0)


def test_a_device_without_an_array_form_is_stepped_house_by_house() -> None:
    """A new device works among many houses at once: each in its environment, under its control."""
    profile = load_profile("flat")
    built = build_house(profile)
    fan = Fan(msgspec.structs.replace(built.device("lights1").spec, id="fan1", heat_fraction=1.0))
    house = House.of({device.spec.id: device for device in (*built.devices(), fan)})
    worlds = [load_environment(profile, seed) for seed in (1, 2)]
    environments = HouseEnvironments.of(worlds[0], [1, 2])
    houses, fleet = [house, house], ManyHouses.of([house, house])
    controls = [FREE, Control(limit_kw=0.2)]
    fans_kw = set()
    for step in range(1_440):
        at_s = YEAR + 60.0 * step
        arrays = {"fan1": Controls.of(controls)} if step % 2 else {}
        fleet, fleet_kw = fleet.step(arrays, environments.environments(at_s, 60.0), 60.0)
        for index, world in enumerate(worlds):
            control = {"fan1": controls[index]} if step % 2 else {}
            houses[index], power_kw = houses[index].step(control, world.environment(at_s, 60.0), 60.0)
            assert {circuit: kw[index] for circuit, kw in fleet_kw.items()} == power_kw
            fans_kw.add(power_kw["fan1"])
    assert max(fans_kw) > 4.0, "people drew water, and the house saw it"
    assert [fleet.house(index) for index in (0, 1)] == houses


def test_a_house_leaves_a_fleet_as_it_was() -> None:
    """A house taken out of a fleet is the value that went in."""
    house = build_house(load_profile())
    assert ManyHouses.of([house, house]).house(1) == house


def test_houses_of_two_profiles_are_no_fleet() -> None:
    """One building and one set of machines to a fleet; a mixed district is several."""
    flat, standard = build_house(load_profile("flat")), build_house(load_profile())
    with pytest.raises(PhysicsError, match="all of one profile"):
        ManyHouses.of([flat, standard])
    with pytest.raises(PhysicsError, match="at least one"):
        ManyHouses.of([])


@pytest.mark.parametrize("dt_s", [0.0, -60.0, float("nan"), float("inf")])
def test_a_fleet_refuses_a_step_of_no_length(dt_s: float) -> None:
    """As a house does."""
    house: House = build_house(load_profile("flat"))
    env = HouseEnvironments.of(load_environment(load_profile("flat")), [1]).environments(YEAR, 60.0)
    with pytest.raises(StepDurationError):
        ManyHouses.of([house]).step({}, env, dt_s)
