"""The house as the shedding planner sees it, with what the resident has set taken in."""

from collections.abc import Container, Mapping
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from contracts.wire.shadow import LoadSetting
from contracts.wire.units import S_PER_H
from ven_twin.control.guards import NEVER_SWITCHED, CircuitView, Switching
from ven_twin.control.shedding import ShedPlan
from ven_twin.house.circuit import Circuit
from ven_twin.house.control import FREE, Control, Flexibility
from ven_twin.house.devices.battery import Battery
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.environment import Environment
from ven_twin.house.house import House


class ResidentBlock(StrEnum):
    """Reason of a resident's for which a circuit can give nothing, in words for people."""

    OUT_OF_EVENT = "switched by hand: out of this event"
    SWITCHED_OFF = "switched off by the resident"


class CircuitSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Setting of a circuit by the resident or the shadow; None leaves the profile's value.

    ``capacity_kw`` is a lasting ceiling on the circuit. ``opted_out`` keeps it out of events. ``usual`` is
    the control under which it runs while nothing is asked of it, as prices have it.
    """

    enabled: bool = True
    capacity_kw: float | None = None
    priority: int | None = None
    opted_out: bool = False
    usual: Control = FREE

    @property
    def left_alone(self) -> Control:
        """The control while nothing is asked of the circuit."""
        return stricter(self.usual, self.control)

    @property
    def control(self) -> Control:
        """The setting as a lasting control."""
        if self.enabled and self.capacity_kw is None:
            return FREE
        return Control(enabled=self.enabled, limit_kw=self.capacity_kw)


AS_BUILT = CircuitSetting()
WARMS = "comfort limit: its heat keeps the house warm"
NO_SETTINGS: Mapping[str, CircuitSetting] = MappingProxyType({})
NO_CONTROLS: Mapping[str, Control] = MappingProxyType({})


def circuit_views(
    house: House,
    env: Environment,
    dt_s: float,
    switching: Mapping[str, Switching],
    settings: Mapping[str, CircuitSetting] = NO_SETTINGS,
    *,
    easing: Mapping[str, Control] = NO_CONTROLS,
    level: int = 0,
) -> tuple[CircuitView, ...]:
    """A view of every circuit over the next *dt_s*, in the order of the panel.

    Left alone means under what is set and nothing else: a circuit that is switched off demands nothing.
    *switching* is what the last plan did (`ven_twin.control.guards.advance`); a circuit that it does not name
    has never been switched. A circuit in *easing* is left alone under the control that stands there.
    A water heater gives as much as *level* of an event lets it; 0 is a request in kW.
    """
    left_alone = setting_controls(settings)
    for name, control in easing.items():
        left_alone[name] = stricter(control, left_alone.get(name, FREE))
    demand_kw = house.step(left_alone, env, dt_s).power_kw
    offers = {
        circuit_id: device.flexibility(env, demand_kw[circuit_id], level)
        if isinstance(device, WaterHeater)  # it alone has levels of its own
        else device.flexibility(env, demand_kw[circuit_id])
        for device in house.devices()
        if (circuit_id := device.spec.id)
    }
    cold = house.hvac is not None and house.hvac.lacks_heat(env)
    floors_kw = house.store_floors_kw(demand_kw)
    views = tuple(
        _view(
            circuit,
            offers[circuit_id],
            switching.get(circuit_id, NEVER_SWITCHED),
            settings.get(circuit_id, AS_BUILT),
            warms=cold and circuit.heat_fraction > 0.0,
            site_floor_kw=floors_kw.get(circuit_id, -inf),
        )
        for circuit_id, circuit in zip(house.circuit_ids, house.circuits, strict=True)
    )
    battery = follower(house, env, dt_s, settings)
    return battery.following(views) if battery and any(view.at_limit for view in views) else views


class Follower(NamedTuple):
    """A battery that covers what the house draws in a step, under its lasting *control*."""

    circuit_id: str
    battery: Battery
    control: Control
    env: Environment
    dt_h: float

    def following(self, views: tuple[CircuitView, ...]) -> tuple[CircuitView, ...]:
        """*views* with the battery at what covers the others as these views have them."""
        surplus_kw = -sum(view.demand_kw for view in views if view.id != self.circuit_id)
        demand_kw = self.battery.power_kw(self.control, self.env, self.dt_h, surplus_kw)
        return tuple(
            msgspec.structs.replace(view, demand_kw=demand_kw, floor_kw=min(view.floor_kw, demand_kw))
            if view.id == self.circuit_id
            else view
            for view in views
        )


def follower(
    house: House, env: Environment, dt_s: float, settings: Mapping[str, CircuitSetting]
) -> Follower | None:
    """The battery of *house*, if its mode covers what the house draws in this step."""
    battery = house.battery
    if battery is None:
        return None
    control = settings.get(battery.spec.id, AS_BUILT).left_alone
    if not (battery.spec.covers(env) if control.covers is None else control.covers):
        return None
    return Follower(battery.spec.id, battery, control, env, dt_s / S_PER_H)


def circuit_settings(loads: Mapping[str, LoadSetting], by_hand: Container[str]) -> dict[str, CircuitSetting]:
    """The settings of a shadow's *loads*; circuits *by_hand* are out of events."""
    return {
        load_id: CircuitSetting(
            enabled=load.enabled is not False,
            capacity_kw=load.capacity_kw,
            priority=load.priority,
            opted_out=load_id in by_hand,
        )
        for load_id, load in loads.items()
    }


def setting_controls(settings: Mapping[str, CircuitSetting]) -> dict[str, Control]:
    """The settings as controls of circuits of which nothing is asked."""
    return {circuit_id: setting.left_alone for circuit_id, setting in settings.items()}


def with_settings(plan: ShedPlan, settings: Mapping[str, CircuitSetting]) -> dict[str, Control]:
    """The plan's controls under the resident's settings: off stays off, and the lower ceiling holds.

    A circuit that the plan leaves alone is under its usual control; of any other the plan's counts.
    """
    return {
        circuit_id: _under(plan.controls.get(circuit_id, FREE), settings.get(circuit_id, AS_BUILT))
        for circuit_id in plan.controls.keys() | settings.keys()
    }


def _under(plan: Control, setting: CircuitSetting) -> Control:
    if plan is FREE:
        return setting.left_alone
    if setting.usual.limit_kw is not None and plan.charge_kw is not None and plan.limit_kw is None:
        # A charger that waits draws what it is raised by, and not all that it can.
        plan = msgspec.structs.replace(plan, limit_kw=plan.charge_kw)
    return stricter(plan, setting.control)


def _view(
    circuit: Circuit,
    offer: Flexibility,
    switched: Switching,
    setting: CircuitSetting,
    *,
    warms: bool,
    site_floor_kw: float,
) -> CircuitView:
    """The view of a circuit; *warms* where the air is short of its heat, *site_floor_kw* where a store is."""
    demand_kw, floor_kw, blocked = offer.demand_kw, offer.floor_kw, offer.blocked
    if floor_kw < site_floor_kw:
        floor_kw = min(site_floor_kw, demand_kw)
    if warms:
        blocked = blocked or WARMS
    if setting is not AS_BUILT:
        if setting.opted_out:
            blocked = ResidentBlock.OUT_OF_EVENT
        if not setting.enabled:
            floor_kw = demand_kw
            blocked = ResidentBlock.SWITCHED_OFF
    at_limit = switched.curtailed and offer.at_limit_kw is not None and not isinstance(blocked, ResidentBlock)
    if at_limit and offer.at_limit_kw is not None:
        demand_kw = floor_kw = min(offer.at_limit_kw, demand_kw)
    return CircuitView(
        id=circuit.id,
        name=circuit.name,
        type=circuit.type,
        breaker_amps=circuit.breaker_amps,
        priority=circuit.priority if setting.priority is None else setting.priority,
        critical=circuit.critical,
        demand_kw=demand_kw,
        floor_kw=floor_kw,
        step_kw=offer.least_on_kw,
        continuous=offer.continuous,
        in_use=offer.in_use,
        headroom=offer.headroom,
        curtailed=switched.curtailed,
        switched_s=switched.for_s,
        least_off_s=circuit.least_off_s,
        least_on_s=circuit.least_on_s,
        shed_offset_c=offer.shed_offset_c,
        ceiling_kw=_ceiling_kw(circuit, offer, setting),
        raise_offset_c=offer.raise_offset_c,
        blocked=blocked,
        at_limit=at_limit,
        note=offer.note,
        follows_house=offer.follows_house if setting.usual.covers is None else setting.usual.covers,
        exports=offer.exports,
    )


def _ceiling_kw(circuit: Circuit, offer: Flexibility, setting: CircuitSetting) -> float | None:
    """The most that a load up may bring a circuit to; None where it must leave it alone."""
    if offer.ceiling_kw is None or circuit.critical or setting.opted_out or not setting.enabled:
        return None
    if setting.capacity_kw is None or offer.ceiling_kw <= setting.capacity_kw:
        return offer.ceiling_kw
    return setting.capacity_kw if offer.continuous else None


def stricter(plan: Control, setting: Control) -> Control:
    """Both controls at once: off when either is off, the lower limit, the wider offset, the larger charge.

    An offset that sheds comes before one that moves a setpoint ahead.
    """
    if setting is FREE:
        return plan
    if plan is FREE:
        return setting
    offsets_c = plan.setpoint_offset_c, setting.setpoint_offset_c
    limits = [limit for limit in (plan.limit_kw, setting.limit_kw) if limit is not None]
    charges = [charge for charge in (plan.charge_kw, setting.charge_kw) if charge is not None]
    return Control(
        enabled=plan.enabled and setting.enabled,
        limit_kw=min(limits) if limits else None,
        setpoint_offset_c=max(offsets_c) if max(offsets_c) > 0.0 else min(offsets_c),
        charge_kw=max(charges) if charges else None,
        covers=setting.covers if plan.covers is None else plan.covers,
    )
