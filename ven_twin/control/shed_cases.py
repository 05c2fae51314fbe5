"""The cases that shedding chooses from: circuits that go off whole, and those that can be set anywhere. Pure.

Circuits that know only on and off are enumerated (2 to the power of those that draw now, 256 at most);
in each case the circuits that can be set continuously fill what is missing, cheapest first. Beyond the eight
largest, a circuit is switched off only for what is missing then.

    battery              dial: charging less, then discharging
    car                  dial: charging less, to the least that its charger holds; relay: not at all
    car that discharges  and a dial from there on, once its relay is off
    compressor, tank     relay

Interpretation: what the cost weighs, in kW. A kW short costs far more than any discomfort, a kW too much
costs a little, so that a target is met and barely passed. Discomfort is the circuit's weight (1 for
priority 1, less for each rank after it) per kW, up to four times that towards the comfort limit, and
growing with the hours it has been off. Battery and car come before comfort at any priority; a car gives
back what it has stored only after it has stopped charging, and after the battery.
"""

from collections.abc import Mapping
from typing import NamedTuple

from contracts.wire.units import S_PER_H
from ven_twin.control.guards import CircuitView

SHORTFALL_COST = 50.0
OVERSHOOT_COST = 1.0
SWITCHING_COST = 0.25
LIMIT_COST = 3.0
HOUR_COST = 0.5
MOST_RELAYS = 8
SHARE_OF_COMFORT = {"battery": 0.02, "ev": 0.1}
DISCHARGE_FACTOR = 1.5
"""Interpretation: a kW out of a car's battery costs half as much again as one that does not go into it."""


class Relay(NamedTuple):
    """A circuit that can only be shed whole."""

    view: CircuitView
    kw: float
    cost: float


class Dial(NamedTuple):
    """A circuit, or its share, that can be shed by any amount up to *kw*."""

    view: CircuitView
    kw: float
    cost_per_kw: float
    relay: int
    """The bit of the relay that sheds the same circuit whole; 0 when there is none."""
    after: int = 0
    """The same bit where that relay has to be off first; 0 where it must not be."""


class ShedCase(NamedTuple):
    """A choice of relays (one bit each), with the kW that it sheds and its cost."""

    bits: int
    kw: float
    cost: float


def options(views: list[CircuitView]) -> tuple[list[Relay], list[Relay], list[Dial]]:
    """The relays to enumerate, those too small for it, and the dials, cheapest first. A car can be both."""
    costs = {view.id: discomfort_per_kw(view) for view in views}
    relays = [
        Relay(
            view,
            kw := view.demand_kw - view.floor_kw if view.floor_kw > 0.0 else view.demand_kw,
            costs[view.id] * kw + (0.0 if view.curtailed else SWITCHING_COST),
        )
        for view in views
        if not view.continuous or (view.step_kw > 0.0 and view.demand_kw > 0.0)
    ]
    relays.sort(key=lambda relay: -relay.kw)
    relays, small = relays[:MOST_RELAYS], relays[MOST_RELAYS:]
    bits = {relay.view.id: 1 << index for index, relay in enumerate(relays)}
    dials = [
        Dial(view, view.demand_kw - least_kw, costs[view.id], bits.get(view.id, 0))
        for view in views
        if view.continuous and view.demand_kw > (least_kw := _least_on_kw(view))
    ]
    dials += [
        Dial(view, -view.floor_kw, costs[view.id] * DISCHARGE_FACTOR, bit := bits.get(view.id, 0), bit)
        for view in views
        if view.step_kw > 0.0 > view.floor_kw and (view.id in bits or view.demand_kw <= 0.0)
    ]
    dials.sort(key=lambda dial: dial.cost_per_kw)
    return relays, small, dials


def _least_on_kw(view: CircuitView) -> float:
    """The least that a circuit can be turned down to without going off."""
    return max(view.floor_kw, view.step_kw) if view.step_kw > 0.0 else view.floor_kw


def best_case(relays: list[Relay], dials: list[Dial], target_kw: float, off_kw: float) -> ShedCase:
    """The cheapest choice of relays, each filled up by the dials."""
    cases = [ShedCase(0, off_kw, 0.0)]
    for index, relay in enumerate(relays):
        bit = 1 << index
        cases += [ShedCase(bits | bit, kw + relay.kw, cost + relay.cost) for bits, kw, cost in cases]
    best, least = cases[0], float("inf")
    fills = [(dial.kw, dial.cost_per_kw, dial.relay, dial.after) for dial in dials]
    for case in cases:
        bits, kw, cost = case
        if cost >= least:
            continue
        missing_kw = target_kw - kw
        for most_kw, per_kw, relay_bit, after_bit in fills:
            if missing_kw <= 0.0:
                break
            if bits & relay_bit != after_bit:
                continue
            fill_kw = min(missing_kw, most_kw)
            missing_kw -= fill_kw
            cost += fill_kw * per_kw
        cost += max(missing_kw * SHORTFALL_COST, -missing_kw * OVERSHOOT_COST)
        if cost < least:
            best, least = case, cost
    return best


def filled_kw(relays: list[Relay], dials: list[Dial], target_kw: float, case: ShedCase) -> dict[str, float]:
    """The kW that *case*, filled up by the dials, takes off each circuit."""
    curtailed_kw = {relay.view.id: relay.kw for index, relay in enumerate(relays) if case.bits & (1 << index)}
    missing_kw = target_kw - case.kw
    for dial in dials:
        if missing_kw <= 0.0:
            break
        if case.bits & dial.relay == dial.after:
            fill_kw = min(missing_kw, dial.kw)
            curtailed_kw[dial.view.id] = curtailed_kw.get(dial.view.id, 0.0) + fill_kw
            missing_kw -= fill_kw
    return curtailed_kw


def small_relays_kw(
    small: list[Relay], curtailed_kw: Mapping[str, float], target_kw: float
) -> dict[str, float]:
    """The kW of relays beyond the eight largest, each where what is missing costs more than it does."""
    missing_kw, more_kw = target_kw - sum(curtailed_kw.values()), {}
    sizes_kw = [*(relay.kw for relay in small), 0.0]
    for relay, next_kw in zip(small, sizes_kw[1:], strict=True):
        saved = min(relay.kw, missing_kw) * SHORTFALL_COST - max(relay.kw - missing_kw, 0.0) * OVERSHOOT_COST
        if next_kw < missing_kw and relay.view.id not in curtailed_kw and saved > relay.cost:
            more_kw[relay.view.id] = relay.kw
            missing_kw -= relay.kw
    return more_kw


def discomfort_per_kw(view: CircuitView) -> float:
    """The cost to the resident of a kW off this circuit now; see the module for the scale."""
    strained = 1.0 - view.headroom
    off_h = view.switched_s / S_PER_H if view.curtailed else 0.0
    return rank_cost(view) * (1.0 + LIMIT_COST * strained * strained + HOUR_COST * min(off_h, 4.0))


def rank_cost(view: CircuitView) -> float:
    """The cost of a kW of this circuit by its priority and its type, far from any limit."""
    return max(11 - view.priority, 1) / 10.0 * SHARE_OF_COMFORT.get(view.type, 1.0)
