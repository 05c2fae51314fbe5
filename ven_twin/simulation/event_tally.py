"""The tally of an event: energy, comfort and cost, kept up to date minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.wire.events import DrEvent
from contracts.wire.units import kwh
from ven_twin.control.comfort import Beyond
from ven_twin.house.tariff import EnergyPrices
from ven_twin.simulation.scenario import PAYBACK_HORIZON_S, REBOUND_HORIZON_S, STEP_S, Minute

MINUTE = STEP_S / 60.0
FREE = EnergyPrices(0.0, 0.0)
"""The prices of a house without a tariff."""


@dataclass
class EventTally:
    """An event, from its start until its payback is whole or the next event begins.

    Energies are kWh less than the counterfactual's; those of a load up are below zero. Means are over the
    event's minutes. *next_event* cuts the count where it begins, so that no minute counts for two events.
    Nothing else cuts a simulated event: `simulate` has no opt-out, cancellation, revision or lasting limit,
    its events do not overlap, and no minute of it is missing. The cloud's report has cuts by these
    (`contracts.api.aftermath`).

    Attributes:
        circuits_kwh: drawn less by circuit during the event; below zero it was drawn more.
        circuits_after_kwh: drawn more by circuit after it.
        cost: of what was bought more over event and payback, less what was fed in more, in the tariff's
            currency; 0 without a tariff.
        beyond_min: minutes beyond setpoints and limits less those in the counterfactual, by `Beyond`'s names.
    """

    event: DrEvent
    next_event: DrEvent | None = None
    minutes: int = 0
    requested_kwh: float = 0.0
    delivered_kwh: float = 0.0
    short_kwh: float = 0.0
    rebound_4h_kwh: float = 0.0
    rebound_4h_peak_kw: float = 0.0
    payback_24h_kwh: float = 0.0
    cost: float = 0.0
    circuits_kwh: dict[str, float] = field(default_factory=dict)
    circuits_after_kwh: dict[str, float] = field(default_factory=dict)
    beyond_min: dict[str, float] = field(default_factory=lambda: dict.fromkeys(Beyond._fields, 0.0))

    @property
    def sign(self) -> float:
        """The delivery of a kW less: 1, or -1 of an event that requests more."""
        return -1.0 if self.event.loads_up else 1.0

    @property
    def requested_kw(self) -> float:
        """Mean of the requested power, in the direction that was requested."""
        return self._mean_kw(self.sign * self.requested_kwh)

    @property
    def delivered_kw(self) -> float:
        """Mean of baseline less use, of a load up of use less baseline."""
        return self._mean_kw(self.sign * self.delivered_kwh)

    @property
    def bought_kwh(self) -> float:
        """Energy bought more because of the event, over it and its payback; below zero it was less."""
        return self.payback_24h_kwh - self.delivered_kwh

    @property
    def lost_min(self) -> dict[str, float]:
        """`beyond_min`, never below none: an event gives no comfort."""
        return {name: max(0.0, minutes) for name, minutes in self.beyond_min.items()}

    @property
    def rebound_until_s(self) -> float:
        """The end of the rebound's count, UTC s."""
        return self._until_s(REBOUND_HORIZON_S)

    @property
    def payback_until_s(self) -> float:
        """The end of the payback's count, UTC s."""
        return self._until_s(PAYBACK_HORIZON_S)

    @property
    def rebound_is_whole(self) -> bool:
        """True when no other event began in the hours of the rebound."""
        return self.rebound_until_s == self.event.end_ts + REBOUND_HORIZON_S

    @property
    def payback_is_whole(self) -> bool:
        """True when no other event began in the day of the payback."""
        return self.payback_until_s == self.event.end_ts + PAYBACK_HORIZON_S

    def during(self, minute: Minute, prices: EnergyPrices = FREE) -> None:
        """Count a minute of the event, at the *prices* of a kWh."""
        requested_kw = minute.requested_kw or 0.0
        self.minutes += 1
        self.requested_kwh += kwh(requested_kw, STEP_S)
        self.delivered_kwh += kwh(minute.delivered_kw, STEP_S)
        self.short_kwh += kwh(max(self.sign * (requested_kw - minute.delivered_kw), 0.0), STEP_S)
        _add(self.circuits_kwh, minute.free_circuits_kw, minute.circuits_kw)
        self._count(minute, prices)

    def after(self, minute: Minute, prices: EnergyPrices = FREE) -> None:
        """Count a minute of the day after the event.

        What is drawn on top of the baseline is payback, and of the first four hours rebound.
        """
        self.payback_24h_kwh -= kwh(minute.delivered_kw, STEP_S)
        if minute.at_s < self.event.end_ts + REBOUND_HORIZON_S:
            self.rebound_4h_kwh -= kwh(minute.delivered_kw, STEP_S)
            self.rebound_4h_peak_kw = max(self.rebound_4h_peak_kw, -minute.delivered_kw)
        _add(self.circuits_after_kwh, minute.circuits_kw, minute.free_circuits_kw)
        self._count(minute, prices)

    def _count(self, minute: Minute, prices: EnergyPrices) -> None:
        fed_in_kw = max(-minute.used_kw, 0.0) - max(-minute.baseline_kw, 0.0)
        self.cost += prices.cost(-kwh(minute.delivered_kw, STEP_S), kwh(fed_in_kw, STEP_S))
        if minute.beyond != minute.free_beyond:
            pairs = zip(Beyond._fields, minute.beyond, minute.free_beyond, strict=True)
            for name, here, free in pairs:
                self.beyond_min[name] += MINUTE * (here - free)

    def _until_s(self, horizon_s: float) -> float:
        until_s = self.event.end_ts + horizon_s
        return until_s if self.next_event is None else min(until_s, self.next_event.start_ts)

    def _mean_kw(self, energy_kwh: float) -> float:
        return energy_kwh * 60.0 / self.minutes if self.minutes else 0.0


def _add(energies_kwh: dict[str, float], more_kw: Mapping[str, float], less_kw: Mapping[str, float]) -> None:
    """Add a minute of *more_kw* above *less_kw* to each circuit's energy."""
    for circuit, kw in more_kw.items():
        energies_kwh[circuit] = energies_kwh.get(circuit, 0.0) + kwh(kw - less_kw.get(circuit, 0.0), STEP_S)
