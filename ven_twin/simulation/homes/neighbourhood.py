"""A neighbourhood: homes that differ, lived through days of one weather, and their aggregate.

Each home lives a day by itself, in plain Python, before the next one does: its chance is drawn once. Homes of
one profile in arrays are `ven_twin.simulation.many_houses`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.wire.units import S_PER_DAY
from ven_twin.house.circuit import Circuit
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.house.library import load_environment
from ven_twin.house.profile import Profile, build_house, decode_profile
from ven_twin.house.weather import Weather
from ven_twin.simulation.homes.drawn_home import home_text
from ven_twin.simulation.many_houses.arrays import Floats
from ven_twin.simulation.many_houses.district import DistrictMinute
from ven_twin.simulation.scenario import STEP_S

STEPS_A_DAY = S_PER_DAY // STEP_S


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Homes by their profiles, with the world around each, for *days* from *start_s* (UTC s)."""

    profiles: Sequence[Profile]
    environments: Sequence[HouseEnvironment]
    start_s: float
    days: int

    @property
    def count(self) -> int:
        """The number of homes."""
        return len(self.profiles)

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.days * STEPS_A_DAY

    @property
    def environment(self) -> HouseEnvironment:
        """The first home's world, whose weather is all the homes'."""
        return self.environments[0]

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """The circuits that any home has, each as the first home has it that does."""
        specs = {spec.id: spec for profile in reversed(self.profiles) for spec in reversed(profile.circuits)}
        return tuple(reversed(specs.values()))

    def minutes(self) -> Iterator[DistrictMinute]:
        """Live through the days, minute by minute, after a day of warm-up of each home."""
        houses = [
            warmed_up(build_house(profile), environment, self.start_s)
            for profile, environment in zip(self.profiles, self.environments, strict=True)
        ]
        for day in range(self.days):
            yield from self._day(houses, self.start_s + day * S_PER_DAY)

    def _day(self, houses: list[House], start_s: float) -> Iterator[DistrictMinute]:
        """A day of every home; leaves them in *houses* as they are at its end."""
        circuits_kw = {spec.id: np.zeros(STEPS_A_DAY) for spec in self.circuits}
        homes_kw: Floats = np.zeros((STEPS_A_DAY, self.count))
        outdoors_c = np.zeros(STEPS_A_DAY)
        for number, environment in enumerate(self.environments):
            house = houses[number]
            for step in range(STEPS_A_DAY):
                env = environment.environment(start_s + step * STEP_S, STEP_S)
                house, power_kw = house.step({}, env, STEP_S)
                for circuit, kw in power_kw.items():
                    if kw:
                        circuits_kw[circuit][step] += kw
                homes_kw[step, number] = sum(power_kw.values())
                outdoors_c[step] = env.outdoor_c
            houses[number] = house
        for step in range(STEPS_A_DAY):
            yield DistrictMinute(
                start_s + step * STEP_S,
                float(outdoors_c[step]),
                {circuit: float(kw[step]) for circuit, kw in circuits_kw.items()},
                homes_kw[step],
            )


def drawn_homes(count: int, first_seed: int, climate: str, weather: Weather) -> list[Profile]:
    """*count* homes of a climate, with *first_seed* and those after it, sized for *weather*."""
    return [
        decode_profile(home_text(seed, climate, weather), f"home-{seed}")
        for seed in range(first_seed, first_seed + count)
    ]


def worlds(profiles: Sequence[Profile], weather: Weather) -> list[HouseEnvironment]:
    """The world around each home: one weather, and its people's chance."""
    first = load_environment(profiles[0])
    return [HouseEnvironment(weather, first.end_uses, profile.habits, profile.seed) for profile in profiles]
