"""A run's totals: energy by circuit, and what each event gave, took and cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from contracts.wire.events import DrEvent
from contracts.wire.units import kwh
from ven_twin.house.tariff import EnergyPrices
from ven_twin.simulation.event_tally import FREE, EventTally
from ven_twin.simulation.scenario import STEP_S, Minute


@dataclass
class Ledger:
    """A run's totals. Give it every minute in order; of those past *days_end_s* only events count.

    *prices_at* has the prices of a kWh at a time (UTC s), None without a tariff.
    """

    events: Sequence[DrEvent]
    days_end_s: float = inf
    prices_at: Callable[[float], EnergyPrices] | None = None
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
            event, *later = self.events[len(self.tallies) : len(self.tallies) + 2]
            if event.start_ts > minute.at_s:
                break
            self.tallies.append(EventTally(event, later[0] if later else None))
        if self.tallies:
            self._of_event(self.tallies[-1], minute)

    def _of_event(self, latest: EventTally, minute: Minute) -> None:
        """Count a minute for the event that began last."""
        acting = minute.event_id == latest.event.event_id
        if acting or minute.at_s < latest.payback_until_s:
            prices = FREE if self.prices_at is None else self.prices_at(minute.at_s)
            (latest.during if acting else latest.after)(minute, prices)

    def _of_days(self, minute: Minute) -> None:
        for circuit, kw in minute.circuits_kw.items():
            self.circuits_kwh[circuit] = self.circuits_kwh.get(circuit, 0.0) + kwh(kw, STEP_S)
        self.used_kwh += kwh(minute.used_kw, STEP_S)
        self.baseline_kwh += kwh(minute.baseline_kw, STEP_S)
        self.peak_kw = max(self.peak_kw, minute.used_kw)
        if minute.air_c is not None:
            self.coolest_c = min(minute.air_c, self.coolest_c if self.coolest_c is not None else minute.air_c)
            self.warmest_c = max(minute.air_c, self.warmest_c if self.warmest_c is not None else minute.air_c)
