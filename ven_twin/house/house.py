"""The house: its circuits, stepped together."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple, Self

import msgspec

from ven_twin.house.circuit import Circuit, Device
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import Battery
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
    the loads step first, then the HVAC, then the battery. Nothing else depends on anything else.
    """

    circuits: tuple[Circuit, ...]
    circuit_ids: tuple[str, ...]
    loads: tuple[Device, ...]
    hvac: Hvac | None = None
    battery: Battery | None = None

    @classmethod
    def of(cls, devices: Mapping[str, Device]) -> Self:
        """A house of *devices* by circuit id, at most one of them an HVAC and one a battery.

        Raises:
            PhysicsError: there are more than one.
        """
        hvacs = [device for device in devices.values() if isinstance(device, Hvac)]
        batteries = [device for device in devices.values() if isinstance(device, Battery)]
        if len(hvacs) > 1 or len(batteries) > 1:
            raise PhysicsError("a house has at most one HVAC and one battery")
        return cls(
            tuple(device.spec for device in devices.values()),
            tuple(devices),
            tuple(device for device in devices.values() if not isinstance(device, Hvac | Battery)),
            hvacs[0] if hvacs else None,
            batteries[0] if batteries else None,
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
        """Every device; HVAC and battery last."""
        return self.loads + tuple(device for device in (self.hvac, self.battery) if device is not None)

    def step(self, controls: Mapping[str, Control], env: Environment, dt_s: float) -> HouseStep:
        """Advance every circuit by *dt_s* under its control; a circuit without one is left alone.

        Raises:
            StepDurationError: *dt_s* is not finite and above 0.
        """
        if not 0.0 < dt_s < inf:
            raise StepDurationError(dt_s)
        power_kw = dict.fromkeys(self.circuit_ids, 0.0)
        loads = []
        gains_kw, net_kw = env.people_kw, 0.0
        for load in self.loads:
            spec = load.spec
            circuit_id = spec.id
            after, kw = load.step(controls.get(circuit_id, FREE), env, dt_s)
            loads.append(after)
            if kw:
                power_kw[circuit_id] = kw
                net_kw += kw
                gains_kw += spec.heat_fraction * kw
        hvac, battery = self.hvac, self.battery
        if hvac is not None:
            control = controls.get(hvac.spec.id, FREE)
            hvac, kw = hvac.step(control, env, dt_s, gains_kw)
            power_kw[hvac.spec.id] = kw
            net_kw += kw
        if battery is not None:
            control = controls.get(battery.spec.id, FREE)
            battery, kw = battery.step(control, env, dt_s, -net_kw)
            power_kw[battery.spec.id] = kw
        return HouseStep(House(self.circuits, self.circuit_ids, tuple(loads), hvac, battery), power_kw)
