"""States of houses that promises are made in: moments of house-days over the year."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.control.house_pair import HousePair
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.house.library import load_environment, load_profile, packaged_houses
from ven_twin.house.profile import build_house

FIRST_TS = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
STATES_A_DAY = 4
STEP_S = 60.0
_SEEDS = 2**40


class HouseState(NamedTuple):
    """A house at a moment (UTC s of the house), left alone until then."""

    profile: str
    environment: HouseEnvironment
    at_ts: float
    pair: HousePair


def states(count: int, seed: int) -> Iterator[HouseState]:
    """*count* states: random moments of random days, four a day, of each packaged house in turn."""
    chance = random.Random(seed)
    for day in range(-(-count // STATES_A_DAY)):
        profile = load_profile(packaged_houses()[day % len(packaged_houses())])
        environment = load_environment(profile, chance.randrange(_SEEDS))
        midnight_ts = FIRST_TS + S_PER_DAY * chance.randrange(365)
        midnight_ts -= environment.weather.utc_offset_h * S_PER_H
        minutes = sorted(chance.sample(range(24 * 60), STATES_A_DAY))[: count - day * STATES_A_DAY]
        house = warmed_up(build_house(profile), environment, midnight_ts)
        for minute in range(minutes[-1] + 1):
            at_ts = midnight_ts + STEP_S * minute
            if minute in minutes:
                pair = HousePair(house, house)
                # A second ahead, as a VEN plans: its offer begins with what it sees now.
                yield HouseState(
                    profile.name,
                    environment,
                    at_ts,
                    pair.planned(environment.environment(at_ts, 1.0), 1.0, None),
                )
            house = house.step({}, environment.environment(at_ts, STEP_S), STEP_S).house
