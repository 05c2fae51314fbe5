"""The standard house, and a moment of calm weather to try its devices in."""

import pytest

from ven_twin.house.environment import Environment
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import Profile, build_house


@pytest.fixture(scope="session")
def profile() -> Profile:
    """The standard profile, decoded."""
    return load_profile()


@pytest.fixture(scope="session")
def environment(profile: Profile) -> HouseEnvironment:
    """The world around the standard house."""
    return load_environment(profile)


@pytest.fixture
def house(profile: Profile) -> House:
    """The standard house, at rest."""
    return build_house(profile)


@pytest.fixture
def hot_day() -> Environment:
    """A July afternoon, 35 °C."""
    return Environment(outdoor_c=35.0, humidity=0.5, walls_w_m2=150.0, array_w_m2=600.0)
