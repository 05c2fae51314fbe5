"""The reports that an event asks for, each with its intervals and the time when it is due. Pure.

    startInterval −1, repeat 1          the last numIntervals of the event, when it ends
    startInterval n                     numIntervals from the n-th on, when the last of them ends
    repeat r, frequency f               r times, each f intervals later; −1: until the event ends

Source: OpenADR 3.1.0, reportDescriptor; User Guide, 7.5.
Interpretation: the User Guide tells startInterval in two ways; here it is the first interval that is covered.
A report is repeated from the first interval on where startInterval is −1. A frequency of 0 or −1 is
numIntervals. The last report has what is left, where fewer intervals are. Of an event without intervals all
its time is one, of id 0. A descriptor of what is to come (historical false) is not answered.
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from contracts.openadr.objects import OadrEvent
from contracts.openadr.timeline import PlacedInterval, UnplacedError, end_ts, start_ts, timeline
from contracts.openadr.values import ReportDescriptor

REPORTS_MAX = 1000
"""So many reports of one descriptor are filed at the most."""


class ReportJob(NamedTuple):
    """A report to be filed: its name, its descriptor, and the intervals that it covers, in the VEN's time."""

    name: str
    descriptor: ReportDescriptor
    spans: tuple[PlacedInterval, ...]

    @property
    def due_ts(self) -> float:
        """The time when it is due, UTC s."""
        return max(span.end_ts for span in self.spans)


def report_jobs(event: OadrEvent, read_ts: float, offset_s: float = 0.0) -> tuple[ReportJob, ...]:
    """The reports of *event*, which was read at *read_ts* and is moved by *offset_s*."""
    descriptors = event.report_descriptors or ()
    spans = report_spans(event, read_ts, offset_s) if descriptors else ()
    jobs: list[ReportJob] = []
    for number, descriptor in enumerate(descriptors):
        if descriptor.historical is False:
            continue
        for count, covered in enumerate(_covered(descriptor, spans)):
            jobs.append(ReportJob(f"{descriptor.payload_type}-{number}-{count}", descriptor, covered))
    return tuple(jobs)


def report_spans(event: OadrEvent, read_ts: float, offset_s: float) -> tuple[PlacedInterval, ...]:
    """The intervals of *event* in this VEN's time; none that never end."""
    try:
        placed = timeline(event, read_ts)
        if not event.intervals:
            placed = (PlacedInterval(start_ts(event, read_ts), end_ts(event, read_ts), 0, ()),)
    except UnplacedError:
        return ()
    return tuple(
        span._replace(start_ts=span.start_ts + offset_s, end_ts=span.end_ts + offset_s)
        for span in placed
        if isfinite(span.end_ts) and span.end_ts > span.start_ts
    )


def _covered(
    descriptor: ReportDescriptor, spans: tuple[PlacedInterval, ...]
) -> list[tuple[PlacedInterval, ...]]:
    """The intervals of each report of *descriptor*."""
    if not spans:
        return []
    first = -1 if descriptor.start_interval is None else descriptor.start_interval
    size = -1 if descriptor.num_intervals is None else descriptor.num_intervals
    size = len(spans) if size <= 0 else min(size, len(spans))
    repeat = 1 if descriptor.repeat is None else descriptor.repeat
    if first < 0 and repeat == 1:
        return [spans[-size:]]
    frequency = -1 if descriptor.frequency is None else descriptor.frequency
    step = size if frequency <= 0 else frequency
    starts = range(max(0, first), len(spans), step)
    most = REPORTS_MAX if repeat <= 0 else min(repeat, REPORTS_MAX)
    return [spans[start : start + size] for start in starts[:most]]
