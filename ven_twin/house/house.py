"""The house: its circuits, stepped together."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple, Self

import msgspec

from ven_twin.house.circuit import Circuit, Device
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import Battery
from ven_twin.house.devices.ev import Ev
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.environment import Environment
from ven_twin.house.errors import PhysicsError, StepDurationError


class HouseStep(NamedTuple):
    """The house after a step, and each circuit's mean power over it, kW."""

    house: "House"
    power_kw: dict[str, float]

    @property
    def grid_kw(self) -> float:
        """Power imported from the grid, kW; below zero the house exports."""
        return sum(self.power_kw.values())


class House(msgspec.Struct, frozen=True, gc=False):
    """Circuits by id, in the order of the panel.

    Appliances warm the house that the HVAC cools, and the battery charges from what the rest exports; so
    the loads step first, then the HVAC, then a car that discharges, then the battery. Nothing else depends
    on anything else.

    Car and battery give no more than the other circuits draw, and beyond that up to ``export_kw`` together
    with the PV, as the control of a site's power does that its interconnection asks for. A car that may not
    export gives no more than what is imported. PV is not curtailed.

    Source: NEC 705.13 and UL 3141 (power control systems).
    """

    circuits: tuple[Circuit, ...]
    circuit_ids: tuple[str, ...]
    loads: tuple[Device, ...]
    hvac: Hvac | None = None
    battery: Battery | None = None
    car: Ev | None = None
    """A car that discharges; one that only charges is a load."""
    export_kw: float = 0.0

    @classmethod
    def of(cls, devices: Mapping[str, Device], export_kw: float = 0.0) -> Self:
        """A house of *devices* by circuit id, at most one HVAC, one battery and one car that discharges.

        *export_kw* is the most that battery and car may bring the site's export to.

        Raises:
            PhysicsError: there are more than one.
        """
        hvacs = [device for device in devices.values() if isinstance(device, Hvac)]
        batteries = [device for device in devices.values() if isinstance(device, Battery)]
        cars = [device for device in devices.values() if isinstance(device, Ev) and device.spec.discharge_kw]
        if len(hvacs) > 1 or len(batteries) > 1 or len(cars) > 1:
            raise PhysicsError("a house has at most one HVAC, one battery and one car that discharges")
        last = {device.spec.id for group in (hvacs, batteries, cars) for device in group}
        return cls(
            tuple(device.spec for device in devices.values()),
            tuple(devices),
            tuple(device for device in devices.values() if device.spec.id not in last),
            hvacs[0] if hvacs else None,
            batteries[0] if batteries else None,
            cars[0] if cars else None,
            export_kw,
        )

    def device(self, circuit_id: str) -> Device:
        """The device on a circuit.

        Raises:
            KeyError: the house has no such circuit.
        """
        for device in self.devices():
            if device.spec.id == circuit_id:
                return device
        raise KeyError(circuit_id)

    def devices(self) -> tuple[Device, ...]:
        """Every device; HVAC, a car that discharges and battery last."""
        last = (self.hvac, self.car, self.battery)
        return self.loads + tuple(device for device in last if device is not None)

    def store_floors_kw(self, power_kw: Mapping[str, float]) -> dict[str, float]:
        """The least power of car and battery that the site has room for, beside what the rest draws, kW."""
        car, battery = self.car, self.battery
        ids = {device.spec.id for device in (car, battery) if device is not None}
        if not ids:
            return {}
        rest_kw = [kw for name, kw in power_kw.items() if name not in ids]
        net_kw, floors_kw = sum(rest_kw), {}
        room_kw = max(self.export_kw, -sum(kw for kw in rest_kw if kw < 0.0))
        if car is not None:
            most_kw = net_kw + room_kw if car.spec.v2x == "v2g" else net_kw
            floors_kw[car.spec.id] = -max(most_kw, 0.0)
            net_kw += power_kw[car.spec.id]
        if battery is not None:
            floors_kw[battery.spec.id] = -max(net_kw + room_kw, 0.0)
        return floors_kw

    def step(self, controls: Mapping[str, Control], env: Environment, dt_s: float) -> HouseStep:
        """Advance every circuit by *dt_s* under its control; a circuit without one is left alone.

        Raises:
            StepDurationError: *dt_s* is not finite and above 0.
        """
        if not 0.0 < dt_s < inf:
            raise StepDurationError(dt_s)
        power_kw = dict.fromkeys(self.circuit_ids, 0.0)
        loads = []
        gains_kw, net_kw, generated_kw = env.people_kw, 0.0, 0.0
        for load in self.loads:
            spec = load.spec
            circuit_id = spec.id
            stepped = load.step(controls.get(circuit_id, FREE), env, dt_s)
            loads.append(stepped.device)
            kw = stepped.power_kw
            if kw:
                power_kw[circuit_id] = kw
                net_kw += kw
                if kw < 0.0:
                    generated_kw -= kw
                gains_kw += spec.heat_fraction * kw
        hvac, car, battery = self.hvac, self.car, self.battery
        if hvac is not None:
            control = controls.get(hvac.spec.id, FREE)
            warmed = hvac.step(control, env, dt_s, gains_kw)
            hvac, kw = warmed.device, warmed.power_kw
            power_kw[hvac.spec.id] = kw
            net_kw += kw
        room_kw = max(self.export_kw, generated_kw)
        if car is not None:
            control = controls.get(car.spec.id, FREE)
            most_kw = net_kw + room_kw if car.spec.v2x == "v2g" else net_kw
            driven = car.step(control, env, dt_s, most_kw)
            car, kw = driven.device, driven.power_kw
            power_kw[car.spec.id] = kw
            net_kw += kw
        if battery is not None:
            control = controls.get(battery.spec.id, FREE)
            charged = battery.step(control, env, dt_s, -net_kw, max(net_kw + room_kw, 0.0))
            battery = charged.device
            power_kw[battery.spec.id] = charged.power_kw
        circuits, circuit_ids, export_kw = self.circuits, self.circuit_ids, self.export_kw
        after = House(circuits, circuit_ids, tuple(loads), hvac, battery, car, export_kw)
        return HouseStep(after, power_kw)
