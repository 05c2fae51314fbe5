"""Reads the power of any stretch of time for the operator's page, to be drawn or as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contracts.errors import FieldError
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from contracts.wire.units import S_PER_MIN
from ven_twin.operations.fleet import fleet_history
from ven_twin.operations.fleet.calls import FleetCalls
from ven_twin.operations.fleet.power_history import SPAN_S, FleetPowerHistory
from ven_twin.webkit import time_series
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.time_series import (
    DrawnHistory,
    EventMark,
    TimeMean,
    TimeWindow,
    filled,
    read_window,
    refuse_others,
    thinned,
    within,
)

FLEET_SHOWN = ("events", "power")
VEN_SHOWN = ("total", "circuits")


class HistoryRead(NamedTuple):
    """The power *of* the fleet, or of a VEN, in a window: means by the *names* of their columns.

    *labels* are names for people, of circuits.
    """

    of: str
    names: tuple[str, ...]
    means: list[TimeMean]
    window: TimeWindow
    events: Sequence[EventMark]
    labels: Mapping[str, str] = {}

    def drawn(self) -> DrawnHistory:
        """As a chart has it."""
        return time_series.drawn(self.names, self.means, self.window, self.events, self.labels)

    def csv(self) -> str:
        """As a file has it."""
        names = [fleet_history.CSV_NAMES.get(name, f"{name}_kw") for name in self.names]
        return time_series.csv(names, self.means)


class HistoryReader:
    """Reads what the cloud has stored; of the last hour also what this page has seen."""

    def __init__(self, calls: FleetCalls, power_history: FleetPowerHistory) -> None:
        self._calls = calls
        self._power_history = power_history

    async def read(self, query: Mapping[str, str], now_ts: float) -> HistoryRead:
        """Read the power that is stored of the requested time.

        Raises:
            PageProblemError: it names the parameter; or the cloud is not reached.
        """
        refuse_others(query, ("from", "to", "show", "ven"))
        window = read_window(query, now_ts, SPAN_S)
        until_now = window._replace(to_ts=min(window.to_ts, now_ts))
        if "ven" not in query:
            return await self._fleet(_shown(query, FLEET_SHOWN) == "events", window, until_now)
        ven_id = _ven_id(query["ven"])
        if _shown(query, VEN_SHOWN) == "circuits":
            return await self._circuits(ven_id, window, until_now)
        return await self._ven(ven_id, window, until_now)

    async def _fleet(self, of_events: bool, window: TimeWindow, until_now: TimeWindow) -> HistoryRead:
        samples, events = await asyncio.gather(
            self._calls.fleet_samples(until_now), self._calls.event_marks(window)
        )
        means = list(within(fleet_history.sample_means(samples, of_events=of_events), until_now))
        if of_events and window.step_s < S_PER_MIN:
            means = filled(list(within(self._power_history.means(), until_now)), means)
        names = fleet_history.EVENTS if of_events else fleet_history.POWER
        return HistoryRead("fleet", names, thinned(means, window.step_s), window, events)

    async def _ven(self, ven_id: VenId, window: TimeWindow, until_now: TimeWindow) -> HistoryRead:
        rows = await self._calls.ven_rows(ven_id, until_now)
        means = thinned(within(fleet_history.row_means(rows), until_now), window.step_s)
        events = fleet_history.row_events(rows)
        return HistoryRead(ven_id, fleet_history.VEN_POWER, means, window, events)

    async def _circuits(self, ven_id: VenId, window: TimeWindow, until_now: TimeWindow) -> HistoryRead:
        rows, circuits = await asyncio.gather(
            self._calls.ven_rows(ven_id, until_now, circuits=True), self._calls.circuits(ven_id)
        )
        labels = fleet_history.circuit_names(rows, circuits)
        names = tuple(labels)
        means = thinned(within(fleet_history.circuit_means(rows, names), until_now), window.step_s)
        return HistoryRead(ven_id, names, means, window, fleet_history.row_events(rows), labels)


def _shown(query: Mapping[str, str], choices: Sequence[str]) -> str:
    """The choice that the page requests, the first when it requests none."""
    if (shown := query.get("show", choices[0])) not in choices:
        raise PageProblemError(400, f"is one of {', '.join(choices)}", field="show")
    return shown


def _ven_id(value: str) -> VenId:
    try:
        return check_ven_id(value, "ven")
    except FieldError as error:
        raise PageProblemError(400, error.reason, field="ven") from None
