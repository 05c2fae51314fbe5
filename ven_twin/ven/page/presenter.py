"""The read model of the page: one pure function from the twin's moment to what is shown."""

from __future__ import annotations

from contracts.wire.events import Phase, Signal
from ven_twin.control import reporting
from ven_twin.control.guards import FUTILE_KW
from ven_twin.control.schedule import EventOrigin, ScheduledEvent
from ven_twin.control.shedding import Decision
from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.battery import Battery
from ven_twin.ven.page import view
from ven_twin.ven.snapshot import VenSnapshot
from ven_twin.webkit import formatting

KW_DIGITS = 3
BY_HAND = "switched by hand: out of this event"
SHOWN = frozenset({Phase.FAR, Phase.NEAR, Phase.ACTIVE})


def snapshot(moment: VenSnapshot) -> view.VenView:
    """What the page shows of *moment*."""
    return view.VenView(
        ts=round(moment.now_ts, 3),
        ven=_ven(moment),
        cloud=_cloud(moment),
        power=power(moment),
        comfort=_comfort(moment),
        panel=_panel(moment),
        circuits=_circuits(moment),
        events=_events(moment),
        past_mark=f"{moment.past[0].event_id}@{moment.past[0].end_ts:.3f}" if moment.past else "",
    )


def power(moment: VenSnapshot) -> view.PowerView:
    """What flows, and what is asked for."""
    flow, house = moment.flow, moment.premises.house
    kinds: dict[str, float] = {}
    for circuit in house.circuits:
        kinds[circuit.type] = kinds.get(circuit.type, 0.0) + flow.circuits_kw.get(circuit.id, 0.0)
    soc = house.battery.soc if isinstance(house.battery, Battery) else None
    requested_kw = moment.requested_kw.get(moment.acting) if moment.acting else None
    return view.PowerView(
        grid_kw=_kw(flow.used_kw),
        house_kw=_kw(sum(kw for kind, kw in kinds.items() if kind not in {"pv", "battery"})),
        pv_kw=_kw(kinds["pv"]) if "pv" in kinds else None,
        battery_kw=_kw(kinds["battery"]) if "battery" in kinds else None,
        battery_soc=None if soc is None else round(soc, reporting.SOC_DIGITS),
        baseline_kw=_kw(flow.baseline_kw),
        requested_kw=None if requested_kw is None else _kw(requested_kw),
        target_kw=None if requested_kw is None else _kw(flow.baseline_kw - requested_kw),
        shed_kw=_kw(max(0.0, flow.baseline_kw - flow.used_kw)),
        available_kw=_kw(moment.premises.available_kw),
        sustain_s=round(moment.sustain_s),
    )


def _ven(moment: VenSnapshot) -> view.VenIdentityView:
    settings = moment.state.settings
    opt_out = settings.opt_out if settings.opted_out(moment.now_ts) else None
    return view.VenIdentityView(
        ven_id=moment.state.ven_id,
        boot_id=moment.boot_id,
        house=moment.house,
        house_ts=round(moment.house_ts),
        house_speed=moment.house_speed,
        utc_offset_h=moment.utc_offset_h,
        status=reporting.status_of(moment.state, moment.now_ts),
        takes_part=settings.takes_part(moment.now_ts),
        reason=opt_out.reason if opt_out else None,
        until_ts=opt_out.until_ts if opt_out else None,
    )


def _cloud(moment: VenSnapshot) -> view.CloudView:
    session = moment.session
    age_s = session.last_puback_age_s
    return view.CloudView(
        state=session.state,
        connected=session.state == "connected",
        since_ts=round(session.since, 3),
        reason=session.reason,
        outbox_depth=session.outbox_depth,
        last_puback_age_s=None if age_s is None else round(age_s, 1),
        messages_lost=moment.messages_lost,
    )


def _comfort(moment: VenSnapshot) -> view.ComfortView | None:
    hvac = moment.premises.house.hvac
    if hvac is None:
        return None
    spec = hvac.spec
    return view.ComfortView(
        air_c=round(hvac.air_c, 2),
        heating_c=spec.heating_c,
        cooling_c=spec.cooling_c,
        coolest_c=spec.coolest_c,
        warmest_c=spec.warmest_c,
    )


def _panel(moment: VenSnapshot) -> view.PanelView:
    amps = moment.flow.used_kw * 1000.0 / moment.panel.voltage_v
    return view.PanelView(
        rating_amps=moment.panel.rating_amps, voltage_v=moment.panel.voltage_v, amps=round(amps, 1)
    )


def _circuits(moment: VenSnapshot) -> tuple[view.CircuitRow, ...]:
    decisions = {decision.id: decision for decision in moment.premises.plan.decisions}
    faces_of = []
    for circuit in moment.premises.house.circuits:
        setting = moment.state.settings.loads.get(circuit.id)
        enabled = setting is None or setting.enabled is not False
        decision = decisions.get(circuit.id)
        curtailed_kw = decision.curtailed_kw if decision else 0.0
        power_kw = moment.flow.circuits_kw.get(circuit.id, 0.0)
        priority = setting.priority if setting and setting.priority is not None else circuit.priority
        reason = decision.reason if decision else None
        if curtailed_kw <= 0.0 and moment.acting is None:
            reason = None
        state = _state(enabled=enabled, curtailed_kw=curtailed_kw, power_kw=power_kw)
        by_hand = circuit.id in moment.state.by_hand
        faces_of.append(
            view.CircuitRow(
                id=circuit.id,
                name=circuit.name,
                type=circuit.type,
                state=state,
                enabled=enabled,
                power_kw=_kw(power_kw),
                breaker_amps=circuit.breaker_amps,
                breaker_load=_breaker_load(circuit, power_kw, moment.panel.voltage_v),
                priority=priority,
                critical=circuit.critical,
                curtailed_kw=_kw(curtailed_kw),
                reason=reason,
                by_hand=by_hand,
                rank=_rank(circuit, state, priority, None if by_hand else reason),
                why=BY_HAND if by_hand else _why(decision),
            )
        )
    return tuple(faces_of)


def _rank(circuit: Circuit, state: view.CircuitState, priority: int, reason: str | None) -> str:
    """Its place among those that are shed, and why it is left alone where it could be thought to give."""
    if circuit.critical:
        return "critical, never shed"
    rank = f"priority {priority}"
    if state == "off":
        return f"{rank} · switched off"
    return f"{rank} · {reason}" if state == "on" and reason and circuit.type != "pv" else rank


def _why(decision: Decision | None) -> str | None:
    """Why a circuit is held back and by how much; the reason of one that discharges has its kW."""
    if decision is None or not decision.curtailed:
        return None
    if decision.final_kw < 0.0:
        return decision.reason
    return f"{formatting.fixed(-decision.curtailed_kw, formatting.KW_DIGITS)} kW: {decision.reason}"


def _breaker_load(circuit: Circuit, power_kw: float, voltage_v: float) -> float:
    """What flows of what the breaker carries, 0 to 1 and above."""
    return round(abs(power_kw) * 1000.0 / voltage_v / circuit.breaker_amps, 3)


def _state(*, enabled: bool, curtailed_kw: float, power_kw: float) -> view.CircuitState:
    if not enabled:
        return "off"
    if curtailed_kw > 0.0:
        return "curtailed"
    return "on" if abs(power_kw) >= FUTILE_KW else "idle"


def _events(moment: VenSnapshot) -> tuple[view.EventView, ...]:
    held = [one for one in moment.state.schedule.events.values() if _shown(one, moment)]
    held.sort(key=lambda one: (one.start_ts, one.event.event_id))
    return tuple(_event(one, moment) for one in held)


def _shown(held: ScheduledEvent, moment: VenSnapshot) -> bool:
    """Whether it is not over, or was left by the resident while it goes on without this house."""
    phase = held.phase(moment.now_ts)
    if phase is not Phase.OPTED_OUT:
        return phase in SHOWN
    desired = held.source is EventOrigin.COMMAND or held.event.event_id in moment.state.shadow.desired_events
    return desired and moment.now_ts < held.end_ts


def _event(held: ScheduledEvent, moment: VenSnapshot) -> view.EventView:
    event_id = held.event.event_id
    meter, requested_kw = moment.delivered.get(event_id), moment.requested_kw.get(event_id)
    intervals, start_ts = [], held.start_ts
    for interval in held.event.intervals:
        end_ts = start_ts + interval.duration_s
        intervals.append(
            view.IntervalView(start_ts=start_ts, end_ts=end_ts, signal=interval.signal, value=interval.value)
        )
        start_ts = end_ts
    first = held.event.intervals[0] if held.event.intervals else None
    if requested_kw is None and first is not None and first.signal is Signal.SHED_KW:
        requested_kw = first.value
    return view.EventView(
        event_id=event_id,
        phase=held.phase(moment.now_ts),
        in_force=event_id == moment.acting,
        start_ts=held.start_ts,
        end_ts=held.end_ts,
        priority=held.event.priority,
        intervals=tuple(intervals),
        request=formatting.request(intervals),
        requested_kw=None if requested_kw is None else _kw(requested_kw),
        delivered_kw=_kw(meter.reduction_kw) if meter else None,
        delivered_kwh=round(meter.reduction_kwh, 4) if meter else None,
    )


def _kw(kw: float) -> float:
    """Rounded as it is shown; a negative zero is none."""
    return round(kw, KW_DIGITS) + 0.0
