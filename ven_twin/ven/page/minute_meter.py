"""The minute of power that is being lived, mean by mean of the ticks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ven_twin.ven.page.view import PowerView
from ven_twin.ven.storage.power_store import MINUTE_S, ActedEvent, PowerMean

TICK_MAX_S = 5.0
"""A tick stands for no more than so long: of a longer time before it nothing is known."""
FIRST_S = 1.0
"""The time that the first tick stands for."""


class MeteredMinute(NamedTuple):
    """A minute that is over, as far as it was lived, and the events that were acted on in it."""

    mean: PowerMean
    acted: tuple[ActedEvent, ...]


class MinuteMeter:
    """Adds up ticks. A minute ends with the first tick of another, earlier or later."""

    def __init__(self) -> None:
        self._last_ts: float | None = None
        self._begin(0)

    def _begin(self, minute: int) -> None:
        self._minute = minute
        self._measured_s = self._target_s = 0.0
        self._used_kws = self._baseline_kws = self._target_kws = 0.0
        self._circuits_kws: dict[str, float] = {}
        self._acted: dict[str, ActedEvent] = {}

    def add(
        self, ts: float, power: PowerView, circuits_kw: Mapping[str, float], acting: str | None
    ) -> MeteredMinute | None:
        """Add the power of the tick at *ts*, UTC s; returns the minute that is over by it."""
        over = None
        minute = int(ts // MINUTE_S) * MINUTE_S
        if minute != self._minute:
            over = self.take()
            self._begin(minute)
        length_s = FIRST_S if self._last_ts is None else min(TICK_MAX_S, max(0.0, ts - self._last_ts))
        self._last_ts = ts
        self._measured_s += length_s
        self._used_kws += power.grid_kw * length_s
        self._baseline_kws += power.baseline_kw * length_s
        if power.target_kw is not None:
            self._target_s += length_s
            self._target_kws += power.target_kw * length_s
        for circuit_id, kw in circuits_kw.items():
            self._circuits_kws[circuit_id] = self._circuits_kws.get(circuit_id, 0.0) + kw * length_s
        if acting is not None:
            start_ts = self._acted[acting].start_ts if acting in self._acted else ts
            self._acted[acting] = ActedEvent(acting, start_ts, ts)
        return over

    def take(self) -> MeteredMinute | None:
        """The minute as far as it was lived, and begin it anew; None where nothing of it was."""
        if self._measured_s <= 0.0:
            return None
        measured_s, target_s = self._measured_s, self._target_s
        mean = PowerMean(
            ts=self._minute,
            measured_s=round(min(measured_s, MINUTE_S), 3),
            used_kw=round(self._used_kws / measured_s, 4),
            baseline_kw=round(self._baseline_kws / measured_s, 4),
            target_s=round(min(target_s, MINUTE_S), 3),
            target_kw=round(self._target_kws / target_s, 4) if target_s > 0.0 else None,
            circuits_kw={
                circuit_id: round(kws / measured_s, 4) for circuit_id, kws in self._circuits_kws.items()
            },
        )
        acted = tuple(self._acted.values())
        self._begin(self._minute)
        return MeteredMinute(mean, acted)
