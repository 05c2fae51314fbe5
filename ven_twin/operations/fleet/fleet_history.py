"""The fleet's power over time, and that of one VEN, of what the cloud side has stored.

the whole fleet    one sample in five minutes, whatever its size; of the last hour also what the page saw
one VEN            its telemetry rows, at most `ROWS_MAX`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from contracts.api.resources import FLEET_SAMPLE_S, FleetSample, TelemetryRow
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


def ven_rows(aggregator: Aggregator, ven_id: VenId, window: TimeWindow) -> list[TelemetryRow]:
    """A VEN's rows in *window*. Raises PageProblemError where there are more than `ROWS_MAX`."""
    rows = aggregator.telemetry(ven_id, int(window.from_ts), int(window.to_ts) + 1)
    read = list(islice(rows, ROWS_MAX + 1))
    if len(read) > ROWS_MAX:
        detail = f"more than {ROWS_MAX:,} rows are stored of this time: choose a shorter one"
        raise PageProblemError(400, detail, field="from")
    return read


def row_means(rows: Sequence[TelemetryRow]) -> list[TimeMean]:
    """A VEN's *rows* as means of used, baseline and target power, each over the time that it measured."""
    means: list[TimeMean] = []
    before_ts: float | None = None
    for row in rows:
        start_ts = row.timestamp - _measured_s(row, before_ts)
        if before_ts is not None:
            start_ts = max(start_ts, before_ts)
        if start_ts < row.timestamp:
            requested_kw = row.requested_reduction_kw if row.event_id is not None else None
            target_kw = None if requested_kw is None else row.baseline_power_kw - requested_kw
            powers = (row.used_power_kw, row.baseline_power_kw, target_kw)
            means.append(TimeMean(start_ts, float(row.timestamp), powers))
            before_ts = float(row.timestamp)
    return means


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
