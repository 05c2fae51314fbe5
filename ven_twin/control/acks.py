"""The VEN's acks: of a command, of a refusal, of an event that enters a phase. Pure."""

from __future__ import annotations

import msgspec

from contracts.errors import CommandRefusedError
from contracts.wire.acks import Ack, CircuitCurtailed
from contracts.wire.commands import VenCommand
from contracts.wire.events import Phase
from contracts.wire.ids import CorrelationId
from ven_twin.control.command_handlers import AckAnswer
from ven_twin.control.event_history import Meter
from ven_twin.control.reporting import KW_DIGITS, KWH_DIGITS, Sender, opt_out_of
from ven_twin.control.schedule import EventTransition
from ven_twin.control.shadow_sync import pruned
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import VenState


def command_ack(sender: Sender, command: VenCommand, answer: AckAnswer, *, ts: int) -> Ack:
    """The answer to a command that was carried out."""
    fields: AckAnswer = {"status": "success", **answer}
    return Ack(
        op=command.op,
        ok=True,
        ts=ts,
        ven_id=sender.ven_id,
        correlation_id=command.correlation_id or CorrelationId(""),
        **fields,
    )


def refusal_ack(sender: Sender, error: CommandRefusedError, *, ts: int) -> Ack:
    """The answer to a command that cannot be carried out; names the field."""
    return Ack(
        op=error.op,
        ok=False,
        status="rejected",
        ts=ts,
        ven_id=sender.ven_id,
        correlation_id=CorrelationId(error.correlation_id or ""),
        error=str(error),
        field=error.field,
    )


def transition_ack(
    sender: Sender,
    transition: EventTransition,
    plan: ShedPlan,
    delivered: Meter | None,
    state: VenState,
    *,
    requested_kw: float | None,
    ts: int,
    anyway_kw: float = 0.0,
) -> Ack:
    """The ack of an event that enters a phase: planned kW at its start, delivered kW at its end.

    *anyway_kw*, which a limit and commands take off without the event, is none of its planned kW.

    ``data`` has what was delivered, whole and by circuit, why the VEN left, and which circuits were taken out
    by hand.
    """
    event, phase = transition.scheduled.event, transition.phase
    active = phase is Phase.ACTIVE
    beyond_kw = plan.shed_kw - anyway_kw
    planned_kw = beyond_kw if plan.raised else max(beyond_kw, 0.0)
    actual_kw = planned_kw if active else delivered.reduction_kw if delivered else None
    opted_out = phase is Phase.OPTED_OUT
    return Ack(
        op="event",
        ok=not opted_out,
        status="rejected" if opted_out else "accepted" if phase in (Phase.FAR, Phase.NEAR) else "success",
        ts=ts,
        ven_id=sender.ven_id,
        correlation_id=CorrelationId(f"{event.event_id}:{event.revision}:{phase}"),
        event_id=event.event_id,
        phase=phase,
        requested_shed_kw=None if requested_kw is None else round(requested_kw, KW_DIGITS),
        actual_shed_kw=None if actual_kw is None else round(actual_kw, KW_DIGITS),
        circuits_curtailed=_circuits(plan) if active else None,
        data=_particulars(transition, delivered, state) or None,
    )


def _particulars(transition: EventTransition, delivered: Meter | None, state: VenState) -> dict[str, object]:
    event_id, phase = transition.scheduled.event.event_id, transition.phase
    particulars: dict[str, object] = {}
    if delivered is not None and phase is not Phase.ACTIVE:
        particulars["deliveredKwh"] = round(delivered.reduction_kwh, KWH_DIGITS)
        particulars |= _circuits_kwh(delivered)
    if phase is Phase.OPTED_OUT:
        left = opt_out_of(state)
        particulars["optOut"] = None if left is None else pruned(msgspec.to_builtins(left))
    by_hand = sorted(load_id for load_id, event in state.by_hand.items() if event == event_id)
    return particulars | ({"byHand": by_hand} if by_hand else {})


def _circuits_kwh(delivered: Meter) -> dict[str, object]:
    """The circuits that drew another energy than the counterfactual's, kWh less; nothing where none did."""
    energies_kwh = {
        circuit: rounded
        for circuit, energy_kwh in delivered.circuits_reduction_kwh.items()
        if (rounded := round(energy_kwh, KWH_DIGITS))
    }
    return {"circuitsKwh": energies_kwh} if energies_kwh else {}


def _circuits(plan: ShedPlan) -> tuple[CircuitCurtailed, ...]:
    return tuple(
        CircuitCurtailed(
            id=decision.id,
            name=decision.name,
            breaker_amps=decision.breaker_amps,
            original_kw=round(decision.original_kw, KW_DIGITS),
            curtailed_kw=round(decision.curtailed_kw, KW_DIGITS),
            final_kw=round(decision.final_kw, KW_DIGITS),
            critical=decision.critical,
            reason=decision.reason,
        )
        for decision in plan.decisions
    )
