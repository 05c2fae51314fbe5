"""After an event: circuits are given back in stages, under a cap over the counterfactual. Pure.

    end of the event                                                                until_ts
    │◀──────────────────── RELEASE_S: the cap holds, CAP_KW ────────────────────────▶│
    ├────●────────────●─────────────●── each circuit in its turn, STAGE_S apart ─────┤ free

Demand that was put off during an event is caught up after it, and a fleet that catches up at once makes a new
peak. So for at most half an hour of house time after an event's end the house draws little more than its
counterfactual, and its circuits come back one after another: first the one furthest from its setpoint, at
times that are drawn from the ids of VEN and event, so that houses differ and a repeat does not.

Interpretation: on the wire the event is over at its end, whatever still waits here. When a person ends it
(restore, cancel, opt out, Ctrl-C) there are no stages: every circuit comes back at once, and only the cap
stands. A circuit whose guard says so, a comfort limit first of all, comes back at
once in any case; so does a battery, which has nothing to catch up. Another event takes the release's place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from contracts.wire.ids import EventId, VenId
from contracts.wire.units import kwh
from ven_twin.control.guards import CircuitView
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import LoadShed

RELEASE_S = 30 * 60.0
CAP_KW = 1.5
"""How far above its counterfactual the house may go. Interpretation: less than the smallest of the large
circuits, so that one of them can come back only as another, or the counterfactual's, makes room."""
STAGE_S = 180.0
NOT_STAGED = frozenset({"battery"})


class Turn(NamedTuple):
    """The return of a circuit, UTC s of the house, and the kW that it gives up until then."""

    at_ts: float
    kw: float


@dataclass(frozen=True, slots=True)
class Release:
    """The time after an event.

    Attributes:
        event_id: the event that is over.
        until_ts: when the release is over, UTC s of the house.
        turns: when each circuit that was curtailed comes back, by id.
        rebound_30min_kwh: drawn above the counterfactual so far, kWh of wall time as all energy on the wire.
        rebound_30min_peak_kw: the most drawn above the counterfactual so far.
    """

    event_id: EventId
    until_ts: float
    turns: Mapping[str, Turn] = field(default_factory=dict)
    rebound_30min_kwh: float = 0.0
    rebound_30min_peak_kw: float = 0.0

    def waiting(self, house_ts: float) -> dict[str, LoadShed]:
        """The circuits whose turn has not come, as what they go on giving up."""
        return {name: LoadShed(turn.kw, inf) for name, turn in self.turns.items() if house_ts < turn.at_ts}

    def over(self, house_ts: float) -> bool:
        """True once everything has come back and the cap is lifted."""
        return house_ts >= self.until_ts

    def count(self, above_baseline_kw: float, dt_s: float) -> Release:
        """The release after *dt_s* (wall s) at so much above the counterfactual."""
        rebound_kw = max(0.0, above_baseline_kw)
        return replace(
            self,
            rebound_30min_kwh=self.rebound_30min_kwh + kwh(rebound_kw, dt_s),
            rebound_30min_peak_kw=max(self.rebound_30min_peak_kw, rebound_kw),
        )

    def summary(self) -> dict[str, object]:
        """Its figures in ``lastEventSummary``."""
        return {
            "reboundKwh": round(self.rebound_30min_kwh, 4),
            "reboundPeakKw": round(self.rebound_30min_peak_kw, 3),
        }


def begin(
    event_id: EventId,
    ven_id: VenId,
    house_ts: float,
    plan: ShedPlan,
    views: Iterable[CircuitView],
    *,
    staged: bool,
    anyway_kw: Mapping[str, float] = MappingProxyType({}),
) -> Release:
    """Begin to give back what *plan* curtails of *views*; in stages, or at once under the cap alone.

    *anyway_kw*, which limit and commands take off each circuit, is not the event's to give back.
    """
    curtailed_kw = {
        circuit_id: beyond_kw
        for circuit_id, kw in plan.curtailed_kw.items()
        if (beyond_kw := kw - anyway_kw.get(circuit_id, 0.0)) > 0.0
    }
    back = [view for view in views if view.id in curtailed_kw and view.type not in NOT_STAGED]
    back.sort(key=lambda view: (view.headroom, _chance(ven_id, event_id, view.id)))
    turns = {
        view.id: Turn(
            house_ts + min((place + _chance(event_id, ven_id, view.id)) * STAGE_S, RELEASE_S),
            curtailed_kw[view.id],
        )
        for place, view in enumerate(back)
    }
    return Release(event_id, house_ts + RELEASE_S, turns if staged else {})


def _chance(*keys: str) -> float:
    """A number in [0, 1), always the same for the same keys."""
    digest = hashlib.sha256("\0".join(keys).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
