"""Circuits shed by command, or still waiting after an event: what is taken off them before any plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ven_twin.control.guards import CircuitReason, CircuitView, refusal
from ven_twin.control.shedding import ShedPlan, control_for
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.control import FREE


def manually_shed_kw(views: Iterable[CircuitView], sheds: Mapping[str, LoadShed]) -> dict[str, float]:
    """The kW that commands take off circuits, by id, within the guards; a relay gives all or nothing.

    A circuit at its relaxed setpoint gives 0 kW and stays relaxed.
    """
    manual_kw: dict[str, float] = {}
    for view in views if sheds else ():
        shed = sheds.get(view.id)
        if shed is None:
            continue
        if view.at_limit and not view.critical:
            manual_kw[view.id] = 0.0
            continue
        if refusal(view):
            continue
        kw = min(shed.reduce_kw, view.sheddable_kw) if view.continuous else view.sheddable_kw
        cannot_hold = 0.0 < view.demand_kw - kw < view.step_kw
        off_kw = min(view.sheddable_kw, view.demand_kw)
        manual_kw[view.id] = off_kw if cannot_hold else kw
    return manual_kw


def remaining_views(views: Iterable[CircuitView], manual_kw: Mapping[str, float]) -> tuple[CircuitView, ...]:
    """The circuits with what commands took off them gone, so that an event does not count on it again."""
    return tuple(
        msgspec.structs.replace(
            view,
            demand_kw=view.demand_kw - manual_kw[view.id],
        )
        if view.id in manual_kw
        else view
        for view in views
    )


def with_manual_sheds(
    plan: ShedPlan,
    views: Iterable[CircuitView],
    manual_kw: Mapping[str, float],
    reasons: Mapping[str, CircuitReason],
) -> ShedPlan:
    """*plan*, which was made for what is left, with what was taken off *views* before put on top.

    *reasons* say why where it was not by command.
    """
    if not manual_kw:
        return plan
    by_id = {view.id: view for view in views}
    controls = {
        circuit_id: control_for(by_id[circuit_id], manual_kw[circuit_id])
        if circuit_id in manual_kw and control is FREE
        else control
        for circuit_id, control in plan.controls.items()
    }
    decisions = tuple(
        msgspec.structs.replace(
            decision,
            original_kw=by_id[decision.id].demand_kw,
            curtailed_kw=decision.curtailed_kw + manual_kw[decision.id],
            reason=reasons.get(decision.id, CircuitReason.BY_COMMAND).words(by_id[decision.id]),
        )
        if decision.id in manual_kw
        else decision
        for decision in plan.decisions
    )
    return msgspec.structs.replace(
        plan, shed_kw=plan.shed_kw + sum(manual_kw.values()), controls=controls, decisions=decisions
    )
