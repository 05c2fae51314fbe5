"""The circuits to curtail, and how far, to shed the needed kW at the least discomfort.

    needed_kw ─▶ guards: barred, must stay off ─▶ relays: 2ⁿ cases ─▶ dials fill each case, cheapest first
                                                                          │
    ShedPlan: control and decision by circuit ◀── the case that costs least: shortfall, overshoot, discomfort

Circuits that know only on and off are enumerated (2 to the power of those that draw now, 256 at most);
in each case the circuits that can be set continuously fill what is missing, cheapest first. Beyond the eight
largest, a circuit is switched off only for what is missing then. Solved anew every tick, so an error of one
tick is corrected in the next.

Interpretation: what the cost weighs, in kW. A kW short costs far more than any discomfort, a kW too much
costs a little, so that a target is met and barely passed. Discomfort is the circuit's weight (1 for
priority 1, less for each rank after it) per kW, up to four times that towards the comfort limit, and
growing with the hours it has been off. Battery and car come before comfort at any priority.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from contracts.wire.acks import CircuitCurtailed
from contracts.wire.units import S_PER_H
from ven_twin.control.guards import FUTILE_KW, CircuitReason, CircuitView, must_stay_off, refusal
from ven_twin.house.control import FREE, Control

SHORTFALL_COST = 50.0
OVERSHOOT_COST = 1.0
SWITCHING_COST = 0.25
LIMIT_COST = 3.0
HOUR_COST = 0.5
MOST_RELAYS = 8
SHARE_OF_COMFORT = {"battery": 0.02, "ev": 0.1}


class ShedPlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A control and a decision for each circuit, and what they come to."""

    needed_kw: float
    shed_kw: float
    controls: dict[str, Control]
    decisions: tuple[CircuitCurtailed, ...]

    @property
    def shortfall_kw(self) -> float:
        """The needed kW that cannot be shed."""
        return max(self.needed_kw - self.shed_kw, 0.0)

    @property
    def curtailed(self) -> dict[str, bool]:
        """True for each circuit that is curtailed."""
        return {
            circuit_id: control is not FREE and not control.raises
            for circuit_id, control in self.controls.items()
        }

    @property
    def raised(self) -> frozenset[str]:
        """The circuits that a load up has draw more."""
        return frozenset(circuit_id for circuit_id, control in self.controls.items() if control.raises)

    @property
    def curtailed_kw(self) -> dict[str, float]:
        """The kW taken off each circuit that gives something up."""
        return {decision.id: kw for decision in self.decisions if (kw := decision.curtailed_kw) > 0.0}


class _Relay(NamedTuple):
    """A circuit that can only be shed whole."""

    view: CircuitView
    kw: float
    cost: float


class _Dial(NamedTuple):
    """A circuit, or its share, that can be shed by any amount up to *kw*."""

    view: CircuitView
    kw: float
    cost_per_kw: float
    relay: int
    """The bit of the relay that sheds the same circuit whole; 0 when there is none."""


class _Case(NamedTuple):
    """A choice of relays (one bit each), with the kW that it sheds and its cost."""

    bits: int
    kw: float
    cost: float


def plan_shed(views: Iterable[CircuitView], needed_kw: float) -> ShedPlan:
    """The plan that sheds *needed_kw* off what *views* would draw, or as near to it as the guards let.

    Never a critical circuit, never the whole house, never more than the house would draw. A circuit that
    was switched off too recently to come on again stays off, even when nothing is needed any more. One that
    has come to its relaxed setpoint stays relaxed while something is needed, and draws what it takes.
    """
    views = tuple(views)
    barred = {view.id: reason for view in views if (reason := refusal(view))}
    off = {view.id for view in views if must_stay_off(view)}
    if needed_kw <= 0.0 and not off:
        return ShedPlan(
            needed_kw=0.0,
            shed_kw=0.0,
            controls=dict.fromkeys([view.id for view in views], FREE),
            decisions=tuple(
                _left_alone(view, barred.get(view.id, CircuitReason.NOT_NEEDED)) for view in views
            ),
        )
    last = _last_on(views, barred, off)
    if last is not None:
        barred[last.id] = CircuitReason.LAST_ON
    relays, small, dials = _options([view for view in views if view.id not in barred and view.id not in off])
    off_kw = sum(max(view.sheddable_kw, 0.0) for view in views if view.id in off)
    target_kw = min(needed_kw, sum(view.demand_kw for view in views if view.demand_kw > 0.0))
    best = _best_case(relays, dials, target_kw, off_kw)
    curtailed_kw = _curtailed_kw(relays, dials, target_kw, best)
    if more_kw := _small_kw(small, curtailed_kw, target_kw - off_kw):
        curtailed_kw = _curtailed_kw(relays, dials, target_kw - sum(more_kw.values()), best) | more_kw
    for view in views:
        if view.id in off:
            curtailed_kw[view.id] = max(view.sheddable_kw, 0.0)
            barred[view.id] = CircuitReason.MINIMUM_OFF
    return _plan(views, max(needed_kw, 0.0), curtailed_kw, barred, off)


def shed_available_kw(views: Iterable[CircuitView]) -> float:
    """The sheddable kW of all circuits that no guard forbids, at most what the house draws."""
    views = tuple(views)
    off = {view.id for view in views if must_stay_off(view)}
    barred = {view.id: reason for view in views if view.id not in off and (reason := refusal(view))}
    last = _last_on(views, barred, off)
    available_kw = sum(
        max(view.sheddable_kw, 0.0) for view in views if view.id not in barred and view is not last
    )
    return min(available_kw, sum(view.demand_kw for view in views if view.demand_kw > 0.0))


def needed_kw(demand_kw: float, baseline_kw: float, requested_kw: float) -> float:
    """The kW to curtail in this tick, so that the house ends *requested_kw* below its baseline.

    *demand_kw* is what the house would draw now if left alone, *baseline_kw* what its counterfactual
    draws. The two drift apart during an event (a compressor starts earlier, a car has more left to
    charge), and what counts is the distance to the clone.
    """
    return max(demand_kw - (baseline_kw - requested_kw), 0.0)


def discomfort_per_kw(view: CircuitView) -> float:
    """The cost to the resident of a kW off this circuit now; see the module for the scale."""
    strained = 1.0 - view.headroom
    off_h = view.switched_s / S_PER_H if view.curtailed else 0.0
    return rank_cost(view) * (1.0 + LIMIT_COST * strained * strained + HOUR_COST * min(off_h, 4.0))


def rank_cost(view: CircuitView) -> float:
    """The cost of a kW of this circuit by its priority and its type, far from any limit."""
    return max(11 - view.priority, 1) / 10.0 * SHARE_OF_COMFORT.get(view.type, 1.0)


def _last_on(
    views: tuple[CircuitView, ...], barred: dict[str, CircuitReason], off: set[str]
) -> CircuitView | None:
    """The circuit to leave on when every one that draws could be shed to nothing; none when some stays on."""
    drawing = [view for view in views if view.demand_kw > FUTILE_KW and view.id not in off]
    if not drawing or any(view.id in barred or view.floor_kw > FUTILE_KW for view in drawing):
        return None
    return min(drawing, key=lambda view: view.priority)


def _options(views: list[CircuitView]) -> tuple[list[_Relay], list[_Relay], list[_Dial]]:
    """The relays to enumerate, those too small for it, and the dials, cheapest first. A car can be both."""
    costs = {view.id: discomfort_per_kw(view) for view in views}
    relays = [
        _Relay(
            view,
            view.sheddable_kw,
            costs[view.id] * view.sheddable_kw + (0.0 if view.curtailed else SWITCHING_COST),
        )
        for view in views
        if not view.continuous or view.step_kw > 0.0
    ]
    relays.sort(key=lambda relay: -relay.kw)
    relays, small = relays[:MOST_RELAYS], relays[MOST_RELAYS:]
    bits = {relay.view.id: 1 << index for index, relay in enumerate(relays)}
    dials = [
        _Dial(view, view.demand_kw - least_kw, costs[view.id], bits.get(view.id, 0))
        for view in views
        if view.continuous and view.demand_kw > (least_kw := _least_on_kw(view))
    ]
    dials.sort(key=lambda dial: dial.cost_per_kw)
    return relays, small, dials


def _least_on_kw(view: CircuitView) -> float:
    """The least that a circuit can be turned down to without going off."""
    return max(view.floor_kw, view.step_kw) if view.step_kw > 0.0 else view.floor_kw


def _best_case(relays: list[_Relay], dials: list[_Dial], target_kw: float, off_kw: float) -> _Case:
    """The cheapest choice of relays, each filled up by the dials."""
    cases = [_Case(0, off_kw, 0.0)]
    for index, relay in enumerate(relays):
        bit = 1 << index
        cases += [_Case(bits | bit, kw + relay.kw, cost + relay.cost) for bits, kw, cost in cases]
    best, least = cases[0], float("inf")
    fills = [(dial.kw, dial.cost_per_kw, dial.relay) for dial in dials]
    for case in cases:
        bits, kw, cost = case
        if cost >= least:
            continue
        missing_kw = target_kw - kw
        for most_kw, per_kw, relay_bit in fills:
            if missing_kw <= 0.0:
                break
            if bits & relay_bit:
                continue
            fill_kw = min(missing_kw, most_kw)
            missing_kw -= fill_kw
            cost += fill_kw * per_kw
        cost += max(missing_kw * SHORTFALL_COST, -missing_kw * OVERSHOOT_COST)
        if cost < least:
            best, least = case, cost
    return best


def _curtailed_kw(
    relays: list[_Relay], dials: list[_Dial], target_kw: float, case: _Case
) -> dict[str, float]:
    """The kW that *case*, filled up by the dials, takes off each circuit."""
    curtailed_kw = {relay.view.id: relay.kw for index, relay in enumerate(relays) if case.bits & (1 << index)}
    missing_kw = target_kw - case.kw
    for dial in dials:
        if missing_kw <= 0.0:
            break
        if not case.bits & dial.relay:
            fill_kw = min(missing_kw, dial.kw)
            curtailed_kw[dial.view.id] = fill_kw
            missing_kw -= fill_kw
    return curtailed_kw


def _small_kw(small: list[_Relay], curtailed_kw: Mapping[str, float], target_kw: float) -> dict[str, float]:
    """The kW of relays beyond the eight largest, each where what is missing costs more than it does."""
    missing_kw, more_kw = target_kw - sum(curtailed_kw.values()), {}
    sizes_kw = [*(relay.kw for relay in small), 0.0]
    for relay, next_kw in zip(small, sizes_kw[1:], strict=True):
        saved = min(relay.kw, missing_kw) * SHORTFALL_COST - max(relay.kw - missing_kw, 0.0) * OVERSHOOT_COST
        if next_kw < missing_kw and relay.view.id not in curtailed_kw and saved > relay.cost:
            more_kw[relay.view.id] = relay.kw
            missing_kw -= relay.kw
    return more_kw


def _plan(
    views: tuple[CircuitView, ...],
    needed_kw: float,
    curtailed_kw: dict[str, float],
    barred: dict[str, CircuitReason],
    off: set[str],
) -> ShedPlan:
    """Controls and decisions that carry out what is taken off each circuit."""
    controls: dict[str, Control] = {}
    decisions = []
    for view in views:
        kw = curtailed_kw.get(view.id, 0.0)
        sheds = kw > 0.0 or view.id in off
        stays_relaxed = view.at_limit and not view.critical and needed_kw > 0.0
        controls[view.id] = control_for(view, kw) if sheds or stays_relaxed else FREE
        decisions.append(
            _curtailed(view, kw, barred.get(view.id))
            if sheds
            else _left_alone(view, barred.get(view.id, CircuitReason.NOT_NEEDED))
        )
    return ShedPlan(
        needed_kw=needed_kw, shed_kw=sum(curtailed_kw.values()), controls=controls, decisions=tuple(decisions)
    )


def control_for(view: CircuitView, kw: float) -> Control:
    """The control of a circuit that gives up *kw*."""
    if view.continuous:
        return Control(limit_kw=view.demand_kw - kw)
    if view.shed_offset_c > 0.0:
        return Control(setpoint_offset_c=view.shed_offset_c)
    return Control(limit_kw=0.0)


def _curtailed(view: CircuitView, kw: float, reason: CircuitReason | None) -> CircuitCurtailed:
    final_kw = view.demand_kw - kw
    words = view.note if reason is None else reason.words(view)
    if view.continuous:
        words = f"{words} to {final_kw:.2f} kW" if final_kw >= 0.0 else f"discharges {-final_kw:.2f} kW"
    return _decision(view, kw, words)


def _left_alone(view: CircuitView, reason: CircuitReason) -> CircuitCurtailed:
    return _decision(view, 0.0, reason.words(view))


def _decision(view: CircuitView, kw: float, words: str) -> CircuitCurtailed:
    return CircuitCurtailed(
        id=view.id,
        name=view.name,
        breaker_amps=view.breaker_amps,
        original_kw=view.demand_kw,
        curtailed_kw=kw,
        final_kw=view.demand_kw - kw,
        critical=view.critical,
        reason=words,
    )
