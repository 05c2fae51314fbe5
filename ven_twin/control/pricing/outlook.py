"""The outlook of a house over priced hours: what it draws when its car and its battery do nothing. Pure.

The house is lived ahead in one future (`ven_twin.control.futures`): the weather as forecast, draws and runs
of another chance than those that will come. The car's hours at home are as its driver has set them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from ven_twin.control.circuit_views import NO_SETTINGS, CircuitSetting
from ven_twin.control.futures import Future
from ven_twin.control.pricing.slots import PriceSlot
from ven_twin.house.control import Control
from ven_twin.house.devices.ev import Ev
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

STEP_S = 300.0


class OutlookStep(NamedTuple):
    """A step ahead.

    Attributes:
        slot: the number of its slot.
        env: the world in it.
        dt_s: its length, s.
        power_kw: the power of each circuit, car and battery off.
        gains_kw: the heat of people and appliances.
    """

    slot: int
    env: Environment
    dt_s: float
    power_kw: Mapping[str, float]
    gains_kw: float

    @property
    def net_kw(self) -> float:
        """The power of all circuits."""
        return sum(self.power_kw.values())


@dataclass(frozen=True, slots=True)
class Outlook:
    """Slots, the steps in them, and the house at their end; *settings* are the resident's."""

    house: House
    slots: tuple[PriceSlot, ...]
    steps: tuple[OutlookStep, ...]
    end: House
    settings: Mapping[str, CircuitSetting]

    def price(self, step: OutlookStep) -> PriceSlot:
        """The slot of *step*."""
        return self.slots[step.slot]

    def may_move(self, circuit_id: str) -> bool:
        """True of a circuit that its resident has left to the house."""
        setting = self.settings.get(circuit_id)
        return setting is None or (setting.enabled and not setting.opted_out)

    def most_kw(self, circuit_id: str, rated_kw: float) -> float:
        """The most power of a circuit, under the ceiling that its resident has set."""
        setting = self.settings.get(circuit_id)
        ceiling_kw = None if setting is None else setting.capacity_kw
        return rated_kw if ceiling_kw is None else min(rated_kw, ceiling_kw)


def outlook(
    house: House,
    future: Future,
    slots: Sequence[PriceSlot],
    settings: Mapping[str, CircuitSetting] = NO_SETTINGS,
) -> Outlook:
    """The outlook of *house* over *slots*."""
    controls = {name: setting.control for name, setting in settings.items()}
    for device in house.devices():
        if device is house.battery or isinstance(device, Ev):
            controls[device.spec.id] = Control(enabled=False)
    shares = {load.spec.id: load.spec.heat_fraction for load in house.loads if load.spec.heat_fraction}
    lived, steps = house, list[OutlookStep]()
    for number, slot in enumerate(slots):
        count = ceil((slot.end_ts - slot.start_ts) / STEP_S)
        dt_s = (slot.end_ts - slot.start_ts) / count
        for at in range(count):
            env = future.weather(slot.start_ts + at * dt_s, dt_s)
            stepped = lived.step(controls, env, dt_s)
            lived, power_kw = stepped.house, stepped.power_kw
            gains_kw = env.people_kw + sum(power_kw[name] * share for name, share in shares.items())
            steps.append(OutlookStep(number, env, dt_s, power_kw, gains_kw))
    return Outlook(house, tuple(slots), tuple(steps), lived, settings)


def cost_of(ahead: Outlook, net_kw: Sequence[float]) -> float:
    """The cost of drawing *net_kw* in the steps of *ahead*."""
    return sum(
        ahead.price(step).cost(kw) * step.dt_s / 3600.0 for step, kw in zip(ahead.steps, net_kw, strict=True)
    )


def slot_means_kw(ahead: Outlook, net_kw: Sequence[float]) -> list[float]:
    """The mean of *net_kw* in each slot."""
    energy_kws = [0.0] * len(ahead.slots)
    for step, kw in zip(ahead.steps, net_kw, strict=True):
        energy_kws[step.slot] += kw * step.dt_s
    return [
        energy / (slot.end_ts - slot.start_ts) for energy, slot in zip(energy_kws, ahead.slots, strict=True)
    ]
