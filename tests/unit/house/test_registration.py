"""Devices are registered by a line, and bring their parameters, habits and streams with them."""

import inspect
import pkgutil
from importlib import import_module
from importlib.resources import files

import pytest
from msgspec.structs import fields

from ven_twin.house import devices
from ven_twin.house.circuit import Circuit
from ven_twin.house.devices import DEVICES
from ven_twin.house.errors import ProfileError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import DEVICE_TYPES, HouseHabits, decode_profile

HABITS_OF_2026 = {
    "people_kw",
    "lights_kwh_d",
    "outlets_kwh_d",
    "fridge_kwh_d",
    "hot_water_l_d",
    "dryer_runs_d",
    "dryer_run_s",
    "range_runs_d",
    "range_run_s",
    "ev_leaves_h",
    "ev_returns_h",
    "ev_miles_d",
    "spread",
    "array_tilt_deg",
    "array_azimuth_deg",
}
STREAMS = [device.stream_type for device in DEVICES if device.stream_type is not None]


def test_every_circuit_type_in_the_folder_is_registered() -> None:
    """A device whose line is missing from the registry would be refused in every house file."""
    names = [module.name for module in pkgutil.iter_modules(devices.__path__)]
    modules = [import_module(f"{devices.__name__}.{name}") for name in names]
    circuits = {
        circuit
        for module in modules
        for _, circuit in inspect.getmembers(module, inspect.isclass)
        if issubclass(circuit, Circuit) and "type" in vars(circuit) and circuit is not Circuit
    }
    assert circuits == {device.spec_type for device in DEVICES}
    assert len(DEVICE_TYPES) == len(DEVICES), "each type has a name that no other has"


def test_a_new_device_asks_nothing_of_a_house_file_that_exists() -> None:
    """The keys of habits that a house file must have are those of the first release; all others default."""
    required = {field.name for field in fields(HouseHabits) if field.required}
    assert required == HABITS_OF_2026


@pytest.mark.parametrize("key", sorted(HABITS_OF_2026 - {"people_kw"}))
def test_a_missing_habit_is_named(key: str) -> None:
    """The devices' keys are checked like the house's, with the full name of the key."""
    text = (files("ven_twin.house.profiles") / "standard.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(f"{key} ")]
    with pytest.raises(ProfileError) as refused:
        decode_profile("\n".join(lines), "mine.toml")
    assert refused.value.key == f"habits.{key}"


def test_each_stream_draws_its_use_and_no_key_of_habits_is_shared(environment: HouseEnvironment) -> None:
    """A stream's use is its type's, and every device's habits are under names of their own."""
    env = environment.environment(0.0, 7 * 86_400.0)
    keys = [key for stream in STREAMS for key in stream.habits_type.__struct_fields__]
    assert len(keys) == len(set(keys))
    assert set(env.uses) == {stream.use_type for stream in STREAMS}
    for kind, use in env.uses.items():
        assert type(use) is kind
        assert use != kind(), "over a week, everything is used"
