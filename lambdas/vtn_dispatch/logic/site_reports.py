"""The report of one of the stage's own VENs on an event of the VTN, made of what is stored of it. Pure.

    USAGE, DEMAND, BASELINE, DELTA_USAGE   its telemetry, integrated as settlement does
    OPERATING_STATE                        its rows' mark of the event; its ack that it has left
    STORAGE_CHARGE_LEVEL                   the last row of the interval
    LOAD_SHED_DELTA_AVAILABLE              its offer, in the last interval alone
    DATA_QUALITY                           how much of the interval rows cover

Intervals are the event's, moved by the VEN's offset within a randomised start.
Interpretation: of offers there is none stored but the last, which is of no earlier interval. A descriptor
without targets asks every VEN, others those that they name, or whose group.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf, isfinite
from typing import NamedTuple, cast

from contracts.openadr.ids import STAGE_CLIENT, ObjectId
from contracts.openadr.objects import OadrEvent, OadrReport
from contracts.openadr.report_plan import ReportJob, report_jobs
from contracts.openadr.report_values import (
    REPORTED,
    IntervalReading,
    merged_report,
    operating_state,
)
from contracts.openadr.timeline import PlacedInterval, UnplacedError, end_ts, start_ts
from contracts.openadr.times import date_time_text, read_date_time
from contracts.wire.events import Phase
from contracts.wire.ids import GroupName, VenId
from lambdas.shared.power_traces import PowerRow, Trace, Window
from lambdas.shared.rows import EventRow
from lambdas.shared.vtn_stamps import RANDOM_DIGITS, object_id


class ReportedRow(PowerRow, frozen=True, gc=False, rename="camel"):
    """The columns of a telemetry row that reports are made of."""

    battery_soc: float | None = None


class WantedReports(NamedTuple):
    """The reports that an event of [start_ts, over_ts) asks for, as *jobs* without any VEN's offset."""

    jobs: tuple[ReportJob, ...]
    start_ts: float
    over_ts: float

    @property
    def targets(self) -> frozenset[str]:
        """The targets of its descriptors."""
        return frozenset(target for job in self.jobs for target in job.descriptor.targets or ())


class SiteWord(NamedTuple):
    """The word of a VEN: when it left the event, by its clock, and its offer; None of what is not known."""

    opted_out_ts: float | None = None
    offer_kw: float | None = None

    @classmethod
    def of(cls, item: Mapping[str, object], offer_kw: float | None) -> SiteWord:
        """The word in a VEN's item of the event. Of an ack without a time it has left before all."""
        ack = item.get(Phase.OPTED_OUT)
        if ack is None:
            return cls(None, offer_kw)
        at_ts = ack.get("ts") if isinstance(ack, Mapping) else None
        is_time = isinstance(at_ts, int | float) and isfinite(at_ts)
        return cls(float(cast("float", at_ts)) if is_time else -inf, offer_kw)


def wanted_reports(event: OadrEvent) -> WantedReports:
    """The reports that *event* asks for; its now is its making, as for whoever dispatches it.

    One that never ends is never over. One without a place in time asks for nothing.
    """
    made_ts = read_date_time(event.created_date_time) or 0.0
    jobs = tuple(job for job in report_jobs(event, made_ts) if job.descriptor.payload_type in REPORTED)
    try:
        return WantedReports(jobs, start_ts(event, made_ts), end_ts(event, made_ts))
    except UnplacedError:
        return WantedReports((), inf, inf)


def jobs_of_ven(
    wanted: WantedReports,
    ven_id: VenId,
    groups: Mapping[GroupName, Collection[VenId]],
    offset_s: float,
) -> tuple[ReportJob, ...]:
    """Those of *wanted* that are of a VEN, in its own time; *groups* are those that descriptors name."""
    jobs = [job for job in wanted.jobs if _is_of(ven_id, job.descriptor.targets or (), groups)]
    return tuple(job._replace(spans=tuple(_moved(job.spans, offset_s))) for job in jobs)


def _is_of(ven_id: VenId, targets: Sequence[str], groups: Mapping[GroupName, Collection[VenId]]) -> bool:
    return (
        not targets
        or ven_id in targets
        or any(ven_id in groups.get(GroupName(target), ()) for target in targets)
    )


def _moved(spans: Iterable[PlacedInterval], offset_s: float) -> Iterable[PlacedInterval]:
    if not offset_s:
        return spans
    return [span._replace(start_ts=span.start_ts + offset_s, end_ts=span.end_ts + offset_s) for span in spans]


def site_report_id(header: EventRow, ven_id: VenId, over_ts: float) -> ObjectId:
    """The VTN's id of a VEN's report on an event that was over then: the same whenever it is made."""
    digest = hashlib.sha256(f"report\n{header.event_id}\n{ven_id}".encode()).hexdigest()
    return object_id(over_ts, digest[:RANDOM_DIGITS])


def reported_window(jobs: Iterable[ReportJob]) -> Window:
    """The time that *jobs* cover."""
    spans = [span for job in jobs for span in job.spans]
    return Window(min(span.start_ts for span in spans), max(span.end_ts for span in spans))


def site_report(
    jobs: Sequence[ReportJob],
    trace: Trace,
    word: SiteWord,
    *,
    header: EventRow,
    event: OadrEvent,
    ven_id: VenId,
    report_id: ObjectId,
    now_ts: float,
) -> OadrReport:
    """The report of a VEN on *event* by its *trace* and its *word*; *header* is of the DR event."""
    acting = trace.acting_on(header.event_id)
    last_ts = reported_window(jobs).end_ts
    opted_out_ts = inf if word.opted_out_ts is None else word.opted_out_ts + trace.skew_s

    def measured(span: PlacedInterval) -> tuple[IntervalReading, str]:
        offer_kw = word.offer_kw if span.end_ts >= last_ts else None
        reading = _reading(Window(span.start_ts, span.end_ts), trace, acting, offer_kw)
        opted_out = opted_out_ts < span.end_ts
        return reading, operating_state(reading, opted_out=opted_out, loads_up=header.loads_up)

    request = merged_report(jobs, measured, event_id=event.id, ven_name=ven_id)
    text = date_time_text(now_ts)
    return OadrReport(
        id=report_id,
        created_date_time=text,
        modification_date_time=text,
        client_id=STAGE_CLIENT,
        event_id=request.event_id,
        client_name=request.client_name,
        payload_descriptors=request.payload_descriptors,
        resources=request.resources,
    )


def _reading(window: Window, trace: Trace, acting: Trace | None, offer_kw: float | None) -> IntervalReading:
    drawn = trace.over(window)
    return IntervalReading(
        seconds=drawn.covered_s,
        acting_s=0.0 if acting is None else acting.over(window).covered_s,
        used_kwh=drawn.used_kwh,
        baseline_kwh=drawn.clone_kwh,
        battery_soc=_battery_soc(trace, window),
        offer_kw=offer_kw,
    )


def _battery_soc(trace: Trace, window: Window) -> float | None:
    """The charge by the last row that ends in *window*, or None."""
    place = trace.ended(window.end_ts) - 1
    if place < 0 or trace.ends_s[place] <= window.start_ts:
        return None
    row = trace.rows[place]
    return row.battery_soc if isinstance(row, ReportedRow) else None
