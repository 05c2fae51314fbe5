"""The circuits to raise, and how far, to draw the needed kW more at the least cost. Pure.

    more_kw ─▶ circuits that may draw more ─▶ setpoints: 2ⁿ cases ─▶ chargers fill each case, cheapest first
                                                                          │
                      a control for each raised circuit ◀── the case that costs least

A circuit draws more by a setpoint that is moved ahead of its time (air within the resident's setpoints, a
tank up to its hottest), or by charging what would charge later. Nothing is drawn for nothing: what has no
store has no ceiling. Solved anew every tick, on the distance to the counterfactual, as a shed is.

Interpretation: costs are those of `ven_twin.control.shedding`. What is stored ahead costs little of the
resident's comfort, so that a kW short costs far more than any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf
from typing import NamedTuple

import msgspec

from ven_twin.control.guards import FUTILE_KW, CircuitReason, CircuitView
from ven_twin.control.shed_cases import OVERSHOOT_COST, SHORTFALL_COST, SWITCHING_COST, rank_cost
from ven_twin.control.shedding import ShedPlan
from ven_twin.house.control import FREE, Control

MOST_SETPOINTS = 8


class _Raise(NamedTuple):
    """A circuit that may draw up to *kw* more."""

    view: CircuitView
    kw: float
    cost_per_kw: float


def plan_load_up(
    views: Iterable[CircuitView],
    more_kw: float,
    base: ShedPlan,
    raised: Collection[str],
    *,
    most_kw: float = inf,
) -> ShedPlan:
    """*base* with circuits raised by *more_kw* together, or as near to it as they can be brought.

    Never by more than *most_kw*, which an import limit leaves. Only a circuit that *base* leaves alone is
    raised. *raised* are those that the last plan raised, which go on at no cost of switching. The plan that
    comes of it has a `ShedPlan.shed_kw` below 0.
    """
    views = tuple(views)
    free = [view for view in views if view.may_rise_kw > FUTILE_KW and base.controls.get(view.id) is FREE]
    raises_kw = _best_kw(free, min(more_kw, most_kw), most_kw, raised)
    if not raises_kw:
        return base
    by_id = {view.id: view for view in free}
    decisions = tuple(
        msgspec.structs.replace(
            decision,
            curtailed_kw=-raises_kw[decision.id],
            final_kw=decision.original_kw + raises_kw[decision.id],
            reason=_reason(by_id[decision.id]).words(by_id[decision.id]),
        )
        if decision.id in raises_kw
        else decision
        for decision in base.decisions
    )
    # A battery that covers the house would cover what others draw more, and undo it.
    controls = {view.id: Control(limit_kw=view.demand_kw) for view in views if view.follows_house}
    controls |= {name: _control(by_id[name], kw) for name, kw in raises_kw.items()}
    return msgspec.structs.replace(
        base,
        needed_kw=-more_kw,
        shed_kw=base.shed_kw - sum(raises_kw.values()),
        controls={**base.controls, **controls},
        decisions=decisions,
    )


def _best_kw(
    views: list[CircuitView], more_kw: float, most_kw: float, raised: Collection[str]
) -> dict[str, float]:
    """The kW to raise each circuit by; the cheapest of all cases, none of them above *most_kw*."""
    options = [_Raise(view, view.may_rise_kw, rank_cost(view)) for view in views]
    setpoints = sorted((option for option in options if not option.view.continuous), key=lambda one: -one.kw)
    chargers = sorted(
        (option for option in options if option.view.continuous), key=lambda one: one.cost_per_kw
    )
    cases: list[tuple[_Raise, ...]] = [()]
    for setpoint in setpoints[:MOST_SETPOINTS]:
        cases += [(*case, setpoint) for case in cases]
    possible = (case for case in cases if sum(option.kw for option in case) <= most_kw)
    filled = (_filled(case, chargers, more_kw, raised) for case in possible)
    return min(filled, key=lambda case: case[0])[1]


def _filled(
    case: tuple[_Raise, ...], chargers: list[_Raise], more_kw: float, raised: Collection[str]
) -> tuple[float, dict[str, float]]:
    """The cost of a case whose rest the chargers fill, and the kW to raise each circuit by."""
    raises_kw = {option.view.id: option.kw for option in case}
    cost = sum(option.cost_per_kw * option.kw for option in case)
    cost += SWITCHING_COST * sum(option.view.id not in raised for option in case)
    missing_kw = more_kw - sum(raises_kw.values())
    for charger in chargers:
        if missing_kw <= 0.0:
            break
        if charger.view.demand_kw + missing_kw < charger.view.step_kw:
            continue
        kw = min(missing_kw, charger.kw)
        raises_kw[charger.view.id] = kw
        cost += charger.cost_per_kw * kw
        missing_kw -= kw
    return cost + (
        SHORTFALL_COST * missing_kw if missing_kw > 0.0 else -OVERSHOOT_COST * missing_kw
    ), raises_kw


def _control(view: CircuitView, kw: float) -> Control:
    if view.continuous:
        return Control(charge_kw=view.demand_kw + kw)
    return Control(setpoint_offset_c=-view.raise_offset_c)


def _reason(view: CircuitView) -> CircuitReason:
    return CircuitReason.CHARGES if view.continuous else CircuitReason.AHEAD
