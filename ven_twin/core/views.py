"""The house as the shedding planner sees it, with what the resident has set taken in."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from ven_twin.core.guards import NEVER_SWITCHED, CircuitView, Switching
from ven_twin.core.shedding import ShedPlan
from ven_twin.devices.circuit import Circuit
from ven_twin.devices.control import FREE, Control
from ven_twin.devices.environment import Environment
from ven_twin.devices.flexibility import Flexibility
from ven_twin.devices.house import House


class LoadSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What the resident or the shadow has set for a circuit; None leaves the profile's value.

    ``capacity_kw`` is a standing ceiling on the circuit. ``opted_out`` keeps it out of events.
    """

    enabled: bool = True
    capacity_kw: float | None = None
    priority: int | None = None
    opted_out: bool = False

    @property
    def control(self) -> Control:
        """The setting as a standing control."""
        if self.enabled and self.capacity_kw is None:
            return FREE
        return Control(enabled=self.enabled, limit_kw=self.capacity_kw)


AS_BUILT = LoadSetting()
NO_SETTINGS: Mapping[str, LoadSetting] = MappingProxyType({})


def circuit_views(
    house: House,
    env: Environment,
    dt_s: float,
    switching: Mapping[str, Switching],
    settings: Mapping[str, LoadSetting] = NO_SETTINGS,
) -> tuple[CircuitView, ...]:
    """A view of every circuit over the next *dt_s*, in the order of the panel.

    *switching* is what the last plan did (`ven_twin.core.guards.advance`); a circuit that it does not name
    has never been switched.
    """
    offers = house.flexibility(env, dt_s)
    return tuple(
        _view(
            circuit,
            offers[circuit.id],
            switching.get(circuit.id, NEVER_SWITCHED),
            settings.get(circuit.id, AS_BUILT),
        )
        for circuit in house.circuits
    )


def with_settings(plan: ShedPlan, settings: Mapping[str, LoadSetting]) -> dict[str, Control]:
    """The plan's controls under the resident's settings: off stays off, and the lower ceiling holds."""
    return {
        circuit_id: _stricter(control, settings.get(circuit_id, AS_BUILT).control)
        for circuit_id, control in plan.controls.items()
    }


def _view(circuit: Circuit, offer: Flexibility, switched: Switching, setting: LoadSetting) -> CircuitView:
    demand_kw, floor_kw, blocked = offer.demand_kw, offer.floor_kw, offer.blocked
    if setting is not AS_BUILT:
        if setting.opted_out:
            blocked = "opted out"
        if not setting.enabled:
            demand_kw = floor_kw = 0.0
            blocked = "switched off by the resident"
        elif setting.capacity_kw is not None:
            demand_kw = min(demand_kw, setting.capacity_kw)
            floor_kw = min(floor_kw, demand_kw)
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
        blocked=blocked,
        note=offer.note,
    )


def _stricter(plan: Control, standing: Control) -> Control:
    if standing is FREE:
        return plan
    if plan is FREE:
        return standing
    limits = [limit for limit in (plan.limit_kw, standing.limit_kw) if limit is not None]
    return Control(
        enabled=standing.enabled,
        limit_kw=min(limits) if limits else None,
        setpoint_offset_c=plan.setpoint_offset_c,
    )
