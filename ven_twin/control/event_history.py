"""The VEN's meter, and the events that are over with what it metered of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from contracts.wire.events import Phase
from contracts.wire.ids import EventId
from contracts.wire.units import S_PER_H, kwh
from ven_twin.control.schedule import ScheduledEvent

NO_CIRCUITS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Meter:
    """Energy since the meter was last read; a reading is the time-weighted mean.

    Attributes:
        seconds: how long it has counted.
        used_kwh: drawn from the grid, kWh; below zero it was fed in.
        baseline_kwh: drawn by the counterfactual, kWh.
        circuits_kwh: drawn by circuit, kWh.
        free_circuits_kwh: drawn by the counterfactual's circuits, kWh; empty where nobody reads it.
    """

    seconds: float = 0.0
    used_kwh: float = 0.0
    baseline_kwh: float = 0.0
    circuits_kwh: Mapping[str, float] = field(default_factory=dict)
    free_circuits_kwh: Mapping[str, float] = field(default_factory=dict)

    def count(
        self,
        circuits_kw: Mapping[str, float],
        baseline_kw: float,
        dt_s: float,
        free_circuits_kw: Mapping[str, float] = NO_CIRCUITS,
    ) -> Meter:
        """The meter after *dt_s* at this power."""
        return Meter(
            self.seconds + dt_s,
            self.used_kwh + kwh(sum(circuits_kw.values()), dt_s),
            self.baseline_kwh + kwh(baseline_kw, dt_s),
            _with(self.circuits_kwh, circuits_kw, dt_s),
            _with(self.free_circuits_kwh, free_circuits_kw, dt_s),
        )

    def mean_kw(self, energy_kwh: float) -> float:
        """The mean power that *energy_kwh* over the metered time is, kW; 0 when nothing was metered."""
        return energy_kwh * 3600.0 / self.seconds if self.seconds > 0 else 0.0

    @property
    def used_kw(self) -> float:
        """Mean power drawn from the grid, kW."""
        return self.mean_kw(self.used_kwh)

    @property
    def baseline_kw(self) -> float:
        """Mean power that the house without events would have drawn, kW."""
        return self.mean_kw(self.baseline_kwh)

    @property
    def reduction_kw(self) -> float:
        """Mean of baseline less used, kW; below zero it was a rise."""
        return self.mean_kw(self.baseline_kwh - self.used_kwh)

    @property
    def reduction_kwh(self) -> float:
        """Energy not drawn, kWh; below zero it was drawn on top."""
        return self.baseline_kwh - self.used_kwh

    @property
    def circuits_reduction_kwh(self) -> dict[str, float]:
        """Energy not drawn by circuit, kWh, of those that were counted in the counterfactual too."""
        return {
            circuit: free_kwh - self.circuits_kwh.get(circuit, 0.0)
            for circuit, free_kwh in self.free_circuits_kwh.items()
        }


def _with(
    energies_kwh: Mapping[str, float], circuits_kw: Mapping[str, float], dt_s: float
) -> dict[str, float]:
    get = energies_kwh.get
    return {circuit: get(circuit, 0.0) + kw * dt_s / S_PER_H for circuit, kw in circuits_kw.items()}


PAST_MAX = 20
"""How many events that are over are kept to be shown."""


class PastEvent(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event that is over.

    Attributes:
        event_id: its id.
        start_ts: when it started here, UTC s; when it was to start, if it was left before.
        end_ts: when it ended here, UTC s; as it starts, if it was left before.
        ended: completed, cancelled or optedOut.
        requested_kw: kW less that it last requested, below 0 so many more; None when it was never acted on.
        requested_kwh: the energy of that over its time; None where it requested no kW.
        delivered_kw: mean of baseline less used while it was acted on, kW.
        delivered_kwh: the energy of that.
        reason: why the VEN left it, or None.
    """

    event_id: EventId
    start_ts: float
    end_ts: float
    ended: Phase
    requested_kw: float | None = msgspec.field(name="askedKw", default=None)
    requested_kwh: float | None = msgspec.field(name="askedKwh", default=None)
    delivered_kw: float | None = None
    delivered_kwh: float | None = None
    reason: str | None = None


def past_event(
    scheduled: ScheduledEvent,
    phase: Phase,
    delivered: Meter | None,
    requested_kw: float | None,
    *,
    now_ts: float,
    reason: str | None = None,
) -> PastEvent:
    """The history of *scheduled*, which is over as *phase* since now; left before, it ends as it starts."""
    end_ts = min(now_ts, scheduled.end_ts) if phase is Phase.COMPLETED else now_ts
    end_ts = max(scheduled.start_ts, end_ts)
    return PastEvent(
        event_id=scheduled.event.event_id,
        start_ts=scheduled.start_ts,
        end_ts=end_ts,
        ended=phase,
        requested_kw=requested_kw,
        requested_kwh=requested_kwh(scheduled, end_ts) if delivered is not None else None,
        delivered_kw=delivered.reduction_kw if delivered is not None else None,
        delivered_kwh=delivered.reduction_kwh if delivered is not None else None,
        reason=reason if phase is Phase.OPTED_OUT else None,
    )


def requested_kwh(scheduled: ScheduledEvent, until_ts: float) -> float | None:
    """The energy that *scheduled* requested until *until_ts*; None where it requested something else."""
    if not all(interval.signal.is_shared for interval in scheduled.event.intervals):
        return None
    sign = -1.0 if scheduled.event.loads_up else 1.0
    left_s, energy_kwh = max(0.0, until_ts - scheduled.start_ts), 0.0
    for interval in scheduled.event.intervals:
        in_force_s = min(float(interval.duration_s), left_s)
        energy_kwh += kwh(sign * interval.value, in_force_s)
        left_s -= in_force_s
    return energy_kwh


def with_past(past: tuple[PastEvent, ...], over: PastEvent) -> tuple[PastEvent, ...]:
    """*past*, newest first, with *over* in front, bounded; an event stands there once."""
    others = (event for event in past if event.event_id != over.event_id)
    return (over, *others)[:PAST_MAX]
