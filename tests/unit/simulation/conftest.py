"""A small house and a day of July to simulate."""

from datetime import UTC, date, datetime

import pytest

from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import Profile, build_house
from ven_twin.simulation.event_schedule import parse_house_event, schedule
from ven_twin.simulation.scenario import Scenario

DAY = date(2026, 7, 14)
MIDNIGHT = datetime(2026, 7, 14, 5, tzinfo=UTC).timestamp()
"""In Greensboro, Eastern Standard Time."""


@pytest.fixture(scope="session")
def profile() -> Profile:
    """The packaged flat, the smallest of the houses."""
    return load_profile("flat")


@pytest.fixture(scope="session")
def scenario(profile: Profile) -> Scenario:
    """A July day of the flat with an event in the evening."""
    environment = load_environment(profile)
    events = schedule(
        [parse_house_event("17:00/2h/1kW", "--event")], DAY, 1, environment.weather.utc_offset_h, "--event"
    )
    return Scenario(build_house(profile), environment, MIDNIGHT, 1, events)
