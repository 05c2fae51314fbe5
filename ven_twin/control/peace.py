"""Peace: the time in which nobody waits for what a VEN measures. Pure.

    ──────── peace ────────┤ 15 min │ event, as randomised │ 15 min ├─── peace ───
                           └──────────── full rate ────────────────┘

There is none either while a limit or a command acts, or the house is coming back after an event. An event
that was cancelled, or that the VEN has left, disturbs it no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from contracts.wire.telemetry import Load
from contracts.wire.units import S_PER_MIN
from ven_twin.control.ven_state import LEFT, VenState

AROUND_EVENT_S = 15 * S_PER_MIN
"""No peace so long before an event's start and after its end. Interpretation: an operator who has called for
an event looks at its VENs before it, and sees from the rows after it that they come back."""
SHED_STEP_KW = 0.5
"""A change of what a circuit can shed by less than this is no news, but to or from nothing it is."""
CHANGE_S = 15 * S_PER_MIN
"""Between two snapshots of the circuits in peace, s, when only what they can shed has changed."""
SNAPSHOT_S = 30 * S_PER_MIN
"""Between two snapshots of the circuits in peace, s, when nothing has changed."""


def in_peace(state: VenState, now_ts: float, *, at_rest: bool) -> bool:
    """True when no event is near, no command acts, and the house is *at_rest*."""
    return at_rest and not state.load_sheds and not _is_event_near(state, now_ts)


def _is_event_near(state: VenState, now_ts: float) -> bool:
    return any(
        scheduled.start_ts - AROUND_EVENT_S <= now_ts < scheduled.end_ts + AROUND_EVENT_S
        for scheduled in state.schedule.events.values()
        if scheduled.ended not in LEFT
    )


@dataclass(frozen=True, slots=True)
class SentSnapshot:
    """The snapshot of the circuits that was sent last.

    Attributes:
        sent_s: when, monotonic s.
        loads: the circuits by id; none when the cloud may have another snapshot.
    """

    sent_s: float = -inf
    loads: Mapping[str, Load] = field(default_factory=dict)

    @classmethod
    def at(cls, now_s: float, loads: Iterable[Load]) -> SentSnapshot:
        """*loads* were sent at *now_s*."""
        return cls(now_s, {load.id: load for load in loads})

    def is_news(self, loads: Iterable[Load], now_s: float) -> bool:
        """True when *loads* say something that is worth a snapshot in peace."""
        before, after = self.loads, {load.id: load for load in loads}
        if before.keys() != after.keys() or any(_settings(before[i]) != _settings(after[i]) for i in after):
            return True
        changed = any(_shed_changed(before[i], after[i]) for i in after)
        return now_s >= self.sent_s + (CHANGE_S if changed else SNAPSHOT_S)


def _settings(load: Load) -> tuple[object, ...]:
    return load.enabled, load.priority, load.capacity_kw, load.name, load.type


def _shed_changed(before: Load, after: Load) -> bool:
    before_kw, after_kw = before.shed_capability_kw, after.shed_capability_kw
    return abs(after_kw - before_kw) >= SHED_STEP_KW or (before_kw > 0.0) != (after_kw > 0.0)


NO_SNAPSHOT = SentSnapshot()
