"""Reports of the VEN: telemetry rows, circuit snapshots, its status, the summary of an event. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import acos, tan

from msgspec import UNSET, UnsetType

from contracts.wire.ids import EventId, VenId
from contracts.wire.shadow import LoadSetting, OptOut
from contracts.wire.telemetry import Load, LoadsSnapshot, Telemetry
from ven_twin.control.event_history import Meter
from ven_twin.control.house_pair import HousePair
from ven_twin.control.schedule import ScheduledEvent
from ven_twin.control.ven_state import VenState
from ven_twin.house.circuit import Circuit
from ven_twin.house.profile import Panel

KW_DIGITS = 3
KWH_DIGITS = 4
SOC_DIGITS = 4
MEASURED_DIGITS = 3
TEMPERATURE_DIGITS = 1


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
    return tuple(
        circuit_load(
            circuit,
            means_kw.get(circuit.id, 0.0),
            sheddable_kw=sheddable_kw.get(circuit.id, 0.0),
            setting=state.settings.loads.get(circuit.id),
        )
        for circuit in pair.house.circuits
    )


def circuit_load(
    circuit: Circuit, mean_kw: float, *, sheddable_kw: float = 0.0, setting: LoadSetting | None = None
) -> Load:
    """A circuit that draws *mean_kw* and can shed *sheddable_kw*, as it is set."""
    capacity_kw = setting.capacity_kw if setting and setting.capacity_kw is not None else circuit.rated_kw
    priority = setting.priority if setting and setting.priority is not None else circuit.priority
    kw = round(mean_kw, KW_DIGITS)
    return Load(
        id=circuit.id,
        name=circuit.name,
        type=circuit.type,
        capacity_kw=capacity_kw,
        current_power_kw=kw,
        shed_capability_kw=round(sheddable_kw, KW_DIGITS),
        enabled=setting is None or setting.enabled is not False,
        priority=priority,
        reactive_power_kvar=reactive_kvar(kw, circuit.power_factor),
    )


def reactive_kvar(kw: float, power_factor: float | None) -> float | UnsetType:
    """The reactive power of *kw* at a lagging power factor, kvar; unset where that is not known."""
    return UNSET if power_factor is None else round(kw * tan(acos(power_factor)), KW_DIGITS) + 0.0


def _site_kvar(loads: Iterable[Load]) -> float | UnsetType:
    """The reactive power of the circuits whose power factor is known, kvar; unset where none is."""
    all_kvar = [load.reactive_power_kvar for load in loads]
    amounts_kvar = [kvar for kvar in all_kvar if isinstance(kvar, float)]
    return round(sum(amounts_kvar), KW_DIGITS) if amounts_kvar else UNSET


def telemetry_row(
    sender: Sender,
    meter: Meter,
    *,
    timestamp: int,
    seq: int,
    event_id: EventId | None,
    requested_kw: float | None,
    battery_soc: float | None,
    outdoor_c: float | None = None,
    loads: tuple[Load, ...],
) -> Telemetry:
    """A row of the means over the time that *meter* has counted; a meter that counted none says no time."""
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
        measured_s=round(meter.seconds, MEASURED_DIGITS) or None,
        outdoor_c=None if outdoor_c is None else round(outdoor_c, TEMPERATURE_DIGITS),
        panel_amperage_rating=sender.panel.rating_amps,
        panel_voltage=volts,
        panel_max_kw=round(panel_max_kw, KW_DIGITS),
        current_amps=round(amps, 2),
        panel_utilization_percent=round(abs(amps) / sender.panel.rating_amps * 100.0, 1),
        reactive_power_kvar=_site_kvar(loads),
        loads=loads,
    )


def loads_snapshot(sender: Sender, *, timestamp: int, seq: int, loads: tuple[Load, ...]) -> LoadsSnapshot:
    """Every circuit at one moment."""
    return LoadsSnapshot(
        ven_id=sender.ven_id, boot_id=sender.boot_id, timestamp=timestamp, seq=seq, loads=loads
    )


def opt_out_of(state: VenState) -> OptOut | None:
    """The opt-out as it is reported, with reason and end; None when the VEN participates."""
    settings = state.settings
    return settings.opt_out if settings.opt_out or settings.enabled else OptOut(reason="disabled")


def event_summary(
    scheduled: ScheduledEvent, delivered: Meter, requested_kw: float, *, end_ts: float
) -> dict[str, object]:
    """``lastEventSummary``: the request of the event and its delivery, by the counterfactual."""
    return {
        "eventId": scheduled.event.event_id,
        "requestedReductionKw": round(requested_kw, KW_DIGITS),
        "actualReductionKw": round(delivered.reduction_kw, KW_DIGITS),
        "deliveredKwh": round(delivered.reduction_kwh, KWH_DIGITS),
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
