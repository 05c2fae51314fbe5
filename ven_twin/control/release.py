"""After an event: circuits are given back in stages, under a cap over the clone. Pure.

What was put off during an event is caught up after it, and a fleet that catches up at once makes a new peak.
So for at most half an hour of house time after an event's end the house draws no more than its clone and a
little, and its circuits come back one after another: the one furthest from its setpoint first, at times
that are drawn from the ids of VEN and event, so that houses differ and a repeat does not.

Interpretation: on the wire the event is over at its end, whatever is still held back here. What a person
does (restore, cancel, opt out, Ctrl-C) is no such end: then there are no stages, every circuit comes back at
once, and only the cap stands. A circuit whose guard says so, a comfort limit first of all, comes back at
once in any case; so does a battery, which has nothing to catch up. Another event takes the release's place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, NamedTuple

from contracts.wire.units import kwh
from ven_twin.control.guards import CircuitView
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import LoadShed

RELEASE_S = 30 * 60.0
CAP_KW = 1.5
"""How far above its clone the house may go. Interpretation: less than the smallest of the large circuits,
so that one of them can come back only as another, or the clone's own, makes room."""
STAGE_S = 180.0
REASON = "comes back in its turn"
NOT_STAGED = frozenset({"battery"})


class Turn(NamedTuple):
    """When a circuit comes back, UTC s of the house, and what it has given up until then, kW."""

    at_ts: float
    kw: float


@dataclass(frozen=True, slots=True)
class Release:
    """The time after an event.

    Attributes:
        event_id: the event that is over.
        until_ts: when the release is over, UTC s of the house.
        turns: when each circuit that was curtailed comes back, by id.
        rebound_kwh: drawn above the clone so far, kWh of wall time as all energy on the wire.
        peak_kw: the most drawn above the clone so far, kW.
    """

    event_id: str
    until_ts: float
    turns: Mapping[str, Turn] = field(default_factory=dict)
    rebound_kwh: float = 0.0
    peak_kw: float = 0.0

    def waiting(self, house_ts: float) -> dict[str, LoadShed]:
        """The circuits whose turn has not come, as what they go on giving up."""
        return {name: LoadShed(turn.kw, inf) for name, turn in self.turns.items() if house_ts < turn.at_ts}

    def over(self, house_ts: float) -> bool:
        """Whether everything has come back and the cap stands no more."""
        return house_ts >= self.until_ts

    def count(self, above_baseline_kw: float, dt_s: float) -> Release:
        """The release after *dt_s* (wall s) at so much above the clone."""
        rebound_kw = max(0.0, above_baseline_kw)
        return replace(
            self,
            rebound_kwh=self.rebound_kwh + kwh(rebound_kw, dt_s),
            peak_kw=max(self.peak_kw, rebound_kw),
        )

    def summary(self) -> dict[str, Any]:
        """What ``lastEventSummary`` says of it."""
        return {"reboundKwh": round(self.rebound_kwh, 4), "reboundPeakKw": round(self.peak_kw, 3)}


def begin(
    event_id: str,
    ven_id: str,
    house_ts: float,
    plan: ShedPlan,
    views: Iterable[CircuitView],
    *,
    staged: bool,
) -> Release:
    """Begin to give back what *plan* curtails of *views*; in stages, or at once under the cap alone."""
    given_up_kw = {decision.id: decision.curtailed_kw for decision in plan.decisions if decision.curtailed}
    back = [view for view in views if view.id in given_up_kw and view.type not in NOT_STAGED]
    back.sort(key=lambda view: (view.headroom, _chance(ven_id, event_id, view.id)))
    turns = {
        view.id: Turn(
            house_ts + min((place + _chance(event_id, ven_id, view.id)) * STAGE_S, RELEASE_S),
            given_up_kw[view.id],
        )
        for place, view in enumerate(back)
    }
    return Release(event_id, house_ts + RELEASE_S, turns if staged else {})


def _chance(*keys: str) -> float:
    """A number in [0, 1), always the same for the same keys."""
    digest = hashlib.sha256("\0".join(keys).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
