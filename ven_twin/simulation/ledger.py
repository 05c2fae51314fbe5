"""A run's totals: energy by circuit, and each event's requested, delivered, rebound and payback energy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from contracts.wire.events import DrEvent
from contracts.wire.units import kwh
from ven_twin.simulation.scenario import PAYBACK_HORIZON_S, REBOUND_HORIZON_S, STEP_S, Minute


@dataclass
class EventTally:
    """An event, kept up to date minute by minute. Energies are kWh, means are over the event's minutes."""

    event: DrEvent
    minutes: int = 0
    requested_kwh: float = 0.0
    delivered_kwh: float = 0.0
    short_kwh: float = 0.0
    rebound_4h_kwh: float = 0.0
    rebound_4h_peak_kw: float = 0.0
    payback_24h_kwh: float = 0.0

    @property
    def requested_kw(self) -> float:
        """Mean of the requested power."""
        return self._mean_kw(self.requested_kwh)

    @property
    def delivered_kw(self) -> float:
        """Mean of baseline less use."""
        return self._mean_kw(self.delivered_kwh)

    def during(self, minute: Minute) -> None:
        """Count a minute of the event."""
        requested_kw = minute.requested_kw or 0.0
        self.minutes += 1
        self.requested_kwh += kwh(requested_kw, STEP_S)
        self.delivered_kwh += kwh(minute.delivered_kw, STEP_S)
        self.short_kwh += kwh(max(requested_kw - minute.delivered_kw, 0.0), STEP_S)

    def after(self, minute: Minute) -> None:
        """Count a minute of the day after the event.

        What is drawn on top of the baseline is payback, and of the first four hours rebound.
        """
        self.payback_24h_kwh -= kwh(minute.delivered_kw, STEP_S)
        if minute.at_s < self.event.end_ts + REBOUND_HORIZON_S:
            self.rebound_4h_kwh -= kwh(minute.delivered_kw, STEP_S)
            self.rebound_4h_peak_kw = max(self.rebound_4h_peak_kw, -minute.delivered_kw)

    def _mean_kw(self, energy_kwh: float) -> float:
        return energy_kwh * 60.0 / self.minutes if self.minutes else 0.0


@dataclass
class Ledger:
    """A run's totals. Give it every minute in order; of those past *days_end_s* only events count."""

    events: Sequence[DrEvent]
    days_end_s: float = inf
    circuits_kwh: dict[str, float] = field(default_factory=dict)
    used_kwh: float = 0.0
    baseline_kwh: float = 0.0
    peak_kw: float = 0.0
    coolest_c: float | None = None
    warmest_c: float | None = None
    tallies: list[EventTally] = field(default_factory=list)

    def count(self, minute: Minute) -> None:
        """Take the next minute."""
        if minute.at_s < self.days_end_s:
            self._of_days(minute)
        while len(self.tallies) < len(self.events):
            event = self.events[len(self.tallies)]
            if event.start_ts > minute.at_s:
                break
            self.tallies.append(EventTally(event))
        if self.tallies:
            latest = self.tallies[-1]
            if minute.event_id == latest.event.event_id:
                latest.during(minute)
            elif minute.at_s < latest.event.end_ts + PAYBACK_HORIZON_S:
                latest.after(minute)

    def _of_days(self, minute: Minute) -> None:
        for circuit, kw in minute.circuits_kw.items():
            self.circuits_kwh[circuit] = self.circuits_kwh.get(circuit, 0.0) + kwh(kw, STEP_S)
        self.used_kwh += kwh(minute.used_kw, STEP_S)
        self.baseline_kwh += kwh(minute.baseline_kw, STEP_S)
        self.peak_kw = max(self.peak_kw, minute.used_kw)
        if minute.air_c is not None:
            self.coolest_c = min(minute.air_c, self.coolest_c if self.coolest_c is not None else minute.air_c)
            self.warmest_c = max(minute.air_c, self.warmest_c if self.warmest_c is not None else minute.air_c)
