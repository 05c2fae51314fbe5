"""A VEN, its events and its clock, for the tests of the core."""

from __future__ import annotations

from typing import Any

from contracts.wire.events import LOWEST_PRIORITY, DrEvent, Interval, Signal
from ven_twin.control.shadow_sync import ShadowCopy
from ven_twin.control.ven_state import VenState

NOW = 1_800_000_000
VEN = "ven-1"
LOADS = frozenset({"hvac1", "heater1", "ev1", "batt1", "fridge1"})


def event(
    event_id: str = "e1",
    *,
    starts_in_s: int = 0,
    durations_s: tuple[int, ...] = (600,),
    kw: float = 2.0,
    signal: Signal = Signal.SHED_KW,
    revision: int = 0,
    priority: int = LOWEST_PRIORITY,
    randomize_s: int = 0,
) -> DrEvent:
    """An event from *starts_in_s* after NOW; without durations it is cancelled."""
    return DrEvent(
        event_id=event_id,
        revision=revision,
        start_ts=NOW + starts_in_s,
        intervals=tuple(Interval(duration_s=long_s, signal=signal, value=kw) for long_s in durations_s),
        randomize_start_s=randomize_s,
        priority=priority,
    )


def desired(*events: DrEvent, **settings: Any) -> dict[str, Any]:
    """A desired state with these events."""
    return {"drEvents": {one.event_id: one.to_shadow() for one in events}, **settings}


def whole(state: dict[str, Any], version: int = 1, reported: dict[str, Any] | None = None) -> dict[str, Any]:
    """What ``get/accepted`` carries."""
    return {"state": {"desired": state, "reported": reported or {}}, "version": version}


def ven() -> VenState:
    """A VEN that knows nothing yet."""
    return VenState(VEN, LOADS)


def told(
    state: VenState,
    wanted: dict[str, Any],
    now_ts: float = NOW,
    *,
    reported: dict[str, Any] | None = None,
) -> VenState:
    """*state* after it has read a shadow in which *wanted* is desired."""
    version = state.shadow.accepted + 1
    copy = ShadowCopy.on_get(state.shadow, whole(wanted, version, reported))
    return state.with_shadow(copy, now_ts)
