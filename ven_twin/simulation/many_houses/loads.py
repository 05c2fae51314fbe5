"""The simpler loads over many houses: appliances, fridges, dimmable loads and PV."""

from dataclasses import dataclass

import numpy as np

from ven_twin.house.circuit import Circuit, Device
from ven_twin.house.control import FREE
from ven_twin.house.devices.appliance import Appliance, ApplianceSpec
from ven_twin.house.devices.dimmable import DimmableSpec
from ven_twin.house.devices.fridge import MOST_DUTY, Fridge, FridgeSpec, FridgeUse
from ven_twin.house.devices.pv import Pv
from ven_twin.house.environment import Environment
from ven_twin.simulation.many_houses.arrays import Bools, Controls, Floats
from ven_twin.simulation.many_houses.environments import Environments


@dataclass(frozen=True, slots=True)
class Appliances:
    """Dryers or ranges: `ven_twin.house.devices.appliance`."""

    kind: type[Appliance[ApplianceSpec]]
    spec: ApplianceSpec
    owed_s: Floats
    running: Bools

    @classmethod
    def of(cls, houses: list[Appliance[ApplianceSpec]]) -> "Appliances":
        """The array form of *houses*, which share a spec."""
        owed_s = np.array([one.owed_s for one in houses])
        return cls(type(houses[0]), houses[0].spec, owed_s, np.array([one.running for one in houses]))

    def one(self, house: int) -> Appliance[ApplianceSpec]:
        """A house as a value."""
        return self.kind(self.spec, float(self.owed_s[house]), bool(self.running[house]))

    def step(self, controls: Controls | None, env: Environments, dt_s: float) -> tuple["Appliances", Floats]:
        """Run what is owed, for at most *dt_s*."""
        owed_s = self.owed_s + env.started_s[self.kind.use_type]
        run_s = np.minimum(owed_s, dt_s)
        if controls is not None:
            runs = np.where(self.running, controls.enabled, controls.allow_kw(self.spec.run_kw))
            run_s = np.where(runs, run_s, 0.0)
        left_s = owed_s - run_s
        after = Appliances(self.kind, self.spec, left_s, (run_s > 0.0) & (left_s > 0.0))
        return after, self.spec.run_kw * run_s / dt_s


@dataclass(frozen=True, slots=True)
class Fridges:
    """`ven_twin.house.devices.fridge`; all have the duty of the hour."""

    spec: FridgeSpec
    owed_s: Floats
    running: Bools

    @classmethod
    def of(cls, houses: list[Fridge]) -> "Fridges":
        """The array form of *houses*, which share a spec."""
        owed_s = np.array([one.owed_s for one in houses])
        return cls(houses[0].spec, owed_s, np.array([one.running for one in houses]))

    def one(self, house: int) -> Fridge:
        """A house as a value."""
        return Fridge(self.spec, float(self.owed_s[house]), bool(self.running[house]))

    def step(self, controls: Controls | None, env: Environments, dt_s: float) -> tuple["Fridges", Floats]:
        """Advance *dt_s*, switching each compressor at the moment it is due."""
        spec = self.spec
        duty = min(env.shared.use(FridgeUse).mean_kw / spec.compressor_kw, MOST_DUTY)
        owed_s, running = self.owed_s.copy(), self.running.copy()
        left_s, ran_s = np.full(len(owed_s), dt_s), np.zeros(len(owed_s))
        if controls is not None and not (allowed := controls.allow_kw(spec.compressor_kw)).all():
            warm_s = np.minimum(owed_s + duty * dt_s, np.maximum(spec.warm_s, owed_s))
            owed_s, running = np.where(allowed, owed_s, warm_s), running & allowed
            left_s = np.where(allowed, left_s, 0.0)
        while len(rest := np.flatnonzero(left_s > 0.0)):
            few = rest if len(rest) < len(owed_s) else slice(None)
            now_s, runs, span_s = owed_s[few], running[few], left_s[few]
            due_s = np.maximum((spec.cycle_s - now_s) / duty, 0.0) if duty > 0.0 else span_s
            substep_s = np.minimum(span_s, np.where(runs, now_s / (1.0 - duty), due_s))
            owed_s[few] = np.where(runs, now_s - substep_s * (1.0 - duty), now_s + substep_s * duty)
            ran_s[few] += np.where(runs, substep_s, 0.0)
            # Running goes on when the part was not cut short, standing still ends when it was.
            running[few] = runs == (substep_s == span_s)
            left_s[few] = span_s - substep_s
        return Fridges(spec, np.maximum(owed_s, 0.0), running), spec.compressor_kw * ran_s / dt_s


@dataclass(frozen=True, slots=True)
class Singly:
    """Devices without an array form, stepped one by one."""

    houses: list[Device]

    @property
    def spec(self) -> Circuit:
        """The circuit, which the houses share."""
        return self.houses[0].spec

    def one(self, house: int) -> Device:
        """A house as a value."""
        return self.houses[house]

    def step(self, controls: Controls | None, env: Environments, dt_s: float) -> tuple["Singly", Floats]:
        """Advance every device by *dt_s* in its environment."""
        stepped = [
            device.step(FREE if controls is None else controls.one(index), alone, dt_s)
            for index, (device, alone) in enumerate(zip(self.houses, env.by_house(), strict=True))
        ]
        return Singly([after.device for after in stepped]), np.array([after.power_kw for after in stepped])


def dimmed_kw(spec: DimmableSpec, controls: Controls | None, level_kw: Floats) -> Floats:
    """Power of lights or outlets: `ven_twin.house.devices.dimmable`, which has no state."""
    level_kw = np.minimum(level_kw, spec.rated_kw)
    if controls is None:
        return level_kw
    limited_kw = np.maximum(controls.limit_kw, level_kw * spec.floor_fraction)
    drawn_kw = np.where(controls.limit_kw >= level_kw, level_kw, limited_kw)
    return np.where(controls.enabled, drawn_kw, 0.0)


def generated_kw(pv: Pv, controls: Controls | None, env: Environment, dt_s: float, count: int) -> Floats:
    """Power of each PV array, below zero: one sun for all, a relay for each."""
    power_kw = np.full(count, pv.step(FREE, env, dt_s).power_kw)
    return power_kw if controls is None else np.where(controls.enabled, power_kw, 0.0)
