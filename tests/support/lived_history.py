"""A week of a house's power in a VEN's history file, as the VEN would have lived it, with some events."""

from __future__ import annotations

from pathlib import Path

from ven_twin.house.house_environment import warmed_up
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house
from ven_twin.ven.storage.power_store import MINUTE_S, ActedEvent, PowerMean, PowerStore

DAY_S = 86_400
EVENT_S = 2 * 3600
FIRST_EVENT_S = 10 * 3600
"""The end of the last event, before now."""
SHED_KW = 1.5
PARTS = 2
"""Steps of the house in a minute."""


def fill(path: Path, now_ts: float, *, days: float = 7.0, shift_s: float = 0.0, off_h: float = 0.0) -> int:
    """Write the minutes of the last *days* before *now_ts* into the file at *path*; returns their number.

    Every second day an event requests `SHED_KW` for two hours. The VEN was off for *off_h* in the middle.
    """
    profile = load_profile("standard")
    environment = load_environment(profile, 7)
    first_ts = int(now_ts - days * DAY_S) // MINUTE_S * MINUTE_S
    house = warmed_up(build_house(profile), environment, first_ts + shift_s)
    off_ts = now_ts - days * DAY_S / 2
    store, written = PowerStore(path), 0
    for ts in range(first_ts, int(now_ts), MINUTE_S):
        kws: dict[str, float] = {}
        for part in range(PARTS):
            step_s = MINUTE_S / PARTS
            env = environment.environment(ts + part * step_s + shift_s, step_s)
            house, power_kw = house.step({}, env, step_s)
            for circuit_id, kw in power_kw.items():
                kws[circuit_id] = kws.get(circuit_id, 0.0) + kw / PARTS
        if not off_ts <= ts < off_ts + off_h * 3600:
            store.add(*_minute(ts, int(now_ts) // MINUTE_S * MINUTE_S - ts, kws))
            written += 1
    store.close()
    return written


def _minute(ts: int, ago_s: float, circuits_kw: dict[str, float]) -> tuple[PowerMean, list[ActedEvent]]:
    baseline_kw = sum(circuits_kw.values())
    number, since_s = divmod(ago_s, 2 * DAY_S)
    in_event = FIRST_EVENT_S < since_s <= FIRST_EVENT_S + EVENT_S
    if not in_event:
        return PowerMean(ts, MINUTE_S, baseline_kw, baseline_kw, 0.0, None, circuits_kw), []
    largest = max(circuits_kw, key=lambda circuit_id: circuits_kw[circuit_id])
    shed_kw = min(SHED_KW, circuits_kw[largest])
    used = {**circuits_kw, largest: circuits_kw[largest] - shed_kw}
    target_kw = baseline_kw - SHED_KW
    mean = PowerMean(ts, MINUTE_S, baseline_kw - shed_kw, baseline_kw, MINUTE_S, target_kw, used)
    return mean, [ActedEvent(f"evt-{number:.0f}", ts, ts + MINUTE_S)]
