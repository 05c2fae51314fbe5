"""After an event: circuits come back in turn, setpoints step by step, under a cap that gives way. Pure.

    end of the event                                                        until_ts: 2.4 to 3.6 h
    │◀──────── the cap over the counterfactual: CAP_KW at first, then more and more ───────▶│
    ├─ setpoint of the HVAC ─────╲___________________ at the resident's ────────────────────┤ free
    ├───────●──────────●────────────────●── each other circuit in its turn ─────────────────┤

Demand that was put off during an event is caught up after it, and a fleet that catches up at once makes a
new peak. So nothing here happens at an instant that VENs share: every time is drawn from the ids of VEN,
event and circuit, so that houses differ and a repeat does not.

- The HVAC's setpoint goes back on a line, over one to two hours. A setpoint that jumps starts every
  compressor of a fleet in one minute, and in winter the strip beside it; on a line each house starts when
  its own air meets the line.
- Other circuits wait for their turn. One that is closer to its comfort limit comes sooner, drawn as well.
  Battery, lights and outlets owe nothing, and are back within ten minutes.
- The cap bounds all that draws beside the HVAC: a car charges slowly at first, a tank waits for room.

A circuit at its comfort limit needs no exemption: it is defended all the time, at its relaxed setpoint.

Interpretation: on the wire the event is over at its end, whatever still waits here. When a person ends it
(restore, cancel, opt out, Ctrl-C) nothing waits and no setpoint eases: whoever says "now" gets it, and
persons do not act in one minute as a schedule does. Only the cap stands, for half an hour. Another event
takes the release's place.
Why: docs/decisions/0017-a-fleet-comes-back-without-a-peak.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from contracts.wire.ids import EventId, VenId
from contracts.wire.units import S_PER_H, kwh
from ven_twin.control.guards import CircuitView
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.control import FREE, Control

RELEASE_S = 3.0 * S_PER_H
"""The release of the mean VEN; it is up to a fifth shorter or longer."""
LENGTHS = 0.2
REBOUND_S = 30 * 60.0
"""The time of the rebound in ``lastEventSummary``; so long the cap stands when a person ended the event."""
PAYBACK_S = 24.0 * S_PER_H
CAP_KW = 1.5
"""How far above its counterfactual the house may go at first, its HVAC left out. Interpretation: just what a
car's charger can hold, and less than any relay, so that one comes back only as another makes room."""
TURNS_S = 2.0 * S_PER_H
"""The last turn of a circuit that has all of its headroom; of one at its limit it is half of that."""
SOON_S = 600.0
EASE_START_S = 0.5 * S_PER_H
EASE_S = 1.0 * S_PER_H
"""The least time that a setpoint takes to go back; the most is twice that."""
LIMIT_EASE_S = 0.5 * S_PER_H
"""The least time that a lifted limit takes to give way; the most is twice that."""
OWES_NOTHING = frozenset({"battery", "lights", "outlets"})
EASED = frozenset({"hvac"})


class Turn(NamedTuple):
    """The return of a circuit, UTC s of the house, and the kW that it gives up until then."""

    at_ts: float
    kw: float


class Easing(NamedTuple):
    """A setpoint on its way back: *offset_c* until *from_ts*, then on a line to none at *until_ts*."""

    from_ts: float
    until_ts: float
    offset_c: float

    def at(self, house_ts: float) -> float:
        """The offset at a time, °C."""
        left = (self.until_ts - house_ts) / (self.until_ts - self.from_ts)
        return self.offset_c * min(max(left, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Release:
    """The time after an event.

    Attributes:
        event_id: the event that is over.
        until_ts: when the release is over, UTC s of the house.
        turns: when each circuit that was curtailed comes back, by id.
        easing: the setpoints on their way back, by id.
        from_ts: the end of the event.
        staged: whether circuits come back in turn, and the cap gives way.
        rebound_30min_kwh: drawn above the counterfactual so far, kWh of wall time as all energy on the wire.
        rebound_30min_peak_kw: the most drawn above the counterfactual so far.
    """

    event_id: EventId
    until_ts: float
    turns: Mapping[str, Turn] = field(default_factory=dict)
    rebound_30min_kwh: float = 0.0
    rebound_30min_peak_kw: float = 0.0
    easing: Mapping[str, Easing] = field(default_factory=dict)
    from_ts: float = -inf
    staged: bool = False

    def waiting(self, house_ts: float) -> dict[str, LoadShed]:
        """The circuits whose turn has not come, as what they go on giving up."""
        return {name: LoadShed(turn.kw, inf) for name, turn in self.turns.items() if house_ts < turn.at_ts}

    def easing_c(self, house_ts: float) -> dict[str, float]:
        """The offset of each setpoint on its way back, °C."""
        return {name: offset_c for name, line in self.easing.items() if (offset_c := line.at(house_ts)) > 0.0}

    def cap_kw(self, house_ts: float) -> float | None:
        """The most above the counterfactual, the HVAC left out, kW; None when there is no cap."""
        if self.over(house_ts):
            return None
        if not self.staged:
            return CAP_KW
        return CAP_KW * (self.until_ts - self.from_ts) / (self.until_ts - house_ts)

    def over(self, house_ts: float) -> bool:
        """True once everything has come back and the cap is lifted."""
        return house_ts >= self.until_ts

    def counts(self, house_ts: float) -> bool:
        """True while the time belongs to the rebound."""
        return house_ts <= self.from_ts + REBOUND_S

    def rebound_is_whole(self, house_ts: float) -> bool:
        """True once the time of the rebound is over."""
        return house_ts >= self.from_ts + REBOUND_S

    def count(self, above_baseline_kw: float, dt_s: float) -> Release:
        """The release after *dt_s* (wall s) at so much above the counterfactual."""
        rebound_kw = max(0.0, above_baseline_kw)
        return replace(
            self,
            rebound_30min_kwh=self.rebound_30min_kwh + kwh(rebound_kw, dt_s),
            rebound_30min_peak_kw=max(self.rebound_30min_peak_kw, rebound_kw),
        )

    def returned(self) -> Release:
        """The release with nothing left to wait: only the cap stays, for the rest of the half hour."""
        until_ts = min(self.until_ts, self.from_ts + REBOUND_S)
        return replace(self, turns={}, easing={}, staged=False, until_ts=until_ts)

    def summary(self) -> dict[str, object]:
        """Its figures in ``lastEventSummary``."""
        return {
            "reboundKwh": round(self.rebound_30min_kwh, 4),
            "reboundPeakKw": round(self.rebound_30min_peak_kw, 3),
        }


@dataclass(frozen=True, slots=True)
class Payback:
    """The energy that an event only put off: what is drawn above the counterfactual in the day after it.

    All circuits count, battery and car with them; what is drawn below the counterfactual counts against it.
    It ends early with the next event, whose time is no payback.

    Attributes:
        event_id: the event that is over.
        until_ts: the end of its day, UTC s of the house.
        kwh: drawn above the counterfactual so far, kWh of wall time.
        whole: True once it counts no more.
    """

    event_id: EventId
    until_ts: float
    kwh: float = 0.0
    whole: bool = False

    @classmethod
    def after(cls, event_id: EventId, house_ts: float) -> Payback:
        """The payback of an event that ends at *house_ts*."""
        return cls(event_id, house_ts + PAYBACK_S)

    def count(self, above_baseline_kw: float, dt_s: float, house_ts: float) -> Payback:
        """The payback after *dt_s* (wall s) that end at *house_ts*."""
        if self.whole or house_ts > self.until_ts:
            return replace(self, whole=True)
        return replace(self, kwh=self.kwh + kwh(above_baseline_kw, dt_s), whole=house_ts == self.until_ts)

    def summary(self) -> dict[str, object]:
        """Its figure in ``lastEventSummary``; none until it is whole."""
        return {"payback24hKwh": round(self.kwh, 4)} if self.whole else {}


@dataclass(frozen=True, slots=True)
class LimitEasing:
    """A lasting import limit, and one that was lifted or raised and gives way over half an hour to an hour.

    Interpretation: a limit is lifted for a fleet at once, by its operator; so its end is spread as an event's
    is. House and counterfactual live under it alike.

    Attributes:
        limit_kw: the limit that is set, or None.
        former_kw: the one that gives way, or None.
        from_ts: since when it does, UTC s of the house.
        until_ts: until when.
    """

    limit_kw: float | None = None
    former_kw: float | None = None
    from_ts: float = 0.0
    until_ts: float = 0.0

    def set(self, limit_kw: float | None, ven_id: VenId, house_ts: float) -> LimitEasing:
        """The limit after *limit_kw* was set; lower than before it holds at once."""
        if limit_kw == self.limit_kw:
            return self
        before_kw = self.kw(house_ts)
        if before_kw is None or (limit_kw is not None and limit_kw <= before_kw):
            return LimitEasing(limit_kw)
        lasts_s = LIMIT_EASE_S * (1.0 + _chance(ven_id, f"{before_kw} {house_ts:.0f}"))
        return LimitEasing(limit_kw, max(before_kw, CAP_KW), house_ts, house_ts + lasts_s)

    def kw(self, house_ts: float) -> float | None:
        """The limit in force at a time, kW."""
        if self.former_kw is None or house_ts >= self.until_ts:
            return self.limit_kw
        eased_kw = self.former_kw * (self.until_ts - self.from_ts) / (self.until_ts - house_ts)
        return eased_kw if self.limit_kw is None else min(eased_kw, self.limit_kw)


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
    if not staged:
        return Release(event_id, house_ts + REBOUND_S, from_ts=house_ts)

    def chance(circuit_id: str, of: str = "turn") -> float:
        return _chance(event_id, ven_id, circuit_id, of)

    until_ts = house_ts + RELEASE_S * (1.0 + LENGTHS * (2.0 * chance("", "length") - 1.0))
    turns, easing = {}, {}
    for view in views:
        control = plan.controls.get(view.id, FREE)
        kw = plan.curtailed_kw.get(view.id, 0.0) - anyway_kw.get(view.id, 0.0)
        if control is FREE or (kw <= 0.0 and not (view.at_limit and view.id not in anyway_kw)):
            continue
        if view.type in EASED and control.setpoint_offset_c > 0.0:
            from_ts = house_ts + EASE_START_S * chance(view.id)
            ends_ts = from_ts + EASE_S * (1.0 + chance(view.id, "line"))
            easing[view.id] = Easing(from_ts, ends_ts, control.setpoint_offset_c)
        else:
            within_s = SOON_S if view.type in OWES_NOTHING else TURNS_S * (1.0 + view.headroom) / 2.0
            at_ts = house_ts + within_s * chance(view.id)
            if view.type not in OWES_NOTHING:
                kw = min(kw, max(view.demand_kw, 0.0))
            turns[view.id] = Turn(at_ts, kw if kw > 0.0 else view.demand_kw)
    return Release(event_id, until_ts, turns, easing=easing, from_ts=house_ts, staged=True)


def eased(easing_c: Mapping[str, float]) -> dict[str, Control]:
    """The controls of setpoints on their way back."""
    return {name: Control(setpoint_offset_c=offset_c) for name, offset_c in easing_c.items()}


def _chance(*keys: str) -> float:
    """A number in [0, 1), always the same for the same keys."""
    digest = hashlib.sha256("\0".join(keys).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


NO_LIMIT = LimitEasing()
NO_RELEASE = Release(EventId(""), -inf, staged=True)
"""Nothing waits, and there is no cap."""
