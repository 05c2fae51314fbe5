"""The fleet: many houses of one profile, stepped together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, NamedTuple

import numpy as np

from ven_twin.house.circuit import Circuit, Device
from ven_twin.house.devices.appliance import Appliance
from ven_twin.house.devices.dimmable import Dimmable
from ven_twin.house.devices.ev import Ev
from ven_twin.house.devices.fridge import Fridge
from ven_twin.house.devices.pv import Pv
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.errors import PhysicsError, StepDurationError
from ven_twin.house.house import House
from ven_twin.simulation.many_houses.arrays import Controls, Floats
from ven_twin.simulation.many_houses.environments import LEVELS, STARTS, Environments
from ven_twin.simulation.many_houses.hvac import Hvacs
from ven_twin.simulation.many_houses.loads import Appliances, Fridges, Singly, dimmed_kw, generated_kw
from ven_twin.simulation.many_houses.storage import Batteries, Evs
from ven_twin.simulation.many_houses.water_heater import WaterHeaters

Load = Appliances | Fridges | Evs | WaterHeaters | Singly | Dimmable[Any] | Pv
"""A load without state is one value for all houses."""
ARRAY_FORMS: Mapping[type[Device], type[WaterHeaters | Evs | Fridges]] = {
    WaterHeater: WaterHeaters,
    Ev: Evs,
    Fridge: Fridges,
}


class ManyHousesStep(NamedTuple):
    """The fleet after a step, and each circuit's mean power in each house, kW."""

    fleet: "ManyHouses"
    power_kw: dict[str, Floats]

    @property
    def grid_kw(self) -> Floats:
        """Power imported by each house, kW; below zero it exports."""
        total_kw: Floats = np.sum(list(self.power_kw.values()), axis=0)
        return total_kw


@dataclass(frozen=True, slots=True)
class ManyHouses:
    """*count* houses with the same circuits, each in its own state: `House` over arrays.

    Interpretation: houses of one profile share building and machines and differ in state and chance; a
    district of several sorts of house is several fleets.
    """

    circuits: tuple[Circuit, ...]
    count: int
    loads: tuple[Load, ...]
    hvac: Hvacs | None = None
    battery: Batteries | None = None
    car: Evs | None = None
    export_kw: float = 0.0

    @classmethod
    def of(cls, houses: Sequence[House]) -> "ManyHouses":
        """The array form of *houses*.

        Raises:
            PhysicsError: there are none, or they have not the same circuits.
        """
        if not houses or any(_sort(house) != _sort(houses[0]) for house in houses):
            raise PhysicsError("a fleet is at least one house, all of one profile")
        loads = tuple(
            _load(list(devices)) for devices in zip(*(house.loads for house in houses), strict=True)
        )
        hvacs = [house.hvac for house in houses if house.hvac]
        batteries = [house.battery for house in houses if house.battery]
        cars = [house.car for house in houses if house.car]
        return cls(
            houses[0].circuits,
            len(houses),
            loads,
            Hvacs.of(hvacs) if hvacs else None,
            Batteries.of(batteries) if batteries else None,
            Evs.of(cars) if cars else None,
            houses[0].export_kw,
        )

    def house(self, index: int) -> House:
        """One of the houses as a value that lives on by itself."""
        loads: list[Device] = [
            load if isinstance(load, Dimmable | Pv) else load.one(index) for load in self.loads
        ]
        hvac = self.hvac.one(index) if self.hvac else None
        battery = self.battery.one(index) if self.battery else None
        circuit_ids = tuple(circuit.id for circuit in self.circuits)
        car = self.car.one(index) if self.car else None
        return House(self.circuits, circuit_ids, tuple(loads), hvac, battery, car, self.export_kw)

    def step(self, controls: Mapping[str, Controls], env: Environments, dt_s: float) -> ManyHousesStep:
        """Advance every house by *dt_s* under its controls; a circuit without them is left alone.

        Raises:
            StepDurationError: *dt_s* is not finite and above 0.
        """
        if not 0.0 < dt_s < inf:
            raise StepDurationError(dt_s)
        dt_s = float(dt_s)  # an int would make arrays of ints
        power_kw = {circuit.id: np.zeros(0) for circuit in self.circuits}
        gains_kw, net_kw = np.full(self.count, env.shared.people_kw), np.zeros(self.count)
        generated_kw, loads = np.zeros(self.count), []
        for load in self.loads:
            spec = load.spec
            after, kw = self._stepped(load, controls.get(spec.id), env, dt_s)
            loads.append(after)
            power_kw[spec.id] = kw
            net_kw += kw
            if self.battery is not None or self.car is not None:
                generated_kw -= np.minimum(kw, 0.0)
            if spec.heat_fraction:
                gains_kw += spec.heat_fraction * kw
        hvac, car, battery = self.hvac, self.car, self.battery
        if hvac is not None:
            hvac, kw = hvac.step(controls.get(hvac.spec.id), env.shared, dt_s, gains_kw)
            power_kw[hvac.spec.id] = kw
            net_kw += kw
        room_kw = np.maximum(self.export_kw, generated_kw)
        if car is not None:
            most_kw = net_kw + room_kw if car.spec.v2x == "v2g" else net_kw
            car, kw = car.step(controls.get(car.spec.id), env, dt_s, most_kw)
            power_kw[car.spec.id] = kw
            net_kw = net_kw + kw
        if battery is not None:
            most_kw = np.maximum(net_kw + room_kw, 0.0)
            battery, kw = battery.step(controls.get(battery.spec.id), env.shared, dt_s, -net_kw, most_kw)
            power_kw[battery.spec.id] = kw
        fleet = replace(self, loads=tuple(loads), hvac=hvac, battery=battery, car=car)
        return ManyHousesStep(fleet, power_kw)

    def _stepped(
        self, load: Load, controls: Controls | None, env: Environments, dt_s: float
    ) -> tuple[Load, Floats]:
        match load:
            case Pv():
                return load, generated_kw(load, controls, env.shared, dt_s, self.count)
            case Dimmable():
                return load, dimmed_kw(load.spec, controls, env.levels_kw[load.use_type])
            case _:
                return load.step(controls, env, dt_s)


def _sort(house: House) -> tuple[object, ...]:
    """The circuits and the interconnection that the houses of a fleet share."""
    return house.circuits, house.export_kw


def _load(devices: list[Any]) -> Load:
    """The array form of one circuit's devices; what has none is stepped house by house."""
    first = devices[0]
    if isinstance(first, Pv) or (isinstance(first, Dimmable) and first.use_type in LEVELS):
        return first
    if isinstance(first, Appliance) and first.use_type in STARTS:
        return Appliances.of(devices)
    array_form = ARRAY_FORMS.get(type(first))
    return array_form.of(devices) if array_form else Singly(devices)
