"""Speed of the physics: one house in plain Python, many in arrays, and GridLAB-D beside them."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import process_time

from msgspec.structs import replace

from harness.bench.figure import Figure
from tests.support import gridlabd
from tests.support.gridlabd import Span
from tests.support.tmy3 import write_tmy3
from ven_twin.control.circuit_views import circuit_views
from ven_twin.control.shedding import plan_shed
from ven_twin.house.devices.variable_speed import VariableSpeed
from ven_twin.house.environment import Environment
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

JANUARY = datetime(2026, 1, 14, 5, tzinfo=UTC).timestamp()
JULY = datetime(2026, 7, 13, 5, tzinfo=UTC).timestamp()
MINUTES = 1_440
REPEATS = 5
US = 1e6
EIGHT = frozenset({"hvac1", "heater1", "ev1", "batt1", "dryer1", "lights1", "fridge1", "misc1"})
"""The wire's eight, with the dryer for "dryer or range" and without generation."""
HOUSES_IN_GRIDLABD = 100
TEN_CIRCUITS = (
    """
object house {
  weather sky; floor_area 2000 sf; thermal_integrity_level ABOVE_NORMAL; heating_system_type HEAT_PUMP;
  object waterheater { tank_volume 50 gal; heating_element_capacity 4.5 kW; tank_setpoint 125; };
  object evcharger_det { };
"""
    + "  object ZIPload { base_power 0.3; power_fraction 1; power_pf 1; heat_fraction 0.9; };\n" * 6
    + "};\n"
)


def run() -> Iterator[Figure]:
    """CPU times, the best of several runs, beside this house's own step or the aim's older sibling."""
    profile = load_profile()
    environment, house = load_environment(profile), build_house(profile)
    for minute in range(MINUTES):
        house = house.step({}, environment.environment(JULY + 60.0 * minute, 60.0), 60.0).house
    day_s = JULY + 86_400.0
    worlds = [environment.environment(day_s + 60.0 * minute, 60.0) for minute in range(MINUTES)]
    eight = House.of({device.spec.id: device for device in house.devices() if device.spec.id in EIGHT})
    ten_us = _best_us(lambda: _live(house, worlds), MINUTES)
    name = "a house-step of ten circuits in plain Python"

    def figure(what: str, value: float, aim: str = "") -> Figure:
        return Figure(what, value, "µs", aim, ten_us, name)

    yield figure("house-step, eight circuits", _best_us(lambda: _live(eight, worlds), MINUTES), "<= 10 µs")
    yield figure("house-step, ten circuits", ten_us)
    yield from _beside_gridlabd(eight, worlds, environment)
    yield figure("its environment", _best_us(lambda: _worlds(environment, day_s), MINUTES))
    yield figure("shed solve", _shed_us(house, worlds), "<= 30 µs")
    if find_spec("numpy") is not None:
        yield figure("arrays of 1,000, with environment", _fleet_us(house, environment, 1_000))
        yield figure("arrays of 10,000, with environment", _fleet_us(house, environment, 10_000), "<= 0.2 µs")


def _beside_gridlabd(
    house: House, worlds: list[Environment], environment: HouseEnvironment
) -> Iterator[Figure]:
    """House-steps of eight circuits beside a minute of GridLAB-D's house with nine, where that is there.

    The summer day of all figures, and a winter day with a compressor of variable speed and its frost.
    """
    gridlabd_us, name = None, ""
    if find_spec("gridlabd") is not None:
        gridlabd_us, name = _gridlabd_us(), "GridLAB-D's, of a hundred houses"
    variable = _with_variable_speed(house)
    january = [environment.environment(JANUARY + 60.0 * minute, 60.0) for minute in range(MINUTES)]
    for what, lived, days in (
        ("the same, one speed, July", house, worlds),
        ("the same, one speed, January", house, january),
        ("the same, variable speed, July", variable, worlds),
        ("the same, variable speed, January", variable, january),
    ):
        step_us = _best_us(partial(_live, lived, days), MINUTES)
        yield Figure(what, step_us, "µs", "<= 0.5 x", gridlabd_us, name)


def _with_variable_speed(house: House) -> House:
    hvac = house.hvac
    if hvac is None:
        return house
    machine = replace(hvac.spec.machine, variable=VariableSpeed())
    return replace(house, hvac=replace(hvac, spec=replace(hvac.spec, machine=machine)))


def _best_us(work: Callable[[], object], steps: int) -> float:
    """CPU time a step, µs."""
    times = []
    for _ in range(REPEATS):
        began = process_time()
        work()
        times.append(process_time() - began)
    return min(times) / steps * US


def _live(house: House, worlds: list[Environment]) -> House:
    for env in worlds:
        house = house.step({}, env, 60.0).house
    return house


def _worlds(environment: HouseEnvironment, day_s: float) -> None:
    for minute in range(MINUTES):
        environment.environment(day_s + 60.0 * minute, 60.0)


def _shed_us(house: House, worlds: list[Environment]) -> float:
    """A plan for 3 kW off what the house draws in each minute of the evening."""
    views = []
    for minute, env in enumerate(worlds):
        if 17 * 60 <= minute < 19 * 60:
            views.append(circuit_views(house, env, 60.0, {}))
        house = house.step({}, env, 60.0).house
    return _best_us(lambda: [plan_shed(view, 3.0) for view in views], len(views))


def _fleet_us(house: House, environment: HouseEnvironment, count: int, minutes: int = 120) -> float:
    """Houses that have lived apart for half a day, over the hours of most switching."""
    from ven_twin.simulation.many_houses.environments import HouseEnvironments  # noqa: PLC0415
    from ven_twin.simulation.many_houses.fleet import ManyHouses  # noqa: PLC0415 - numpy is an extra

    environments, fleet = HouseEnvironments.of(environment, range(count)), ManyHouses.of([house] * count)
    noon_s = JULY + 86_400.0 * 1.5
    for minute in range(0, 720, 5):
        at_s = noon_s - 43_200.0 + 60.0 * minute
        fleet = fleet.step({}, environments.environments(at_s, 300.0), 300.0).fleet

    def live() -> None:
        now = fleet
        for minute in range(minutes):
            now = now.step({}, environments.environments(noon_s + 60.0 * minute, 60.0), 60.0).fleet

    return _best_us(live, minutes * count)


def _gridlabd_us() -> float:
    """CPU time of GridLAB-D a house and minute, µs: ninety-nine more houses over a day."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tmy3(folder / "sky.tmy3")
        times = [_gridlabd_s(folder, houses) for houses in (1, HOUSES_IN_GRIDLABD)]
    return (times[1] - times[0]) / (HOUSES_IN_GRIDLABD - 1) / MINUTES * US


def _gridlabd_s(folder: Path, houses: int) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    # One thread, and minute steps for all; left alone, each switching in one house steps every other.
    pace = """
#set threadcount=1
#set minimum_timestep=60
object recorder { parent sky; file recorded.csv; interval 60; property temperature; };
"""
    span = Span(datetime(2009, 7, 14), 1)  # noqa: DTZ001 - local standard time
    gridlabd.run(folder, folder / "sky.tmy3", span, pace + TEN_CIRCUITS * houses)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
