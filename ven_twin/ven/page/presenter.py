"""The read model of the page: one pure function from a VEN's snapshot to its view."""

from __future__ import annotations

from math import hypot, isfinite

from contracts.wire.acks import CircuitCurtailed
from contracts.wire.events import Phase, Signal
from contracts.wire.shadow import LoadSetting
from ven_twin.control import reporting
from ven_twin.control.circuit_views import ResidentBlock
from ven_twin.control.guards import FUTILE_KW
from ven_twin.control.house_pair import Flow
from ven_twin.control.offers import CONFIDENCE
from ven_twin.control.schedule import EventOrigin, ScheduledEvent
from ven_twin.house.circuit import Circuit
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.page import view
from ven_twin.ven.snapshot import VenSnapshot
from ven_twin.webkit import formatting

LEAST_KVA = 0.005
"""Below this circuits draw nothing that has a power factor."""
SHOWN = frozenset({Phase.FAR, Phase.NEAR, Phase.ACTIVE})


def ven_view(snapshot: VenSnapshot) -> view.VenView:
    """The view of *snapshot*."""
    return view.VenView(
        ts=round(snapshot.now_ts, 3),
        ven=_ven(snapshot),
        cloud=_cloud(snapshot),
        power=power_view(snapshot),
        comfort=_comfort(snapshot),
        panel=_panel(snapshot),
        circuits=_circuits(snapshot),
        events=_events(snapshot),
        past_mark=f"{snapshot.engine.past[0].event_id}@{snapshot.engine.past[0].end_ts:.3f}"
        if snapshot.engine.past
        else "",
        prices=snapshot.price_line,
    )


def power_view(snapshot: VenSnapshot) -> view.PowerView:
    """The power now, and the power that is requested."""
    flow, house = snapshot.house.flow, snapshot.house.pair.house
    kinds: dict[str, float] = {}
    for circuit in house.circuits:
        kinds[circuit.type] = kinds.get(circuit.type, 0.0) + flow.circuits_kw.get(circuit.id, 0.0)
    soc = snapshot.house.pair.battery_soc
    requested_kw = snapshot.house.requested_kw.get(snapshot.house.acting) if snapshot.house.acting else None
    offer = snapshot.house.offer
    return view.PowerView(
        grid_kw=_kw(flow.used_kw),
        house_kw=_kw(sum(kw for kind, kw in kinds.items() if kind not in {"pv", "battery"})),
        pv_kw=_kw(kinds["pv"]) if "pv" in kinds else None,
        battery_kw=_kw(kinds["battery"]) if "battery" in kinds else None,
        battery_soc=None if soc is None else round(soc, reporting.SOC_DIGITS),
        baseline_kw=_kw(flow.baseline_kw),
        requested_kw=None if requested_kw is None else _kw(requested_kw),
        target_kw=None if requested_kw is None else _kw(flow.baseline_kw - requested_kw),
        shed_kw=_kw(_shed_kw(flow, requested_kw)),
        available_kw=offer.kw,
        sustain_s=round(offer.sustain_s),
        offers=tuple(
            view.OfferView(kw=kw, sustain_s=round(sustain_s), mean_s=round(mean_s))
            for kw, sustain_s, mean_s in snapshot.house.offers
        ),
        offer_confidence=CONFIDENCE,
    )


def _shed_kw(flow: Flow, requested_kw: float | None) -> float:
    """The kW that are drawn less than without events; below 0 in an event that requests more."""
    shed_kw = flow.baseline_kw - flow.used_kw
    return shed_kw if requested_kw is not None and requested_kw < 0.0 else max(0.0, shed_kw)


def _ven(snapshot: VenSnapshot) -> view.VenIdentityView:
    settings = snapshot.state.settings
    opt_out = settings.opt_out if settings.opted_out(snapshot.now_ts) else None
    return view.VenIdentityView(
        ven_id=snapshot.state.ven_id,
        boot_id=snapshot.engine.sender.boot_id,
        house=snapshot.settings.house,
        house_ts=round(snapshot.house_ts),
        house_speed=snapshot.settings.house_speed,
        house_span_s=span_s if isfinite(span_s := snapshot.settings.house_span_s) else None,
        utc_offset_h=snapshot.house.utc_offset_h,
        status=reporting.status_of(snapshot.state, snapshot.now_ts),
        participates=settings.participates(snapshot.now_ts),
        reason=opt_out.reason if opt_out else None,
        until_ts=opt_out.until_ts if opt_out else None,
    )


def _cloud(snapshot: VenSnapshot) -> view.CloudView:
    session = snapshot.session
    age_s = session.last_puback_age_s
    return view.CloudView(
        state=session.state,
        connected=session.state is SessionState.CONNECTED,
        since_ts=round(session.since, 3),
        reason=session.reason,
        outbox_depth=session.outbox_depth,
        last_puback_age_s=None if age_s is None else round(age_s, 1),
        messages_lost=snapshot.outbox.lost,
    )


def _comfort(snapshot: VenSnapshot) -> view.ComfortView | None:
    hvac = snapshot.house.pair.house.hvac
    if hvac is None:
        return None
    spec = hvac.spec
    return view.ComfortView(
        air_c=round(hvac.air_c, 2),
        outdoor_c=round(
            snapshot.house.environment.outdoor_c(snapshot.house_ts), reporting.TEMPERATURE_DIGITS
        ),
        heating_c=spec.heating_c,
        cooling_c=spec.cooling_c,
        coolest_c=spec.coolest_c,
        warmest_c=spec.warmest_c,
    )


def _reactive(snapshot: VenSnapshot) -> view.ReactiveView | None:
    """The reactive power of the circuits whose power factor is known, together; None where none is."""
    power_kw = [
        (snapshot.house.flow.circuits_kw.get(circuit.id, 0.0), circuit.power_factor)
        for circuit in snapshot.house.pair.house.circuits
        if circuit.power_factor is not None
    ]
    if not power_kw:
        return None
    active_kw = sum(kw for kw, _ in power_kw)
    kvar = sum(_kvar(kw, power_factor) or 0.0 for kw, power_factor in power_kw)
    kva = hypot(active_kw, kvar)
    return view.ReactiveView(
        kvar=round(kvar, reporting.KW_DIGITS),
        kva=round(kva, reporting.KW_DIGITS),
        power_factor=round(abs(active_kw) / kva, 2) if kva >= LEAST_KVA else None,
        circuits=len(power_kw),
    )


def _kvar(power_kw: float, power_factor: float | None) -> float | None:
    kvar = reporting.reactive_kvar(power_kw, power_factor)
    return kvar if isinstance(kvar, float) else None


def _panel(snapshot: VenSnapshot) -> view.PanelView:
    amps = snapshot.house.flow.used_kw * 1000.0 / snapshot.house.panel.voltage_v
    return view.PanelView(
        rating_amps=snapshot.house.panel.rating_amps,
        voltage_v=snapshot.house.panel.voltage_v,
        amps=round(amps, 1),
        reactive=_reactive(snapshot),
    )


def _circuits(snapshot: VenSnapshot) -> tuple[view.CircuitRow, ...]:
    decisions = {decision.id: decision for decision in snapshot.house.pair.plan.decisions}
    turns = _turns(snapshot)
    rows = []
    for circuit in snapshot.house.pair.house.circuits:
        setting = snapshot.state.settings.loads.get(circuit.id)
        enabled = setting is None or setting.enabled is not False
        decision = decisions.get(circuit.id)
        curtailed_kw = decision.curtailed_kw if decision else 0.0
        power_kw = snapshot.house.flow.circuits_kw.get(circuit.id, 0.0)
        reason = decision.reason if decision else None
        if curtailed_kw <= 0.0 and snapshot.house.acting is None:
            reason = None
        state = _state(enabled=enabled, curtailed_kw=curtailed_kw, power_kw=power_kw)
        by_hand = circuit.id in snapshot.state.by_hand
        rows.append(
            view.CircuitRow(
                id=circuit.id,
                name=circuit.name,
                type=circuit.type,
                state=state,
                enabled=enabled,
                power_kw=_kw(power_kw),
                kvar=_kvar(power_kw, circuit.power_factor),
                breaker_amps=circuit.breaker_amps,
                breaker_load=_breaker_load(circuit, power_kw, snapshot.house.panel.voltage_v),
                priority=_priority(circuit, setting),
                critical=circuit.critical,
                curtailed_kw=_kw(curtailed_kw),
                reason=reason,
                by_hand=by_hand,
                switchable=_is_shed(circuit) or not enabled,
                rank=_rank(circuit, state, turns.get(circuit.id, ""), None if by_hand else reason),
                why=ResidentBlock.OUT_OF_EVENT.value if by_hand else _why(decision),
            )
        )
    return tuple(rows)


def _is_shed(circuit: Circuit) -> bool:
    """True of a circuit that events may hold back: neither a critical one nor solar panels."""
    return not circuit.critical and circuit.type != "pv"


def _turns(snapshot: VenSnapshot) -> dict[str, str]:
    """The words for the circuits that an event holds back first and last, by id; none where all are alike."""
    loads = snapshot.state.settings.loads
    priorities = {
        circuit.id: _priority(circuit, loads.get(circuit.id))
        for circuit in snapshot.house.pair.house.circuits
        if _is_shed(circuit)
    }
    last, first = min(priorities.values(), default=0), max(priorities.values(), default=0)
    words = {} if first == last else {first: "first to help in an event", last: "last to help in an event"}
    return {circuit_id: words[priority] for circuit_id, priority in priorities.items() if priority in words}


def _priority(circuit: Circuit, setting: LoadSetting | None) -> int:
    return setting.priority if setting and setting.priority is not None else circuit.priority


def _rank(circuit: Circuit, state: view.CircuitState, turn: str, reason: str | None) -> str:
    """The circuit's turn in an event, and the reason that one which is on is not shed."""
    rank = "never held back" if circuit.critical and state != "off" else turn
    if state == "off":
        more = "switched off"
    else:
        more = reason if state == "on" and reason and _is_shed(circuit) else ""
    return " · ".join(text for text in (rank, more) if text)


def _why(decision: CircuitCurtailed | None) -> str | None:
    """The reason that a circuit is curtailed, with its kW; of one that discharges the reason has them."""
    if decision is None or decision.curtailed_kw <= 0.0:
        return None
    if decision.final_kw < 0.0:
        return decision.reason
    return f"{formatting.fixed(-decision.curtailed_kw, formatting.KW_DIGITS)} kW: {decision.reason}"


def _breaker_load(circuit: Circuit, power_kw: float, voltage_v: float) -> float:
    """The load of the breaker, as a share of its rating."""
    return round(abs(power_kw) * 1000.0 / voltage_v / circuit.breaker_amps, 3)


def _state(*, enabled: bool, curtailed_kw: float, power_kw: float) -> view.CircuitState:
    if not enabled:
        return "off"
    if curtailed_kw > 0.0:
        return "curtailed"
    return "on" if abs(power_kw) >= FUTILE_KW else "idle"


def _events(snapshot: VenSnapshot) -> tuple[view.EventView, ...]:
    events = [event for event in snapshot.state.schedule.events.values() if _shown(event, snapshot)]
    events.sort(key=lambda event: (event.start_ts, event.event.event_id))
    return tuple(_event(event, snapshot) for event in events)


def _shown(scheduled: ScheduledEvent, snapshot: VenSnapshot) -> bool:
    """True of an event that is not over, or that the resident left and that goes on without this house."""
    phase = scheduled.phase(snapshot.now_ts)
    if phase is not Phase.OPTED_OUT:
        return phase in SHOWN
    desired = (
        scheduled.source is not EventOrigin.SHADOW
        or scheduled.event.event_id in snapshot.state.shadow.desired_events
    )
    return desired and snapshot.now_ts < scheduled.end_ts


def _event(scheduled: ScheduledEvent, snapshot: VenSnapshot) -> view.EventView:
    event_id = scheduled.event.event_id
    meter, requested_kw = snapshot.house.delivered.get(event_id), snapshot.house.requested_kw.get(event_id)
    intervals, start_ts = [], scheduled.start_ts
    for interval in scheduled.event.intervals:
        end_ts = start_ts + interval.duration_s
        intervals.append(
            view.IntervalView(start_ts=start_ts, end_ts=end_ts, signal=interval.signal, value=interval.value)
        )
        start_ts = end_ts
    first = scheduled.event.intervals[0] if scheduled.event.intervals else None
    if requested_kw is None and first is not None and first.signal.is_shared:
        requested_kw = -first.value if first.signal is Signal.LOAD_UP_KW else first.value
    return view.EventView(
        event_id=event_id,
        phase=scheduled.phase(snapshot.now_ts),
        in_force=event_id == snapshot.house.acting,
        start_ts=scheduled.start_ts,
        end_ts=scheduled.end_ts,
        priority=scheduled.event.priority,
        intervals=tuple(intervals),
        request=formatting.request(intervals),
        requested_kw=None if requested_kw is None else _kw(requested_kw),
        delivered_kw=_kw(meter.reduction_kw) if meter else None,
        delivered_kwh=round(meter.reduction_kwh, 4) if meter else None,
    )


def _kw(kw: float) -> float:
    """Rounded to watts, without a negative zero."""
    return round(kw, reporting.KW_DIGITS) + 0.0
