"""The residents' actions at the VEN's own controls. Pure.

A resident's word goes into the desired state like a command's, so that the cloud and the VEN agree on it.
A circuit that is switched by hand while an event is in force is out of that event until it ends.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from contracts.errors import FieldError
from contracts.wire.shadow import OptOut
from ven_twin.control.command_handlers import StateChange
from ven_twin.control.ven_state import VenState


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


def switch(state: VenState, load_id: str, *, enabled: bool, now_ts: float) -> StateChange:
    """Switch a circuit by hand; while an event is in force that opts the circuit out of it.

    Raises:
        FieldError: this house has no such circuit.
    """
    if load_id not in state.load_ids:
        raise FieldError("loadId", f"unknown circuit; allowed: {', '.join(sorted(state.load_ids))}")
    scheduled = state.in_force(now_ts)
    by_hand = state.by_hand if scheduled is None else {**state.by_hand, load_id: scheduled.event.event_id}
    return _wanted(replace(state, by_hand=by_hand), {"loads": {load_id: {"enabled": enabled}}}, now_ts)


def _wanted(state: VenState, patch: dict[str, object], now_ts: float) -> StateChange:
    return StateChange(state.with_desired(patch, now_ts), {}, patch)
