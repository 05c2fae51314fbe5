"""A district: many houses of one profile through days of weather, and their aggregate. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from contracts.wire.units import S_PER_DAY, S_PER_H, kwh
from ven_twin.house.circuit import Circuit
from ven_twin.house.house import House
from ven_twin.house.house_environment import WARM_UP_STEP_S, HouseEnvironment
from ven_twin.simulation.many_houses.arrays import Floats
from ven_twin.simulation.many_houses.environments import HouseEnvironments
from ven_twin.simulation.many_houses.fleet import ManyHouses
from ven_twin.simulation.scenario import STEP_S

LOW, MIDDLE, HIGH = 10, 50, 90
"""Percentiles that stand for the spread over the houses."""


@dataclass(frozen=True)
class DistrictMinute:
    """One step of a district. Powers are means over it; ``houses_kw`` has each house's net power."""

    at_s: float
    outdoor_c: float
    circuits_kw: Mapping[str, float]
    houses_kw: Floats

    @property
    def total_kw(self) -> float:
        """Net power of all houses."""
        return sum(self.circuits_kw.values())

    @cached_property
    def spread_kw(self) -> tuple[float, float, float]:
        """Net power of a low, a middle and a high house: the percentiles 10, 50 and 90."""
        low, middle, high = np.percentile(self.houses_kw, (LOW, MIDDLE, HIGH)).tolist()
        return low, middle, high

    def quantities(self) -> Iterator[tuple[str, float]]:
        """Every quantity, by the circuit's id or by its name."""
        yield from self.circuits_kw.items()
        yield "used", self.total_kw
        yield "outdoor", self.outdoor_c
        yield from zip(("low", "middle", "high"), self.spread_kw, strict=True)


@dataclass(frozen=True, slots=True)
class District:
    """*count* houses like *house* for *days* from *start_s* (UTC s), in steps of a minute.

    The first has *environment*'s seed, and each next one the next.
    """

    house: House
    environment: HouseEnvironment
    count: int
    start_s: float
    days: int

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.days * S_PER_DAY // STEP_S

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """The circuits of each house."""
        return self.house.circuits

    def minutes(self) -> Iterator[DistrictMinute]:
        """Live through the days, minute by minute, after a day of warm-up."""
        first = self.environment
        environments = HouseEnvironments.of(first, range(first.seed, first.seed + self.count))
        houses = ManyHouses.of([self.house] * self.count)
        for before_s in range(S_PER_DAY, 0, -WARM_UP_STEP_S):
            env = environments.environments(self.start_s - before_s, WARM_UP_STEP_S)
            houses = houses.step({}, env, WARM_UP_STEP_S).fleet
        for step in range(self.steps):
            at_s = self.start_s + step * STEP_S
            env = environments.environments(at_s, STEP_S)
            houses, power_kw = houses.step({}, env, STEP_S)
            yield DistrictMinute(
                at_s,
                env.shared.outdoor_c,
                {circuit: float(kw.sum()) for circuit, kw in power_kw.items()},
                np.sum(list(power_kw.values()), axis=0),
            )


@dataclass
class DistrictLedger:
    """A district's totals. Give it every minute in order."""

    count: int
    circuits_kwh: dict[str, float] = field(default_factory=dict)
    used_kwh: float = 0.0
    peak_kw: float = float("-inf")
    peak_ts: float = 0.0
    houses_kwh: Floats = field(init=False)
    houses_peak_kw: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.houses_kwh = np.zeros(self.count)
        self.houses_peak_kw = np.full(self.count, -np.inf)

    def add(self, minute: DistrictMinute) -> None:
        """Take the next minute."""
        for circuit, kw in minute.circuits_kw.items():
            self.circuits_kwh[circuit] = self.circuits_kwh.get(circuit, 0.0) + kwh(kw, STEP_S)
        total_kw = minute.total_kw
        self.used_kwh += kwh(total_kw, STEP_S)
        if total_kw > self.peak_kw:
            self.peak_kw, self.peak_ts = total_kw, minute.at_s
        self.houses_kwh += minute.houses_kw * (STEP_S / S_PER_H)
        np.maximum(self.houses_peak_kw, minute.houses_kw, out=self.houses_peak_kw)

    @property
    def coincidence(self) -> float:
        """Peak of the district over the sum of the houses' peaks: 1 when all peak in the same minute."""
        return self.peak_kw / float(self.houses_peak_kw.sum())

    @property
    def spread_kwh(self) -> tuple[float, float, float]:
        """Energy of a low, a middle and a high house."""
        low, middle, high = np.percentile(self.houses_kwh, (LOW, MIDDLE, HIGH)).tolist()
        return low, middle, high
