"""The VEN's reports: telemetry rows, circuit snapshots, acks, and the summary of an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from contracts.errors import CommandRefusedError
from contracts.wire.acks import Ack, CircuitCurtailed
from contracts.wire.commands import VenCommand
from contracts.wire.events import Phase
from contracts.wire.ids import CorrelationId, EventId, VenId
from contracts.wire.shadow import OptOut
from contracts.wire.telemetry import Load, LoadsSnapshot, Telemetry
from ven_twin.control.command_handlers import AckAnswer
from ven_twin.control.event_history import Meter
from ven_twin.control.house_pair import HousePair
from ven_twin.control.schedule import EventTransition, ScheduledEvent
from ven_twin.control.shadow_sync import pruned
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import VenState
from ven_twin.house.profile import Panel

KW_DIGITS = 3
SOC_DIGITS = 4


class ReportedStatus(StrEnum):
    """In one word what the VEN does."""

    NORMAL = "normal"
    SHEDDING = "shedding"
    OPTED_OUT = "optedOut"
    DISABLED = "disabled"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Sender:
    """The VEN that sends, and this run of it."""

    ven_id: VenId
    boot_id: str
    panel: Panel


def circuit_loads(pair: HousePair, means_kw: Mapping[str, float], state: VenState) -> tuple[Load, ...]:
    """Every circuit: its mean power since the last row, what it could give up, how it is set."""
    sheddable_kw = pair.sheddable_kw()
    loads = []
    for circuit in pair.house.circuits:
        setting = state.settings.loads.get(circuit.id)
        capacity_kw = setting.capacity_kw if setting and setting.capacity_kw is not None else circuit.rated_kw
        priority = setting.priority if setting and setting.priority is not None else circuit.priority
        loads.append(
            Load(
                id=circuit.id,
                name=circuit.name,
                type=circuit.type,
                capacity_kw=capacity_kw,
                current_power_kw=round(means_kw.get(circuit.id, 0.0), KW_DIGITS),
                shed_capability_kw=round(sheddable_kw.get(circuit.id, 0.0), KW_DIGITS),
                enabled=setting is None or setting.enabled is not False,
                priority=priority,
            )
        )
    return tuple(loads)


def telemetry_row(
    sender: Sender,
    meter: Meter,
    *,
    timestamp: int,
    seq: int,
    event_id: EventId | None,
    requested_kw: float | None,
    battery_soc: float | None,
    loads: tuple[Load, ...],
) -> Telemetry:
    """A row of the means since the last one."""
    volts = sender.panel.voltage_v
    panel_max_kw = sender.panel.rating_amps * volts / 1000.0
    amps = meter.used_kw * 1000.0 / volts
    return Telemetry(
        ven_id=sender.ven_id,
        boot_id=sender.boot_id,
        timestamp=timestamp,
        seq=seq,
        event_id=event_id,
        used_power_kw=round(meter.used_kw, KW_DIGITS),
        baseline_power_kw=round(meter.baseline_kw, KW_DIGITS),
        shed_power_kw=round(max(0.0, meter.reduction_kw), KW_DIGITS),
        requested_reduction_kw=None if requested_kw is None else round(requested_kw, KW_DIGITS),
        battery_soc=None if battery_soc is None else round(battery_soc, SOC_DIGITS),
        panel_amperage_rating=sender.panel.rating_amps,
        panel_voltage=volts,
        panel_max_kw=round(panel_max_kw, KW_DIGITS),
        current_amps=round(amps, 2),
        panel_utilization_percent=round(abs(amps) / sender.panel.rating_amps * 100.0, 1),
        loads=loads,
    )


def loads_snapshot(sender: Sender, *, timestamp: int, seq: int, loads: tuple[Load, ...]) -> LoadsSnapshot:
    """Every circuit at one moment."""
    return LoadsSnapshot(
        ven_id=sender.ven_id, boot_id=sender.boot_id, timestamp=timestamp, seq=seq, loads=loads
    )


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
) -> Ack:
    """The ack of an event that enters a phase: planned kW at its start, delivered kW at its end.

    ``data`` has what was delivered, why the VEN left, and which circuits were taken out by hand.
    """
    event, phase = transition.scheduled.event, transition.phase
    active = phase is Phase.ACTIVE
    actual_kw = plan.shed_kw if active else delivered.reduction_kw if delivered else None
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
        particulars["deliveredKwh"] = round(delivered.reduction_kwh, 4)
    if phase is Phase.OPTED_OUT:
        left = opt_out_of(state)
        particulars["optOut"] = None if left is None else pruned(msgspec.to_builtins(left))
    by_hand = sorted(load_id for load_id, event in state.by_hand.items() if event == event_id)
    return particulars | ({"byHand": by_hand} if by_hand else {})


def opt_out_of(state: VenState) -> OptOut | None:
    """The opt-out as it is reported, with reason and end; None when the VEN participates."""
    settings = state.settings
    return settings.opt_out if settings.opt_out or settings.enabled else OptOut(reason="disabled")


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


def event_summary(
    scheduled: ScheduledEvent, delivered: Meter, requested_kw: float, *, end_ts: float
) -> dict[str, object]:
    """``lastEventSummary``: the request of the event and its delivery, by the counterfactual."""
    return {
        "eventId": scheduled.event.event_id,
        "requestedReductionKw": round(requested_kw, KW_DIGITS),
        "actualReductionKw": round(delivered.reduction_kw, KW_DIGITS),
        "deliveredKwh": round(delivered.reduction_kwh, 4),
        "baselineKw": round(delivered.baseline_kw, KW_DIGITS),
        "startTs": round(scheduled.start_ts),
        "endTs": round(end_ts),
    }


def status_of(state: VenState, now_ts: float) -> ReportedStatus:
    """The status of the VEN at *now_ts*."""
    if not state.settings.enabled:
        return ReportedStatus.DISABLED
    if state.settings.opted_out(now_ts):
        return ReportedStatus.OPTED_OUT
    return ReportedStatus.SHEDDING if state.in_force(now_ts) else ReportedStatus.NORMAL
