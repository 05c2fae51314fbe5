"""The fleet's power over time, and that of one VEN, of what the cloud side has stored.

the whole fleet    one sample in five minutes, whatever its size; of the last hour also what the page saw
one VEN            its telemetry rows, at most `ROWS_MAX`; by circuit where they came with their circuits
events             those that run in that time, at most `MARKS_MAX`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from contracts.api.parameters import PAGE_MAX
from contracts.api.resources import FLEET_SAMPLE_S, Circuits, EventSummary, FleetSample, TelemetryRow
from contracts.wire.events import MAX_DURATION_S
from contracts.wire.ids import VenId
from ven_twin.operations.aggregator.protocol import Aggregator
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.time_series import EventMark, TimeMean, TimeWindow

EVENTS = ("flexibilityKw", "askedKw", "deliveredKw")
POWER = ("usedKw", "baselineKw")
VEN_POWER = ("usedKw", "baselineKw", "targetKw")
CSV_NAMES = {
    "flexibilityKw": "on_offer_kw",
    "askedKw": "requested_kw",
    "deliveredKw": "delivered_kw",
    "usedKw": "used_kw",
    "baselineKw": "baseline_kw",
    "targetKw": "target_kw",
}
ROWS_MAX = 25_000
"""Rows of one VEN that are read for a chart: a week at the usual 30 s, and some to spare."""
MARKS_MAX = 2_000
"""Events that are read for a chart or a month, the newest of them."""
LONGEST_ROW_S = 3600.0
"""No row without its measured time stands for longer, as far as a chart goes."""
USUAL_ROW_S = 30.0


def fleet_samples(aggregator: Aggregator, window: TimeWindow) -> list[FleetSample]:
    """The samples in *window*, and the one that reaches into it."""
    return list(aggregator.fleet_history(int(window.from_ts) - FLEET_SAMPLE_S, int(window.to_ts) + 1))


def sample_means(samples: Sequence[FleetSample], *, of_events: bool) -> list[TimeMean]:
    """The *samples*, each until the next: on offer, requested and delivered power, else used and baseline."""
    return [_sample_mean(sample, following, of_events) for sample, following in _pairs(samples)]


def _pairs(samples: Sequence[FleetSample]) -> Iterator[tuple[FleetSample, FleetSample | None]]:
    return zip(samples, [*samples[1:], None], strict=True) if samples else iter(())


def _sample_mean(sample: FleetSample, following: FleetSample | None, of_events: bool) -> TimeMean:
    """A schedule is not to the second: a sample stands until the next, where that is not missing."""
    end_ts = float(sample.timestamp + FLEET_SAMPLE_S)
    if following is not None and following.timestamp - sample.timestamp < 1.5 * FLEET_SAMPLE_S:
        end_ts = float(following.timestamp)
    values: tuple[float | None, ...] = (sample.used_kw, sample.baseline_kw)
    if of_events:
        values = (sample.flexibility_kw, sample.requested_kw, sample.delivered_kw)
    elif sample.measured == 0:
        values = (None, None)
    return TimeMean(float(sample.timestamp), end_ts, values)


class SpanEvents(NamedTuple):
    """Events of a stretch of time, the newest start first; *more* there are that start earlier."""

    events: tuple[EventSummary, ...]
    more: bool


def starting_events(aggregator: Aggregator, from_ts: float, to_ts: float) -> SpanEvents:
    """The newest `MARKS_MAX` events that start in [from_ts, to_ts)."""
    events = aggregator.events(max(0, int(from_ts)), int(to_ts), page=PAGE_MAX)
    read = tuple(islice(events, MARKS_MAX + 1))
    return SpanEvents(read[:MARKS_MAX], len(read) > MARKS_MAX)


def event_marks(aggregator: Aggregator, window: TimeWindow) -> list[EventMark]:
    """The times of the events that reach into *window*; none lasts longer than `MAX_DURATION_S`."""
    events, _ = starting_events(aggregator, window.from_ts - MAX_DURATION_S, window.to_ts + 1)
    return [
        EventMark(event_id=event.event_id, start_ts=float(event.start_ts), end_ts=float(event.end_ts))
        for event in reversed(events)
        if event.end_ts > window.from_ts
    ]


def ven_rows(
    aggregator: Aggregator, ven_id: VenId, window: TimeWindow, *, circuits: bool = False
) -> list[TelemetryRow]:
    """A VEN's rows in *window*. Raises PageProblemError where there are more than `ROWS_MAX`."""
    rows = aggregator.telemetry(ven_id, int(window.from_ts), int(window.to_ts) + 1, circuits=circuits)
    read = list(islice(rows, ROWS_MAX + 1))
    if len(read) > ROWS_MAX:
        detail = f"more than {ROWS_MAX:,} rows are stored of this time: choose a shorter one"
        raise PageProblemError(400, detail, field="from")
    return read


def row_means(rows: Sequence[TelemetryRow]) -> list[TimeMean]:
    """A VEN's *rows* as means of used, baseline and target power, each over the time that it measured."""
    return [TimeMean(start_ts, float(row.timestamp), _powers(row)) for start_ts, row in _measured(rows)]


def circuit_means(rows: Sequence[TelemetryRow], circuit_ids: Sequence[str]) -> list[TimeMean]:
    """A VEN's *rows* as means of these circuits; those that came without circuits are left out."""
    return [
        TimeMean(start_ts, float(row.timestamp), tuple(map(row.circuits_kw.get, circuit_ids)))
        for start_ts, row in _measured(rows)
        if row.circuits_kw
    ]


def circuit_names(rows: Iterable[TelemetryRow], circuits: Circuits | None) -> dict[str, str]:
    """The name of every circuit of *rows* by its id, in the panel's order; those of before stand last."""
    names = {load.id: load.name or load.id for load in circuits.loads} if circuits is not None else {}
    stored = dict.fromkeys(name for row in rows for name in row.circuits_kw)
    present = {name: words for name, words in names.items() if name in stored}
    return present | {name: name for name in stored if name not in names}


def _powers(row: TelemetryRow) -> tuple[float | None, ...]:
    requested_kw = row.requested_reduction_kw if row.event_id is not None else None
    target_kw = None if requested_kw is None else row.baseline_power_kw - requested_kw
    return row.used_power_kw, row.baseline_power_kw, target_kw


def _measured(rows: Iterable[TelemetryRow]) -> Iterator[tuple[float, TelemetryRow]]:
    """The rows that measured any time that the one before had not, and the start of it, UTC s."""
    before_ts: float | None = None
    for row in rows:
        start_ts = row.timestamp - _measured_s(row, before_ts)
        if before_ts is not None:
            start_ts = max(start_ts, before_ts)
        if start_ts < row.timestamp:
            yield start_ts, row
            before_ts = float(row.timestamp)


def _measured_s(row: TelemetryRow, before_ts: float | None) -> float:
    if row.measured_s is not None:
        return row.measured_s
    return USUAL_ROW_S if before_ts is None else min(LONGEST_ROW_S, max(0.0, row.timestamp - before_ts))


def row_events(rows: Sequence[TelemetryRow]) -> list[EventMark]:
    """The times in which a VEN's *rows* are of an event."""
    marks: list[EventMark] = []
    for event_id, of_event in groupby(rows, lambda row: row.event_id):
        if event_id is not None:
            event_rows = list(of_event)
            start_ts = event_rows[0].timestamp - (event_rows[0].measured_s or USUAL_ROW_S)
            marks.append(
                EventMark(event_id=event_id, start_ts=start_ts, end_ts=float(event_rows[-1].timestamp))
            )
    return marks
