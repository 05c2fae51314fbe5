"""The VEN's history of power: the last hour in memory, minutes and quarter hours in its store.

All of it is on the VEN's time, as events and telemetry are; where the house's time passes faster, that is
another.
"""

from __future__ import annotations

from datetime import tzinfo
from math import inf
from typing import Literal

from ven_twin.house.tariff import Tariff
from ven_twin.ven.page.day_sums import DaySums, day_sums, event_changes
from ven_twin.ven.page.minute_meter import MeteredMinute, MinuteMeter
from ven_twin.ven.page.power_history import PowerHistory
from ven_twin.ven.page.view import PowerView
from ven_twin.ven.snapshot import VenSnapshot
from ven_twin.ven.storage.power_store import MINUTE_S, QUARTER_S, ROWS_MAX, PowerMean, PowerStore
from ven_twin.webkit.time_series import SLACK_S, EventMark, TimeMean, TimeWindow, ahead_of, thinned, within

Shown = Literal["total", "circuits"]
TOTAL = ("usedKw", "baselineKw", "targetKw")
CSV_TOTAL = ("used_kw", "baseline_kw", "target_kw")


class VenHistory:
    """Records each tick, and reads any stretch of time back at the detail that a chart has room for."""

    def __init__(self, power_history: PowerHistory, store: PowerStore) -> None:
        self._recent = power_history
        self._store = store
        self._meter = MinuteMeter()
        self._days: tuple[object, DaySums] | None = None

    def add(self, snapshot: VenSnapshot, power: PowerView) -> None:
        """Record the power at *snapshot*."""
        flow = snapshot.house.flow.circuits_kw
        circuits_kw = {circuit_id: flow.get(circuit_id, 0.0) for circuit_id in circuit_ids_of(snapshot)}
        self._recent.add(snapshot.now_ts, power, circuits_kw)
        self._keep(self._meter.add(snapshot.now_ts, power, circuits_kw, snapshot.house.acting))

    def close(self) -> None:
        """Store what was lived of the minute, and close the file."""
        self._keep(self._meter.take())
        self._store.close()

    def _keep(self, minute: MeteredMinute | None) -> None:
        if minute is not None:
            self._store.add(minute.mean, minute.acted)
            self._days = None

    def means(
        self, window: TimeWindow, circuit_ids: tuple[str, ...] | None = None, step_s: int | None = None
    ) -> list[TimeMean]:
        """The means in *window*, of *step_s* or longer, kW: used, baseline, target, or these circuits.

        They are made of the finest that there are of each time: seconds, minutes, quarter hours. Where finer
        ones begin within a longer mean, that stands before them only if all of its time was measured.
        """
        step_s = window.step_s if step_s is None else step_s
        fine: list[TimeMean] = []
        if step_s < MINUTE_S:
            fine = list(within(self._recent.means(circuit_ids), window))
        widths = (MINUTE_S, QUARTER_S) if step_s < QUARTER_S else (QUARTER_S,)
        for width_s in widths:
            stored = self._store.between(width_s, window.from_ts - width_s, window.to_ts)
            first_ts = fine[0].start_ts if fine else inf
            means = [
                _time_mean(mean, width_s, circuit_ids)
                for mean in stored
                if mean.ts + width_s <= first_ts or mean.measured_s >= width_s - SLACK_S
            ]
            fine = ahead_of(fine, within(means, window))
        return thinned(fine, step_s)

    def circuit_ids(self, window: TimeWindow, present: tuple[str, ...]) -> tuple[str, ...]:
        """The circuits that are *present*, and those that only the history of *window* has."""
        stored = self._store.between(QUARTER_S, window.from_ts - QUARTER_S, window.to_ts)
        return tuple(dict.fromkeys([*present, *(name for mean in stored for name in mean.circuits_kw)]))

    def events(self, window: TimeWindow) -> tuple[EventMark, ...]:
        """The events that the VEN acted on in *window*."""
        stored = self._store.events(window.from_ts, window.to_ts)
        return tuple(EventMark(**acted._asdict()) for acted in stored)

    def days(self, zone: tzinfo | None, tariff: Tariff | None) -> DaySums:
        """The days of six weeks, newest first, and the change by the events of the last week.

        They are added up once for each minute that is stored, whoever asks.
        """
        if self._days is None or self._days[0] != (zone, tariff):
            self._days = (zone, tariff), self._added_up(zone, tariff)
        return self._days[1]

    def _added_up(self, zone: tzinfo | None, tariff: Tariff | None) -> DaySums:
        quarters = self._store.between(QUARTER_S, 0.0, inf)
        acted = self._store.events(-inf, inf)
        minutes: list[PowerMean] = []
        if acted and quarters:
            first_ts = quarters[-1].ts - ROWS_MAX[MINUTE_S] * MINUTE_S
            acted = [event for event in acted if event.start_ts >= first_ts]
        if acted:
            minutes = self._store.between(MINUTE_S, acted[0].start_ts - MINUTE_S, inf)
        return DaySums(
            currency=None if tariff is None else tariff.currency,
            days=tuple(day_sums(quarters, zone, tariff))[::-1],
            events=tuple(event_changes(minutes, acted, zone, tariff)),
        )


def circuit_ids_of(snapshot: VenSnapshot) -> tuple[str, ...]:
    """The circuits of the house, in the order of its panel."""
    return tuple(circuit.id for circuit in snapshot.house.pair.house.circuits)


def _time_mean(mean: PowerMean, width_s: int, circuit_ids: tuple[str, ...] | None) -> TimeMean:
    values: tuple[float | None, ...] = (mean.used_kw, mean.baseline_kw, mean.target_kw)
    if circuit_ids is not None:
        values = tuple(mean.circuits_kw.get(circuit_id) for circuit_id in circuit_ids)
    return TimeMean(mean.ts, mean.ts + width_s, values)
