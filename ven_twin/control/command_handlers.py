"""Commands and the residents' own actions: the state after each, its answer, and what it makes desired. Pure.

A resident's word goes into the desired state like a command's, so that the cloud and the VEN agree on it.
A circuit that is switched by hand while an event is in force is out of that event until it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import msgspec

from contracts.errors import CommandRefusedError, FieldError
from contracts.wire import commands as ops
from contracts.wire.acks import Status
from contracts.wire.codec import JsonDict
from contracts.wire.events import MAX_DURATION_S, DrEvent, Interval, Phase, Signal, read_event
from contracts.wire.ids import EventId, LoadId
from contracts.wire.shadow import LoadSetting, OptOut, read_desired
from ven_twin.control.event_commands import event_id_of, revised
from ven_twin.control.schedule import EventOrigin, ScheduleVerdict
from ven_twin.control.ven_state import REFUSED, LoadShed, VenState


@dataclass(frozen=True, slots=True)
class VenFigures:
    """The answers of ``get`` and the critical circuits, which the state does not have.

    Attributes:
        status: makes the answer of ``get status``.
        config: makes the answer of ``get config``.
        critical: ids of the circuits that are never shed.
    """

    status: Callable[[], dict[str, object]]
    config: Callable[[], dict[str, object]]
    critical: frozenset[str]


class AckAnswer(TypedDict, total=False):
    """Fields of an ack beside those that every ack has."""

    status: Status
    event_id: EventId | None
    requested_shed_kw: float
    pong: bool
    data: JsonDict


@dataclass(frozen=True, slots=True)
class StateChange:
    """A command carried out.

    Attributes:
        state: the state after it.
        answer: fields of the ack beside those that every ack has.
        desired: patch for the shadow's desired state, so that both ways agree on what is wanted.
    """

    state: VenState
    answer: AckAnswer = field(default_factory=AckAnswer)
    desired: Mapping[str, object] = field(default_factory=dict)


def carry_out(state: VenState, command: ops.VenCommand, now_ts: float, figures: VenFigures) -> StateChange:
    """Do what *command* says.

    Raises:
        CommandRefusedError: it cannot be done; nothing changed.
    """
    try:
        done = _HANDLERS[type(command)](state, command, now_ts, figures)
    except FieldError as error:
        raise CommandRefusedError(error, command.op, command.correlation_id) from None
    return replace(done, state=done.state.with_desired(done.desired, now_ts))


def _ping(state: VenState, _command: ops.Ping, _now_ts: float, _figures: VenFigures) -> StateChange:
    return StateChange(state, {"pong": True})


def _get(state: VenState, command: ops.Get, _now_ts: float, figures: VenFigures) -> StateChange:
    return StateChange(state, {"data": figures.status() if command.what == "status" else figures.config()})


def _set_config(state: VenState, command: ops.SetConfig, _now_ts: float, _figures: VenFigures) -> StateChange:
    if not command.settings:
        raise FieldError("data", "name at least one setting")
    if "drEvents" in command.settings:
        raise FieldError("data.drEvents", "events are set by the shadow, or by the event operation")
    desired = read_desired(command.settings)
    errors = dict(desired.errors)
    of_house = state.of_house_loads(desired, errors)
    for path, reason in errors.items():
        raise FieldError(f"data.{path}", reason)
    return StateChange(replace(state, settings=state.settings.with_desired(of_house)), {}, command.settings)


def _enable(state: VenState, _command: ops.Enable, _now_ts: float, _figures: VenFigures) -> StateChange:
    return StateChange(state, {}, {"enabled": True})


def _disable(state: VenState, _command: ops.Disable, _now_ts: float, _figures: VenFigures) -> StateChange:
    return StateChange(state, {}, {"enabled": False})


def _set_load(state: VenState, command: ops.SetLoad, _now_ts: float, _figures: VenFigures) -> StateChange:
    _check_load(state, command.load_id)
    setting = LoadSetting(enabled=command.enabled, capacity_kw=command.capacity_kw, priority=command.priority)
    changed = {key: value for key, value in msgspec.to_builtins(setting).items() if value is not None}
    if not changed:
        raise FieldError("data", "name at least one of enabled, capacityKw, priority")
    patch = {"loads": {command.load_id: changed}}
    return StateChange(replace(state, settings=state.settings.with_desired(read_desired(patch))), {}, patch)


def _shed_load(state: VenState, command: ops.ShedLoad, now_ts: float, figures: VenFigures) -> StateChange:
    if command.load_id is None:
        return _start_event(state, command, now_ts, kw=command.reduce_kw, duration_s=command.duration_s)
    _check_load(state, command.load_id)
    if command.load_id in figures.critical:
        raise FieldError("data.loadId", f"{command.load_id} is critical and never shed")
    shed = LoadShed(command.reduce_kw, now_ts + command.duration_s)
    sheds = {**state.load_sheds, command.load_id: shed}
    return StateChange(replace(state, load_sheds=sheds), {"requested_shed_kw": command.reduce_kw})


def _shed_panel(state: VenState, command: ops.ShedPanel, now_ts: float, _figures: VenFigures) -> StateChange:
    return _start_event(
        state, command, now_ts, kw=command.requested_reduction_kw, duration_s=command.duration_s
    )


def _event(state: VenState, command: ops.EventCommand, now_ts: float, _figures: VenFigures) -> StateChange:
    scheduled = state.schedule.events.get(command.event_id)
    start_ts = command.start_ts if command.start_ts is not None else int(now_ts)
    if scheduled is not None and command.start_ts is None:
        start_ts = scheduled.event.start_ts
    end_ts = command.end_ts
    if end_ts is None:
        end_ts = start_ts + max(1, round(command.duration_s or 0))
    if not start_ts < end_ts <= start_ts + MAX_DURATION_S:
        raise FieldError("data.end_ts", f"must be after the start, {start_ts}, by at most {MAX_DURATION_S} s")
    return _offer(
        state,
        command,
        now_ts,
        event_id=command.event_id,
        start_ts=start_ts,
        duration_s=end_ts - start_ts,
        kw=command.requested_reduction_kw,
    )


def _start_event(
    state: VenState, command: ops.VenCommand, now_ts: float, *, kw: float, duration_s: float
) -> StateChange:
    event_id = event_id_of(command.correlation_id, state.schedule.events.keys(), now_ts)
    scheduled = state.schedule.events.get(event_id)
    start_ts = int(now_ts) if scheduled is None else scheduled.event.start_ts
    length_s = max(1, round(duration_s))
    return _offer(state, command, now_ts, event_id=event_id, start_ts=start_ts, duration_s=length_s, kw=kw)


def _offer(
    state: VenState,
    command: ops.VenCommand,
    now_ts: float,
    *,
    event_id: EventId,
    start_ts: int,
    duration_s: int,
    kw: float,
) -> StateChange:
    if not state.settings.participates(now_ts):
        raise FieldError("op", f"{command.op} is not taken while the VEN is disabled or opted out")
    event: DrEvent = read_event(
        {
            "eventId": event_id,
            "startTs": start_ts,
            "intervals": [
                msgspec.to_builtins(Interval(duration_s=duration_s, signal=Signal.SHED_KW, value=kw))
            ],
        },
        under="data",
    )
    event = revised(state, event, now_ts, under=_id_field(command))
    schedule, verdict = state.schedule.offer(event, EventOrigin.COMMAND, state.ven_id, now_ts)
    if verdict is ScheduleVerdict.EXPIRED:
        raise FieldError("data.end_ts", REFUSED[verdict])
    if verdict is ScheduleVerdict.FULL:
        raise FieldError("op", REFUSED[verdict])
    answer: AckAnswer = {"event_id": event_id, "requested_shed_kw": kw, "status": "accepted"}
    return StateChange(replace(state, schedule=schedule), answer)


def _id_field(command: ops.VenCommand) -> str:
    """The field of *command* that its event's id comes from."""
    return "data.event_id" if isinstance(command, ops.EventCommand) else "correlationId"


def _restore(state: VenState, command: ops.Restore, now_ts: float, _figures: VenFigures) -> StateChange:
    if command.event_id is not None and command.event_id not in state.schedule.events:
        raise FieldError("data.event_id", f"unknown event {command.event_id!r}")
    running = state.schedule.open_ids(now_ts)
    event_ids = tuple(event_id for event_id in running if command.event_id in (None, event_id))
    by_shadow = [event_id for event_id in event_ids if event_id in state.shadow.desired_events]
    restored = replace(
        state,
        schedule=state.schedule.end(event_ids, Phase.CANCELLED, now_ts),
        load_sheds=state.load_sheds if command.event_id is not None else {},
        restores=state.restores + (command.event_id not in running),
    )
    answer: AckAnswer = {"event_id": command.event_id, "data": {"ended": list(event_ids)}}
    return StateChange(restored, answer, {"drEvents": dict.fromkeys(by_shadow)} if by_shadow else {})


def _check_load(state: VenState, load_id: LoadId, field: str = "data.loadId") -> None:
    if load_id not in state.load_ids:
        raise FieldError(field, f"unknown circuit; allowed: {', '.join(sorted(state.load_ids))}")


_HANDLERS: Mapping[type[ops.VenCommand], Callable[[VenState, Any, float, VenFigures], StateChange]] = {
    ops.Ping: _ping,
    ops.Get: _get,
    ops.SetConfig: _set_config,
    ops.Enable: _enable,
    ops.Disable: _disable,
    ops.SetLoad: _set_load,
    ops.ShedLoad: _shed_load,
    ops.ShedPanel: _shed_panel,
    ops.EventCommand: _event,
    ops.Restore: _restore,
}


def opt_out(state: VenState, reason: str, until_ts: int | None, now_ts: float) -> StateChange:
    """Take no part in events, for *reason*, until *until_ts* (UTC s) or until `opt_in`.

    Raises:
        FieldError: no reason, one that is too long, or an end that has passed.
    """
    if not 1 <= len(reason) <= 64:
        raise FieldError("reason", "1 to 64 characters")
    if until_ts is not None and until_ts <= now_ts:
        raise FieldError("untilTs", f"{until_ts} has passed")
    fields = msgspec.to_builtins(OptOut(reason=reason, until_ts=until_ts))
    return _wanted(
        state, {"optOut": {key: value for key, value in fields.items() if value is not None}}, now_ts
    )


def opt_in(state: VenState, now_ts: float) -> StateChange:
    """Take part in events again. An event that was left stays left until it is revised."""
    return _wanted(state, {"optOut": None}, now_ts)


def switch(state: VenState, load_id: LoadId, *, enabled: bool, now_ts: float) -> StateChange:
    """Switch a circuit by hand; while an event is in force that opts the circuit out of it.

    Raises:
        FieldError: this house has no such circuit.
    """
    _check_load(state, load_id, "loadId")
    scheduled = state.in_force(now_ts)
    by_hand = state.by_hand if scheduled is None else {**state.by_hand, load_id: scheduled.event.event_id}
    return _wanted(replace(state, by_hand=by_hand), {"loads": {load_id: {"enabled": enabled}}}, now_ts)


def _wanted(state: VenState, patch: dict[str, object], now_ts: float) -> StateChange:
    return StateChange(state.with_desired(patch, now_ts), {}, patch)
